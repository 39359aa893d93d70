"""Decisions: what awaits a signature, what is under review, what was decided; and the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.identity.roles import DCC_ROLES, PANEL_ROLES
from portal.kernel import clock
from rollouts.queries.governance.decisions import DecisionLine, awaiting_confirmation, decision_lines
from rollouts.queries.governance.evidence import evidence_pack
from rollouts.states.governing import DecisionKind, DecisionStatus
from rollouts.web.guards import for_people, scope_of

_LOOKS: Final = {
    DecisionStatus.REVIEW: ("info", "eye"),
    DecisionStatus.RECOMMENDED: ("warn", "hourglass"),
    DecisionStatus.ENACTED: ("good", "check"),
    DecisionStatus.REJECTED: ("bad", "x"),
    DecisionStatus.OVERTAKEN: ("neutral", "ban"),
}
_MOST: Final = 100


@require_GET
@for_people
def decisions(request: PortalRequest) -> HttpResponse:
    """List the decisions that are open, those that wait for the viewer first, and those that were made."""
    scope = scope_of(request)
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    mine = awaiting_confirmation(scope)
    own = {line.id for line in mine}
    others = [line for line in decision_lines(scope, is_open=True) if line.id not in own]
    made = decision_lines(scope, is_open=False)[:_MOST]
    groups = [
        ("Awaiting your signature", _rows(mine)),
        ("Under way", _rows(others)),
        ("Decided", _rows(made)),
    ]
    context = {"groups": groups, "scope": scope, "is_empty": not (mine or others or made)}
    return render(request, "rollouts/governance/decisions.html", context)


@require_GET
@for_people
def evidence(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Return the evidence on a rollout as one file."""
    pack = evidence_pack(scope_of(request), rollout_id=rollout_id, now=clock.now())
    headers = {
        "Content-Type": pack.media_type,
        "Content-Disposition": f'attachment; filename="{pack.file_name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(pack.content, headers=headers)


def _rows(lines: Sequence[DecisionLine]) -> list[dict[str, Any]]:
    rows = []
    for line in lines:
        tone, icon = _LOOKS[line.status]
        is_about_rules = line.kind == DecisionKind.REQUIREMENTS or line.rollout_id is None
        url = (
            reverse("rollouts:business-rules")
            if is_about_rules
            else reverse("rollouts:decision", args=[line.rollout_id])
        )
        title = "Who must sign" if is_about_rules else line.rollout_name
        rows.append({"it": line, "tone": tone, "icon": icon, "url": url, "title": title})
    return rows
