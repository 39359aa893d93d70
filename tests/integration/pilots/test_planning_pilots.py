"""The planned dates of a pilot: set with the draft or later, told, and kept as deadlines (R2.4, R4.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.notice_texts import notice_text
from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel.refusals import NotPermitted
from rollouts import services
from rollouts.queries.rollouts.dashboard import dashboard
from rollouts.queries.rollouts.deadlines import milestones
from rollouts.queries.rollouts.duties import Duty
from rollouts.queries.rollouts.forecast import forward_schedule
from rollouts.rules import RuleBroken
from rollouts.services import HubList
from tests.factories import make_rollout
from tests.integration.publishing import published

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def rollout(world, now):
    """A published rollout with a pilot that has not begun."""
    return make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)


def plan(world, rollout, *, now, starts=10, ends=20):
    """Plan the pilot, in days from now."""
    services.plan_pilot(
        world.operator,
        rollout_id=rollout.pk,
        starts_at=now + timedelta(days=starts),
        ends_at=now + timedelta(days=ends),
        now=now,
    )
    rollout.refresh_from_db()


def duties(scope, now):
    """Return what somebody owes, by duty."""
    return {each.duty: each for each in dashboard(scope, now=now).outstanding}


def test_planned_dates_are_told_to_everybody_and_written_down(world, rollout, now):
    plan(world, rollout, now=now)
    plan(world, rollout, now=now, starts=12)

    entries = {
        each.party_id: each.data
        for each in FeedOutbox.objects.filter(kind=EntryKind.PILOT_PLANNED).order_by("id")
    }
    everybody = (world.supplier, world.other, world.third, world.csp, world.panel, world.dcc)
    assert set(entries) == {org.pk for org in everybody}
    assert entries[world.other.pk]["starts_at_before"] == (now + timedelta(days=10)).isoformat()
    words = notice_text(EntryKind.PILOT_PLANNED, entries[world.csp.pk]).text
    assert words.startswith("The pilot starts: ")
    assert ", before: " in words
    assert Event.objects.filter(name="pilot.planned").count() == 2


@pytest.mark.requirement("R4.5")
def test_planned_dates_are_what_others_do_next_and_deadlines_of_ones_own(world, rollout, now):
    plan(world, rollout, now=now)
    starts_at, ends_at = rollout.pilot_starts_at, rollout.pilot_ends_at

    ahead = {each.what: each.at for each in dashboard(world.as_supplier, now=now).next_dates}
    assert ahead["DCC starts the pilot"] == starts_at
    assert duties(world.as_supplier, now)[Duty.NOMINATE].due_at == starts_at
    dates = {row.label: (row.at, row.note) for row in milestones(rollout, [])}
    assert dates["Pilot starts"] == (starts_at, "planned")
    assert {volume.pilot_starts_at for volume in forward_schedule(world.as_csp)} == {starts_at}
    assert duties(world.operator, starts_at)[Duty.MEND_PILOT].due_at == starts_at

    nomination = services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_stored([world.guid(0)]), now=now
    )
    assert duties(world.operator, now)[Duty.DECIDE_NOMINATIONS].due_at == starts_at
    services.confirm_pilot(
        world.operator, rollout_id=rollout.pk, submission_ids=[nomination.submission_id], now=now
    )
    assert duties(world.operator, now)[Duty.START_PILOT].due_at == starts_at
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    ahead = {each.what: each.at for each in dashboard(world.as_csp, now=now).next_dates}
    assert ahead["DCC ends the pilot"] == ends_at
    assert Duty.END_PILOT not in duties(world.operator, now)
    assert duties(world.operator, ends_at)[Duty.END_PILOT].due_at == ends_at


@pytest.mark.parametrize(("starts", "ends"), [(20, 10), (-1, 10), (10, 121)])
def test_dates_that_make_no_sense_are_refused(world, rollout, now, starts, ends):
    with pytest.raises(RuleBroken) as refusal:
        plan(world, rollout, now=now, starts=starts, ends=ends)

    assert refusal.value.code == "PILOT_DATES"
    with pytest.raises(NotPermitted):
        services.plan_pilot(world.as_supplier, rollout_id=rollout.pk, starts_at=None, ends_at=None, now=now)


def test_a_notice_says_when_the_pilot_is_planned(world, now):
    published(world, now=now, kind="UNPLANNED", release_note_url="", pilot_starts_at=now + timedelta(days=30))

    entry = FeedOutbox.objects.get(kind=EntryKind.ROLLOUT_NOTIFIED, party_id=world.other.pk).data
    assert entry["pilot_starts_at"] == (now + timedelta(days=30)).isoformat()
    assert "The pilot is planned to start on" in notice_text(EntryKind.ROLLOUT_NOTIFIED, entry).text


@pytest.mark.requirement("R3.7", "R4.5")
def test_the_cut_off_of_a_batch_is_a_date_of_the_rollout(world, now):
    rollout = make_rollout(world, now=now)
    formed = services.create_batch(
        world.operator,
        rollout_id=rollout.pk,
        name="North first",
        automatic_at=now + timedelta(days=60),
        tree={"all": []},
        now=now,
    )

    ahead = {each.what: each.at for each in dashboard(world.operator, now=now).next_dates}
    assert ahead["Suppliers instruct “North first” by"] == formed.cutoff_at
    dates = {row.label: row.at for row in milestones(rollout, rollout.batches.all())}
    assert dates["North first: cut-off"] == formed.cutoff_at


@pytest.mark.requirement("R4.5", "R5.3")
def test_a_paused_rollout_names_who_is_due_to_say_how_it_goes_on(world, now):
    rollout = make_rollout(world, now=now)
    type(rollout).objects.filter(pk=rollout.pk).update(status="PAUSED", stood_at="SAFE_LAUNCH", status_at=now)

    (ahead,) = dashboard(world.as_supplier, now=now).next_dates
    assert (ahead.actor, ahead.at) == ("DCC", now + timedelta(days=14))
    assert duties(world.operator, now)[Duty.RECOMMEND].due_at == now + timedelta(days=14)
