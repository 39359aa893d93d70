"""What the DCC watches over: the ways to the CSPs."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.kernel import clock
from rollouts.queries.dispatch.channels import channel_health
from rollouts.queries.rollouts.forecast import distribution_forecast
from rollouts.web.guards import for_people, scope_of

#: How each state of a channel reads: word, tone, icon.
_STATES: Final = {
    "ok": ("Open", "good", "check-circle"),
    "resting": ("Paused at the CSP's request", "warn", "hourglass"),
    "failing": ("Not answering", "bad", "alert"),
    "closed": ("Outside its hours", "neutral", "clock"),
}


@require_GET
@for_people
def channels(request: PortalRequest) -> HttpResponse:
    """Show how each way to a CSP is, and whether the images will be through in time."""
    scope, now = scope_of(request), clock.now()
    rows = [
        {"it": channel, "look": _STATES.get(channel.state, (channel.state, "neutral", "info"))}
        for channel in channel_health(scope, now=now)
    ]
    context = {"rows": rows, "forecasts": distribution_forecast(scope, now=now), "scope": scope, "now": now}
    context["may_change"] = scope.has(*MAY_OPERATE)
    return render(request, "rollouts/dispatch/channels.html", context)
