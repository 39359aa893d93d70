"""The inbox and the calendar of deadlines in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifications.models import Message
from portal.events.kinds import EntryKind
from rollouts.models import CalendarFeed
from tests.browser.test_pages import photograph
from tests.factories import make_rollout, make_world

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_notices_are_opened_and_a_calendar_is_given_an_address(
    live_server, open_page, log_in, axe, fits, settings, width
):
    settings.PORTAL_URL = live_server.url
    now = datetime.now(UTC)
    world = make_world()
    for number in range(3):
        rollout = make_rollout(world, now=now)
        Message.objects.create(
            organisation_id=world.supplier.pk,
            position=number,
            kind=EntryKind.PILOT_STARTED,
            rollout_id=rollout.pk,
            at=now,
            title=f"Pilot started: {rollout.name}",
            text="20 hubs are in the pilot group.",
        )
    page = open_page(width=width)
    log_in(page, world.supplier_user)

    page.goto(f"{live_server.url}/notifications/")
    fits(page)
    axe(page)
    photograph(page, "inbox", width)
    page.get_by_role("main").get_by_role("link", name="Pilot started").first.click()
    page.wait_for_url("**/rollouts/*/")
    page.goto(f"{live_server.url}/notifications/")
    assert page.get_by_text("1 unread").count() == 2

    page.goto(f"{live_server.url}/calendar/")
    page.get_by_role("button", name="Make an address").click()
    page.get_by_text("Copy it now").wait_for()
    fits(page)
    axe(page)
    photograph(page, "calendar", width)
    page.get_by_role("button", name="End the address").click()
    page.get_by_role("button", name="Make an address").wait_for()
    assert not CalendarFeed.objects.exists()
