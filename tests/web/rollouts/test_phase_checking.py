"""What forming a batch would do is said before it is done, and what was checked is what is formed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput, NotPermitted
from rollouts import services
from rollouts.models import Batch
from rollouts.services import HubList, StepRefused
from rollouts.states import InstructionKind
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db]

EVERY = {"all": []}


@pytest.fixture
def rollout(world, today):
    rollout = make_rollout(world, now=today)
    sql.run("UPDATE rollouts_hub SET region = 3 WHERE guid < %(g)s", {"g": world.guid(4)})
    sql.run("UPDATE rollouts_target SET region = 3 WHERE guid < %(g)s", {"g": world.guid(4)})
    return rollout


def instruct(world, rollout, today, *numbers: int) -> None:
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(n) for n in numbers]),
        activate_at=today + timedelta(days=30),
        received_at=today,
        now=today,
    )


def form_of(today, **more) -> dict[str, str]:
    at = (today + timedelta(days=90)).strftime("%d/%m/%Y %H:%M")
    return {"name": "North first", "automatic_at": at, "source": "rule", "is_gated": "on", **more}


def hidden(answer) -> dict[str, str]:
    result = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.content.decode())
    return {name: value for name, value in result if name != "csrfmiddlewaretoken"}


@pytest.mark.requirement("R3.7")
def test_the_outlook_is_what_forming_then_does(world, rollout, today):
    instruct(world, rollout, today, 0, 1, 9)
    content = {
        "rollout_id": rollout.pk,
        "automatic_at": today + timedelta(days=90),
        "tree": EVERY,
        "now": today,
    }

    outlook = services.foresee_batch(world.operator, **content)
    formed = services.create_batch(world.operator, name="All", **content)

    assert (outlook.moves, outlook.suppliers, outlook.cutoff_at) == (
        formed.hubs,
        formed.suppliers,
        formed.cutoff_at,
    )
    assert {region.name: hubs for region, hubs in outlook.by_region.items()} == {"CENTRAL": 14, "SOUTH": 2}
    assert outlook.by_batch == {"Safe launch group": 16}
    assert outlook.stays == {"ANSWERED": 3, "SETTLED": 1}  # the hub of no Supplier has its time
    assert outlook.says


def test_hubs_of_a_list_that_are_not_in_the_update_are_counted(world, rollout, today):
    source = HubList.from_stored([world.guid(3), world.guid(5), world.guid(0) - 7])

    outlook = services.foresee_batch(
        world.operator,
        rollout_id=rollout.pk,
        automatic_at=today + timedelta(days=90),
        source=source,
        now=today,
    )

    assert (outlook.moves, outlook.stays, outlook.says) == (2, {"OUTSIDE": 1}, "")


def test_hubs_of_the_pilot_stay(world, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    pilot = Batch.objects.get(rollout=rollout, kind="PILOT")
    sql.run(
        "UPDATE rollouts_target SET batch_id = %(b)s WHERE guid = %(g)s", {"b": pilot.pk, "g": world.guid(0)}
    )

    outlook = services.foresee_batch(
        world.operator,
        rollout_id=rollout.pk,
        automatic_at=today + timedelta(days=90),
        tree=EVERY,
        now=today,
    )

    assert outlook.stays["PILOT"] == 1


@pytest.mark.requirement("R3.7")
def test_a_group_by_conditions_is_checked_then_formed(world, rollout, seat, today):
    client, base = seat("operator"), f"/rollouts/{rollout.pk}/phases/"

    checked = client.post(f"{base}check/", form_of(today, **{"rule-region": ["SOUTH"]}))

    assert checked.status_code == 200
    assert (checked.context["outlook"].moves, Batch.objects.filter(rollout=rollout).count()) == (4, 1)
    page = checked.content.decode()
    assert "Suppliers may instruct until" in page
    assert "4 hubs" in page
    formed = client.post(f"{base}new/", hidden(checked))
    assert formed.status_code == 302
    batch = Batch.objects.get(rollout=rollout, name="North first")
    assert (batch.criteria is not None, batch.gate_open) == (True, False)
    counted = sql.rows("SELECT count(*) AS n FROM rollouts_target WHERE batch_id = %(b)s", {"b": batch.pk})
    assert counted[0].n == 4


@pytest.mark.requirement("R3.7")
def test_a_pasted_list_is_kept_between_the_check_and_the_forming(world, rollout, seat, today):
    client, base = seat("operator"), f"/rollouts/{rollout.pk}/phases/"
    hubs = "\n".join(str(Guid.from_db(world.guid(n))) for n in (3, 5, 14))

    checked = client.post(f"{base}check/", form_of(today, source="paste", hubs=hubs))

    again = hidden(checked)
    assert "hubs" not in again
    assert again["token"]
    assert client.post(f"{base}new/", again).status_code == 302
    batch = Batch.objects.get(rollout=rollout, name="North first")
    counted = sql.rows("SELECT count(*) AS n FROM rollouts_target WHERE batch_id = %(b)s", {"b": batch.pk})
    assert (counted[0].n, batch.criteria) == (3, None)


def test_a_list_that_is_no_longer_kept_is_said(world, rollout, seat, today):
    answer = seat("operator").post(
        f"/rollouts/{rollout.pk}/phases/new/", form_of(today, source="file", token="gone")
    )

    assert answer.status_code == 422
    assert b"has expired" in answer.content


def test_what_cannot_be_formed_is_said_beside_the_form(world, rollout, seat, today):
    client, url = seat("operator"), f"/rollouts/{rollout.pk}/phases/check/"

    late = client.post(url, {**form_of(today), "automatic_at": "2099-01-01T00:00"})
    blank = client.post(url, form_of(today, source="paste"))

    assert (late.status_code, blank.status_code) == (409, 422)
    assert b"Paste at least one GUID" in blank.content


def test_a_check_that_moves_nothing_offers_no_forming(world, rollout, seat, today):
    instruct(world, rollout, today, 0)
    hubs = str(Guid.from_db(world.guid(0)))

    answer = seat("operator").post(
        f"/rollouts/{rollout.pk}/phases/check/", form_of(today, source="paste", hubs=hubs)
    )

    assert b"No hub would move" in answer.content
    assert b"Form the batch and announce it" not in answer.content


@pytest.mark.parametrize("actor", ["supplier", "other", "csp", "panel"])
def test_forming_groups_is_for_the_dcc(world, rollout, seat, today, actor):
    assert seat(actor).post(f"/rollouts/{rollout.pk}/phases/check/", form_of(today)).status_code == 403
    with pytest.raises(NotPermitted):
        services.foresee_batch(
            world.as_supplier, rollout_id=rollout.pk, automatic_at=today, tree=EVERY, now=today
        )


def test_an_outlook_needs_a_running_update_and_one_way_of_choosing(world, rollout, today):
    content = {"rollout_id": rollout.pk, "automatic_at": today + timedelta(days=90), "now": today}
    with pytest.raises(BadInput):
        services.foresee_batch(world.operator, **content)
    type(rollout).objects.filter(pk=rollout.pk).update(status="SUSPENDED", stood_at="SAFE_LAUNCH")
    with pytest.raises(StepRefused):
        services.foresee_batch(world.operator, tree=EVERY, **content)
