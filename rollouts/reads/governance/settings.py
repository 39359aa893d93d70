"""The settings of governance, each with its default; `settings.GOVERNANCE` overrides them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.conf import settings

from rollouts.states.governing import HaltRuleKind

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CategoryTargets:
    """By when an incident of a category is to be answered, and resolved."""

    response: timedelta
    resolution: timedelta


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """A halt rule that every published rollout begins with."""

    name: str
    kind: HaltRuleKind
    minimum_sample: int
    lookback_hours: float
    threshold: float


_CATEGORIES: Final = {
    1: CategoryTargets(timedelta(minutes=10), timedelta(hours=4)),
    2: CategoryTargets(timedelta(minutes=20), timedelta(hours=24)),
    3: CategoryTargets(timedelta(minutes=45), timedelta(hours=72)),
    4: CategoryTargets(timedelta(hours=3), timedelta(days=5)),
    5: CategoryTargets(timedelta(days=1), timedelta(days=10)),
}
# Success is told at once, failure after retries, silence after four days and two readings. Fewer hours
# see the failures of a wave without its successes. So do many, once the successes have left it.
_RULES: Final = (
    RuleTerms("Devices lost after activation", HaltRuleKind.HAN_IMPACT, 50, 24 * 7, 0.02),
    RuleTerms("Activation failed", HaltRuleKind.ACTIVATION, 100, 24 * 7, 0.05),
    RuleTerms("No confirmation", HaltRuleKind.NO_ANSWER, 100, 24 * 10, 0.10),
    RuleTerms("Verification failed", HaltRuleKind.VERIFICATION, 100, 24 * 7, 0.05),
    RuleTerms("Any failure or silence", HaltRuleKind.ANY, 200, 24 * 10, 0.20),
)


@dataclass(frozen=True, slots=True)
class Governance:
    """Target times by category, what may be attached, halt rules to begin with, and by when is decided."""

    categories: Mapping[int, CategoryTargets] = field(default_factory=lambda: _CATEGORIES)
    rules: tuple[RuleTerms, ...] = _RULES
    attachment_size: int = 5 * MEGABYTE
    attachments: int = 10
    listed_rejections: int = 1000
    recommend_within: timedelta = timedelta(days=2)
    """From the opening of a review to the DCC's recommendation."""
    sign_within: timedelta = timedelta(days=2)
    """From the recommendation to the last signature."""
    paused_at_most: timedelta = timedelta(days=14)
    """From a confirmed pause to the DCC's recommendation how the rollout goes on."""

    @classmethod
    def current(cls) -> Governance:
        """Return the settings of this process."""
        given: Mapping[str, Any] = getattr(settings, "GOVERNANCE", {})
        return cls(**given)
