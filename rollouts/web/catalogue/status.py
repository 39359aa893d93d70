"""Changing the status of an entry: what it would do to rollouts said beforehand, then done."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.kernel import clock
from portal.kernel.presentation.edits import MADE_FROM
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import Refusal
from portal.kernel.versions import EditConflict, version_of
from rollouts import services
from rollouts.queries.catalogue.catalogue import CplEntryRow, StatusEffects, cpl_entry, status_effects
from rollouts.states import CplStatus
from rollouts.web.catalogue.entries import STATUS_LOOKS
from rollouts.web.catalogue.forms import StatusForm
from rollouts.web.guards import for_people, scope_of

_MOVED: Final = "The entry, or a rollout to it, has changed since you looked. This is how it is now."


@require_http_methods(["GET", "POST"])
@for_people
def status(request: PortalRequest, cpl_entry_id: int) -> HttpResponse:
    """Show what a new status would do to rollouts under way; on POST write it down."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    it = cpl_entry(scope, cpl_entry_id)
    effects = status_effects(scope, cpl_entry_id, now=now)
    made_from = _made_from(it.version, effects)
    form, code = StatusForm(request.POST or None, current=it.status), 200
    if request.method == "POST":
        try:
            if request.POST.get(MADE_FROM, made_from) != made_from:
                raise EditConflict(_MOVED)
            if form.is_valid():
                return _changed(request, it, form, now=now)
            code = 422
        except EditConflict as refusal:
            form.add_error(None, refusal.message)
            code = 409
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            code = refusal.status
    name = f"{it.manufacturer} {it.model} {it.firmware_version}"
    context = {
        "form": form,
        "it": it,
        "name": name,
        "look": STATUS_LOOKS[it.status],
        "effects": effects,
        "made_from": made_from,
        "crumbs": [
            {"label": "Central Products List", "url": reverse("rollouts:catalogue")},
            {"label": name, "url": reverse("rollouts:cpl-entry", args=[cpl_entry_id])},
        ],
    }
    return render(request, "rollouts/catalogue/status.html", context, status=code)


def _changed(request: PortalRequest, it: CplEntryRow, form: StatusForm, *, now: datetime) -> HttpResponse:
    new = CplStatus(form.cleaned_data["status"])
    suspended = services.change_cpl_status(
        scope_of(request),
        cpl_entry_id=it.id,
        status=new,
        reason=form.cleaned_data["reason"],
        expected=it.version,
        now=now,
    )
    words = f"The entry is {new.label.lower()} now."
    if suspended:
        words += f" {count_of(len(suspended), 'rollout')} suspended. The Panel confirms what happens next."
    messages.success(request, words)
    return redirect("rollouts:cpl-entry", it.id)


def _made_from(version: str, effects: StatusEffects) -> str:
    """Return what was shown: the entry, and which rollouts would be suspended."""
    return version_of({"entry": version, "running": [rollout.id for rollout in effects.running]})
