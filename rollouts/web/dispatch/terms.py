"""Changing how fast and when hubs are commanded, with what it would come to beside the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.kernel import clock
from portal.kernel.presentation.edits import submit
from portal.kernel.refusals import BadInput
from rollouts import services
from rollouts.queries.dispatch.hours import night_hours
from rollouts.queries.dispatch.terms import (
    TermsChange,
    channel_terms,
    forecast_with,
    own_hours_terms,
    pace_terms,
)
from rollouts.queries.rollouts.forecast import distribution_forecast
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.rules.activation import hours_words, read_hours
from rollouts.web.dispatch.forms import (
    ChannelForm,
    OwnHoursForm,
    PaceForm,
    channel_initial,
    own_hours_initial,
    pace_initial,
)
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import crumbs_of

#: What the terms are called.
_NAMES: Final = {
    "capacity_per_second": "Hubs a second",
    "capacity_per_night": "Hubs a night",
    "distribution_hours": "Distribution hours",
    "distribution_days": "Days a distribution takes",
    "activation_hours": "Activation hours",
    "lead_hours": "Lead in hours",
    "ramp": "Ramp",
}


_SAVED: Final = "Saved. It holds for what is planned from now on."


@require_http_methods(["GET", "POST"])
@for_people
def channel(request: PortalRequest, region: int) -> HttpResponse:
    """Change what the way to a region's CSP takes, and see whether the images would be through in time."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    terms = channel_terms(scope, region=region)
    form = ChannelForm(request.POST or None, initial=channel_initial(terms.values))
    proposed, status = None, 200
    if request.method == "POST":
        is_look = request.POST.get("act") == "forecast"
        if is_look:
            form.fields["approved_by"].required = False
            proposed, status = submit(
                form, lambda: forecast_with(scope, region=region, values=form.terms(), now=now)
            )
        else:
            changed, status = submit(
                form,
                lambda: services.set_channel(
                    scope,
                    region=region,
                    approved_by=form.cleaned_data["approved_by"],
                    expected=terms.version,
                    now=now,
                    **form.terms(),
                ),
            )
            if changed is not None:
                messages.success(request, f"Saved for {terms.region.label}. It holds from now on.")
                return redirect("rollouts:channel", region)
    forecasts = distribution_forecast(scope, now=now)
    context = {
        "terms": terms,
        "form": form,
        "current": next((each for each in forecasts if each.region == region), None),
        "proposed": proposed,
        "history": history_rows(terms.history),
        "crumbs": [{"label": "CSP channels", "url": reverse("rollouts:channels")}],
    }
    return render(request, "rollouts/dispatch/channel.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_people
def pace(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Change the hours, the ramp and the lead of a rollout."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    page = rollout_page(scope, rollout_id, now=now)
    terms = pace_terms(scope, rollout_id=rollout_id)
    form = PaceForm(request.POST or None, initial=pace_initial(terms.values))
    status = 200
    if request.method == "POST":
        changed, status = submit(
            form,
            lambda: services.set_pace(
                scope,
                rollout_id=rollout_id,
                approved_by=form.cleaned_data["approved_by"],
                expected=terms.version,
                now=now,
                **form.terms(),
            ),
        )
        if changed is not None:
            messages.success(request, _SAVED)
            return redirect("rollouts:pace", rollout_id)
    context = {
        "page": page,
        "form": form,
        "nights": night_hours(scope, rollout_id=rollout_id, now=now),
        "forecasts": distribution_forecast(scope, now=now),
        "history": history_rows(terms.history),
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/dispatch/pace.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_people
def own_hours(request: PortalRequest) -> HttpResponse:
    """Keep narrower hours of activation for one's own hubs."""
    scope, now = scope_of(request), clock.now()
    terms = own_hours_terms(scope)
    may_change = scope.has(*MAY_INSTRUCT)
    form = OwnHoursForm(request.POST or None, initial=own_hours_initial(terms.values))
    status = 200
    if request.method == "POST":
        scope.check(*MAY_INSTRUCT)
        _, status = submit(
            form,
            lambda: services.set_own_hours(
                scope, hours=form.hours("activation"), expected=terms.version, now=now
            ),
        )
        if status == HTTPStatus.OK:
            messages.success(request, _SAVED)
            return redirect("rollouts:own-hours")
    hours = terms.values["activation_hours"]
    context = {
        "form": form,
        "words": hours_words(read_hours(hours)) if hours else "",
        "may_change": may_change,
        "history": history_rows(terms.history),
    }
    return render(request, "rollouts/dispatch/own_hours.html", context, status=status)


def history_rows(history: Sequence[TermsChange]) -> list[dict[str, Any]]:
    """Put changes of terms into words: a line a term."""
    return [
        {
            "at": change.at,
            "actor": change.actor,
            "approved_by": change.approved_by,
            "lines": [
                (_NAMES.get(name, name), _words(name, change.before.get(name)), _words(name, value))
                for name, value in change.after.items()
            ],
        }
        for change in history
    ]


def _words(name: str, value: Any) -> str:
    if value is None:
        return "not set"
    if name in {"distribution_hours", "activation_hours"} and isinstance(value, Mapping):
        try:
            return hours_words(read_hours(value))
        except (BadInput, KeyError, ValueError):  # written by another version
            return str(value)
    if name == "ramp":
        return f"{value.get('per_hour', 0):,} in the first hour, each hour times {value.get('factor', 1):g}"
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )
