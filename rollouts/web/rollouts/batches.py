"""A Supplier's batches of a rollout: its hubs by their time, beside the batches the DCC has formed (R3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT
from portal.kernel import clock
from portal.kernel.references import reference_of
from portal.kernel.refusals import NotPermitted
from rollouts.queries.rollouts.batches import OwnBatch, own_batches, standing_of_batches
from rollouts.queries.rollouts.rollout import BatchProgress, rollout_page
from rollouts.states import RUNNING_STATUSES, Channel, TargetState
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.wording import segments


@require_GET
@for_people
def batches(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """List a Supplier's batches with their times, and count how they stand if that is asked for."""
    scope, now = scope_of(request), clock.now()
    if scope.is_dcc or scope.is_panel:
        return redirect("rollouts:phases", rollout_id)
    if not scope.is_supplier:
        raise NotPermitted("Suppliers and the DCC form batches of a rollout.")
    page = rollout_page(scope, rollout_id, now=now)
    own = own_batches(scope, rollout_id)
    is_counted = bool(own) and request.GET.get("counted") == "yes"
    standing = standing_of_batches(scope, rollout_id, own) if is_counted else {}
    instruct_url = reverse("rollouts:instruct", args=[rollout_id])
    is_open = page.flight.status in RUNNING_STATUSES and scope.has(*MAY_INSTRUCT)
    context = {
        "page": page,
        "own": [_own(batch, standing, instruct_url) for batch in own],
        "groups": [_group(group, instruct_url, now=now) for group in page.batches],
        "is_counted": is_counted,
        "may_instruct": is_open and page.flight.cutoff_at >= now,
        "may_withdraw": is_open,
        "instruct_url": instruct_url,
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/rollouts/batches.html", context)


def _own(
    batch: OwnBatch, standing: Mapping[int, Mapping[TargetState, int]], instruct_url: str
) -> dict[str, Any]:
    states, own = standing.get(batch.id, {}), reference_of(batch.id, "instruction")
    return {
        "it": batch,
        "channel": str(Channel(batch.channel).label),
        "segments": segments(states),
        "counts_for": sum(states.values()),
        "again_url": f"{instruct_url}?source=mine&mine={own}",
        "withdraw_url": f"{instruct_url}?source=mine&mine={own}&kind=WITHDRAW",
    }


def _group(group: BatchProgress, instruct_url: str, *, now: datetime) -> dict[str, Any]:
    return {
        "it": group,
        "segments": segments(group.states),
        "url": f"{instruct_url}?source=waiting&batch={group.id}",
        "is_open": group.cutoff_at >= now,
    }
