"""What the page of a rollout says of trouble: open incidents, decisions, and the ways to look closer."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse

from portal.identity.roles import DCC_ROLES, MAY_INSTRUCT, MAY_OPERATE, PANEL_ROLES
from portal.identity.scope import Scope
from rollouts.models import Incident
from rollouts.queries.governance.decisions import decision_lines
from rollouts.reads.governance.incidents import visible_incidents
from rollouts.states import RolloutStatus
from rollouts.states.governing import OPEN_INCIDENTS, DecisionStatus

_WAYS: Final = (
    ("Triage board", "rollouts:triage-of"),
    ("Halt rules", "rollouts:halt-rules"),
    ("Batches", "rollouts:phases"),
    ("Evidence pack", "rollouts:evidence"),
)


def governance_of(scope: Scope, rollout_id: int, status: RolloutStatus) -> dict[str, Any] | None:
    """Gather it; None of a draft, and for those whom it does not concern."""
    if status == RolloutStatus.DRAFT or scope.is_csp:
        return None
    statuses = list(_incidents(scope, rollout_id).values_list("status", flat=True))
    is_board = scope.has(*DCC_ROLES, *PANEL_ROLES)
    may_raise = scope.has(*MAY_INSTRUCT, *MAY_OPERATE)
    return {
        "incidents": len(statuses),
        "open": sum(1 for each in statuses if each in OPEN_INCIDENTS),
        "incidents_url": f"{reverse('rollouts:incidents')}?rollout={rollout_id}&status=all",
        "raise_url": reverse("rollouts:incident-new", args=[rollout_id]) if may_raise else "",
        "decisions": [
            line
            for line in decision_lines(scope, rollout_id=rollout_id, is_open=False)
            if line.status == DecisionStatus.ENACTED
        ],
        "ways": [(label, reverse(name, args=[rollout_id])) for label, name in _WAYS] if is_board else [],
    }


def _incidents(scope: Scope, rollout_id: int) -> QuerySet[Incident]:
    return visible_incidents(scope).filter(rollout_id=rollout_id)
