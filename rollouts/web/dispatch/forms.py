"""The forms of dispatch: the terms of a rollout, of a way to a CSP, and of a Supplier's own hubs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from django import forms

from portal.kernel.presentation.edits import EditForm
from rollouts.rules.activation import DEFAULT_HOURS, hours_document
from rollouts.rules.criteria.timing import DAYS

_DAY_WORDS: Final = dict(
    zip(DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)


def _time(label: str, hint: str = "") -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget, help_text=hint)


def _nights() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="On the nights of",
        required=False,
        choices=list(_DAY_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: every night. A night belongs to the day on which it begins.",
    )


def _approved() -> forms.CharField:
    return forms.CharField(
        label="Approved by",
        max_length=120,
        help_text="Who agreed to this, and where: it stands in the history.",
    )


class HoursEditForm(EditForm):
    """A form with hours: two times of day, one of which cannot stand alone."""

    def hours(self, name: str) -> dict[str, Any] | None:
        """Return hours by their name; none where both times are blank."""
        cleaned = self.cleaned_data
        opens, closes = cleaned.get(f"{name}_from"), cleaned.get(f"{name}_to")
        if opens is None and closes is None:
            return None
        days = cleaned.get(f"{name}_nights") or []
        return {
            "from": _clock(opens),
            "to": _clock(closes),
            **({"days": days} if days and len(days) < len(DAYS) else {}),
        }


class ChannelForm(HoursEditForm):
    """What a CSP has agreed to take."""

    capacity_per_second = forms.FloatField(label="Hubs a second", min_value=0.001)
    capacity_per_night = forms.IntegerField(
        label="Hubs a night", required=False, min_value=1, help_text="From noon to noon. Blank: no limit."
    )
    distribution_from = _time("Images are sent from", "Local time. Both blank: at any time.")
    distribution_to = _time("Images are sent until")
    lead_hours = forms.FloatField(
        label="Lead of an activation, in hours",
        min_value=0.1,
        help_text="How long before its time an activation is sent, unless a rollout says otherwise.",
    )
    distribution_days = forms.FloatField(
        label="Days a distribution takes", min_value=0, help_text="From sending an image until hubs hold it."
    )
    approved_by = _approved()

    def terms(self) -> dict[str, Any]:
        """Return what the service takes."""
        names = ("capacity_per_second", "capacity_per_night", "lead_hours", "distribution_days")
        terms = {name: self.cleaned_data[name] for name in names}
        return {**terms, "distribution_hours": self.hours("distribution")}


class PaceForm(HoursEditForm):
    """How fast and when the hubs of one rollout are commanded."""

    activation_from = _time(
        "Activations from",
        "Local time: for hubs whose time nobody chose to the minute. A time that was chosen is kept.",
    )
    activation_to = _time("Activations until")
    activation_nights = _nights()
    distribution_from = _time(
        "Images are sent from", "Local time. Both blank: whenever the channels are open."
    )
    distribution_to = _time("Images are sent until")
    ramp_per_hour = forms.IntegerField(
        label="Hubs in the first hour",
        required=False,
        min_value=1,
        help_text="The ramp limits how many hubs begin in an hour. Blank: no limit.",
    )
    ramp_factor = forms.FloatField(
        label="Each hour times",
        required=False,
        min_value=1,
        max_value=10,
        help_text="2 doubles it each hour, 1 keeps it.",
    )
    lead_hours = forms.FloatField(
        label="Lead of an activation, in hours",
        required=False,
        min_value=0.1,
        help_text="How long before its time an activation is sent. Blank: that of each channel.",
    )
    approved_by = _approved()

    def terms(self) -> dict[str, Any]:
        """Return what the service takes."""
        cleaned = self.cleaned_data
        ramp = cleaned.get("ramp_per_hour") and {
            "per_hour": cleaned["ramp_per_hour"],
            "factor": cleaned.get("ramp_factor") or 1.0,
        }
        hours = self.hours("activation")
        return {
            "lead_hours": cleaned.get("lead_hours"),
            "distribution_hours": self.hours("distribution"),
            "activation_hours": None if hours == hours_document(DEFAULT_HOURS) else hours,
            "ramp": ramp or None,
        }


class OwnHoursForm(HoursEditForm):
    """The narrower hours a Supplier keeps for its own hubs."""

    activation_from = _time("From", "Local time. Both blank: the hours of each rollout.")
    activation_to = _time("To")
    activation_nights = _nights()


def channel_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a channel as the initial values of its form."""
    shown = {name: _plain(each) for name, each in values.items()}
    return {**shown, **_split("distribution", values["distribution_hours"])}


def pace_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a rollout as the initial values of its form."""
    ramp = values["ramp"] or {}
    return {
        **_split("activation", values["activation_hours"] or hours_document(DEFAULT_HOURS)),
        **_split("distribution", values["distribution_hours"]),
        "ramp_per_hour": ramp.get("per_hour"),
        "ramp_factor": _plain(ramp.get("factor")),
        "lead_hours": _plain(values["lead_hours"]),
    }


def own_hours_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Supplier's own hours as the initial values of their form."""
    return _split("activation", values["activation_hours"])


def _split(name: str, hours: Mapping[str, Any] | None) -> dict[str, Any]:
    if not hours:
        return {f"{name}_from": None, f"{name}_to": None, f"{name}_nights": []}
    return {
        f"{name}_from": time.fromisoformat(hours["from"]),
        f"{name}_to": time.fromisoformat(hours["to"]),
        f"{name}_nights": list(hours.get("days") or []),
    }


def _plain(number: Any) -> Any:
    """Return 40 for 40.0: what people type."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _clock(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"
