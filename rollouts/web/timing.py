"""When hubs activate: on a date, or at no time in particular; either is chosen, never left blank (R3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django import forms

from portal.kernel.presentation.local_times import LocalTimeField

AT, ANY = "at", "any"
#: What follows where no time is asked for, by whether a second Supplier may ask for one.
_NEXT_HOURS: Final = "in the next activation hours, once the image is on the hub"
NO_PREFERENCE: Final = f"No preference: the second Supplier's time, else {_NEXT_HOURS}"
SOON: Final = f"As soon as possible: {_NEXT_HOURS}"


class TimingForm(forms.Form):
    """A date and time, or none on purpose: nothing is chosen beforehand, as none activates hubs soon."""

    without_time: ClassVar[str] = SOON

    timing = forms.ChoiceField(label="When do they activate?", required=False, widget=forms.RadioSelect)
    activate_at = LocalTimeField(label="Date and time of activation", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(AT, "On a date and time"), (ANY, self.without_time)]
        self.fields["timing"].choices = choices  # type: ignore[attr-defined]

    def needs_time(self, cleaned: Mapping[str, Any]) -> bool:
        """Return whether the choice must have been made; a look ahead does without."""
        return self.data.get("act") != "preview"

    def clean(self) -> dict[str, Any]:
        """Ask for the choice, and for a time where one is meant; a time alone is a choice."""
        cleaned = super().clean() or {}
        timing, is_typed = cleaned.get("timing"), bool(self["activate_at"].value())
        if not self.needs_time(cleaned):
            return cleaned
        if timing == ANY and is_typed:
            self.add_error(
                "activate_at", "Clear the date and time, or choose “On a date and time”: both were sent."
            )
        elif timing == AT and not is_typed:
            self.add_error("activate_at", "Enter the date and time of activation.")
        elif not timing and not is_typed and "timing" not in self.errors:
            self.add_error("timing", "Choose when the hubs activate.")
        return cleaned
