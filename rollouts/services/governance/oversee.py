"""What a rollout's step means for its governance: suspended, it is reviewed; resumed, its rules arm again.

Called by whoever takes a step, in the same transaction; it follows no other service.
"""

from __future__ import annotations

from datetime import datetime

from portal.events import journal
from portal.identity.scope import Scope
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models import Decision, HaltRule, Rollout, SignOff
from rollouts.reads.governance.settings import Governance
from rollouts.states import ENDED_STATUSES, RolloutStatus
from rollouts.states.governing import OPEN_DECISIONS, DecisionStatus


@inside_unit_of_work
def oversee(scope: Scope, rollout: Rollout, *, verb: str, reason: str, now: datetime) -> None:
    """Keep decisions and halt rules in step with the rollout, whose row the caller holds."""
    if rollout.status == RolloutStatus.SUSPENDED:
        _begin_review(scope, rollout, because=reason, now=now)
    elif rollout.status in ENDED_STATUSES:
        _close_decisions(scope, rollout, now=now)
    elif verb == "resume":
        HaltRule.objects.filter(rollout=rollout).update(armed_at=now)
    elif verb == "notify":
        _put_default_rules(scope, rollout, now=now)


@inside_unit_of_work
def back_to_review(scope: Scope, decision: Decision, *, why: str, now: datetime) -> None:
    """Take a recommendation back: its sign-offs are void, and the next wording begins again."""
    decision.status, decision.version = DecisionStatus.REVIEW, decision.version + 1
    decision.save(update_fields=["status", "version"])
    SignOff.objects.filter(decision=decision, voided_at=None).update(voided_at=now)
    journal.record(
        "decision.reopened",
        subject=f"decision:{decision.pk}",
        by=scope,
        at=now,
        facts={"rollout": decision.rollout_id, "version": decision.version, "why": why},
    )


def _begin_review(scope: Scope, rollout: Rollout, *, because: str, now: datetime) -> None:
    open_decisions = Decision.objects.filter(rollout=rollout, status__in=OPEN_DECISIONS)
    decision = open_decisions.select_for_update(no_key=True).first()
    if decision is None:
        Decision.objects.create(rollout=rollout, because=because, opened_at=now, opened_by_id=scope.user_id)
    elif decision.status == DecisionStatus.RECOMMENDED:
        # What was recommended did not know of this suspension: nobody may confirm it unawares.
        back_to_review(scope, decision, why=because, now=now)


def _close_decisions(scope: Scope, rollout: Rollout, *, now: datetime) -> None:
    open_decisions = Decision.objects.filter(rollout=rollout, status__in=OPEN_DECISIONS)
    for decision in open_decisions.select_for_update(no_key=True):
        decision.status, decision.decided_at, decision.finished_at = DecisionStatus.OVERTAKEN, now, now
        decision.save(update_fields=["status", "decided_at", "finished_at"])
        journal.record(
            "decision.overtaken",
            subject=f"decision:{decision.pk}",
            by=scope,
            at=now,
            facts={"rollout": rollout.pk, "status": rollout.status},
        )


def _put_default_rules(scope: Scope, rollout: Rollout, *, now: datetime) -> None:
    HaltRule.objects.bulk_create(
        HaltRule(
            rollout=rollout,
            name=terms.name,
            kind=terms.kind,
            minimum_sample=terms.minimum_sample,
            lookback_hours=terms.lookback_hours,
            threshold=terms.threshold,
            created_at=now,
            created_by_id=scope.user_id,
        )
        for terms in Governance.current().rules
    )
