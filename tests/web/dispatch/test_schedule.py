"""The forward schedule on pages: the days ahead, by region, for the CSPs and the DCC."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts.models import CspChannel, Rollout
from tests.factories import OrganisationFactory, make_rollout

pytestmark = pytest.mark.django_db


def spread(world, rollout, today) -> None:
    sql.run("UPDATE rollouts_target SET region = 3 WHERE guid >= %(g)s", {"g": world.guid(12)})
    sql.run(
        "UPDATE rollouts_target SET consent = 4, effective_at = %(at)s WHERE guid < %(g)s",
        {"at": today + timedelta(days=10), "g": world.guid(5)},
    )


@pytest.mark.requirement("R4.5")
def test_the_days_ahead_stand_by_region(world, seat, today):
    rollout = make_rollout(world, now=today)
    spread(world, rollout, today)

    for actor in ("operator", "csp"):
        answer = seat(actor).get("/schedule/")
        days = answer.context["days"]
        assert [(day.on, list(day.cells), day.total) for day in days] == [
            (local_day(today + timedelta(days=10)), [5, 0], 5),
            (local_day(rollout.automatic_at), [7, 8], 15),
        ]
        assert answer.context["totals"] == [12, 8]


@pytest.mark.requirement("R4.5")
def test_a_csp_sees_its_own_regions_alone(world, seat, today):
    rollout = make_rollout(world, now=today)
    spread(world, rollout, today)
    CspChannel.objects.filter(region=3).update(csp=OrganisationFactory(kind="CSP", name="CSP South"))

    assert seat("csp").get("/schedule/").context["totals"] == [12]
    body = b"".join(seat("csp").get("/schedule.csv").streaming_content).decode()
    assert "South" not in body.replace("CSP Central and South", "")


@pytest.mark.requirement("R4.5")
def test_images_still_to_send_are_counted_apart(world, seat, today):
    rollout = make_rollout(world, now=today)
    sql.run(
        "UPDATE rollouts_target SET consent = 4, state = 40 WHERE rollout_id = %(id)s AND guid < %(g)s",
        {"id": rollout.pk, "g": world.guid(4)},
    )

    assert seat("csp").get("/schedule/").context["total"] == 20
    assert seat("csp").get("/schedule/?of=send").context["total"] == 16


def test_one_update_can_be_looked_at_alone(world, seat, today):
    first = make_rollout(world, now=today)
    make_rollout(world, now=today - timedelta(days=1))

    answer = seat("operator").get(f"/schedule/?rollout={first.pk}&of=nonsense")

    assert answer.context["total"] == 20
    assert len(answer.context["rollouts"]) == 2
    assert b"alone" in answer.content


@pytest.mark.requirement("R3.6")
def test_days_whose_images_would_come_too_late_are_marked(world, seat, today):
    make_rollout(world, now=today, automatic_at=today + timedelta(days=40))
    sql.run("UPDATE rollouts_cspchannel SET capacity_per_second = 0.000001")

    answer = seat("csp").get("/schedule/")

    assert answer.context["late"] > 0
    assert b"Distribution would finish too late" in answer.content


def test_the_schedule_is_a_file_too(world, seat, today):
    rollout = make_rollout(world, now=today)
    Rollout.objects.filter(pk=rollout.pk).update(pilot_starts_at=today)

    lines = b"".join(seat("csp").get("/schedule.csv").streaming_content).decode("utf-8-sig").splitlines()

    columns = "day,region,rollout,halted,hubs_to_activate,images_still_to_send,pilot_starts_at,pilot_ends_at"
    assert lines[0] == columns
    day = local_day(rollout.automatic_at).isoformat()
    assert lines[1] == f"{day},Central,Toshiba 0C230000,no,20,20,{today.isoformat()},"


@pytest.mark.parametrize("actor", ["supplier", "other", "panel"])
@pytest.mark.parametrize("path", ["/schedule/", "/schedule.csv"])
def test_the_schedule_is_for_the_dcc_and_the_csps(world, seat, today, actor, path):
    make_rollout(world, now=today)

    assert seat(actor).get(path).status_code == 403


def test_nothing_ahead_is_said(world, seat):
    assert b"Nothing is planned" in seat("csp").get("/schedule/").content


@pytest.mark.requirement("R4.5")
@pytest.mark.parametrize("status", ["SUSPENDED", "PAUSED"])
def test_nothing_of_a_halted_rollout_is_forecast(world, seat, today, status):
    rollout = make_rollout(world, now=today)
    rollout.status = status
    rollout.status, rollout.stood_at = status, rollout.status
    rollout.save(update_fields=["status", "stood_at"])

    for actor in ("operator", "csp"):
        answer = seat(actor).get("/schedule/")
        assert (answer.context["total"], answer.context["held"]) == (0, 20)
        assert "Excludes 20 hubs" in answer.content.decode()
        chosen = seat(actor).get(f"/schedule/?rollout={rollout.pk}")
        assert "these days apply only if it resumes" in chosen.content.decode()
    for actor in ("operator", "supplier"):
        assert not seat(actor).get("/").context["days"]
        body = seat(actor).get(f"/rollouts/{rollout.pk}/").content.decode()
        assert f"Nothing activates while the rollout is {status.lower()}" in body
        assert "activations by day" not in body
