"""What forming a batch would do before it is formed: what moves, what stays, until when to instruct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.queries.instructions.choices import condition_choices
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.web.estate.hub_lists import InstructionDraft, keep_draft, submitted_list
from rollouts.web.governance.incident_forms import HubConditionsForm
from rollouts.web.governance.incidents import reject_rows
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.phases import PhaseForm, chosen_by
from rollouts.web.rollouts.views import crumbs_of

_STAYS: Final = {
    "ANSWERED": "A Supplier has answered for it",
    "SETTLED": "Its time is fixed already, or its upgrade is under way or over",
    "PILOT": "It is in the pilot group",
    "OUTSIDE": "It is not in this rollout",
}
_SHOWN: Final = 50
#: What is not said again: the list is kept here, and the rest belongs to the request.
_LEFT_OUT: Final = frozenset({"csrfmiddlewaretoken", "token", "hubs", "file"})


@require_POST
@for_people
def check(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show what would move, and offer to form the batch."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    page = rollout_page(scope, rollout_id, now=now)
    form = PhaseForm(request.POST, request.FILES)
    rule = HubConditionsForm(request.POST, **condition_choices(scope, rollout_id), prefix="rule")
    crumbs = [
        *crumbs_of(rollout_id, page.flight.name),
        {"label": "Batches", "url": reverse("rollouts:phases", args=[rollout_id])},
    ]
    context: dict[str, Any] = {"page": page, "form": form, "rule": rule, "crumbs": crumbs}
    if not (form.is_valid() and rule.is_valid()):
        return render(request, "rollouts/rollouts/phase_new.html", context, status=422)
    cleaned = form.cleaned_data
    try:
        token = _keep_selection(scope, rollout_id, cleaned)
        outlook = _outlook(scope, rollout_id, {**cleaned, "token": token}, rule, now=now)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return render(request, "rollouts/rollouts/phase_new.html", context, status=refusal.status)
    context |= {
        "asked": cleaned,
        "outlook": outlook,
        "said": [*_said_again(request), ("token", token)],
        "rejected": reject_rows([asdict(line) for line in outlook.rejected[:_SHOWN]]),
        "stays_total": sum(outlook.stays.values()),
        "stays": [{"label": _STAYS[fate], "count": hubs} for fate, hubs in outlook.stays.items()],
        "regions": [{"label": str(region.label), "count": n} for region, n in outlook.by_region.items()],
        "groups": [{"label": name, "count": n} for name, n in outlook.by_batch.items()],
    }
    return render(request, "rollouts/rollouts/phase_check.html", context)


def _keep_selection(scope: Scope, rollout_id: int, cleaned: Mapping[str, Any]) -> str:
    if cleaned["source"] == "rule":
        return ""
    return keep_draft(
        InstructionDraft(
            organisation_id=scope.organisation_id,
            rollout_id=rollout_id,
            kind="BATCH",
            activate_at=cleaned["automatic_at"],
            name=cleaned["name"],
            source=cleaned["source"],
            sent=submitted_list(cleaned["file"] if cleaned["source"] == "file" else None, cleaned["hubs"]),
        )
    )


def _outlook(
    scope: Scope, rollout_id: int, cleaned: Mapping[str, Any], rule: HubConditionsForm, *, now: datetime
) -> services.BatchOutlook:
    arguments = chosen_by(scope, rollout_id, cleaned, rule)
    which = {name: arguments[name] for name in ("automatic_at", "tree", "source") if name in arguments}
    return services.foresee_batch(scope, rollout_id=rollout_id, now=now, **which)


def _said_again(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value) for name, values in request.POST.lists() if name not in _LEFT_OUT for value in values
    ]
