"""A form that two people changed, and the field for a time, in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from rollouts.models import Rollout
from tests.browser.test_pages import photograph
from tests.integration.publishing import draft

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1280, 390])
def test_what_two_people_changed_asks_and_a_time_is_typed_day_first(
    live_server, open_page, log_in, axe, fits, world, width
):
    now = datetime.now(UTC)
    winter = draft(world, now=now, name="Winter release", kind="PLANNED", release_note_url="")
    page = open_page(width=width)
    log_in(page, world.operator_user)
    page.goto(f"{live_server.url}/rollouts/{winter.pk}/draft/")
    field = page.get_by_label("Automatic activation")
    at = now + timedelta(days=130)
    page.locator(".calendar__picker").first.evaluate(
        "(each, day) => { each.value = day; each.dispatchEvent(new Event('change')) }", f"{at:%Y-%m-%d}"
    )
    assert field.input_value().startswith(f"{at:%d/%m/%Y} ")
    assert page.get_by_role("button", name=re.compile("Calendar.*Automatic activation")).is_visible()
    photograph(page, "edit-times", width)
    Rollout.objects.filter(pk=winter.pk).update(name="Spring release", pilot_cap=9)
    page.get_by_label("Name of the rollout").fill("Summer release")

    page.get_by_role("button", name="Save and preview").click()

    page.get_by_text("changed this to “Spring release”").first.wait_for()
    photograph(page, "edit-conflict", width)
    fits(page)
    axe(page)
    page.get_by_role("button", name="Save and preview").click()
    page.wait_for_url("**/preview/")
    winter.refresh_from_db()
    assert (winter.name, winter.pilot_cap) == ("Summer release", 9)
