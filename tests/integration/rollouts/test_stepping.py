"""Steps of a rollout: who may take them, what they do to hubs, who hears of it (R1.5, R5.4, R5.6)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import HubInFlight, Instruction, Rollout, Target
from rollouts.services.rollouts.step import DECIDED_VERBS, ENTRY_OF_VERB, PLAIN_VERBS
from rollouts.states import ROLLOUT_STEPS, RolloutStatus
from tests.factories import World, make_rollout, make_world
from tests.integration.deciding import decide

pytestmark = pytest.mark.django_db


def put_hubs(world: World, rollout: Rollout, state: int, *numbers: int) -> None:
    """Bring some hubs into a state."""
    guids = [world.guid(number) for number in numbers]
    Target.objects.filter(rollout_id=rollout.pk, guid__in=guids).update(state=state, consent=4)


def states(rollout: Rollout) -> dict[tuple[int, int], int]:
    """Count targets by state and code."""
    counts: dict[tuple[int, int], int] = {}
    for state, code in Target.objects.filter(rollout_id=rollout.pk).values_list("state", "code"):
        counts[(state, code)] = counts.get((state, code), 0) + 1
    return counts


def scope_for(world: World, verb: str) -> Scope:
    """Return somebody who may take the step."""
    return world.as_panel if world.as_panel.has(*ROLLOUT_STEPS[verb].roles) else world.operator


def end(world: World, rollout: Rollout, verb: str, now: datetime) -> None:
    """Stop by decision, or revoke."""
    if verb == "stop":
        decide(world, rollout, "STOP", now)
    else:
        services.take_step(world.operator, rollout_id=rollout.pk, verb=verb, reason="Bad image", now=now)


@pytest.mark.requirement("R5.4")
def test_suspending_is_one_step_by_an_operator_and_is_written_down(world: World, now: datetime) -> None:
    rollout = make_rollout(world, now=now)

    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="HAN faults", now=now)

    rollout.refresh_from_db()
    assert (rollout.status, rollout.stood_at, rollout.halted_at) == ("SUSPENDED", "SAFE_LAUNCH", now)
    fact = Event.objects.get(name="rollout.suspended")
    assert fact.actor_id == world.operator_user.pk
    assert fact.facts["from"] == "SAFE_LAUNCH"
    assert fact.facts["reason"] == "HAN faults"


@pytest.mark.requirement("R5.5")
def test_each_party_hears_of_a_step_in_numbers_of_its_own_hubs(world: World, now: datetime) -> None:
    rollout = make_rollout(world, now=now)
    put_hubs(world, rollout, 40, 0, 1)
    put_hubs(world, rollout, 50, 2)
    Target.objects.filter(rollout_id=rollout.pk, guid__lt=world.guid(3)).update(import_answer=1)
    Instruction.objects.create(
        reference="I-1",
        rollout=rollout,
        organisation_id=world.supplier.pk,
        channel="PORTAL",
        kind="INSTRUCT",
        received_at=now,
    )

    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)

    entries = {
        each.party_id: each.data for each in FeedOutbox.objects.filter(kind=EntryKind.ROLLOUT_SUSPENDED)
    }
    own = entries[world.supplier.pk]
    assert own["states"] == {"ELIGIBLE": 13, "DISTRIBUTED": 2, "ACTIVATING": 1}
    assert (own["pending"], own["instructions_in_force"]) == (3, 1)
    assert entries[world.other.pk]["states"] == {"ELIGIBLE": 6}
    assert (entries[world.other.pk]["pending"], entries[world.other.pk]["instructions_in_force"]) == (0, 0)
    assert entries[world.csp.pk]["hubs"] == 20
    assert world.panel.pk in entries


@pytest.mark.requirement("R1.5")
@pytest.mark.parametrize(("verb", "code"), [("revoke", 63), ("stop", 64)])
def test_revoking_and_stopping_withdraw_all_that_is_not_about_to_activate(
    world: World, now: datetime, verb: str, code: int
) -> None:
    rollout = make_rollout(world, now=now)
    put_hubs(world, rollout, 30, 1)
    put_hubs(world, rollout, 40, 2)
    put_hubs(world, rollout, 50, 3)
    put_hubs(world, rollout, 55, 4)
    put_hubs(world, rollout, 56, 5)
    put_hubs(world, rollout, 60, 6)
    put_hubs(world, rollout, 31, 7)
    for number in (1, 2, 3, 4, 5):
        HubInFlight.objects.create(guid=world.guid(number), rollout_id=rollout.pk)

    end(world, rollout, verb, now)
    services.finish_halts(now)

    assert states(rollout) == {(90, code): 16, (50, 0): 1, (55, 0): 1, (60, 0): 1, (31, 0): 1}
    assert set(HubInFlight.objects.values_list("guid", flat=True)) == {world.guid(3), world.guid(4)}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0
    assert Event.objects.get(name=ROLLOUT_STEPS[verb].fact).facts["voided"] == 16


def test_pausing_touches_no_hub_and_resuming_takes_cancelled_ones_up_again(
    world: World, now: datetime
) -> None:
    rollout = make_rollout(world, now=now)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)
    decide(world, rollout, "PAUSE", now)
    put_hubs(world, rollout, 56, 0, 1, 2)

    decide(world, rollout, "PROCEED", now + timedelta(days=1))
    services.finish_halts(now + timedelta(days=1))

    rollout.refresh_from_db()
    assert (rollout.status, rollout.stood_at, rollout.halted_at) == ("SAFE_LAUNCH", "", None)
    assert states(rollout)[(40, 0)] == 3


def test_a_pause_that_confirms_a_suspension_keeps_when_the_rollout_was_first_halted(
    world: World, now: datetime
) -> None:
    rollout = make_rollout(world, now=now, status="PILOT_REVIEW", has_pilot=True)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)

    decide(world, rollout, "PAUSE", now + timedelta(hours=3))

    rollout.refresh_from_db()
    assert (rollout.status, rollout.stood_at, rollout.halted_at) == ("PAUSED", "PILOT_REVIEW", now)


@pytest.mark.parametrize("verb", sorted(PLAIN_VERBS))
@pytest.mark.parametrize("status", [status.value for status in RolloutStatus if status != "DRAFT"])
def test_every_step_is_open_exactly_where_the_table_has_it(
    world: World, now: datetime, verb: str, status: str
) -> None:
    rollout = make_rollout(world, now=now, status="SAFE_LAUNCH")
    stood_at = "SAFE_LAUNCH" if status in {"SUSPENDED", "PAUSED"} else ""
    Rollout.objects.filter(pk=rollout.pk).update(status=status, stood_at=stood_at)
    step = ROLLOUT_STEPS[verb]

    def take() -> None:
        services.take_step(scope_for(world, verb), rollout_id=rollout.pk, verb=verb, reason="-", now=now)

    if RolloutStatus(status) in step.sources:
        take()
        rollout.refresh_from_db()
        assert rollout.status == (step.target or "SAFE_LAUNCH")
    else:
        with pytest.raises(services.StepRefused):
            take()


@pytest.mark.parametrize("verb", sorted(PLAIN_VERBS))
def test_no_step_is_for_a_supplier_and_each_is_for_the_role_the_table_names(
    world: World, now: datetime, verb: str
) -> None:
    rollout = make_rollout(world, now=now)
    allowed = scope_for(world, verb)

    for scope in {world.as_supplier, world.as_csp, world.as_panel, world.operator} - {allowed}:
        with pytest.raises(NotPermitted):
            services.take_step(scope, rollout_id=rollout.pk, verb=verb, reason="-", now=now)


def test_a_step_needs_a_reason_a_rollout_and_a_name(world: World, now: datetime) -> None:
    rollout = make_rollout(world, now=now)

    with pytest.raises(BadInput):
        services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason=" ", now=now)
    with pytest.raises(NotFound):
        services.take_step(world.operator, rollout_id=0, verb="suspend", reason="-", now=now)
    with pytest.raises(NotFound):
        services.take_step(world.operator, rollout_id=rollout.pk, verb="notify", reason="-", now=now)


@pytest.mark.requirement("R5.4")
@pytest.mark.parametrize("verb", sorted(DECIDED_VERBS))
def test_what_takes_a_decision_is_nobodys_step_alone(world: World, now: datetime, verb: str) -> None:
    rollout = make_rollout(world, now=now)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)

    with pytest.raises(services.NeedsDecision):
        services.take_step(world.as_panel, rollout_id=rollout.pk, verb=verb, reason="-", now=now)

    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"


def test_every_step_has_a_kind_of_entry() -> None:
    assert set(ENTRY_OF_VERB) == set(ROLLOUT_STEPS)


@pytest.mark.parametrize("hubs", [20, 400])
def test_a_step_takes_as_many_statements_for_many_hubs_as_for_few(
    hubs: int, now: datetime, django_assert_num_queries
) -> None:
    world = make_world(hubs=hubs)
    rollout = make_rollout(world, now=now)

    with django_assert_num_queries(10):
        services.take_step(world.operator, rollout_id=rollout.pk, verb="revoke", reason="-", now=now)
