"""What an approval rule would do, or would have done, with rollouts: rows and sums in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.identity.scope import Scope
from portal.kernel.presentation.numbers import count_of
from rollouts.queries.rules.approvals import back_test_approval, dry_run_approval
from rollouts.queries.rules.choices import own_safe_launch
from rollouts.reads.rules.approvals import Approval, ApprovalForecast

#: An outcome as a badge and a sentence: word, tone, icon, what it means.
_OUTCOMES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "APPROVED": ("Approved", "good", "check", ""),
    "NO_MATCH": ("Not meant", "neutral", "dash-circle", "The rollout does not meet:"),
    "WAITING": ("Waits", "info", "hourglass", "The pilot has not ended."),
    "TOO_LATE": ("Too late", "warn", "clock", "The cut-off for instructions has passed."),
    "NO_HUBS": ("No hubs", "neutral", "dash-circle", "No hub meets the conditions and is unanswered for."),
    "NO_NIGHT": ("No night", "warn", "clock", "No night is left before the automatic activation."),
}


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One rollout in a table of what a rule does."""

    it: ApprovalForecast
    word: str
    tone: str
    icon: str
    because: str
    approved: int
    excluded: int

    @property
    def first_night(self) -> datetime | None:
        """When the first of the hubs would activate."""
        return self.it.nights[0].at if self.it.nights else None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule does with several rollouts."""

    rows: Sequence[ForecastRow]

    @property
    def updates(self) -> int:
        """How many rollouts it approves."""
        return sum(row.it.is_approved for row in self.rows)

    @property
    def approved(self) -> int:
        """How many hubs it approves."""
        return sum(row.approved for row in self.rows)

    @property
    def excluded(self) -> int:
        """How many hubs of the rollouts it approves it leaves out."""
        return sum(row.excluded for row in self.rows if row.it.is_approved)


def back_test(scope: Scope, approval: Approval, *, now: datetime) -> Trial:
    """Try a rule on the latest rollouts, with what was known then."""
    return _trial(scope, back_test_approval(scope, approval, now=now))


def dry_run(scope: Scope, approval: Approval, *, now: datetime) -> Trial:
    """Try a rule on the rollouts that run now."""
    return _trial(scope, dry_run_approval(scope, approval, now=now))


def past_words(trial: Trial) -> str:
    """Return what a rule would have done."""
    if not trial.rows:
        return "There is no past rollout to try it on yet."
    return (
        f"It would have approved {trial.approved:,} and excluded {trial.excluded:,} hubs, "
        f"in {trial.updates:,} of the latest {count_of(len(trial.rows), 'rollout')}."
    )


def next_words(trial: Trial) -> str:
    """Return what a rule does next, once it is switched on."""
    if not trial.approved:
        return "It instructs no hub of the rollouts that run now. It waits for those that meet it."
    names = ", ".join(row.it.rollout_name for row in trial.rows if row.it.is_approved)
    return (
        f"Within minutes it instructs {count_of(trial.approved, 'hub')} of "
        f"{count_of(trial.updates, 'rollout')} that you have said nothing about: {names}."
    )


def _trial(scope: Scope, forecasts: Sequence[ApprovalForecast]) -> Trial:
    own = own_safe_launch(scope, [forecast.rollout_id for forecast in forecasts])
    return Trial([_row(forecast, own.get(forecast.rollout_id, 0)) for forecast in forecasts])


def _row(forecast: ApprovalForecast, own: int) -> ForecastRow:
    word, tone, icon, because = _OUTCOMES[forecast.outcome]
    approved = forecast.hubs - forecast.left_over if forecast.is_approved else 0
    if forecast.failing:
        because = f"{because} {'; '.join(forecast.failing)}."
    return ForecastRow(forecast, word, tone, icon, because, approved, max(own - approved, 0))
