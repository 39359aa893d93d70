"""A Supplier's labels on pages: listed, put on hubs, taken off (R2.2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import BadInput, NotPermitted
from rollouts import services
from rollouts.queries.estate.hubs import hub_card
from rollouts.queries.estate.labels import labels
from rollouts.services import HubList
from rollouts.web.estate.hub_lists import submitted_list
from rollouts.web.governance.incidents import reject_rows
from rollouts.web.guards import for_people, scope_of
from rollouts.web.hub_lists import HubFileField, PastedHubsField


class LabelForm(forms.Form):
    """A label, and the hubs it is put on."""

    label = forms.CharField(label="Label", max_length=40)
    hubs = PastedHubsField()
    file = HubFileField(label="Or a file with hubs")

    def clean(self) -> dict[str, Any]:
        """Ask for hubs."""
        cleaned = super().clean() or {}
        if not (cleaned.get("hubs") or "").strip() and not cleaned.get("file") and not self.errors:
            self.add_error("hubs", "Paste at least one GUID, or choose a file.")
        return cleaned


@require_http_methods(["GET", "POST"])
@for_people
def index(request: PortalRequest) -> HttpResponse:
    """List a Supplier's labels; on POST put one on the hubs of a list."""
    scope = _supplier(request)
    if request.method == "GET":
        return _page(request, scope, LabelForm())
    form = LabelForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, scope, form, status=422)
    try:
        listed = submitted_list(form.cleaned_data["file"], form.cleaned_data["hubs"])
        hubs = listed.hubs if listed else HubList.from_text("")
        done = services.add_label(scope, label=form.cleaned_data["label"], hubs=hubs)
    except BadInput as refusal:
        form.add_error(None, refusal.message)
        return _page(request, scope, form, status=refusal.status)
    messages.success(
        request, f"The label is on {count_of(done.changed + done.unchanged, 'hub')} of the list."
    )
    if not done.rejected:
        return redirect("rollouts:labels")
    rejected = [line.document for line in done.rejected[:50]]
    return _page(request, scope, LabelForm(), rejected=reject_rows(rejected))


@require_POST
@for_people
def remove(request: PortalRequest) -> HttpResponse:
    """Take a label off all hubs."""
    scope = _supplier(request)
    done = services.remove_label(scope, label=request.POST.get("label", ""))
    messages.success(request, f"The label is off {count_of(done.changed, 'hub')}.")
    return redirect("rollouts:labels")


@require_POST
@for_people
def of_hub(request: PortalRequest, guid: str) -> HttpResponse:
    """Put a label on one hub, or take it off."""
    scope = _supplier(request)
    record = hub_card(scope, guid=guid, now=clock.now()).record
    change = services.remove_label if request.POST.get("act") == "unlabel" else services.add_label
    try:
        change(
            scope, label=request.POST.get("label", ""), hubs=HubList.from_stored([Guid.parse(record.guid).db])
        )
    except BadInput as refusal:
        messages.error(request, refusal.message)
    return redirect("rollouts:hub", record.guid)


def _supplier(request: PortalRequest) -> Scope:
    scope = scope_of(request)
    if not scope.is_supplier:
        raise NotPermitted("Labels are a Supplier's own.")
    return scope


def _page(
    request: PortalRequest, scope: Scope, form: LabelForm, *, rejected: object = (), status: int = 200
) -> HttpResponse:
    rows = [
        {"it": count, "url": f"{reverse('rollouts:estate')}?{urlencode({'label': count.label})}"}
        for count in labels(scope)
    ]
    context = {
        "rows": rows,
        "form": form,
        "rejected": rejected,
        "scope": scope,
        "may_write": scope.has(*MAY_INSTRUCT),
        "crumbs": [{"label": "Estate", "url": reverse("rollouts:estate")}],
    }
    return render(request, "rollouts/estate/labels.html", context, status=status)
