"""The planner: what is due becomes commands, once, shuffled, within room, ramp and hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.models import Batch, Command, CspChannel, HubInFlight, Rollout
from rollouts.states import Answer, CommandKind, CommandStatus, FailureCode
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(60)]


def settle(rollout, *, state=20, consent=4, effective_at=None, where="true", **columns):
    """Let targets stand somewhere, as instructions and alerts would have brought them there.

    Those that hold the image have been instructed for their time, unless it is said otherwise.
    """
    changes = {"state": state, "consent": consent, **columns}
    if effective_at is not None:
        changes["effective_at"] = effective_at
        if state == 40 and consent == 4:
            changes = {"import_answer": Answer.INSTRUCTED, "import_time": effective_at, **changes}
    text = ", ".join(f"{name} = %({name})s" for name in changes)
    return sql.run(
        f"UPDATE rollouts_target SET {text} WHERE rollout_id = %(rollout)s AND ({where})",
        {**changes, "rollout": rollout.pk},
    )


def planned(kind=CommandKind.DISTRIBUTE):
    return [guid for command in Command.objects.filter(kind=kind) for guid in command.guids]


@pytest.mark.requirement("R3.6")
def test_an_answered_hub_is_sent_its_image_at_once(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, effective_at=now + timedelta(days=60), where=f"guid < {world.guid(5)}")

    assert services.plan_due(now) == 1

    command = Command.objects.get()
    assert sorted(command.guids) == [world.guid(n) for n in range(5)]
    assert (command.kind, command.status, command.region, command.hub_count) == (
        CommandKind.DISTRIBUTE,
        CommandStatus.READY,
        2,
        5,
    )


@pytest.mark.requirement("R3.6")
def test_a_hub_nobody_instructed_is_sent_its_image_when_its_time_comes_near(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, consent=5)

    assert services.plan_due(now) == 0
    assert services.plan_due(rollout.automatic_at - timedelta(days=10)) == 0
    assert services.plan_due(rollout.automatic_at - timedelta(days=6)) == 1
    assert len(planned()) == 60


def test_a_small_capacity_begins_earlier(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, consent=5)
    CspChannel.objects.update(capacity_per_night=3)

    assert services.plan_due(rollout.automatic_at - timedelta(days=40)) == 0
    assert services.plan_due(rollout.automatic_at - timedelta(days=26)) == 1


@pytest.mark.requirement("R3.6")
def test_a_defaulted_hub_that_one_supplier_instructed_does_not_wait_for_the_last_moment(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, consent=5, where=f"guid = {world.guid(9)}", import_answer=1)

    services.plan_due(now)

    assert planned() == [world.guid(9)]


def test_planning_again_makes_nothing_new(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout)

    services.plan_due(now)

    assert services.plan_due(now) == 0
    assert services.plan_due(now + timedelta(hours=1)) == 0
    assert len(planned()) == len(set(planned())) == 60


def test_an_eligible_hub_is_left_alone(world, now):
    make_rollout(world, now=now)

    assert services.plan_due(now + timedelta(days=80)) == 0


def test_commands_are_of_one_size_region_and_batch_and_shuffled(world, now, settings):
    settings.DISPATCH = {"command_size": 20}
    rollout = make_rollout(world, now=now)
    settle(rollout)
    settle(rollout, region=3, where=f"guid >= {world.guid(30)}")

    services.plan_due(now)

    commands = list(Command.objects.order_by("id"))
    assert sorted((c.region, c.hub_count) for c in commands) == [(2, 10), (2, 20), (3, 10), (3, 20)]
    first = next(c for c in commands if c.region == 2 and c.hub_count == 20)
    assert set(first.guids) != {world.guid(n) for n in range(20)}
    assert sorted(planned()) == [world.guid(n) for n in range(60)]


def test_the_ready_queue_stays_short(world, now, settings):
    settings.DISPATCH = {"command_size": 10, "ready_ahead": 2}
    rollout = make_rollout(world, now=now)
    settle(rollout)

    services.plan_due(now)
    assert len(planned()) == 20
    assert services.plan_due(now) == 0

    Command.objects.update(status=CommandStatus.DROPPED)
    services.plan_due(now)
    assert len(planned()) == 40


@pytest.mark.parametrize("status", ["NOTIFIED", "SUSPENDED", "PAUSED", "STOPPED", "REVOKED", "COMPLETE"])
def test_only_a_running_rollout_is_planned(world, now, status):
    rollout = make_rollout(world, now=now)
    settle(rollout)
    Rollout.objects.update(status=status, stood_at="SAFE_LAUNCH")

    assert services.plan_due(now) == 0


@pytest.mark.requirement("R2.5")
def test_the_safe_launch_group_waits_for_the_pilot_and_its_review(world, now):
    rollout = make_rollout(world, now=now, status="PILOT", has_pilot=True)
    pilot = Batch.objects.get(kind="PILOT")
    settle(rollout)
    settle(rollout, batch_id=pilot.pk, where=f"guid < {world.guid(3)}")
    settle(rollout, state=40, batch_id=pilot.pk, where=f"guid = {world.guid(4)}", effective_at=now)
    settle(rollout, state=40, where=f"guid = {world.guid(5)}", effective_at=now)

    Rollout.objects.update(status="PILOT_REVIEW")
    services.plan_due(now)
    assert planned() == []
    assert planned(CommandKind.ACTIVATE) == [world.guid(4)]

    Rollout.objects.update(status="PILOT")
    services.plan_due(now)
    assert sorted(planned()) == [world.guid(n) for n in range(3)]

    Rollout.objects.update(status="SAFE_LAUNCH")
    services.plan_due(now)
    assert len(planned()) == 58


def test_a_batch_whose_gate_is_shut_waits(world, now):
    rollout = make_rollout(world, now=now, gate_open=False)
    settle(rollout)

    assert services.plan_due(now) == 0


def test_a_retry_waits_as_long_as_its_failure_asks(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, code=FailureCode.TRANSFER_FAILED, attempts=1, state_at=now)

    assert services.plan_due(now + timedelta(hours=3)) == 0
    assert services.plan_due(now + timedelta(hours=4)) == 1


def test_a_hub_in_the_hands_of_another_rollout_waits(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout)
    HubInFlight.objects.create(guid=world.guid(0), rollout_id=rollout.pk + 1)
    HubInFlight.objects.create(guid=world.guid(1), rollout_id=rollout.pk)

    services.plan_due(now)

    assert sorted(planned()) == [world.guid(n) for n in range(1, 60)]


def test_activations_leave_a_lead_ahead_and_those_past_due_at_once(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, state=40, effective_at=now + timedelta(hours=47), where=f"guid < {world.guid(20)}")
    settle(
        rollout,
        state=40,
        effective_at=now + timedelta(hours=49),
        where=f"guid BETWEEN {world.guid(20)} AND {world.guid(39)}",
    )
    settle(rollout, state=40, effective_at=now - timedelta(minutes=10), where=f"guid >= {world.guid(40)}")

    assert services.plan_due(now) == 2

    ahead, at_once = Command.objects.order_by("execute_at")
    assert (ahead.execute_at, len(ahead.guids)) == (now + timedelta(hours=47), 20)
    assert (at_once.execute_at, len(at_once.guids)) == (None, 20)
    assert {c.kind for c in (ahead, at_once)} == {CommandKind.ACTIVATE}


def test_a_lead_never_exceeds_thirty_days(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, state=40, effective_at=now + timedelta(days=31))
    CspChannel.objects.update(lead_hours=24 * 90)

    assert services.plan_due(now) == 0
    assert services.plan_due(now + timedelta(days=1)) == 1


def test_a_distributed_hub_whose_consent_opened_again_waits(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, state=40, consent=2, effective_at=now)

    assert services.plan_due(now) == 0


def test_a_ramp_lets_more_begin_each_hour(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout)
    Rollout.objects.update(dispatch_settings={"ramp": {"per_hour": 10, "factor": 2}}, status_at=now)

    services.plan_due(now)
    services.plan_due(now + timedelta(minutes=59))
    assert len(planned()) == 10
    services.plan_due(now + timedelta(hours=1))
    assert len(planned()) == 30
    services.plan_due(now + timedelta(hours=2))
    assert len(planned()) == 60


def test_images_wait_for_the_hours_of_channel_and_rollout(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout)
    night = {"from": "22:00", "to": "05:00"}
    CspChannel.objects.update(distribution_hours=night)
    assert services.plan_due(now) == 0

    CspChannel.objects.update(distribution_hours=None)
    Rollout.objects.update(dispatch_settings={"distribution_hours": night})
    assert services.plan_due(now) == 0

    assert services.plan_due(now.replace(hour=23)) == 1


def test_the_number_of_statements_does_not_grow_with_the_hubs(
    world, now, django_assert_max_num_queries, settings
):
    settings.DISPATCH = {"command_size": 2}
    rollout = make_rollout(world, now=now)
    settle(rollout)

    with django_assert_max_num_queries(16):
        assert services.plan_due(now) == 30
