"""Forms of the pages: they check shape only; what is allowed is decided by the services."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django import forms
from django.db.models import Q

from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.local_times import LOCAL_HINT, DayField, LocalTimeField
from rollouts.models import DEFAULT_PILOT_CAP, Batch, CplEntry
from rollouts.queries.rollouts.members import MemberFilter
from rollouts.queries.rollouts.progress import TimeReason
from rollouts.states import (
    FAILED_STATES,
    TERMINAL_STATES,
    Consent,
    ConsentPolicy,
    FailureCode,
    Priority,
    Region,
    ReleaseKind,
    Severity,
    TargetState,
)
from rollouts.web.wording import IF_NOTHING


class ReasonForm(forms.Form):
    """Why somebody halts or resumes."""

    reason = forms.CharField(
        label="Reason",
        help_text="Everybody concerned sees this.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2_000,
    )


class CommentaryForm(forms.Form):
    """What is to be said of a pilot."""

    commentary = forms.CharField(
        label="Commentary",
        help_text="Everybody concerned sees this.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4_000,
    )


class OptionalCommentaryForm(CommentaryForm):
    """The same, where nothing need be said."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["commentary"].required = False
        self.fields["commentary"].label = "Commentary (optional)"


class NoteForm(forms.Form):
    """A revision of a Release Note."""

    url = forms.URLField(
        label="Address of the Release Note", max_length=500, assume_scheme="https", widget=forms.URLInput
    )
    summary = forms.CharField(
        label="What has changed", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2_000
    )


#: Several states under one name, as tiles count them.
STATE_GROUPS: Final = {
    "MOVING": ("Still to go", frozenset(TargetState) - FAILED_STATES - TERMINAL_STATES),
    "FAILED": ("Failed or not confirmed", FAILED_STATES),
}


class MemberFilterForm(forms.Form):
    """Which hubs of a rollout to list; an unknown value is no filter."""

    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "All"),
            *((name, words) for name, (words, _) in STATE_GROUPS.items()),
            *((state.name, str(state.label)) for state in TargetState),
        ],
    )
    region = forms.TypedChoiceField(
        label="Region",
        required=False,
        coerce=int,
        empty_value=None,
    )
    code = forms.TypedChoiceField(
        label="Reason",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "All"), *((code.value, str(code.label)) for code in FailureCode if code)],
    )
    consent = forms.ChoiceField(
        label="Consent",
        required=False,
        choices=[("", "All"), *((consent.name, str(consent.label)) for consent in Consent)],
    )
    batch = forms.TypedChoiceField(label="Batch", required=False, coerce=int, empty_value=None)
    activates_from = DayField(label="Activates from", required=False, help_text="")
    activates_to = DayField(label="Activates until", required=False, help_text="")
    time_reason = forms.ChoiceField(
        label="Activation time",
        required=False,
        choices=[("", "All"), *((each.key, each.word) for each in IF_NOTHING)],
    )

    def __init__(
        self,
        *args: Any,
        batches: list[tuple[int, str]],
        regions: Collection[Region] = tuple(Region),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offered = [(int(region), str(region.label)) for region in regions]
        self.fields["region"].choices = [("", "All"), *offered]  # type: ignore[attr-defined]
        self.fields["batch"].choices = [("", "All"), *batches]  # type: ignore[attr-defined]

    def wanted(self) -> MemberFilter:
        """Return the filter that was asked for."""
        self.is_valid()
        cleaned = self.cleaned_data
        return MemberFilter(
            states=_states_of(cleaned.get("state", "")),
            batch_id=cleaned.get("batch"),
            region=Region(cleaned["region"]) if cleaned.get("region") else None,
            code=FailureCode(cleaned["code"]) if cleaned.get("code") else None,
            consent=Consent[cleaned["consent"]] if cleaned.get("consent") else None,
            activates_from=cleaned.get("activates_from"),
            activates_to=cleaned.get("activates_to"),
            time_reason=TimeReason(cleaned["time_reason"]) if cleaned.get("time_reason") else None,
        )


class DayForm(forms.Form):
    """A day of activations, and what of it."""

    day = DayField()
    region = forms.TypedChoiceField(required=False, coerce=int, empty_value=None, choices=Region.choices)
    time_reason = forms.ChoiceField(required=False, choices=[(each.key, each.word) for each in IF_NOTHING])


def _states_of(name: str) -> list[TargetState] | None:
    if name in STATE_GROUPS:
        return sorted(STATE_GROUPS[name][1])
    return [TargetState[name]] if name else None


def batch_choices(rollout_id: int) -> list[tuple[int, str]]:
    """List the batches of a rollout for a form."""
    return list(Batch.objects.filter(rollout_id=rollout_id).order_by("position").values_list("pk", "name"))


class PublishForm(EditForm):
    """A draft of a notice."""

    name = forms.CharField(label="Name of the rollout", max_length=120)
    cpl_entry_id = forms.TypedChoiceField(
        label="Firmware on the Central Products List", coerce=int, help_text="Only Active entries are listed."
    )
    kind = forms.ChoiceField(label="Kind of release", choices=ReleaseKind.choices, widget=forms.RadioSelect)
    severity = forms.ChoiceField(label="Severity", choices=Severity.choices, initial=Severity.MINOR)
    priority = forms.ChoiceField(label="Priority", choices=Priority.choices, initial=Priority.P3)
    automatic_at = LocalTimeField(
        label="Automatic activation",
        help_text="At most six calendar months ahead. Suppliers may instruct until one calendar month "
        f"before. {LOCAL_HINT}",
    )
    is_all_at_once = forms.BooleanField(
        label="If no window is left: activate all hubs in that minute",
        required=False,
        help_text="Unticked, a release that leaves Suppliers no window activates in the hours of activation "
        "from the automatic time on, spread over the night.",
    )
    release_note_url = forms.URLField(
        label="Address of the Release Note",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="Needed for a SEC Release; for a Maintenance Release it may follow.",
    )
    consent_policy = forms.ChoiceField(
        label="If the second Supplier stays silent",
        choices=ConsentPolicy.choices,
        initial=ConsentPolicy.VOLUNTARY,
        widget=forms.RadioSelect,
    )
    has_pilot = forms.BooleanField(
        label="With a pilot", required=False, initial=True, help_text="The safe launch waits for its outcome."
    )
    pilot_cap = forms.IntegerField(
        label="Most hubs in the pilot group", min_value=1, max_value=100_000, initial=DEFAULT_PILOT_CAP
    )
    pilot_starts_at = LocalTimeField(
        label="Pilot planned to start", required=False, help_text=f"Blank: open. {LOCAL_HINT}"
    )
    pilot_ends_at = LocalTimeField(
        label="Pilot planned to end", required=False, help_text=f"Blank: open. {LOCAL_HINT}"
    )
    unreachable_until = LocalTimeField(
        label="Try unreachable hubs until",
        required=False,
        help_text=f"Blank: until 30 days after the automatic time. {LOCAL_HINT}",
    )
    description = forms.CharField(
        label="What changes",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4_000,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Q(pk=self.initial.get("cpl_entry_id"))  # a draft's own stays, whatever has become of it
        entries = CplEntry.objects.filter(Q(status="ACTIVE") | own).select_related("device_model")
        self.fields["cpl_entry_id"].choices = [  # type: ignore[attr-defined]
            ("", "Choose"),
            *(
                (entry.pk, str(entry))
                for entry in entries.order_by("device_model__manufacturer", "-id")[:500]
            ),
        ]
