"""Forms of the catalogue: they check shape only; what is allowed is decided by the services."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.local_times import DayField
from rollouts.models import DeviceModel
from rollouts.queries.catalogue.catalogue import CplEntryRow, ModelRow
from rollouts.services import EntryFacts
from rollouts.states import CplStatus, Region

_COVERS: Final = [("WHOLE_FILE", "The whole file"), ("IMAGE", "The manufacturer image, without its header")]


class CatalogueFilterForm(forms.Form):
    """Which entries to list; an unknown value is no filter."""

    model = forms.TypedChoiceField(label="Hub model", required=False, coerce=int, empty_value=None)
    status = forms.ChoiceField(label="Status", required=False, choices=[("", "Any"), *CplStatus.choices])

    def __init__(self, *args: Any, models: list[ModelRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].choices = [("", "Any"), *model_choices(models)]  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """Return the filter as the query takes it."""
        self.is_valid()
        status = self.cleaned_data.get("status")
        return {
            "device_model_id": self.cleaned_data.get("model"),
            "status": CplStatus(status) if status else None,
        }


class ModelForm(forms.Form):
    """A kind of hub."""

    manufacturer = forms.CharField(label="Manufacturer", max_length=30)
    manufacturer_code = forms.CharField(
        label="Manufacturer code", max_length=4, help_text="Four hexadecimal digits, such as 106C."
    )
    model = forms.CharField(label="Model", max_length=8, help_text="Such as 433100AC.")
    hardware_version = forms.CharField(label="Hardware version", max_length=8, help_text="Such as 00AC.")
    band = forms.ChoiceField(
        label="Band of the Home Area Network", choices=DeviceModel.Band.choices, widget=forms.RadioSelect
    )
    smets_generation = forms.TypedChoiceField(
        label="Generation", coerce=int, choices=[(2, "SMETS2"), (1, "SMETS1")], initial=2
    )
    regions = forms.TypedMultipleChoiceField(
        label="Regions it is installed in",
        coerce=int,
        choices=[(int(region), str(region.label)) for region in Region],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class FactsForm(EditForm):
    """What an entry says of its firmware."""

    reference = forms.CharField(
        label="Number of the entry (optional)",
        required=False,
        max_length=40,
        help_text="As published.",
    )
    image_sha256 = forms.CharField(
        label="SHA-256 hash",
        max_length=200,
        help_text="64 hexadecimal digits. The image is checked against it.",
    )
    hash_covers = forms.ChoiceField(
        label="The hash covers", choices=_COVERS, widget=forms.RadioSelect, initial="WHOLE_FILE"
    )
    predecessors = forms.TypedMultipleChoiceField(
        label="Upgrade path: from which versions it may be reached",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Hubs on other versions are not eligible. Without any version nothing can be published.",
    )
    chts_version = forms.CharField(
        label="CHTS version (optional)", required=False, max_length=20, help_text="Such as CHTS V1.4."
    )
    gbcs_version = forms.CharField(
        label="GBCS version (optional)", required=False, max_length=8, help_text="Such as 4.2."
    )
    added_on = DayField(label="Added to the list on (optional)", required=False)

    def __init__(self, *args: Any, entries: list[CplEntryRow], with_model: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["predecessors"].choices = [  # type: ignore[attr-defined]
            (
                entry.id,
                f"{entry.manufacturer} {entry.model}: {entry.firmware_version}"
                if with_model
                else entry.firmware_version,
            )
            for entry in entries
        ]

    def facts(self) -> EntryFacts:
        """Return what the service takes."""
        names = EntryFacts.__dataclass_fields__
        return EntryFacts(**{name: self.cleaned_data[name] for name in names})


class EntryForm(FactsForm):
    """A new entry: its model and version too."""

    device_model_id = forms.TypedChoiceField(label="Hub model", coerce=int)
    firmware_version = forms.CharField(
        label="Firmware version", max_length=32, help_text="As printed, such as 0C230000."
    )
    field_order = ("device_model_id", "firmware_version")

    def __init__(self, *args: Any, models: list[ModelRow], **kwargs: Any) -> None:
        super().__init__(*args, with_model=True, **kwargs)
        self.fields["device_model_id"].choices = [("", "Choose"), *model_choices(models)]  # type: ignore[attr-defined]


class ImageForm(forms.Form):
    """A firmware image."""

    image = forms.FileField(
        label="Image file", help_text="An OTA upgrade file, as its manufacturer delivers it."
    )


class StatusForm(forms.Form):
    """The new status of an entry, and why."""

    status = forms.ChoiceField(label="New status", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody concerned by its rollouts reads this.",
    )

    def __init__(self, *args: Any, current: CplStatus, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [  # type: ignore[attr-defined]
            (status.value, str(status.label)) for status in CplStatus if status != current
        ]


def model_choices(models: list[ModelRow]) -> list[tuple[int, str]]:
    """List hub models for a form."""
    return [
        (model.id, f"{model.manufacturer} {model.model}, hardware {model.hardware_version}")
        for model in models
    ]
