"""The triage board: failures and incidents by group, duplicates merged, what is known set apart (R5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import DCC_ROLES, MAY_OPERATE, PANEL_ROLES
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.queries.governance.incidents import incident_lines
from rollouts.queries.governance.triage import Comparison, GroupBy, TriageGroup, comparison, triage_board
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.states import OPEN_STATUSES
from rollouts.web.governance.incidents import row_of
from rollouts.web.governance.known_issues import issue_rows
from rollouts.web.governance.rates import rate_view, scale_of
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import crumbs_of

_MOST_INCIDENTS: Final = 100
#: How each way of grouping is called.
BY_WORDS: Final = {
    GroupBy.MODEL: "Hub model",
    GroupBy.VERSION: "Firmware before",
    GroupBy.REGION: "CSP region",
    GroupBy.BATCH: "Batch",
    GroupBy.SUPPLIER: "Supplier",
}


class GroupForm(forms.Form):
    """By what the board of a rollout is grouped."""

    by = forms.ChoiceField(
        label="Grouped by", required=False, choices=[(by.value, words) for by, words in BY_WORDS.items()]
    )

    def wanted(self) -> GroupBy:
        """Return the grouping that was asked for."""
        self.is_valid()
        return GroupBy(self.cleaned_data.get("by") or GroupBy.REGION)


@require_GET
@for_people
def triage(request: PortalRequest) -> HttpResponse:
    """Show the board of all open rollouts, by model, and the way to the board of each."""
    scope, now = _reader(request), clock.now()
    groups = triage_board(scope, now=now)
    known = visible_rollouts(scope).filter(status__in=OPEN_STATUSES).select_related("cpl_entry__device_model")
    context = {
        "groups": group_rows(groups),
        "by": BY_WORDS[GroupBy.MODEL],
        "rollouts": list(known.order_by("automatic_at", "id")),
        "issues": issue_rows(scope, rollout_id=None),
        "scope": scope,
        "may_operate": scope.has(*MAY_OPERATE),
    }
    return render(request, "rollouts/governance/triage.html", context)


@require_GET
@for_people
def triage_of(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show the board of one rollout: its groups, upgraded hubs against others, its open incidents."""
    return _board(request, _reader(request), rollout_id, now=clock.now())


@require_POST
@for_people
def merge(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Let the ticked incidents of a rollout be handled as one: with the oldest of them."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    rollout_page(scope, rollout_id, now=now)
    ticked = sorted({int(each) for each in request.POST.getlist("incident") if each.isdecimal()})
    if len(ticked) < 2:  # noqa: PLR2004 - one is merged into another
        return _board(request, scope, rollout_id, now=now, refused="Tick at least two incidents.", status=422)
    oldest, *others = ticked
    try:
        for each in others:
            services.merge_incident(scope, incident_id=each, into_id=oldest, now=now)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        return _board(request, scope, rollout_id, now=now, refused=refusal.message, status=refusal.status)
    messages.success(request, f"{count_of(len(ticked), 'incident')} are handled as one from now on.")
    return redirect("rollouts:triage-of", rollout_id)


def _board(
    request: PortalRequest,
    scope: Scope,
    rollout_id: int,
    *,
    now: datetime,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    page = rollout_page(scope, rollout_id, now=now)
    form = GroupForm(request.GET or {"by": GroupBy.REGION.value})
    by = form.wanted()
    open_ones = incident_lines(scope, rollout_id=rollout_id, is_open=True, size=_MOST_INCIDENTS)
    context = {
        "page": page,
        "form": form,
        "by": BY_WORDS[by],
        "groups": group_rows(triage_board(scope, rollout_id=rollout_id, by=by, now=now)),
        "compared": compared(comparison(scope, rollout_id=rollout_id, now=now)),
        "incidents": [row_of(line, now=now) for line in open_ones.items],
        "has_more": open_ones.next is not None,
        "issues": issue_rows(scope, rollout_id=rollout_id),
        "refused": refused,
        "scope": scope,
        "may_operate": scope.has(*MAY_OPERATE),
        "crumbs": [*crumbs_of(rollout_id, page.flight.name)],
        "incidents_url": f"{reverse('rollouts:incidents')}?rollout={rollout_id}&status=all",
    }
    return render(request, "rollouts/governance/triage_of.html", context, status=status)


def group_rows(groups: Sequence[TriageGroup]) -> list[dict[str, Any]]:
    """Draw the rows of a board, each kind of rate on a scale of its own."""
    kinds = ("failures", "unexplained", "incident_rate", "han_rate", "baseline")
    tops = {kind: scale_of(getattr(group, kind) for group in groups) for kind in kinds}
    return [
        {"it": group, **{kind: rate_view(getattr(group, kind), top=tops[kind]) for kind in kinds}}
        for group in groups
    ]


def compared(comparison: Comparison) -> dict[str, Any]:
    """Draw upgraded hubs against hubs that are not, and the failures of the upgrade itself."""
    top = scale_of(
        rate for measure in comparison.measures for rate in (measure.upgraded, measure.not_upgraded)
    )
    failures_top = scale_of((comparison.failures, comparison.unexplained))
    return {
        "measures": [
            {
                "name": measure.name,
                "is_apart": measure.is_apart,
                "upgraded": rate_view(measure.upgraded, top=top, is_high=measure.is_apart),
                "not_upgraded": rate_view(measure.not_upgraded, top=top),
            }
            for measure in comparison.measures
        ],
        "failures": rate_view(comparison.failures, top=failures_top),
        "unexplained": rate_view(comparison.unexplained, top=failures_top),
    }


def _reader(request: PortalRequest) -> Scope:
    scope = scope_of(request)
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    return scope
