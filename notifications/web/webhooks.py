"""Pages about webhooks: list, make, change, test, replay, and what came of each call."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from notifications.models import WebhookDelivery
from notifications.webhooks import managing, reading
from notifications.webhooks.managing import MOST_ROLLOUTS, NewWebhook
from portal.accounts.web.guards import for_administrators, scope_of
from portal.accounts.web.people import tabs
from portal.events.kinds import EntryKind
from portal.events.regions import feed_regions
from portal.events.topics import TOPICS
from portal.events.written import feed_messages
from portal.identity.scope import Scope
from portal.identity.sealing import seal, unseal
from portal.kernel import clock, paging
from portal.kernel.outgoing.addresses import LONGEST_URL
from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.local_times import LocalTimeField
from portal.kernel.refusals import Refusal
from portal.kernel.versions import version_of

_TO_SHOW: Final = "new-webhook-secret"
_MOST_AT_ONCE: Final = 1_000
_HIGHEST: Final = 2**53
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class WebhookForm(EditForm):
    """Where to, what, and how much at once."""

    name = forms.CharField(max_length=80, label="Name", help_text="The system, as your people call it.")
    url = forms.CharField(
        max_length=LONGEST_URL,
        label="Address",
        help_text="Public, and https://. Each call is a POST with events (JSON) or messages (XML).",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    user_id = forms.ChoiceField(
        required=False,
        label="What is sent",
        help_text="Messages are XML that the portal has signed, for one of your User IDs.",
    )
    kinds = forms.MultipleChoiceField(
        required=False,
        label="Only these events",
        help_text="If you tick none, all events are delivered. Messages are not chosen by event.",
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(int(words.kind)), words.title) for topic in TOPICS for words in topic.kinds],
    )
    rollout_ids = forms.CharField(
        required=False,
        max_length=1_000,
        label="Only these rollouts",
        help_text="Their numbers, as in their addresses, between commas. Empty for all, and what is of none.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    regions = forms.MultipleChoiceField(
        required=False,
        label="Only hubs of these regions",
        help_text="Without any of them all are delivered, and what is about no single hub.",
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(int(region)), region.label) for region in feed_regions().words],
    )
    batch_size = forms.IntegerField(
        min_value=1, max_value=_MOST_AT_ONCE, initial=100, label="Events a call at most"
    )

    def __init__(self, *args: Any, user_ids: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = sorted({*user_ids, self.initial.get("user_id") or ""} - {""})
        choices = [("", "Events"), *((each, f"Service Request messages for {each}") for each in users)]
        self.fields["user_id"].choices = choices  # type: ignore[attr-defined]
        if not users:
            self.fields["user_id"].widget = forms.HiddenInput({"id": False})

    @property
    def topics(self) -> list[dict[str, Any]]:
        """The kinds of events by topic, each with whether it is ticked."""
        ticked = set(self["kinds"].value() or ())
        return [
            {
                "it": topic,
                "lines": [(words, str(int(words.kind)) in ticked) for words in topic.kinds],
                "ticked": sum(str(int(words.kind)) in ticked for words in topic.kinds),
            }
            for topic in TOPICS
        ]

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the services take it."""
        values = self.cleaned_data
        kinds = [EntryKind(int(kind)) for kind in values["kinds"]]
        return {**values, "kinds": kinds, "regions": [int(region) for region in values["regions"]]}

    def clean_rollout_ids(self) -> list[int]:
        """Read the numbers of rollouts.

        Raises:
            ValidationError: something else is written there, or too many.
        """
        words = self.cleaned_data["rollout_ids"].replace(",", " ").split()
        if not all(_NUMBER.fullmatch(word) for word in words):
            raise forms.ValidationError("Write numbers of rollouts between commas, such as 17, 19.")
        if len(words) > MOST_ROLLOUTS:
            raise forms.ValidationError(f"At most {MOST_ROLLOUTS} rollouts.")
        return [int(word) for word in words]


class ReplayForm(forms.Form):
    """From where to deliver again."""

    after = forms.IntegerField(min_value=0, max_value=_HIGHEST, required=False, label="After position")
    since = LocalTimeField(required=False, label="Or from")


@require_GET
@for_administrators
def index(request: HttpRequest) -> HttpResponse:
    """List the webhooks of the organisation."""
    scope = scope_of(request)
    context = {
        "webhooks": reading.webhooks(scope, now=clock.wall()),
        "scope": scope,
        "tabs": tabs("notifications:webhooks"),
    }
    return render(request, "notifications/webhooks/list.html", context)


