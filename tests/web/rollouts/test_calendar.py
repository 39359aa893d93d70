"""Deadlines as a calendar: what is in it, and who can read it."""

from __future__ import annotations

import re
from datetime import timedelta

import icalendar
import pytest
from django.test import Client

from portal.identity.models import User
from rollouts import services
from rollouts.models import CalendarFeed
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


def opened(client) -> str:
    """Make an address and return its path."""
    body = client.post("/calendar/", {"act": "open"}).content.decode()
    return re.search(r"/calendar/[\w-]+\.ics", body)[0]


def entries(path: str) -> dict[str, icalendar.Event]:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert "no-store" in answer["Cache-Control"]
    return {str(event["summary"]): event for event in icalendar.Calendar.from_ical(answer.content).events}


@pytest.mark.requirement("R4.4")
def test_a_calendar_holds_the_deadlines_and_what_is_to_be_done(world, seat, today):
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=60))

    events = entries(opened(seat("supplier")))

    cutoff = events[f"Last time to instruct: {rollout.name}"]
    automatic = events[f"Automatic activation: {rollout.name}"]
    assert cutoff["dtstart"].dt == rollout.cutoff_at.replace(microsecond=0)
    assert automatic["dtstart"].dt == rollout.automatic_at.replace(microsecond=0)
    assert str(automatic["url"]).endswith(f"/rollouts/{rollout.pk}/")
    assert any(name.startswith("Instruct your hubs") for name in events)


@pytest.mark.parametrize("actor", ["operator", "csp", "panel"])
def test_everybody_has_a_calendar_of_their_own_seat(world, seat, today, actor):
    rollout = make_rollout(world, now=today)

    events = entries(opened(seat(actor)))

    assert f"Automatic activation: {rollout.name}" in events
    assert f"Last time to instruct: {rollout.name}" not in events


@pytest.mark.requirement("R3.3")
def test_a_calendar_holds_nothing_of_rollouts_without_hubs_of_its_own(world, seat, today):
    make_rollout(world, now=today)
    path = opened(seat("supplier"))
    changes = [(world.guid(n), world.other.pk, world.other.pk) for n in range(world.hubs)]

    services.change_suppliers(
        world.operator, changes=changes, effective_at=today, now=today, evidence="feed 7"
    )

    assert entries(path) == {}


def test_a_suspended_rollout_says_so(world, seat, today):
    rollout = make_rollout(world, now=today)
    services.take_step(
        world.operator, rollout_id=rollout.pk, verb="suspend", reason="Gateways restart.", now=today
    )

    assert f"Automatic activation (suspended): {rollout.name}" in entries(opened(seat("supplier")))


def test_an_address_ends_when_it_is_renewed_ended_or_its_person_leaves(world, seat):
    client = seat("supplier")
    first = opened(client)
    second = opened(client)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200

    User.objects.filter(pk=world.supplier_user.pk).update(is_active=False)
    assert Client().get(second).status_code == 404
    User.objects.filter(pk=world.supplier_user.pk).update(is_active=True)
    client = seat("supplier")
    client.post("/calendar/", {"act": "close"})

    assert Client().get(second).status_code == 404
    assert not CalendarFeed.objects.exists()


def test_the_address_is_shown_once_and_kept_nowhere(world, seat):
    client = seat("supplier")
    path = opened(client)
    token = path.removeprefix("/calendar/").removesuffix(".ics")

    assert token not in client.get("/calendar/").content.decode()
    assert CalendarFeed.objects.get().digest != token
    assert "Make a new address" in client.get("/calendar/").content.decode()
    assert Client().get("/calendar/nonsense.ics").status_code == 404
    assert Client().get("/calendar/").status_code == 302
