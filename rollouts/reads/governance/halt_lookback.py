"""What a halt rule looks at: the hubs that settled within its look-back hours, by how they ended (R5.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts.models.governance import HaltRule
from rollouts.reads.governance.known_issues import active_issues, explained_by
from rollouts.rules.rates import Rate
from rollouts.states import FAILED_STATES, TargetState, failure_code
from rollouts.states.governing import COUNTED_INCIDENTS, HaltRuleKind

Ends = Counter[tuple[int, int]]
"""Hubs by the state and the code with which they ended."""

_STATES_OF_KIND: Final[Mapping[HaltRuleKind, frozenset[TargetState]]] = {
    HaltRuleKind.ANY: FAILED_STATES,
    HaltRuleKind.DISTRIBUTION: frozenset({TargetState.DISTRIBUTION_FAILED}),
    HaltRuleKind.VERIFICATION: frozenset({TargetState.VERIFICATION_FAILED}),
    HaltRuleKind.ACTIVATION: frozenset({TargetState.ACTIVATION_FAILED}),
    HaltRuleKind.NO_ANSWER: frozenset({TargetState.NO_CONFIRMATION}),
}
_OF_INCIDENTS: Final = frozenset({HaltRuleKind.INCIDENT, HaltRuleKind.HAN_IMPACT})


@dataclass(frozen=True, slots=True)
class HaltRuleReading:
    """What a rule saw: the rate with all failures, and without those that known issues explain."""

    since: datetime
    everything: Rate
    unexplained: Rate
    codes: Mapping[str, int] = field(default_factory=dict)

    def decisive(self, rule: HaltRule) -> Rate:
        """Return the rate the rule goes by."""
        return self.everything if rule.counts_known else self.unexplained

    def is_over(self, rule: HaltRule) -> bool:
        """Return whether the rule trips: sample large enough, and its lower bound above the threshold."""
        rate = self.decisive(rule)
        return rate.sample >= rule.minimum_sample and rate.lower > rule.threshold

    def evidence(self, rule: HaltRule) -> dict[str, Any]:
        """Record the numbers, the bound and the rule as they are now."""
        return {
            "rule": rule.pk,
            "name": rule.name,
            "kind": rule.kind,
            "batch": rule.batch_id,
            "threshold": rule.threshold,
            "minimum_sample": rule.minimum_sample,
            "lookback_hours": rule.lookback_hours,
            "counts_known": rule.counts_known,
            "since": self.since.isoformat(),
            "rate": self.decisive(rule).document(),
            "with_known": self.everything.document(),
            "without_known": self.unexplained.document(),
            "codes": dict(self.codes),
        }

    def words(self, rule: HaltRule) -> str:
        """Return one sentence that explains why the rule tripped."""
        rate = self.decisive(rule)
        return (
            f"Halt rule “{rule.name}”: {rate.hits:,} of {rate.sample:,} hubs settled since"
            f" {self.since:%d %b %Y %H:%M} UTC ({100 * (rate.share or 0):.1f}%); with 95% confidence"
            f" at least {100 * rate.lower:.1f}%, the limit is {100 * rule.threshold:.1f}%."
        )


def limit_crossed(rule: HaltRule) -> str:
    """Return why a rule tripped, without counts: they would reveal others' hubs and incidents."""
    return (
        f"Halt rule “{rule.name}”: with 95% confidence more hubs are concerned than its limit of"
        f" {100 * rule.threshold:.1f}%."
    )


def read_halt_rule(rule: HaltRule, *, now: datetime) -> HaltRuleReading:
    """Sum up what settled within a rule's look-back hours; they begin no earlier than the rule was armed."""
    since = now - timedelta(hours=rule.lookback_hours)
    if rule.armed_at is not None:
        since = max(since, rule.armed_at)
    params: dict[str, Any] = {"rollout_id": rule.rollout_id, "batch_id": rule.batch_id, "since": since}
    ended = _counted(sql.fetch_all("rollouts", "settled_in_lookback", **params))
    known = _explained(rule, params, now=now)
    sample = sum(ended.values())
    if rule.kind in _OF_INCIDENTS:
        hits, fresh = (_named(rule, params, with_known=with_known) for with_known in (True, False))
        explained = hits - fresh
    else:
        hits, explained = _hits(rule, ended), min(_hits(rule, known), _hits(rule, ended))
    return HaltRuleReading(
        since=since,
        everything=Rate(min(hits, sample), sample),
        unexplained=Rate(min(hits - explained, max(sample - explained, 0)), max(sample - explained, 0)),
        codes=_codes(rule, ended),
    )


def _hits(rule: HaltRule, ended: Ends) -> int:
    return sum(hubs for (state, code), hubs in ended.items() if _counts(rule, state, code))


def _counts(rule: HaltRule, state: int, code: int) -> bool:
    if rule.kind == HaltRuleKind.CODES:
        return code in rule.failure_codes and state != TargetState.ACTIVATED
    return state in _STATES_OF_KIND.get(HaltRuleKind(rule.kind), frozenset())


def _codes(rule: HaltRule, ended: Ends) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for (state, code), hubs in ended.items():
        if _counts(rule, state, code):
            counted[failure_code(code).name] += hubs
    return dict(counted.most_common())


def _explained(rule: HaltRule, params: Mapping[str, Any], *, now: datetime) -> Ends:
    issues = active_issues(rule.rollout_id)
    if not issues or rule.kind in _OF_INCIDENTS:
        return Counter()
    known = explained_by(issues, as_of=local_day(now))
    return _counted(sql.rows(sql.statement("rollouts", "known_in_lookback", known=known), params))


def _named(rule: HaltRule, params: Mapping[str, Any], *, with_known: bool) -> int:
    row = sql.fetch_one(
        "rollouts",
        "named_in_lookback",
        statuses=sorted(COUNTED_INCIDENTS),
        with_known=with_known,
        **params,
    )
    return int(row.lost_devices if rule.kind == HaltRuleKind.HAN_IMPACT else row.hubs)


def _counted(rows: list[Any]) -> Ends:
    return Counter({(row.state, row.code): int(row.hubs) for row in rows if row.hubs > 0})
