"""The page on which DCC plans the dates of a pilot, and where others read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel.working_days import local
from tests.factories import make_rollout
from tests.web.forms import fields_in

pytestmark = [pytest.mark.django_db]


def test_the_dates_of_a_pilot_are_planned_on_a_page_and_read_by_others(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    url = f"/rollouts/{rollout.pk}/pilot/plan/"
    starts, ends = (local(today + timedelta(days=days)).strftime("%d/%m/%Y 02:00") for days in (10, 20))

    wrong = seat("operator").post(url, {"starts_at": ends, "ends_at": starts})
    done = seat("operator").post(url, {"starts_at": starts, "ends_at": ends}, follow=True)

    assert (wrong.status_code, done.status_code) == (409, 200)
    assert "Planned from" in seat("supplier").get(f"/rollouts/{rollout.pk}/pilot/").content.decode()
    day = local(today + timedelta(days=10)).strftime("%-d %b")
    assert f"{day}" in seat("csp").get("/schedule/").content.decode()
    assert seat("supplier").get(url).status_code == 403
    assert seat("other").post(url, {}).status_code == 403


def test_dates_two_people_change_are_shown_with_both_values(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    url = f"/rollouts/{rollout.pk}/pilot/plan/"
    first, second = (local(today + timedelta(days=days)).strftime("%d/%m/%Y 02:00") for days in (10, 12))
    made_from = fields_in(seat("operator").get(url), ".decide")

    assert (
        seat("operator")
        .post(url, {"starts_at": first, "ends_at": "", "made_from": made_from["made_from"]})
        .status_code
        == 302
    )
    stale = seat("operator").post(
        url, {"starts_at": second, "ends_at": "", "made_from": made_from["made_from"]}
    )

    assert stale.status_code == 409
    assert first in stale.content.decode()
