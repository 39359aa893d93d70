"""The first page of each actor."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.kernel import clock
from rollouts.queries.rollouts.dashboard import dashboard as dashboard_of
from rollouts.queries.rollouts.trends import activation_trends
from rollouts.web.guards import for_people, scope_of
from rollouts.web.presenting import all_day_urls, calendar_of, flight_rows, from_today
from rollouts.web.rollouts.country import country_of
from rollouts.web.wording import IF_NOTHING, due_item


@require_GET
@for_people
def dashboard(request: PortalRequest) -> HttpResponse:
    """Show what is moving, owed, and to come; the board alone when htmx asks."""
    now = clock.now()
    scope = scope_of(request)
    board = dashboard_of(scope, now=now)
    trends = activation_trends(scope, [flight.id for flight in board.flights], now=now)
    context = {
        "board": board,
        "scope": scope,
        "may_operate": scope.has(*MAY_OPERATE),
        "now": now,
        "rows": flight_rows(board.flights, trends.by_rollout),
        "due": [due_item(item) for item in board.outstanding],
        "series": IF_NOTHING,
        "days": (days := from_today(board.days, now=now)),
        "day_urls": {} if scope.is_panel else all_day_urls(days),
        "country": country_of(board.regions, trends.by_region) if board.regions else None,
        "calendar": calendar_of(board.volumes, now=now) if scope.is_csp else None,
    }
    part = "#board" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"rollouts/rollouts/dashboard.html{part}", context)
