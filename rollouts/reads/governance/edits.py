"""What people change of halt rules and known issues, by name: what the version of each is made from."""

from __future__ import annotations

from typing import Any, Final

from rollouts.models import HaltRule, KnownIssue

HALT_RULE_FIELDS: Final = frozenset(
    {
        "batch_id",
        "name",
        "kind",
        "failure_codes",
        "minimum_sample",
        "lookback_hours",
        "threshold",
        "counts_known",
        "is_active",
    }
)
_KNOWN_ISSUE_FIELDS: Final = (
    "title",
    "description",
    "failure_codes",
    "criteria",
    "rollout_id",
    "is_active",
)


def halt_rule_values(rule: HaltRule) -> dict[str, Any]:
    """Return the terms of a halt rule."""
    return {name: getattr(rule, name) for name in HALT_RULE_FIELDS}


def known_issue_values(issue: KnownIssue) -> dict[str, Any]:
    """Return what a known issue says."""
    return {name: getattr(issue, name) for name in _KNOWN_ISSUE_FIELDS}
