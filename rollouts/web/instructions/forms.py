"""The form of an instruction: which hubs, what is said of them, and when."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django import forms

from portal.kernel.presentation.numbers import count_of
from portal.kernel.references import named, number_of
from rollouts.states import InstructionKind
from rollouts.web.hub_lists import HubFileField, PastedHubsField
from rollouts.web.timing import NO_PREFERENCE, TimingForm

SELECTED: Final = "selected"
SOURCES: Final = [
    (SELECTED, "The hubs I selected in a list"),
    ("waiting", "All my hubs of this rollout that wait for my answer"),
    ("second", "My hubs that the second Supplier has instructed, and that wait for me"),
    ("all", "All my hubs of this rollout that can still be changed"),
    ("answered", "All my hubs of this rollout that I have answered for"),
    ("mine", "The hubs of one of my batches"),
    ("file", "The hubs in a file"),
    ("paste", "The hubs I paste"),
    ("rule", "Hubs that meet conditions"),
    ("saved", "Hubs that a saved rule chooses"),
]
KINDS: Final = [
    (InstructionKind.INSTRUCT.value, "Activate them at our time"),
    (InstructionKind.AGREE.value, "Agree to the second Supplier's time"),
    (InstructionKind.DECLINE.value, "Decline to choose a time"),
    (InstructionKind.WITHDRAW.value, "Withdraw our earlier instruction"),
]


class InstructForm(TimingForm):
    """What a Supplier says about which of its hubs."""

    without_time = NO_PREFERENCE

    kind = forms.ChoiceField(
        label="What do you instruct?",
        choices=KINDS,
        initial=InstructionKind.INSTRUCT,
        widget=forms.RadioSelect,
    )
    source = forms.ChoiceField(
        label="Which hubs?", choices=SOURCES, initial="waiting", widget=forms.RadioSelect
    )
    batch = forms.TypedChoiceField(
        label="Of which batch", required=False, coerce=int, empty_value=None, choices=[("", "Every batch")]
    )
    mine = forms.TypedChoiceField(
        label="Batch",
        required=False,
        coerce=partial(number_of, kind="instruction"),
        empty_value=None,
        help_text="Its hubs for which it still counts, and that can still be changed.",
    )
    selected = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    file = HubFileField(help_text="CSV, text or XLSX with a column of GUIDs, up to a million of them.")
    hubs = PastedHubsField()
    saved = forms.TypedChoiceField(
        label="Rule",
        required=False,
        coerce=partial(number_of, kind="selection_rule_version"),
        empty_value=None,
    )
    name = forms.CharField(
        label="Your own name for this instruction",
        required=False,
        max_length=80,
        help_text="Shown to your organisation alone.",
    )

    def __init__(
        self,
        *args: Any,
        batches: list[tuple[int, str]],
        rules: list[tuple[int, str]],
        own: list[tuple[int, str]],
        selection: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if selection:
            self.count(SELECTED, selection)
        else:
            field: Any = self.fields["source"]
            field.choices = [choice for choice in field.choices if choice[0] != SELECTED]
        self.fields["batch"].choices = [("", "Every batch"), *batches]  # type: ignore[attr-defined]
        self.fields["saved"].choices = [("", "Choose"), *named(rules, "selection_rule_version")]  # type: ignore[attr-defined]
        self.fields["mine"].choices = [("", "Choose"), *named(own, "instruction")]  # type: ignore[attr-defined]

    def count(self, source: str, hubs: int) -> None:
        """Show beside a choice how many hubs it covers."""
        field: Any = self.fields["source"]
        field.choices = [
            (value, f"{label}: {hubs:,}" if value == source else label) for value, label in field.choices
        ]

    def needs_time(self, cleaned: Mapping[str, Any]) -> bool:
        """Return whether it is an instruction: it alone takes a time."""
        return cleaned.get("kind") == InstructionKind.INSTRUCT

    def clean(self) -> dict[str, Any]:
        """Ask for a list where a list is meant."""
        cleaned = super().clean()
        source = cleaned.get("source")
        if source == "file" and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose a file.")
        if source == "paste" and not (cleaned.get("hubs") or "").strip():
            self.add_error("hubs", "Paste at least one GUID.")
        if source == "saved" and not cleaned.get("saved") and "saved" not in self.errors:
            self.add_error("saved", "Choose a rule of yours.")
        if source == "mine" and not cleaned.get("mine") and "mine" not in self.errors:
            self.add_error("mine", "Choose one of your batches.")
        if not self.needs_time(cleaned) and cleaned.get("activate_at"):
            self.add_error("activate_at", "Only an instruction takes a time: clear it.")
        return cleaned


class SureForm(forms.Form):
    """Whether hubs that activate within a day are meant to."""

    is_sure = forms.BooleanField(error_messages={"required": "Confirm that these hubs may activate so soon."})

    def __init__(self, *args: Any, soon: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_sure"].label = f"Yes, let {count_of(soon, 'hub')} activate within a day"
