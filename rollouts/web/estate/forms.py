"""Filters of an estate: all of them in the address, so that a view can be kept and sent."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.http import urlencode

from portal.kernel.presentation.edits import EditForm
from rollouts.queries.estate.estate import EstateCounts
from rollouts.queries.estate.keyset import EstateFilter
from rollouts.states import Region, SmiStatus, TargetState

_ANY: Final = ("", "Any")
_ROLES: Final = [_ANY, ("BOTH", "Import and Gas"), ("IMPORT", "Import"), ("GAS", "Gas")]


class EstateForm(forms.Form):
    """What to look for; an unknown value is no filter."""

    q = forms.CharField(label="GUID, its beginning, or *ending", required=False, max_length=60)
    region = forms.TypedChoiceField(label="Region", required=False, coerce=int, empty_value=None)
    version = forms.ChoiceField(label="Firmware", required=False)
    model = forms.TypedChoiceField(label="Hub model", required=False, coerce=int, empty_value=None)
    status = forms.TypedChoiceField(label="SMI status", required=False, coerce=int, empty_value=None)
    role = forms.ChoiceField(label="Your role", required=False, choices=_ROLES)
    split = forms.ChoiceField(
        label="Second Supplier", required=False, choices=[_ANY, ("yes", "Yes"), ("no", "No")]
    )
    rollout = forms.TypedChoiceField(label="In rollout", required=False, coerce=int, empty_value=None)
    state = forms.ChoiceField(
        label="State in it",
        required=False,
        choices=[_ANY, *((state.name, str(state.label)) for state in TargetState)],
    )
    label = forms.CharField(label="Your label", required=False, max_length=40)

    def __init__(
        self,
        *args: Any,
        counts: EstateCounts,
        rollouts: list[tuple[int, str]],
        is_supplier: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._known: dict[str, Any] = {"counts": counts, "rollouts": rollouts, "is_supplier": is_supplier}
        models = {count.device_model_id: f"{count.manufacturer} {count.model}" for count in counts.by_version}
        versions = sorted({count.version for count in counts.by_version if count.version})
        choices: dict[str, list[tuple[Any, str]]] = {
            "region": [(int(region), str(region.label)) for region in counts.by_region],
            "version": [(version, version) for version in versions],
            "model": sorted(models.items(), key=lambda item: item[1]),
            "status": [(int(status), str(status.label)) for status in counts.by_status],
            "rollout": list(rollouts),
        }
        for name, listed in choices.items():
            self.fields[name].choices = [_ANY, *listed]  # type: ignore[attr-defined]
        if not is_supplier:
            for name in ("role", "label"):
                del self.fields[name]

    def again(self, params: QueryDict) -> EstateForm:
        """Return the same form for other filters."""
        return EstateForm(params, **self._known)

    @property
    def query_string(self) -> str:
        """The filters as they stand in an address; what is no filter is left out."""
        self.is_valid()
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})

    @property
    def description(self) -> str:
        """The filters in words."""
        self.is_valid()
        parts = []
        for name, value in self.cleaned_data.items():
            if value:
                names = dict(getattr(self.fields[name], "choices", ()))
                parts.append(f"{self.fields[name].label}: {names.get(value, value)}")
        return " · ".join(parts)

    @property
    def ignored(self) -> list[str]:
        """What was asked for and is no filter here: a firmware no hub has any more, a rollout not shown."""
        self.is_valid()
        return [f"{self.fields[name].label}: {self.data.get(name, '')}" for name in self.errors]

    def filters(self) -> EstateFilter:
        """Return what was asked for; a state counts only together with its rollout."""
        self.is_valid()
        cleaned = self.cleaned_data
        rollout = cleaned.get("rollout")
        return EstateFilter(
            regions=(Region(cleaned["region"]),) if cleaned.get("region") else (),
            versions=(cleaned["version"],) if cleaned.get("version") else (),
            device_model_ids=(cleaned["model"],) if cleaned.get("model") else (),
            statuses=(SmiStatus(cleaned["status"]),) if cleaned.get("status") else (),
            roles=(cleaned["role"],) if cleaned.get("role") else (),
            is_split={"yes": True, "no": False}.get(cleaned.get("split", "")),
            label=cleaned.get("label", ""),
            rollout_id=rollout,
            states=(TargetState[cleaned["state"]],) if rollout and cleaned.get("state") else (),
            search=cleaned.get("q", ""),
        )


class ViewForm(EditForm):
    """A view of the estate: its name, and who sees it."""

    name = forms.CharField(label="Name", max_length=80)
    is_shared = forms.BooleanField(label="Share it with your organisation", required=False)
