"""The forms of incidents: raising one, and what may be done about it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from django import forms

from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.numbers import count_of
from portal.kernel.references import named, number_of
from rollouts.reads.governance.settings import CategoryTargets, Governance
from rollouts.states.governing import HanImpact, IncidentStatus
from rollouts.web.hub_lists import HubFileField, PastedHubsField
from rollouts.web.rules.conditions import ConditionsForm

_SAMPLING: Final = ("size", "strata", "seed")
_SUPPLY: Final = [("", "Any"), ("SOLE", "One Supplier"), ("SPLIT", "Two Suppliers")]
_CATEGORIES: Final = {
    1: "Critical: many Users or homes are cut off, significant financial loss, or loss of DCC data",
    2: "Severe: many homes or Users are affected and there is no workaround",
    3: "Significant: some homes or Users are affected, or there is a costly workaround",
    4: "Minor: few homes are affected, or there is a workaround",
    5: "Minimal: no noticeable effect on homes or Users",
}
WAYS: Final = [
    ("paste", "The hubs I paste"),
    ("file", "The hubs in a file"),
    ("rule", "Hubs that meet conditions"),
    ("batch", "A whole batch of the rollout"),
]


def category_choices() -> list[tuple[int, str]]:
    """Offer the categories, each with the times within which DCC answers and resolves."""
    return [
        (number, f"{number}. {_CATEGORIES.get(number, 'Category')} ({_target_words(times)})")
        for number, times in sorted(Governance.current().categories.items())
    ]


def _target_words(times: CategoryTargets) -> str:
    return f"answer in {_long(times.response)}, resolution in {_long(times.resolution)}"


def _long(time: timedelta) -> str:
    if time < timedelta(hours=1):
        return count_of(int(time.total_seconds() // 60), "minute")
    if time < timedelta(days=3):
        return count_of(int(time.total_seconds() // 3600), "hour")
    return count_of(time.days, "day")


class FilesInput(forms.FileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Some files; none is no error where none is needed."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Check each file by itself."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if not given:
            super().clean(None, initial)
        return [super(FilesField, self).clean(file, initial) for file in given]


class RaiseForm(forms.Form):
    """What somebody says of hubs that went wrong."""

    title = forms.CharField(label="What is wrong?", max_length=120, help_text="In one line.")
    category = forms.TypedChoiceField(label="Category", coerce=int, widget=forms.RadioSelect, initial=3)
    han_impact = forms.ChoiceField(
        label="Devices on the Home Area Network",
        choices=HanImpact.choices,
        initial=HanImpact.UNKNOWN,
        widget=forms.RadioSelect,
        help_text="Meters, displays and other devices that lost their connection to the hub.",
    )
    han_devices = forms.IntegerField(
        label="How many devices are affected, all hubs together",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
    )
    description = forms.CharField(
        label="What has been seen",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Since when, what was tried, what customers say.",
    )
    source = forms.ChoiceField(label="Which hubs?", choices=WAYS, initial="paste", widget=forms.RadioSelect)
    selected = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    hubs = PastedHubsField()
    file = HubFileField(label="File with hubs")
    batch = forms.TypedChoiceField(label="Batch", required=False, coerce=int, empty_value=None)
    instruction = forms.TypedChoiceField(
        label="Instruction",
        required=False,
        coerce=partial(number_of, kind="instruction"),
        empty_value=None,
    )
    attachments = FilesField(
        label="Attachments",
        required=False,
        help_text="PDF, PNG, JPEG or plain text; up to ten files of 5 megabytes.",
        widget=FilesInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg,.txt,.log,.csv,.json"}),
    )
    service_desk_reference = forms.CharField(
        label="Reference of the Service Desk", required=False, max_length=40, help_text="If there is one."
    )

    def __init__(
        self,
        *args: Any,
        batches: list[tuple[int, str]],
        instructions: list[tuple[int, str]],
        may_name_none: bool,
        selection: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        selected = (
            [("selected", f"The {count_of(selection, 'hub')} I selected in a list")] if selection else []
        )
        more = [("instruction", "The hubs of an instruction of ours")] if instructions else []
        none = [("none", "No hub in particular")] if may_name_none else []
        self._choices("source", [*selected, *WAYS, *more, *none])
        self._choices("category", category_choices())
        self._choices("batch", [("", "Choose"), *batches])
        self._choices("instruction", [("", "Choose"), *named(instructions, "instruction")])

    def _choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way of naming hubs needs."""
        cleaned = super().clean() or {}
        source = cleaned.get("source")
        for way, field, words in (
            ("paste", "hubs", "Paste at least one GUID."),
            ("file", "file", "Choose a file."),
            ("batch", "batch", "Choose a batch."),
            ("instruction", "instruction", "Choose an instruction."),
        ):
            value = cleaned.get(field)
            is_missing = not (value.strip() if isinstance(value, str) else value)
            if source == way and is_missing and field not in self.errors:
                self.add_error(field, words)
        return cleaned


