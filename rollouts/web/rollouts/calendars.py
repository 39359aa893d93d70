"""Deadlines as a calendar that other programs follow: its address, and what is in it (R4.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from icalendar import Calendar, Event

from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel import clock, tenancy
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.queries.rollouts.calendars import calendar_opened_at, calendar_scope
from rollouts.queries.rollouts.dashboard import Dashboard, Flight
from rollouts.queries.rollouts.dashboard import dashboard as dashboard_of
from rollouts.states import RolloutStatus
from rollouts.web.guards import for_people, scope_of
from rollouts.web.wording import due_item

_LENGTH: Final = timedelta(minutes=15)
_HALTED: Final = {RolloutStatus.SUSPENDED: " (suspended)", RolloutStatus.PAUSED: " (paused)"}


@require_http_methods(["GET", "POST"])
@for_people
def calendar(request: PortalRequest) -> HttpResponse:
    """Show whether a person's calendar has an address; on POST give it a new one, or end it."""
    scope, address = scope_of(request), ""
    if request.POST.get("act") == "close":
        services.close_calendar(scope)
        messages.success(request, "The address is ended. Programs that follow it get nothing more.")
        return redirect("rollouts:calendar")
    if request.method == "POST":
        token = services.open_calendar(scope, now=clock.now())
        address = f"{settings.PORTAL_URL}{reverse('rollouts:calendar-file', args=[token])}"
    context = {"address": address, "opened_at": calendar_opened_at(scope), "scope": scope}
    return render(request, "rollouts/rollouts/calendar.html", context)


@require_GET
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """Return a person's deadlines as iCalendar; the address is the key, and whoever has none gets nothing."""
    now = clock.now()
    try:
        scope = calendar_scope(token)
    except NotFound as missing:
        raise Http404(missing.message) from missing
    tenancy.become(scope.tenant)
    body = calendar_of(scope, dashboard_of(scope, now=now), now=now)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="deadlines.ics"'
    response["Cache-Control"] = "private, no-store"
    return response


def calendar_of(scope: Scope, board: Dashboard, *, now: datetime) -> bytes:
    """Write the deadlines of an organisation's rollouts, and what it has to do by when, as iCalendar."""
    entries = Calendar()
    entries.add("prodid", "-//Communications Hub Firmware Portal//Deadlines//EN")
    entries.add("version", "2.0")
    entries.add("method", "PUBLISH")
    entries.add("x-wr-calname", f"Firmware rollouts: {scope.organisation_name}")
    entries.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for flight in board.flights:
        _add_flight(entries, scope, flight, now=now)
    for action in board.outstanding:
        if action.due_at is not None:
            item = due_item(action)
            key = f"{action.duty}-{action.rollout_id or 0}".lower()
            _add(entries, key, item.title, action.due_at, url=item.url, text=item.text, now=now)
    return bytes(entries.to_ical())


def _add_flight(entries: Calendar, scope: Scope, flight: Flight, *, now: datetime) -> None:
    url, halted = reverse("rollouts:detail", args=[flight.id]), _HALTED.get(flight.status, "")
    activated = f"{flight.activated:,} of {flight.total:,} hubs activated"
    facts = f"{flight.model}, firmware {flight.version}. {activated}."
    if scope.is_supplier and flight.has_window:
        words = f"Last time to instruct: {flight.name}"
        _add(entries, f"cutoff-{flight.id}", words, flight.cutoff_at, url=url, text=facts, now=now)
    words = f"Automatic activation{halted}: {flight.name}"
    _add(entries, f"automatic-{flight.id}", words, flight.automatic_at, url=url, text=facts, now=now)


def _add(
    entries: Calendar, key: str, title: str, at: datetime, *, url: str, text: str, now: datetime
) -> None:
    event = Event()
    event.add("uid", f"{key}@communications-hub-firmware-portal")
    event.add("dtstamp", now)
    event.add("dtstart", at)
    event.add("dtend", at + _LENGTH)
    event.add("summary", title)
    event.add("description", text)
    event.add("url", f"{settings.PORTAL_URL}{url}")
    event.add("transp", "TRANSPARENT")
    entries.add_component(event)