@require_http_methods(["GET", "POST"])
@for_administrators
def create(request: HttpRequest) -> HttpResponse:
    """Make a webhook; its secret is shown on the next page, once."""
    scope = scope_of(request)
    form = WebhookForm(request.POST or None, user_ids=_user_ids(scope))
    if request.method == "POST" and form.is_valid():
        try:
            made = managing.create_webhook(scope, **form.values(), now=clock.wall())
        except Refusal as refusal:
            form.add_error("url", refusal.message)
        else:
            return _show(request, made)
    context = {"form": form, "scope": scope, "crumbs": [_back()]}
    status = 422 if form.errors else 200
    return render(request, "notifications/webhooks/create.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_administrators
def webhook(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Show a webhook, and change it."""
    scope = scope_of(request)
    shown = reading.webhook(scope, webhook_id, now=clock.wall())
    form = WebhookForm(request.POST or None, initial=_initial(shown), user_ids=_user_ids(scope))
    if request.method == "POST" and form.is_valid():
        try:
            managing.change_webhook(
                scope,
                webhook_id,
                expected=version_of(managing.webhook_values(shown)),
                **form.values(),
                now=clock.wall(),
            )
        except Refusal as refusal:
            form.add_error("url", refusal.message)
        else:
            messages.success(request, "Saved.")
            return redirect("notifications:webhook", webhook_id=webhook_id)
    status = form.refused_status if form.errors else 200
    return _page(request, shown, form=form, replay=ReplayForm(), status=status)


@require_POST
@for_administrators
def act_on(request: HttpRequest, webhook_id: int, act: str) -> HttpResponse:
    """Test a webhook, rotate its secret, pause it, enable it, or remove it."""
    scope, now = scope_of(request), clock.wall()
    if act == "ping":
        managing.ping(scope, webhook_id, now=now)
        messages.success(request, "A test event is on its way. What comes of it stands under Deliveries.")
    elif act == "rotate":
        return _show(request, managing.rotate_secret(scope, webhook_id, now=now))
    elif act in {"pause", "enable"}:
        managing.change_webhook(scope, webhook_id, is_enabled=act == "enable", now=now)
        messages.success(
            request, "It goes on where it stopped." if act == "enable" else "Nothing is called now."
        )
    elif act == "remove":
        managing.remove_webhook(scope, webhook_id, now=now)
        messages.success(request, "The webhook is removed.")
        return redirect("notifications:webhooks")
    else:
        raise Http404
    return redirect("notifications:webhook", webhook_id=webhook_id)


@require_POST
@for_administrators
def replay(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Deliver again what came after a position, or from a moment on."""
    scope = scope_of(request)
    shown = reading.webhook(scope, webhook_id, now=clock.wall())
    form = ReplayForm(request.POST)
    if form.is_valid():
        try:
            position = managing.replay(scope, webhook_id, **form.cleaned_data, now=clock.wall())
        except Refusal as refusal:
            form.add_error("after", refusal.message)
        else:
            messages.success(request, f"Delivered again: everything after position {position:,}.")
            return redirect("notifications:webhook", webhook_id=webhook_id)
    edit = WebhookForm(initial=_initial(shown), user_ids=_user_ids(scope))
    return _page(request, shown, form=edit, replay=form, status=422)


def _user_ids(scope: Scope) -> list[str]:
    return [str(each) for each in feed_messages().user_ids(scope)]


def _initial(shown: reading.WebhookView) -> dict[str, Any]:
    values = managing.webhook_values(shown)
    return {
        **values,
        "kinds": [str(kind) for kind in values["kinds"]],
        "rollout_ids": ", ".join(str(rollout) for rollout in values["rollout_ids"]),
        "regions": [str(region) for region in values["regions"]],
    }


def _page(
    request: HttpRequest, shown: reading.WebhookView, *, form: WebhookForm, replay: ReplayForm, status: int
) -> HttpResponse:
    scope = scope_of(request)
    context = {
        "shown": shown,
        "form": form,
        "replay": replay,
        "scope": scope,
        "log": _log(request, shown.id),
        "new_secret": _take_new_secret(request, shown.id),
        "overlap_hours": settings.WEBHOOK_SECRET_OVERLAP_HOURS,
        "log_days": settings.WEBHOOK_LOG_DAYS,
        "crumbs": [_back()],
    }
    return render(request, "notifications/webhooks/detail.html", context, status=status)


def _log(request: HttpRequest, webhook_id: int) -> paging.Page[WebhookDelivery]:
    scope = scope_of(request)
    try:
        return reading.deliveries(scope, webhook_id, cursor=request.GET.get("before", ""))
    except paging.BadCursor:  # a damaged address shows the latest
        return reading.deliveries(scope, webhook_id)


def _show(request: HttpRequest, made: NewWebhook) -> HttpResponse:
    # Not in the answer to the form: reloading that would make another one.
    request.session[_TO_SHOW] = seal(json.dumps([made.webhook_id, made.secret]))
    return redirect("notifications:webhook", webhook_id=made.webhook_id)


def _take_new_secret(request: HttpRequest, webhook_id: int) -> str:
    to_show = request.session.get(_TO_SHOW)
    if request.method != "GET" or to_show is None:
        return ""
    del request.session[_TO_SHOW]
    owner, secret = json.loads(unseal(to_show))
    return str(secret) if owner == webhook_id else ""


def _back() -> dict[str, str]:
    return {"label": "Webhooks", "url": reverse("notifications:webhooks")}
