"""A day of activations: the lists of hubs behind it, one a rollout."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.kernel import clock
from portal.kernel.presentation.moments import long_date
from portal.kernel.refusals import NotFound
from rollouts.queries.rollouts.days import activations_on
from rollouts.states import Region
from rollouts.web.guards import for_people, scope_of
from rollouts.web.presenting import day_query
from rollouts.web.rollouts.forms import DayForm
from rollouts.web.wording import IF_NOTHING


@require_GET
@for_people
def day_of_activations(request: PortalRequest) -> HttpResponse:
    """List the rollouts with hubs on a day; where it is one alone, go to its hubs."""
    scope, now = scope_of(request), clock.now()
    form = DayForm(request.GET)
    if not form.is_valid():
        raise NotFound("There is no such day.")
    day, reason = form.cleaned_data["day"], form.cleaned_data["time_reason"]
    region = Region(form.cleaned_data["region"]) if form.cleaned_data["region"] else None
    rows: list[dict[str, Any]] = [
        {
            "it": row,
            "url": f"{url}?{day_query(day, now=now, region=region)}",
            "cells": [
                (row.reasons.get(each.key, 0), f"{url}?{day_query(day, now=now, reason=each.key)}")
                for each in series
            ],
        }
        for row in activations_on(scope, day=day, region=region, now=now)
        for url in [reverse("rollouts:hubs", args=[row.rollout_id])]
        for series in [() if region else IF_NOTHING]
        if not reason or row.reasons.get(reason)
    ]
    if len(rows) == 1:
        only = reverse("rollouts:hubs", args=[rows[0]["it"].rollout_id])
        return redirect(f"{only}?{day_query(day, now=now, region=region, reason=reason)}")
    context = {
        "title": f"Activations on {long_date(day)}",
        "region": region.label if region else "",
        "series": () if region else IF_NOTHING,
        "rows": rows,
        "total": sum(row["it"].hubs for row in rows),
        "crumbs": [{"label": "Dashboard", "url": reverse("rollouts:dashboard")}],
    }
    return render(request, "rollouts/rollouts/day.html", context)