class HubConditionsForm(ConditionsForm):
    """Conditions on hubs, all of which count: no sample is drawn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _SAMPLING:
            del self.fields[name]
        self.fields["supply"].choices = _SUPPLY  # type: ignore[attr-defined]


class IncidentFilterForm(forms.Form):
    """Which incidents to list; an unknown value is no filter."""

    status = forms.ChoiceField(
        label="Status", required=False, choices=[("open", "Open"), ("closed", "Not open"), ("all", "All")]
    )
    category = forms.TypedChoiceField(label="Category", required=False, coerce=int, empty_value=None)
    rollout = forms.TypedChoiceField(label="Rollout", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, rollouts: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = [(number, str(number)) for number in sorted(Governance.current().categories)]
        self.fields["category"].choices = [("", "All"), *numbers]  # type: ignore[attr-defined]
        self.fields["rollout"].choices = [("", "All"), *rollouts]  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """Return the filter that was asked for, as the query takes it."""
        self.is_valid()
        cleaned = self.cleaned_data
        is_open = {"closed": False, "all": None}.get(cleaned.get("status") or "open", True)
        return {"is_open": is_open, "category": cleaned.get("category"), "rollout_id": cleaned.get("rollout")}


class CommentForm(forms.Form):
    """A word on an incident, with files if wanted."""

    text = forms.CharField(label="Comment", max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))
    is_internal = forms.BooleanField(
        label="For DCC and the Panel alone",
        required=False,
        help_text="Otherwise the person who raised it sees this.",
    )


class AttachForm(forms.Form):
    """Files to add."""

    uploads = FilesField(
        label="Add files",
        help_text="PDF, PNG, JPEG or plain text; up to ten files of 5 megabytes in all.",
        widget=FilesInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg,.txt,.log,.csv,.json"}),
    )


class ProgressForm(forms.Form):
    """What is said with a step."""

    comment = forms.CharField(
        label="Your answer",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The person who raised it sees this.",
    )


class MergeForm(forms.Form):
    """Into which incident this one goes."""

    into = forms.TypedChoiceField(label="Handle it with", coerce=int)

    def __init__(self, *args: Any, others: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].choices = [("", "Choose"), *others]  # type: ignore[attr-defined]


class ExplainForm(EditForm):
    """To which known issue an incident is put down."""

    known_issue = forms.TypedChoiceField(label="Known issue", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, issues: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["known_issue"].choices = [("", "None"), *issues]  # type: ignore[attr-defined]


class ReferenceForm(EditForm):
    """How the Service Desk calls it."""

    reference = forms.CharField(label="Reference of the Service Desk", required=False, max_length=40)


#: How each status reads: tone, icon.
STATUS_LOOKS: Final = {
    IncidentStatus.RAISED: ("warn", "alert"),
    IncidentStatus.ACKNOWLEDGED: ("info", "eye"),
    IncidentStatus.INVESTIGATING: ("busy", "search"),
    IncidentStatus.RESOLVED: ("good", "check"),
    IncidentStatus.CLOSED: ("neutral", "lock"),
    IncidentStatus.MERGED: ("neutral", "copy"),
    IncidentStatus.WITHDRAWN: ("neutral", "undo"),
}
