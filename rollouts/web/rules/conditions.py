"""A handful of conditions on hubs as a form: what it says becomes the tree of a rule."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django import forms

from portal.kernel.presentation.local_times import DayField
from rollouts.states import Region
from rollouts.web.rules.forms import SampleForm

_REGIONS: Final = [(region.name, str(region.label)) for region in Region if region < Region.UNKNOWN]


class ConditionsForm(SampleForm):
    """Conditions that must all hold, and a sample of the hubs that meet them; blank fields do not filter."""

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
    field_order = (
        "region",
        "version",
        "band",
        "supply",
        "han_at_least",
        "han_at_most",
        "installed_after",
        "installed_before",
        "size",
        "strata",
        "seed",
    )

    def __init__(
        self, *args: Any, versions: list[str], regions: Collection[Region] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if regions:
            offered = [(region.name, str(region.label)) for region in regions if region < Region.UNKNOWN]
            self.fields["region"].choices = offered  # type: ignore[attr-defined]
        self.fields["version"].choices = [(version, version) for version in versions]  # type: ignore[attr-defined]
        if len(versions) < 2:  # noqa: PLR2004 - there is nothing to choose
            del self.fields["version"]

    @property
    def tree(self) -> dict[str, Any]:
        """The conditions as the tree of a rule."""
        return {"all": [condition for condition in self._conditions() if condition]}

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
