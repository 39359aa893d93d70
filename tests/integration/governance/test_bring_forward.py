"""Bringing the automatic date forward by decision: later instructions take it, each Supplier is told (R1.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.notice_texts import notice_text
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.working_days import local_day
from rollouts import rules, services
from rollouts.models import Batch, Decision, Rollout, Target
from rollouts.states import Consent
from tests.factories import make_rollout
from tests.integration.deciding import decide, recommended, sign
from tests.integration.dispatching import dispatch, settle, states
from tests.integration.feeds import entries_by_party

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]


def instruct(scope, rollout, guids, *, at, now):
    """Instruct hubs for a time."""
    return services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind="INSTRUCT",
        source=services.HubList.from_stored(guids),
        activate_at=at,
        received_at=now,
        now=now,
    )


def bring_forward(world, rollout, until, now):
    """Decide it, and settle the hubs."""
    decide(world, rollout, "BRING_FORWARD", now, automatic_at=until)
    services.finish_delays(now)
    rollout.refresh_from_db()


def times(world, rollout, *numbers):
    """Return when hubs activate."""
    guids = [world.guid(number) for number in numbers]
    rows = Target.objects.filter(rollout_id=rollout.pk, guid__in=guids).order_by("guid")
    return list(rows.values_list("effective_at", flat=True))


@pytest.mark.requirement("R5.5")
def test_a_time_instructed_for_later_becomes_the_new_date_and_an_earlier_one_stands(world, rollout, now):
    until, early, late = (now + timedelta(days=days) for days in (60, 50, 80))
    instruct(world.as_supplier, rollout, [world.guid(0)], at=early, now=now)
    instruct(world.as_supplier, rollout, [world.guid(1), world.guid(9)], at=late, now=now)
    instruct(world.as_other, rollout, [world.guid(9)], at=early, now=now)
    FeedOutbox.objects.all().delete()
    before = rollout.automatic_at

    bring_forward(world, rollout, until, now)

    assert (rollout.automatic_at, rollout.cutoff_at) == (until, rules.one_month_before(until))
    assert (rollout.window_closed_at, rollout.is_rescheduling) == (None, False)
    assert times(world, rollout, 0, 1, 2, 9) == [early, until, until, until]
    mine, theirs = (
        entries_by_party(EntryKind.ROLLOUT_BROUGHT_FORWARD)[each.pk] for each in (world.supplier, world.other)
    )
    assert (mine["brought_forward"], theirs["brought_forward"]) == (2, 1)
    assert (mine["automatic_at_before"], mine["automatic_at"]) == (before.isoformat(), until.isoformat())
    assert world.supplier.name not in str(theirs)
    days = [local_day(each).isoformat() for each in (early, until)]
    assert mine["instructed_by_day"] == {days[0]: 1, days[1]: 2}
    words = notice_text(EntryKind.ROLLOUT_BROUGHT_FORWARD, {**mine, "is_own": True}).text
    assert "2 hubs of yours had a later time by instruction, and activate at the new one." in words
    hubs = FeedOutbox.objects.filter(kind=EntryKind.HUB_SCHEDULED, party_id=world.supplier.pk)
    assert set(hubs.values_list("guid", flat=True)) == {world.guid(1), world.guid(9)}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_a_later_delay_gives_the_instructed_time_back(world, rollout, now):
    late = now + timedelta(days=80)
    instruct(world.as_supplier, rollout, [world.guid(1)], at=late, now=now)
    bring_forward(world, rollout, now + timedelta(days=60), now)

    decide(world, rollout, "DELAY", now, automatic_at=now + timedelta(days=100))
    services.finish_delays(now)

    assert times(world, rollout, 1) == [late]


@pytest.mark.requirement("R3.1")
def test_where_the_new_cut_off_has_passed_what_is_awaited_defaults_and_is_said(world, rollout, now):
    until = now + timedelta(days=20)

    bring_forward(world, rollout, until, now)
    services.close_window(rollout_id=rollout.pk, now=now)

    entry = entries_by_party(EntryKind.ROLLOUT_BROUGHT_FORWARD)[world.supplier.pk]
    assert (entry["has_window"], entry["brought_forward"]) == (False, 0)
    assert "new cut-off has passed" in entry["what_to_do"]
    consents = set(Target.objects.filter(rollout_id=rollout.pk).values_list("consent", flat=True))
    assert consents == {Consent.DEFAULTED, Consent.NO_SUPPLIER}
    assert set(times(world, rollout, *range(20))) == {until}
    with pytest.raises(rules.RuleBroken) as refusal:
        instruct(world.as_supplier, rollout, [world.guid(0)], at=None, now=now)
    assert refusal.value.code == "AFTER_CUTOFF"


def test_batches_keep_their_own_times_as_far_as_these_are_not_later(world, rollout, now):
    as_instructed, capped = now + timedelta(days=50), now + timedelta(days=90)
    for position, at in ((2, as_instructed), (3, capped)):
        Batch.objects.create(
            rollout=rollout,
            kind="SAFE_LAUNCH",
            position=position,
            name=f"Wave {position}",
            automatic_at=at,
            cutoff_at=rules.one_month_before(at),
        )
    until = now + timedelta(days=60)

    bring_forward(world, rollout, until, now)

    own = list(rollout.batches.exclude(automatic_at=None).order_by("position"))
    assert [batch.automatic_at for batch in own] == [as_instructed, until]
    assert own[1].cutoff_at == rules.one_month_before(until)


@pytest.mark.parametrize("days", [-1, 0, 120, 150])
def test_only_an_earlier_date_that_is_still_ahead_is_recommended(world, rollout, now, days):
    with pytest.raises(rules.RuleBroken) as refusal:
        recommended(world, rollout, "BRING_FORWARD", now, automatic_at=now + timedelta(days=days))

    assert refusal.value.code == "FORWARD_NOT_EARLIER"


def test_a_date_that_passed_before_the_last_signature_is_refused(world, rollout, now):
    decision = recommended(world, rollout, "BRING_FORWARD", now, automatic_at=now + timedelta(days=3))

    with pytest.raises(rules.RuleBroken):
        sign(world.as_panel, decision, now + timedelta(days=4))

    assert Decision.objects.get(pk=decision.pk).status == "RECOMMENDED"


def test_an_activation_dated_ahead_at_a_later_time_is_recalled_and_sent_again(csp, world, rollout, now):
    late, until = now + timedelta(hours=20), now + timedelta(hours=10)
    settle(rollout, state=40, consent=5, effective_at=late)
    Rollout.objects.filter(pk=rollout.pk).update(automatic_at=late, cutoff_at=rules.one_month_before(late))
    services.plan_due(now)
    dispatch(now)
    assert states(rollout) == {50: 20}

    bring_forward(world, rollout, until, now)
    dispatch(now)
    settle(rollout, state=40, consent=5, where="state = 55")  # as the cancels' answers say
    services.plan_due(now)
    dispatch(now)

    assert len(csp.hubs("cancel")) == 20
    assert states(rollout) == {50: 20}
    assert set(times(world, rollout, *range(20))) == {until}


def test_planned_dates_of_a_pilot_that_would_come_too_late_are_to_be_planned_again(world, now):
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    starts, ends = now + timedelta(days=20), now + timedelta(days=70)
    services.plan_pilot(world.operator, rollout_id=rollout.pk, starts_at=starts, ends_at=ends, now=now)

    bring_forward(world, rollout, now + timedelta(days=60), now)

    assert (rollout.pilot_starts_at, rollout.pilot_ends_at) == (starts, None)
