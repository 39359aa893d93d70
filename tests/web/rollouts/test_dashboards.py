"""What each actor sees first, and the list of available rollouts."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts import services
from rollouts.models import Decision, PilotSubmission, ReleaseNote, UnmatchedAlert
from rollouts.queries.rollouts.dashboard import dashboard
from rollouts.queries.rollouts.duties import Duty
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


def duties(scope, now):
    return {each.duty: each for each in dashboard(scope, now=now).outstanding}


@pytest.mark.requirement("R4.5")
def test_a_supplier_owes_an_answer_for_its_own_hubs_until_the_cutoff(world, now):
    rollout = make_rollout(world, now=now, automatic_at=now + timedelta(days=120))

    owed = duties(world.as_supplier, now)

    assert owed[Duty.INSTRUCT].count == 16
    assert owed[Duty.INSTRUCT].due_at == rollout.cutoff_at
    assert Duty.ANSWER_SECOND not in owed
    assert Duty.INSTRUCT not in duties(world.as_supplier, rollout.cutoff_at + timedelta(seconds=1))


@pytest.mark.requirement("R3.3", "R4.5")
def test_once_the_other_supplier_has_instructed_the_second_owes_its_answer(world, now):
    rollout = make_rollout(world, now=now)
    instruct(world.as_other, rollout, [world.guid(n) for n in (9, 10, 11)], now=now)

    owed = duties(world.as_supplier, now)

    assert owed[Duty.ANSWER_SECOND].count == 3
    assert owed[Duty.INSTRUCT].count == 13


@pytest.mark.requirement("R2.3", "R4.5")
def test_a_supplier_owes_a_nomination_until_it_has_made_one(world, now):
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    assert Duty.NOMINATE in duties(world.as_supplier, now)

    services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_stored([world.guid(0)]), now=now
    )

    assert Duty.NOMINATE not in duties(world.as_supplier, now)
    assert duties(world.operator, now)[Duty.DECIDE_NOMINATIONS].count == 1


@pytest.mark.requirement("R2.5", "R4.5")
def test_the_dcc_owes_the_steps_of_a_pilot_one_after_the_other(world, now):
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_stored([world.guid(0)]), now=now
    )
    nomination = PilotSubmission.objects.get()
    services.confirm_pilot(world.operator, rollout_id=rollout.pk, submission_ids=[nomination.pk], now=now)
    assert duties(world.operator, now)[Duty.START_PILOT].count == 1

    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    assert Duty.END_PILOT not in duties(world.operator, now)
    for state in (30, 40, 50, 60):
        sql.run(
            "UPDATE rollouts_target SET state = %(state)s WHERE guid = %(guid)s",
            {"state": state, "guid": world.guid(0)},
        )
    assert duties(world.operator, now)[Duty.END_PILOT].count == 1

    services.end_pilot(world.operator, rollout_id=rollout.pk, commentary="All good.", now=now)
    review = duties(world.operator, now)[Duty.REVIEW_PILOT]
    assert (review.due_at, review.count) == (rollout.automatic_at, 19)


@pytest.mark.requirement("R4.5")
def test_a_gate_that_is_still_shut_when_its_hubs_fall_due_is_an_action_on_the_dcc(world, now):
    rollout = make_rollout(world, now=now)
    automatic_at = rollout.automatic_at - timedelta(days=30)
    formed = services.create_batch(
        world.operator,
        rollout_id=rollout.pk,
        name="Later",
        automatic_at=automatic_at,
        source=HubList.from_stored([world.guid(0), world.guid(1)]),
        is_gated=True,
        now=now,
    )
    assert Duty.OPEN_GATE not in duties(world.operator, automatic_at - timedelta(days=15))

    for moment in (automatic_at - timedelta(days=14), automatic_at + timedelta(days=20)):
        owed = duties(world.operator, moment)[Duty.OPEN_GATE]
        assert (owed.due_at, owed.count) == (automatic_at, 2)
        assert Duty.OPEN_GATE not in duties(world.as_supplier, moment)

    services.open_gate(world.operator, batch_id=formed.batch_id, reason="All is well.", now=now)
    assert Duty.OPEN_GATE not in duties(world.operator, automatic_at + timedelta(days=20))


@pytest.mark.requirement("R1.4")
def test_a_maintenance_release_without_its_note_is_an_action_on_the_dcc(world, now):
    rollout = make_rollout(world, now=now)
    type(rollout).objects.update(kind="UNPLANNED")
    assert Duty.ADD_NOTE not in duties(world.operator, now)

    ReleaseNote.objects.all().delete()

    assert Duty.ADD_NOTE in duties(world.operator, now)


@pytest.mark.requirement("R4.11")
def test_unmatched_alerts_are_an_action_on_the_dcc(world, now):
    UnmatchedAlert.objects.create(
        alert_id=uuid4(),
        batch_id=1,
        csp_id=world.csp.pk,
        guid=1,
        code=5,
        occurred_at=now,
        received_at=now,
        why="NO_ROLLOUT",
    )

    assert duties(world.operator, now)[Duty.REVIEW_UNMATCHED].count == 1
    assert Duty.REVIEW_UNMATCHED not in duties(world.as_supplier, now)


@pytest.mark.requirement("R5.3")
def test_a_suspension_is_an_action_on_the_dcc_then_on_the_panel_and_a_next_date_for_others(world, now):
    rollout = make_rollout(world, now=now)
    services.take_step(
        world.operator, rollout_id=rollout.pk, verb="suspend", reason="Too many failures.", now=now
    )

    assert duties(world.operator, now)[Duty.RECOMMEND].rollout_id == rollout.pk
    assert Duty.CONFIRM not in duties(world.as_panel, now)
    (ahead,) = dashboard(world.as_supplier, now=now).next_dates
    assert (ahead.actor, ahead.what) == ("DCC", "DCC recommends how it goes on by")
    assert ahead.at == duties(world.operator, now)[Duty.RECOMMEND].due_at == now + timedelta(days=2)
    review = Decision.objects.get()
    services.recommend(
        world.operator, decision_id=review.pk, version=1, outcome="PROCEED", reasons="Mended.", now=now
    )

    assert duties(world.as_panel, now)[Duty.CONFIRM].rollout_id == rollout.pk
    assert Duty.RECOMMEND not in duties(world.operator, now)
    assert duties(world.as_supplier, now) == {}
    (ahead,) = dashboard(world.as_supplier, now=now).next_dates
    assert (ahead.actor, ahead.what) == ("PANEL", "Panel confirms or rejects what DCC recommends by")
    assert ahead.at == duties(world.as_panel, now)[Duty.CONFIRM].due_at == now + timedelta(days=2)


@pytest.mark.requirement("R4.9")
def test_if_nobody_does_anything_every_hub_has_its_day(world, now):
    rollout = make_rollout(world, now=now, automatic_at=now + timedelta(days=120))
    wanted = now + timedelta(days=40)
    instruct(world.as_supplier, rollout, [world.guid(n) for n in (0, 1, 9)], now=now, activate_at=wanted)

    board = dashboard(world.as_supplier, now=now)

    assert board.days == {
        local_day(wanted): {"yours": 2},
        local_day(rollout.cutoff_at): {"waiting": 1},
        local_day(rollout.automatic_at): {"default": 13},
    }
    assert sum(sum(counts.values()) for counts in board.days.values()) == board.total


@pytest.mark.requirement("R4.5")
def test_hubs_of_two_suppliers_count_once_for_each_and_once_for_the_dcc(world, now):
    make_rollout(world, now=now)

    assert dashboard(world.operator, now=now).total == 20
    assert dashboard(world.as_supplier, now=now).total == 16
    assert dashboard(world.as_other, now=now).total == 6
    assert dashboard(world.as_csp, now=now).total == 20


@pytest.mark.requirement("R1.7", "R4.4")
def test_the_list_says_what_may_be_done_and_by_when(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)

    body = seat("supplier").get("/rollouts/").content.decode()

    assert f'href="/rollouts/{rollout.pk}/instruct/"' in body
    assert f'href="/rollouts/{rollout.pk}/pilot/"' in body
    assert "working days" in body


@pytest.mark.requirement("R1.2")
def test_a_notice_without_a_window_says_so_and_counts_nothing_down(world, seat, today):
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=20))
    client = seat("supplier")

    assert "No supplier window" in client.get(f"/rollouts/{rollout.pk}/").content.decode()
    assert "No supplier window" in client.get("/").content.decode()
    assert (
        f'href="/rollouts/{rollout.pk}/instruct/"'
        not in client.get(f"/rollouts/{rollout.pk}/").content.decode()
    )


@pytest.mark.requirement("R3.3")
def test_the_page_of_an_update_says_how_far_the_second_supplier_is(world, seat, today):
    rollout = make_rollout(world, now=today)
    instruct(world.as_other, rollout, [world.guid(9), world.guid(10)], now=today)

    body = seat("supplier").get(f"/rollouts/{rollout.pk}/").content.decode()

    assert "You share 5 hubs with a second Supplier" in body
    assert "<strong>2</strong> of <strong>5</strong>" in body


def instruct(scope, rollout, guids, *, now, activate_at=None):
    services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored(guids),
        received_at=now,
        activate_at=activate_at,
        now=now,
    )


@pytest.mark.requirement("R3.6")
def test_images_that_would_come_too_late_are_an_action_on_the_dcc(world, now):
    rollout = make_rollout(world, now=now, automatic_at=now + timedelta(days=40))
    sql.run("UPDATE rollouts_cspchannel SET capacity_per_second = 0.000001")

    owed = duties(world.operator, now)[Duty.MEND_SHORTFALL]

    assert 0 < owed.count <= 20
    assert owed.due_at.date() == rollout.automatic_at.date()


@pytest.mark.requirement("R4.5")
def test_hubs_no_csp_serves_are_an_action_of_their_own_and_no_shortfall(world, seat, today):
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=60))
    sql.run("UPDATE rollouts_target SET region = 7 WHERE guid < %(guid)s", {"guid": world.guid(3)})

    owed = duties(world.operator, today)
    board = seat("operator").get("/").content.decode()
    channels = seat("operator").get("/channels/").content.decode()
    schedule = seat("operator").get("/schedule/").content.decode()

    assert Duty.MEND_SHORTFALL not in owed
    assert (owed[Duty.PLACE_HUBS].count, owed[Duty.PLACE_HUBS].places) == (3, {7: 3})
    assert owed[Duty.PLACE_HUBS].due_at.date() == rollout.automatic_at.date()
    assert "Hubs that no CSP serves: region Unknown" in board
    assert "No image can be sent to 3 hubs in Unknown." in board
    assert "too late" not in board + channels + schedule
    assert "No CSP serves it" in channels
    assert '<a href="/estate/?region=7">Show the hubs' in channels
    assert "3 hubs in region Unknown: no image can be sent" in schedule
    assert "No CSP serves" not in seat("csp").get("/channels/").content.decode()


@pytest.mark.requirement("R3.6", "R4.5")
def test_a_shortfall_says_where_and_how_many(world, seat, today):
    make_rollout(world, now=today, automatic_at=today + timedelta(days=40))
    sql.run("UPDATE rollouts_target SET region = 3 WHERE guid < %(guid)s", {"guid": world.guid(10)})
    sql.run("UPDATE rollouts_cspchannel SET capacity_per_second = 0.000001")

    owed = duties(world.operator, today)[Duty.MEND_SHORTFALL]
    board = seat("operator").get("/").content.decode()

    assert set(owed.places) == {2, 3}
    assert owed.count == sum(owed.places.values())
    assert "Images would come too late: Central and South" in board
    assert (
        f"{owed.places[2]} hubs in Central and {owed.places[3]} hubs in South would get the image too late"
        in board
    )


@pytest.mark.requirement("R2.5")
def test_a_pilot_still_open_two_weeks_before_the_automatic_time_is_warned_of(world, now):
    rollout = make_rollout(world, now=now, status="PILOT", has_pilot=True, gate_open=False)

    assert Duty.REVIEW_PILOT not in duties(world.operator, now)
    assert Duty.REVIEW_PILOT in duties(world.operator, rollout.automatic_at - timedelta(days=13))


@pytest.mark.requirement("R2.5")
def test_a_review_is_due_before_the_first_hubs_it_holds_back(world, now):
    rollout = make_rollout(world, now=now, status="PILOT", has_pilot=True, gate_open=False)
    early = now + timedelta(days=40)
    batch = rollout.batches.get(kind="SAFE_LAUNCH")
    type(batch).objects.filter(pk=batch.pk).update(automatic_at=early, cutoff_at=now + timedelta(days=9))

    assert Duty.REVIEW_PILOT not in duties(world.operator, early - timedelta(days=15))
    assert duties(world.operator, early - timedelta(days=13))[Duty.REVIEW_PILOT].due_at == early


@pytest.mark.requirement("R2.3")
@pytest.mark.parametrize("status", ["NOTIFIED", "SUSPENDED"])
def test_a_pilot_nobody_made_possible_is_an_action_from_two_weeks_before(world, now, status):
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    type(rollout).objects.filter(pk=rollout.pk).update(
        status=status, stood_at="" if status == "NOTIFIED" else "NOTIFIED"
    )

    assert Duty.MEND_PILOT not in duties(world.operator, rollout.automatic_at - timedelta(days=15))
    late = duties(world.operator, rollout.automatic_at - timedelta(days=13))
    assert (late[Duty.MEND_PILOT].due_at, Duty.REVIEW_PILOT in late) == (rollout.automatic_at, False)


@pytest.mark.requirement("R2.5")
def test_a_review_stays_due_while_the_update_is_suspended(world, now):
    rollout = make_rollout(world, now=now, status="PILOT", has_pilot=True, gate_open=False)
    type(rollout).objects.filter(pk=rollout.pk).update(status="SUSPENDED", stood_at="PILOT")

    assert Duty.REVIEW_PILOT in duties(world.operator, rollout.automatic_at - timedelta(days=13))


@pytest.mark.requirement("R4.5")
def test_the_page_of_an_update_shows_its_curve_and_the_forecast(world, today, client):
    rollout = make_rollout(world, now=today - timedelta(days=3))
    sql.run(
        "UPDATE rollouts_target SET consent = 4, state = 60, state_at = %(at)s WHERE guid < %(g)s",
        {"at": today - timedelta(days=1), "g": world.guid(5)},
    )
    services.note_activations(today)
    client.force_login(world.supplier_user)

    page = client.get(f"/rollouts/{rollout.pk}/").content.decode()

    assert "Activated, towards the automatic date" in page
    assert 'class="curve__forecast"' in page
    assert "Forecast: done at the deadline" in page
    assert "Show as a table" in page
