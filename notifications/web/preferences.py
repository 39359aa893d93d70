"""What a person is told of, and when it is mailed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from notifications import queries, services
from notifications.models import Reader
from portal.events.kinds import EntryKind
from portal.events.topics import MUTABLE_KINDS, TOPICS
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm, submit
from portal.kernel.refusals import BadInput
from portal.kernel.versions import version_of

_MAIL: Final[Mapping[str, tuple[str, str]]] = {
    Reader.Mail.SOON.value: ("At once", "Within minutes. Notices close together come in one mail."),
    Reader.Mail.DAILY.value: (
        "Once a day",
        "One mail at 07:00 with everything since the last, by rollout.",
    ),
    Reader.Mail.NEVER.value: ("Not at all", "Notices appear in the portal only."),
}
_MOST_DIGITS: Final = 9


class PreferencesForm(EditForm):
    """When notices are mailed, and which kinds and rollouts are muted."""

    mail = forms.ChoiceField(
        label="Mail",
        choices=[(value, label) for value, (label, _) in _MAIL.items()],
        widget=forms.RadioSelect,
    )
    muted_kinds = forms.MultipleChoiceField(
        label="Muted kinds",
        required=False,
        choices=[
            (str(int(words.kind)), words.title)
            for topic in TOPICS
            for words in topic.kinds
            if words.kind in MUTABLE_KINDS
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    muted_rollouts = forms.MultipleChoiceField(
        label="Muted rollouts", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, rollouts: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["muted_rollouts"].choices = [  # type: ignore[attr-defined]
            (str(rollout_id), name or f"Rollout {rollout_id}") for rollout_id, name in rollouts.items()
        ]


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose when notices are mailed, and mute kinds and rollouts."""
    scope = Scope.of(request.user)  # type: ignore[arg-type]
    reader = queries.preferences(scope)
    initial = {
        "mail": reader.mail,
        "muted_kinds": [str(kind) for kind in reader.muted_kinds],
        "muted_rollouts": [str(rollout_id) for rollout_id in reader.muted_rollouts],
    }
    rollouts = dict(sorted(queries.rollouts_heard_of(scope).items(), reverse=True))
    form, status = PreferencesForm(request.POST or None, initial=initial, rollouts=rollouts), 200
    if request.method == "POST":
        saved, status = submit(form, lambda: _save(scope, form, reader))
        if saved is not None:
            messages.success(request, "Your notice preferences are saved.")
            return redirect("notifications:preferences")
    context = {
        "form": form,
        "mail": [(value, *words, form["mail"].value() == value) for value, words in _MAIL.items()],
        "topics": _topics(form),
        "address": request.user.email,  # type: ignore[union-attr]
        "crumbs": [{"label": "Notices", "url": reverse("notifications:inbox")}],
    }
    return render(request, "notifications/preferences.html", context, status=status)


@require_POST
@login_required
def mute(request: HttpRequest) -> HttpResponse:
    """Mute a rollout from the list of notices, or hear of it again."""
    rollout, is_muted = request.POST.get("rollout", ""), request.POST.get("mute") == "yes"
    if not rollout.isdecimal() or len(rollout) > _MOST_DIGITS:
        return redirect("notifications:inbox")
    scope = Scope.of(request.user)  # type: ignore[arg-type]
    try:
        services.mute_rollout(scope, rollout_id=int(rollout), is_muted=is_muted, now=clock.now())
    except BadInput as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(
            request,
            "Muted: only urgent notices of this rollout are mailed and counted as unread."
            if is_muted
            else "Notices of this rollout are mailed and counted again.",
        )
    return redirect("notifications:inbox")


def _save(scope: Scope, form: PreferencesForm, reader: Reader) -> bool:
    chosen = form.cleaned_data
    services.prefer(
        scope,
        mail=chosen["mail"],
        muted_kinds=[EntryKind(int(kind)) for kind in chosen["muted_kinds"]],
        muted_rollouts=[int(rollout_id) for rollout_id in chosen["muted_rollouts"]],
        expected=version_of(queries.preferences_document(reader)),
        now=clock.now(),
    )
    return True


def _topics(form: PreferencesForm) -> list[dict[str, Any]]:
    """Lay the kinds people are told of out by topic; the urgent ones are named, and have no box."""
    ticked = set(form["muted_kinds"].value() or ())
    return [
        {
            "it": topic,
            "lines": [
                (words, str(int(words.kind)) in ticked)
                for words in topic.kinds
                if words.kind in MUTABLE_KINDS
            ],
            "ticked": sum(str(int(words.kind)) in ticked for words in topic.kinds),
            "urgent": [words.title for words in topic.kinds if words.kind not in MUTABLE_KINDS],
        }
        for topic in TOPICS
        if not topic.kinds[0].kind.is_about_one_hub
    ]
