"""The forms around a tree of conditions: a rule's name and sample, and when what it approves activates."""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from django import forms

from rollouts.rules.criteria import DIMENSIONS, CriteriaProblem, TimePolicy
from rollouts.rules.criteria.policies import MAX_PER_NIGHT, MAX_POLICY_DAYS
from rollouts.rules.criteria.timing import DAYS
from rollouts.web.timing import TimingForm

#: What a dimension of a sample is called.
DIMENSION_WORDS: Final = {
    "region": "CSP region",
    "version": "Current firmware",
    "band": "Band",
    "supply": "One or two Suppliers",
}
_DAY_WORDS: Final = dict(
    zip(DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)
_NAME_LENGTH: Final = 80
#: Which field of the form a problem of a time policy belongs to.
_POLICY_FIELDS: Final = {
    "/after": "after",
    "/days": "days",
    "/per_night": "per_night",
    "/seed": "spread_seed",
    "/window/days": "window_days",
    "/window/from": "opens",
    "/window/to": "closes",
}


_ADVANCED: Final = frozenset({"seed"})


class NameForm(forms.Form):
    """What a new rule is called."""

    name = forms.CharField(
        label="Name of the rule",
        max_length=_NAME_LENGTH,
        help_text="Shown in lists, on receipts and in the audit trail.",
    )


class SampleForm(forms.Form):
    """How many of the matching hubs are drawn, and how."""

    size = forms.IntegerField(
        label="Sample of how many hubs",
        required=False,
        min_value=1,
        max_value=100_000,
        help_text="Blank: every hub that meets the conditions.",
    )
    strata = forms.MultipleChoiceField(
        label="Spread the sample over",
        required=False,
        choices=[(name, DIMENSION_WORDS[name]) for name in DIMENSIONS],
        widget=forms.CheckboxSelectMultiple,
    )
    seed = forms.IntegerField(
        label="Seed of the sample",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="A number that decides which hubs are drawn. The same number draws the same hubs.",
    )

    @property
    def usual_fields(self) -> list[forms.BoundField]:
        """The fields that everybody needs."""
        return [bound for bound in self if bound.name not in _ADVANCED]

    @property
    def advanced_fields(self) -> list[forms.BoundField]:
        """The fields that few need; a page folds them."""
        return [bound for bound in self if bound.name in _ADVANCED]

    @property
    def sample(self) -> dict[str, Any] | None:
        """How the sample is drawn; None for every match."""
        cleaned = self.cleaned_data
        if not cleaned.get("size"):
            return None
        return {
            "size": cleaned["size"],
            "strata": cleaned.get("strata") or [],
            "seed": cleaned.get("seed") or 0,
        }


class TryForm(forms.Form):
    """On which rollout a rule is tried."""

    rollout = forms.TypedChoiceField(
        label="Try it on a rollout", required=False, coerce=int, empty_value=None, choices=[]
    )

    def __init__(self, *args: Any, rollouts: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rollout"].choices = [("", "None"), *rollouts]  # type: ignore[attr-defined]


class WantedForm(TimingForm):
    """When nominated hubs are wanted."""


class PolicyForm(forms.Form):
    """When approved hubs activate."""

    days = forms.IntegerField(
        label="How many days after", min_value=0, max_value=MAX_POLICY_DAYS, initial=7, required=True
    )
    after = forms.ChoiceField(
        label="Counted from",
        choices=[("notice", "The notice of the rollout"), ("pilot_end", "The end of its pilot")],
        initial="notice",
        widget=forms.RadioSelect,
    )
    window_days = forms.MultipleChoiceField(
        label="Only on these days",
        required=False,
        choices=list(_DAY_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked and no hours given: at any time.",
    )
    opens = forms.TimeField(
        label="From",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="London time. A window that ends earlier than it begins ends on the next day.",
    )
    closes = forms.TimeField(
        label="To", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    per_night = forms.IntegerField(
        label="At most how many hubs a night",
        required=False,
        min_value=1,
        max_value=MAX_PER_NIGHT,
        help_text="The rest go on the nights that follow. Blank: all at once.",
    )
    spread_seed = forms.IntegerField(
        label="Seed of the spread",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="Decides which hubs go on which night.",
    )

    @property
    def document(self) -> dict[str, Any]:
        """The time policy as JSON; a window begun is a window, so that what lacks is told."""
        cleaned = self.cleaned_data
        has_window = any(cleaned.get(name) for name in ("window_days", "opens", "closes"))
        window = {
            "days": cleaned.get("window_days") or [],
            "from": _clock(cleaned.get("opens")),
            "to": _clock(cleaned.get("closes")),
        }
        return {
            "after": cleaned.get("after"),
            "days": cleaned.get("days"),
            "window": window if has_window else None,
            "per_night": cleaned.get("per_night"),
            "seed": cleaned.get("spread_seed") or 0,
        }

    def blame(self, problem: CriteriaProblem) -> None:
        """Put a problem of the policy beside its field, unless the field has one already."""
        name = _POLICY_FIELDS.get(problem.path)
        if name not in self.errors:
            self.add_error(name, problem.message)


def policy_initial(policy: TimePolicy) -> dict[str, Any]:
    """Return a time policy as the initial values of its form."""
    window = policy.window
    return {
        "days": policy.days,
        "after": str(policy.after),
        "window_days": list(window.days) if window else [],
        "opens": window.opens if window else None,
        "closes": window.closes if window else None,
        "per_night": policy.per_night,
        "spread_seed": policy.seed,
    }


def _clock(at: time | None) -> str | None:
    return f"{at:%H:%M}" if at else None
