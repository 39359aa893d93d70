"""Rules that suspend a rollout by themselves: kept by the DCC, looked at as counts change (R5.7).

A rule that trips is followed up as any halt is: nothing leaves once its evaluation has returned. Several that
trip at once are one suspension; each is recorded with its own numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache

from portal.events import journal
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import locks, sql
from portal.kernel.names import checked_name
from portal.kernel.refusals import BadInput, NotFound
from portal.kernel.transactions import unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import HaltRule, HaltTrip, Rollout
from rollouts.reads.governance.edits import HALT_RULE_FIELDS, halt_rule_values
from rollouts.reads.governance.halt_lookback import limit_crossed, read_halt_rule
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.governance.act import the_portal
from rollouts.services.governance.halt import count_states, follow_up
from rollouts.services.rollouts.step import StepRefused, step_taken
from rollouts.states import ENDED_STATUSES, RUNNING_STATUSES, FailureCode
from rollouts.states.governing import HaltRuleKind

WORTH_FOLDING: Final = 1000
_LOOK_AGAIN: Final = 60
"""Seconds after which a rule is read though nothing has settled: what falls out of its hours moves it too."""

_NEEDED: Final = ("minimum_sample", "lookback_hours", "threshold")


@unit_of_work
def put_halt_rule(
    scope: Scope,
    *,
    rollout_id: int,
    rule_id: int | None = None,
    expected: str | None = None,
    now: datetime,
    **terms: Any,
) -> HaltRule:
    """Add a halt rule to a rollout, or change one; a change is looked at from then on.

    Terms by name: name, kind, failure_codes, batch_id, minimum_sample, lookback_hours, threshold (a share),
    counts_known, is_active. `expected` is the `version_of` the `halt_rule_values` they were made from.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout, batch or rule.
        EditConflict: the rule is not as `expected`.
        StepRefused: the rollout has ended.
        BadInput: the terms make no sense.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    if rollout.status in ENDED_STATUSES:
        raise StepRefused("The rollout has ended: there is nothing to halt.")
    if unknown := terms.keys() - HALT_RULE_FIELDS:
        raise BadInput(f"A halt rule has no {', '.join(sorted(unknown))}.")
    rule = HaltRule(rollout=rollout, created_at=now, created_by_id=scope.user_id)
    if rule_id is not None:
        existing = HaltRule.objects.filter(pk=rule_id, rollout=rollout).first()
        if existing is None:
            raise NotFound("There is no such rule.")
        rule = existing
        check_version(expected, halt_rule_values(rule))
    for name, value in terms.items():
        setattr(rule, name, value)
    if missing := [name for name in _NEEDED if getattr(rule, name) is None]:
        raise BadInput(f"A halt rule needs {', '.join(missing)}.")
    _check(rule, rollout)
    rule.save()
    journal.record(
        "halt-rule.changed" if rule_id else "halt-rule.added",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={"rule": rule.pk, **{name: getattr(rule, name) for name in sorted(HALT_RULE_FIELDS)}},
    )
    return rule


def evaluate_halt_rules(now: datetime) -> list[int]:
    """Look at the rules of every running rollout where something has settled; return what was suspended.

    One process at a time. A rule that is looked at twice trips once: it suspends only what runs.
    """
    with locks.attempted(locks.LockClass.HALT_RULES, 0) as is_ours:
        if not is_ours:
            return []
        running = Rollout.objects.filter(status__in=RUNNING_STATUSES, halt_rules__is_active=True)
        ids = sorted(set(running.values_list("id", flat=True)))
        suspended = []
        for row in sql.fetch_all("rollouts", "settled_marks", rollouts=ids):
            key, mark = f"halt-rules:{row.id}", repr(row)
            if row.settled is None or cache.get(key) == mark:
                continue
            if _evaluate(row.id, now=now):
                suspended.append(row.id)
            cache.set(key, mark, timeout=_LOOK_AGAIN)
        return suspended


def fold_settled(now: datetime) -> int:
    """Fold what settled long ago, in rollouts with enough of it; return in how many."""
    before = now - timedelta(days=1)
    grown = sql.fetch_all("rollouts", "settled_to_fold", before=before, worth=WORTH_FOLDING)
    for row in grown:
        _fold(row.rollout_id, before=before)
    return len(grown)


@unit_of_work
def _fold(rollout_id: int, *, before: datetime) -> None:
    sql.execute("rollouts", "fold_settled", rollout_id=rollout_id, before=before)


def _evaluate(rollout_id: int, *, now: datetime) -> bool:
    rules = list(HaltRule.objects.filter(rollout_id=rollout_id, is_active=True).order_by("id"))
    if not any(read_halt_rule(rule, now=now).is_over(rule) for rule in rules):
        return False
    before = count_states(rollout_id)
    rollout = _trip(rollout_id, rules, now=now)
    if rollout is None:
        return False
    follow_up(rollout, before=before, now=now)
    return True


@unit_of_work
def _trip(rollout_id: int, rules: Sequence[HaltRule], *, now: datetime) -> Rollout | None:
    """Suspend, if it still runs and a rule is still over its limit: looked at again under the lock."""
    by = the_portal()
    rollout = locked_rollout(by, rollout_id)
    over = [(rule, sight) for rule in rules if (sight := read_halt_rule(rule, now=now)).is_over(rule)]
    if not over:
        return None
    is_first = (
        rollout.status in RUNNING_STATUSES
    )  # else somebody was quicker: what was seen is kept all the same
    evidence = [sight.evidence(rule) for rule, sight in over]
    HaltTrip.objects.bulk_create(
        HaltTrip(rule=rule, rollout=rollout, at=now, suspended=is_first, evidence=figures)
        for (rule, _), figures in zip(over, evidence, strict=True)
    )
    if not is_first:
        return None
    # What everybody reads names the rule and its limit; counts of all Suppliers' hubs are for the boards.
    reason = " ".join(limit_crossed(rule) for rule, _ in over)
    for_boards = {"halt_rules": evidence, "figures": " ".join(sight.words(rule) for rule, sight in over)}
    return step_taken(by, rollout, verb="suspend", reason=reason, for_boards=for_boards, now=now)


def _check(rule: HaltRule, rollout: Rollout) -> None:
    rule.name = checked_name(rule.name, of="rule")
    if rule.kind not in HaltRuleKind.values:
        raise BadInput(f"Choose what the rule counts from {', '.join(HaltRuleKind.values)}.")
    if (rule.kind == HaltRuleKind.CODES) != bool(rule.failure_codes):
        raise BadInput("Name failures in a rule on particular failures, and in no other.")
    if set(rule.failure_codes) - {int(code) for code in FailureCode if code}:
        raise BadInput("There is no such failure.")
    if rule.minimum_sample < 1 or rule.lookback_hours <= 0:
        raise BadInput("Give a minimum sample of at least one hub, and look-back hours above 0.")
    if not 0 <= rule.threshold < 1:
        raise BadInput("Give the threshold as a share of at least 0 and less than 1.")
    if rule.batch_id is not None and not rollout.batches.filter(pk=rule.batch_id).exists():
        raise NotFound("There is no such batch.")
