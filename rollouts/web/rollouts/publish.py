"""Publishing a rollout: draft, look at what it would mean, publish."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.kernel import clock
from portal.kernel.presentation.edits import MADE_FROM, submit
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import Refusal
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.queries.dispatch.hours import night_hours
from rollouts.queries.rollouts.available import preview as preview_of
from rollouts.queries.rollouts.drafts import draft_fields
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.rules import months_after, one_month_before, six_months_after
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.detail import facts_of
from rollouts.web.rollouts.forms import PublishForm
from rollouts.web.rollouts.views import crumbs_of

#: What stands against publishing, or should be known before it.
PROBLEMS: Final = {
    "AUTOMATIC_TOO_LATE": "The automatic time is more than six calendar months ahead.",
    "AUTOMATIC_NOT_AHEAD": "The automatic time has passed.",
    "cpl_not_active": "The firmware is not Active on the Central Products List.",
    "no_upgrade_path": "The CPL entry names no version from which it may be reached.",
    "release_note_missing": "There is no Release Note yet.",
    "nobody_eligible": "No hub qualifies for this firmware at present.",
    "no_supplier_window": "No supplier window: the date leaves Suppliers no month to instruct.",
    "all_at_once": "All hubs activate in the same minute, as nobody can instruct another time.",
    "image_missing": "No firmware image has been uploaded and checked yet.",
}


@require_http_methods(["GET", "POST"])
@for_people
def publish(request: PortalRequest) -> HttpResponse:
    """Draft a rollout."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    form, status = PublishForm(request.POST or None), 200
    if request.method == "POST":
        drafted, status = submit(
            form, lambda: services.draft_rollout(scope, now=clock.now(), **form.cleaned_data)
        )
        if drafted is not None:
            return redirect("rollouts:preview", drafted.pk)
    context = {
        "form": form,
        **_dates_allowed(clock.now()),
        "title": "Publish a rollout",
        "crumbs": [{"label": "Rollouts", "url": reverse("rollouts:list")}],
    }
    return render(request, "rollouts/rollouts/publish.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_people
def revise(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Change a draft."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    draft = draft_fields(scope, rollout_id)
    form, status = PublishForm(request.POST or None, initial=draft), 200
    if request.method == "POST":
        revised, status = submit(
            form,
            lambda: services.revise_draft(
                scope,
                rollout_id=rollout_id,
                now=clock.now(),
                expected=version_of(draft),
                **form.cleaned_data,
            ),
        )
        if revised is not None:
            return redirect("rollouts:preview", rollout_id)
    context = {
        "form": form,
        **_dates_allowed(clock.now()),
        "title": "Change the draft",
        "crumbs": crumbs_of(rollout_id, str(draft["name"])),
    }
    return render(request, "rollouts/rollouts/publish.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_people
def preview(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Return what publishing a draft would mean; on POST publish it."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    refused, status = "", 200
    if request.method == "POST":
        try:
            notice = services.notify_rollout(
                scope, rollout_id=rollout_id, expected=request.POST.get(MADE_FROM), now=now
            )
        except Refusal as refusal:
            refused, status = refusal.message, refusal.status
        else:
            message = (
                f"Published: {count_of(notice.hubs, 'hub')} of {count_of(notice.suppliers, 'Supplier')}."
            )
            messages.success(request, f"{message} Everybody concerned is told.")
            return redirect("rollouts:detail", rollout_id)
    return render(
        request,
        "rollouts/rollouts/preview.html",
        _preview_context(request, rollout_id, refused, now),
        status=status,
    )


@require_POST
@for_people
def discard(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Throw a draft away."""
    try:
        services.discard_draft(scope_of(request), rollout_id=rollout_id, now=clock.now())
    except services.StepRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("rollouts:detail", rollout_id)
    messages.success(request, "The draft is discarded.")
    return redirect("rollouts:list")


def _preview_context(request: PortalRequest, rollout_id: int, refused: str, now: datetime) -> dict[str, Any]:
    scope = scope_of(request)
    # Read first: whatever changes while the page is made is shown again before it is published.
    made_from = version_of(draft_fields(scope, rollout_id))
    page = rollout_page(scope, rollout_id, now=now)
    outlook = preview_of(scope, rollout_id=rollout_id, now=now)
    nights = night_hours(scope, rollout_id=rollout_id, now=now)
    return {
        "nights": nights,
        "is_outside": not nights.holds(page.flight.automatic_at),
        "page": page,
        "preview": outlook,
        "facts": facts_of(page),
        "refused": refused,
        "made_from": made_from,
        "problems": [PROBLEMS.get(code, code) for code in outlook.problems],
        "warnings": [PROBLEMS.get(code, code) for code in outlook.warnings],
        "regions": [
            {"label": str(region.label), "count": hubs} for region, hubs in outlook.by_region.items()
        ],
        "excluded": [
            {"label": str(reason.label), "count": hubs} for reason, hubs in outlook.excluded.items()
        ],
        "crumbs": [{"label": "Rollouts", "url": reverse("rollouts:list")}],
    }


def _dates_allowed(now: datetime) -> dict[str, datetime]:
    """Return what the rule of six months and that of one make of a notice published now."""
    latest_at = six_months_after(now)
    return {
        "latest_at": latest_at,
        "latest_cutoff_at": one_month_before(latest_at),
        "first_window_at": months_after(now, 1),
    }
