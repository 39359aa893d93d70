"""A handful of conditions on hubs as a form: what it says becomes the tree of a rule."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from portal.kernel.presentation.local_times import DayField
from rollouts.rules.criteria import DIMENSIONS
from rollouts.states import Region

_REGIONS: Final = [(region.name, str(region.label)) for region in Region if region < Region.UNKNOWN]
_STRATA: Final = {
    "region": "CSP region",
    "version": "Current firmware",
    "band": "Band",
    "supply": "One or two Suppliers",
}


class ConditionsForm(forms.Form):
    """Conditions that all have to hold; what is left alone is not asked."""

    region = forms.MultipleChoiceField(
        label="CSP regions", choices=_REGIONS, required=False, widget=forms.CheckboxSelectMultiple
    )
    version = forms.MultipleChoiceField(
        label="Current firmware", required=False, widget=forms.CheckboxSelectMultiple
    )
    band = forms.ChoiceField(
        label="Band", required=False, choices=[("", "Any"), ("SINGLE", "Single Band"), ("DUAL", "Dual Band")]
    )
    supply = forms.ChoiceField(
        label="Suppliers",
        required=False,
        choices=[("", "Any"), ("SOLE", "You alone"), ("SPLIT", "You and a second Supplier")],
    )
    han_at_least = forms.IntegerField(
        label="Devices on the Home Area Network, at least", required=False, min_value=0, max_value=1_000
    )
    han_at_most = forms.IntegerField(label="At most", required=False, min_value=0, max_value=1_000)
    installed_after = DayField(label="Installed after", required=False)
    installed_before = DayField(label="Installed before", required=False)
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
        choices=[(name, _STRATA[name]) for name in DIMENSIONS],
        widget=forms.CheckboxSelectMultiple,
    )
    seed = forms.IntegerField(
        label="Seed",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="The same seed draws the same hubs.",
    )

    def __init__(self, *args: Any, versions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [(version, version) for version in versions]  # type: ignore[attr-defined]
        if len(versions) < 2:  # noqa: PLR2004 - there is nothing to choose
            del self.fields["version"]

    @property
    def tree(self) -> dict[str, Any]:
        """The conditions as the tree of a rule."""
        return {"all": [condition for condition in self._conditions() if condition]}

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

    def _conditions(self) -> list[dict[str, Any] | None]:
        cleaned = self.cleaned_data

        def when(name: str, field: str, op: str) -> dict[str, Any] | None:
            value = cleaned.get(name)
            if value in (None, "", []):
                return None
            plain = value.isoformat() if hasattr(value, "isoformat") else value
            return {"field": field, "op": op, "value": plain}

        return [
            when("region", "region", "in"),
            when("version", "version", "in"),
            when("band", "band", "="),
            when("supply", "supply", "="),
            when("han_at_least", "han_devices", ">="),
            when("han_at_most", "han_devices", "<="),
            when("installed_after", "installed_on", "after"),
            when("installed_before", "installed_on", "before"),
        ]
