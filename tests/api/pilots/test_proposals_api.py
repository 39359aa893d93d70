"""Pilot hubs the DCC proposes, over REST: reminders, proposals, answers, and what nobody else sees."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from rollouts.models import PilotSubmission, Target
from tests.api.conftest import stage_of
from tests.api.systems import body_of
from tests.factories import make_world

pytestmark = [pytest.mark.django_db]
SPLIT = {"tree": {"all": [{"field": "supply", "op": "=", "value": "SPLIT"}]}}


@pytest.fixture
def stage(db, now):
    """A rollout whose pilot nobody has nominated hubs for."""
    return stage_of(make_world(), now=now, status="NOTIFIED", has_pilot=True, gate_open=False)


def submission_of(stage, organisation):
    """Return the address of what is proposed to a Supplier."""
    row = PilotSubmission.objects.get(organisation_id=organisation.pk)
    return stage.path(f"/pilot/submissions/{reference_of(row.pk, 'submission')}")


@pytest.mark.requirement("R2.3", "R2.6", "R3.3", "R6.2")
def test_hubs_are_proposed_and_join_once_both_suppliers_accept(stage):
    proposed = stage.dcc.post(stage.path("/pilot/proposals"), {**SPLIT, "comment": "None so far."})
    submissions = body_of(stage.other.get(stage.path("/pilot/submissions")))["items"]
    hubs = body_of(stage.other.get(f"{submission_of(stage, stage.world.other)}/hubs"))["items"]
    first = stage.supplier.post(f"{submission_of(stage, stage.world.supplier)}/answer", {"accepts": True})
    second = stage.other.post(f"{submission_of(stage, stage.world.other)}/answer", {"accepts": True})
    again = stage.other.post(f"{submission_of(stage, stage.world.other)}/answer", {"accepts": False})

    assert proposed.status_code == 201
    made = body_of(proposed)
    assert (made["asked"], made["suppliers"], made["joined"]) == (6, 3, 0)
    assert [(each["status"], each["supplier"]) for each in submissions] == [("PROPOSED", "Fernhill Gas")]
    assert [hub["guid"] for hub in hubs] == [stage.guid(number) for number in (9, 10, 11, 19)]
    assert all(hub["has_second_supplier"] for hub in hubs)
    assert body_of(first) == {"is_accepted": True, "hubs": 5, "joined": 0}
    assert body_of(second) == {"is_accepted": True, "hubs": 4, "joined": 3}
    assert again.status_code == 404
    assert body_of(stage.supplier.get(stage.path("/pilot")))["hubs"] == 3


@pytest.mark.requirement("R2.3")
def test_another_suppliers_proposal_is_not_there_and_a_lost_hub_is_not_listed(stage):
    stage.dcc.post(stage.path("/pilot/proposals"), SPLIT)
    theirs = submission_of(stage, stage.world.other)
    Target.objects.filter(guid=stage.world.guid(9)).update(gas_supplier_id=stage.world.third.pk)

    for system in (stage.supplier, stage.third, stage.dcc):
        assert system.get(f"{theirs}/hubs").status_code == 404
    assert stage.supplier.post(f"{theirs}/answer", {"accepts": True}).status_code == 404
    own = body_of(stage.other.get(f"{theirs}/hubs"))["items"]
    assert str(Guid.from_db(stage.world.guid(9))) not in {hub["guid"] for hub in own}


@pytest.mark.requirement("R2.3")
def test_the_dcc_lists_who_has_not_nominated_and_reminds_them(stage):
    nominated = {"guids": [stage.guid(0)]}
    stage.supplier.post(stage.path("/pilot/submissions"), nominated)

    reminded = stage.dcc.post(stage.path("/pilot/reminders"), {})
    again = stage.dcc.post(stage.path("/pilot/reminders"), {})
    rows = body_of(stage.dcc.get(stage.path("/pilot/suppliers")))["items"]

    assert body_of(reminded) == {"suppliers": 2}
    assert (again.status_code, body_of(again)["code"]) == (409, "nobody_to_remind")
    assert {row["supplier"]: (row["has_nominated"], row["reminded_at"] is None) for row in rows} == {
        "Brightwater Energy": (True, True),
        "Fernhill Gas": (False, False),
        "Kestrel Power": (False, False),
    }
    for system in (stage.supplier, stage.csp):
        assert system.get(stage.path("/pilot/suppliers")).status_code in {403, 404}
        assert system.post(stage.path("/pilot/reminders"), {}).status_code == 403
        assert system.post(stage.path("/pilot/proposals"), SPLIT).status_code == 403


@pytest.mark.requirement("R2.3")
def test_a_proposal_that_chooses_no_hub_or_too_many_is_refused(stage):
    nothing = {"tree": {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]}}
    type(stage.rollout).objects.update(pilot_cap=5)

    empty = stage.dcc.post(stage.path("/pilot/proposals"), nothing)
    full = stage.dcc.post(stage.path("/pilot/proposals"), SPLIT)
    foreign = stage.dcc.post(stage.path("/pilot/proposals"), {**SPLIT, "supplier_id": stage.world.csp.pk})

    assert (empty.status_code, body_of(empty)["code"]) == (409, "nothing_proposed")
    assert (full.status_code, body_of(full)["code"]) == (409, "OVER_PILOT_CAP")
    assert foreign.status_code == 404


def test_the_dates_of_a_pilot_are_planned_and_read(stage, now):
    path, starts = stage.path("/pilot/plan"), (now + timedelta(days=10)).isoformat()

    done = stage.dcc.put(path, {"starts_at": starts, "ends_at": None})
    wrong = stage.dcc.put(path, {"starts_at": starts, "ends_at": starts})
    foreign = stage.supplier.put(path, {"starts_at": None, "ends_at": None})
    read = body_of(stage.supplier.get(stage.path()))

    assert (done.status_code, wrong.status_code, foreign.status_code) == (204, 409, 403)
    assert body_of(wrong)["code"] == "PILOT_DATES"
    assert (read["pilot_starts_at"] is None, read["pilot_ends_at"]) == (False, None)


def test_dates_made_from_an_older_rollout_are_refused(stage, now):
    path = stage.path("/pilot/plan")
    first, second = ({"starts_at": (now + timedelta(days=d)).isoformat(), "ends_at": None} for d in (10, 12))
    read = stage.dcc.get(stage.path())["ETag"]

    current = stage.dcc.put(path, first, If_Match=read)
    stale = stage.dcc.put(path, second, If_Match=read)
    again = stage.dcc.put(path, second, If_Match=stage.dcc.get(stage.path())["ETag"])

    assert [each.status_code for each in (current, stale, again)] == [204, 412, 204]
    assert body_of(stale)["code"] == "precondition_failed"


def test_dcc_withdraws_what_a_supplier_has_not_answered_and_nobody_else_does(stage):
    stage.dcc.post(stage.path("/pilot/proposals"), SPLIT)
    submission = PilotSubmission.objects.get(organisation_id=stage.world.other.pk)
    path = stage.path(f"/pilot/proposals/{reference_of(submission.pk, 'submission')}")

    answers = [client.delete(path).status_code for client in (stage.supplier, stage.dcc, stage.dcc)]

    assert answers == [403, 204, 404]
    submission.refresh_from_db()
    assert submission.status == "WITHDRAWN"
