"""Deciding on versions that an import gives hubs against their own later word (R4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.events import journal
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import NotFound
from portal.kernel.transactions import outside_unit_of_work, unit_of_work
from rollouts.models import EstateImport, HeldDifference
from rollouts.services.rollouts.refresh import refresh_eligibility


@dataclass(frozen=True, slots=True)
class DifferencesDecided:
    """How many hubs kept their version, took the file's, or have another one by now."""

    kept: int = 0
    taken: int = 0
    passed: int = 0


@outside_unit_of_work
def decide_differences(
    scope: Scope, *, import_id: int, takes_file: bool, guids: Sequence[int] | None = None, now: datetime
) -> DifferencesDecided:
    """Let hubs keep the version they named, or take the file's; those of `guids`, else all that are open.

    Raises:
        NotPermitted: not for a DCC operator.
        NotFound: there is no such import.
    """
    scope.check(*MAY_OPERATE)
    decided = _decide(scope, import_id=import_id, takes_file=takes_file, guids=guids, now=now)
    if decided.taken:
        refresh_eligibility(now=now)
    return decided


@unit_of_work
def _decide(
    scope: Scope,
    *,
    import_id: int,
    takes_file: bool,
    guids: Sequence[int] | None,
    now: datetime,
) -> DifferencesDecided:
    if not EstateImport.objects.filter(pk=import_id).exists():
        raise NotFound("There is no such import.")
    decision = HeldDifference.Decision
    if takes_file:
        # Whoever publishes waits until the hubs are as was decided: see `take_turn`.
        sql.execute("rollouts", "hold_models")
        row = sql.fetch_one(
            "rollouts",
            "take_file_versions",
            guids=None if guids is None else list(guids),
            now=now,
            person=scope.user_id,
            evidence=f"import {import_id}, decided",
            open=decision.OPEN.value,
            taken=decision.TAKEN.value,
            passed=decision.PASSED.value,
            **{"import": import_id},
        )
        decided = DifferencesDecided(taken=row.taken, passed=row.passed)
    else:
        held = HeldDifference.objects.filter(estate_import_id=import_id, decision=decision.OPEN)
        chosen = held if guids is None else held.filter(guid__in=guids)
        decided = DifferencesDecided(
            kept=chosen.update(decision=decision.KEPT, decided_at=now, decided_by_id=scope.user_id)
        )
    facts = {"import": import_id, "kept": decided.kept, "taken": decided.taken, "passed": decided.passed}
    journal.record("differences.decided", subject="estate", by=scope, at=now, facts=facts)
    return decided
