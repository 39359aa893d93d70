"""Instructing: choose hubs and time, see what would come of it, submit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.charts import Segment
from portal.kernel.presentation.moments import long_time
from portal.kernel.refusals import NotPermitted, Refusal
from portal.kernel.working_days import local_day
from rollouts import services
from rollouts.queries.dispatch.hours import night_hours
from rollouts.queries.instructions.choices import HubChoice, condition_choices, guids_by_rule, own_guids
from rollouts.queries.instructions.receipts import RejectedLine
from rollouts.queries.rollouts.batches import OwnBatch, own_batches
from rollouts.queries.rollouts.dashboard import Flight
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.queries.rules.selections import selection_rules
from rollouts.services import InstructionForecast
from rollouts.states import Channel, InstructionKind, RejectionReason, RolloutStatus
from rollouts.web.estate.hub_lists import (
    InstructionDraft,
    keep_draft,
    restore_draft,
    restore_selection,
    submitted_list,
)
from rollouts.web.guards import for_people, scope_of
from rollouts.web.instructions.forms import KINDS, SELECTED, SOURCES, InstructForm, SureForm
from rollouts.web.instructions.receipts import reasons_of, refused_file
from rollouts.web.rollouts.forms import batch_choices
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.rules.conditions import ConditionsForm
from rollouts.web.timing import ANY, AT

_GONE: Final = "Your check has expired and nothing was submitted. Choose the hubs again."
_MOVED: Final = "The second Supplier's times have changed since you looked. Check again before you agree."
_SOON: Final = timedelta(days=1)
_ASKED: Final = ("source", "kind", "batch", "saved", "mine", "name", "selected")
SHOWN: Final = 50


@require_http_methods(["GET", "POST"])
@for_people
def instruct(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Take which hubs a Supplier instructs and when, and show what would come of it."""
    scope = _instructing_scope(request)
    form, rule = _forms(request, scope, rollout_id)
    if request.method == "GET":
        return _choose(request, rollout_id, form, rule)
    if not form.is_valid() or (form.cleaned_data["source"] == "rule" and not rule.is_valid()):
        return _choose(request, rollout_id, form, rule, status=422)
    now = clock.now()
    flight = rollout_page(scope, rollout_id, now=now).flight
    try:
        draft = _draft_of(scope, rollout_id, form.cleaned_data, rule, now=now)
        forecast = _forecast(scope, draft, now=now)
        if draft.kind == InstructionKind.AGREE:
            draft = replace(draft, times=_times_of(forecast))
        draft = replace(draft, soon=_count_soon(flight, draft, forecast, now=now))
        token = keep_draft(draft)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _choose(request, rollout_id, form, rule, status=refusal.status)
    return _check(request, flight, draft, forecast, token=token, now=now)


def _check(
    request: PortalRequest,
    flight: Flight,
    draft: InstructionDraft,
    forecast: InstructionForecast,
    *,
    token: str,
    now: datetime,
    is_unsure: bool = False,
) -> HttpResponse:
    """Show what would come of a draft; `is_unsure`: hubs start soon, and it was submitted unconfirmed."""
    scope, rollout_id = scope_of(request), draft.rollout_id
    nights = night_hours(scope, rollout_id=rollout_id, now=now)
    sure = SureForm({} if is_unsure else None, soon=draft.soon)
    context = {
        **_forecast_context(draft, forecast),
        "is_outside": not nights.holds(draft.activate_at),
        "token": token,
        "nights": nights,
        "sure": sure if draft.soon else None,
        "crumbs": crumbs_of(rollout_id, flight.name),
        "rollout_id": rollout_id,
    }
    return render(
        request, "rollouts/instructions/instruct_check.html", context, status=422 if is_unsure else 200
    )


def _count_soon(
    flight: Flight, draft: InstructionDraft, forecast: InstructionForecast, *, now: datetime
) -> int:
    """Count the hubs that would activate within a day; none while only the pilot is let through."""
    tally, until = forecast.tally, now + _SOON
    if flight.status != RolloutStatus.SAFE_LAUNCH or draft.kind == InstructionKind.WITHDRAW:
        return 0
    if draft.activate_at is not None:
        return tally.complete if draft.activate_at <= until else 0
    chosen = sum(hubs for at, hubs in forecast.times.items() if at is not None and at <= until)
    return min(tally.complete, tally.unchosen + chosen)


def _instructing_scope(request: PortalRequest) -> Scope:
    scope = scope_of(request)
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier can instruct its hubs.")
    scope.check(*MAY_INSTRUCT)
    return scope


def _forms(request: PortalRequest, scope: Scope, rollout_id: int) -> tuple[InstructForm, ConditionsForm]:
    conditions = condition_choices(scope, rollout_id)
    params = request.POST if request.method == "POST" else request.GET
    selection = restore_selection(scope, params.get("selected", ""))
    choices = {**_choices(scope, rollout_id), "selection": len(selection.guids) if selection else 0}
    if request.method == "POST":
        return (
            InstructForm(request.POST, request.FILES, **choices),
            ConditionsForm(request.POST, **conditions, prefix="rule"),
        )
    initial = {key: request.GET[key] for key in _ASKED if key in request.GET}
    if selection is not None:
        initial["source"] = SELECTED
    return (
        InstructForm(initial=initial, **choices),
        ConditionsForm(**conditions, prefix="rule", initial={"strata": ["region", "version"]}),
    )


def _choices(scope: Scope, rollout_id: int) -> dict[str, Any]:
    return {
        "batches": batch_choices(rollout_id),
        "rules": _rule_choices(scope),
        "own": [(batch.id, _batch_words(batch)) for batch in own_batches(scope, rollout_id)],
    }


def _choices_again(scope: Scope, draft: InstructionDraft) -> dict[str, Any]:
    selection = restore_selection(scope, draft.selected)
    selected = len(selection.guids) if selection is not None else 0
    return {**_choices(scope, draft.rollout_id), "selection": selected}


def _batch_words(batch: OwnBatch) -> str:
    time = long_time(batch.activate_at) if batch.activate_at else "no preference"
    return f"{batch.name or batch.reference}, {time}"


def _rule_choices(scope: Scope) -> list[tuple[int, str]]:
    return [(rule.version_id, f"{rule.name}, version {rule.version}") for rule in selection_rules(scope)]


def _choose(
    request: PortalRequest, rollout_id: int, form: InstructForm, rule: ConditionsForm, *, status: int = 200
) -> HttpResponse:
    now = clock.now()
    page = rollout_page(scope_of(request), rollout_id, now=now)
    form.count("waiting", page.flight.waiting_for_viewer)
    context = {
        "page": page,
        "form": form,
        "rule": rule,
        "now": now,
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/instructions/instruct.html", context, status=status)


@require_POST
@for_people
def submit(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Submit what was checked."""
    # The body has been read by now: this is the arrival of its last byte (R3.1).
    scope, now, token = _instructing_scope(request), clock.now(), request.POST.get("token", "")
    draft = restore_draft(scope, token, rollout_id=rollout_id)
    if draft is None:
        return _refuse(request, rollout_id, _GONE)
    try:
        if draft.times is not None and _times_of(_forecast(scope, draft, now=now)) != draft.times:
            return _refuse(request, rollout_id, _MOVED, draft=draft)
        if draft.soon and not SureForm(request.POST, soon=draft.soon).is_valid():
            forecast = _forecast(scope, draft, now=now)
            flight = rollout_page(scope, rollout_id, now=now).flight
            return _check(request, flight, draft, forecast, token=token, now=now, is_unsure=True)
        taken = services.receive_instruction(
            scope,
            source=draft.hubs,
            received_at=now,
            now=now,
            channel=Channel.PORTAL,
            name=draft.name,
            idempotency_key=f"portal:{token}",
            **_instruction_arguments(draft),
        )
    except Refusal as refusal:
        return _refuse(request, rollout_id, refusal.message, draft=draft, status=refusal.status)
    return redirect("rollouts:receipt", taken.reference)


@require_POST
@for_people
def not_accepted(request: PortalRequest, rollout_id: int, form: str) -> HttpResponseBase:
    """Return the lines of a checked list that would not be accepted as a file; nothing is submitted."""
    scope, now = _instructing_scope(request), clock.now()
    draft = restore_draft(scope, request.POST.get("token", ""), rollout_id=rollout_id)
    if draft is None:
        return _refuse(request, rollout_id, _GONE)
    try:
        forecast = _forecast(scope, draft, now=now, most=None)
    except Refusal as refusal:
        return _refuse(request, rollout_id, refusal.message, draft=draft, status=refusal.status)
    return refused_file(map(_line, forecast.refused), f"not-accepted.{form}", form)


def _forecast(
    scope: Scope, draft: InstructionDraft, *, now: datetime, most: int | None = SHOWN
) -> InstructionForecast:
    order = _instruction_arguments(draft)
    return services.check_instruction(scope, source=draft.hubs, received_at=now, now=now, most=most, **order)


def _times_of(forecast: InstructionForecast) -> list[list[Any]]:
    return [[at, hubs] for at, hubs in forecast.times.items()]


@require_POST
@for_people
def choose_again(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Go back from the check with what was typed; a file has to be chosen again."""
    scope = _instructing_scope(request)
    draft = restore_draft(scope, request.POST.get("token", ""), rollout_id=rollout_id)
    if draft is None:
        return redirect("rollouts:instruct", rollout_id)
    form = InstructForm(initial=_as_typed(draft), **_choices_again(scope, draft))
    rule = ConditionsForm(**condition_choices(scope, rollout_id), prefix="rule")
    return _choose(request, rollout_id, form, rule)


def _refuse(
    request: PortalRequest,
    rollout_id: int,
    words: str,
    *,
    draft: InstructionDraft | None = None,
    status: int = 409,
) -> HttpResponse:
    typed = _as_typed(draft) if draft is not None else {}
    scope = scope_of(request)
    choices = _choices_again(scope, draft) if draft is not None else _choices(scope, rollout_id)
    form = InstructForm(typed, **choices)
    form.full_clean()
    form.errors.clear()
    form.add_error(None, words)
    rule = ConditionsForm(**condition_choices(scope_of(request), rollout_id), prefix="rule")
    return _choose(request, rollout_id, form, rule, status=status)


def _as_typed(draft: InstructionDraft) -> dict[str, Any]:
    """Return what was typed before the check; a file cannot be kept."""
    pasted = draft.sent.data.decode(errors="replace") if draft.sent and draft.source == "paste" else ""
    return {
        "kind": draft.kind,
        "source": draft.source,
        "batch": draft.batch_id or "",
        "selected": draft.selected,
        "timing": AT if draft.activate_at else ANY,
        "activate_at": draft.activate_at,
        "name": draft.name,
        "hubs": pasted,
    }


def _draft_of(
    scope: Scope, rollout_id: int, cleaned: Mapping[str, Any], rule: ConditionsForm, *, now: datetime
) -> InstructionDraft:
    source = cleaned["source"]
    draft = partial(
        InstructionDraft,
        organisation_id=scope.organisation_id,
        rollout_id=rollout_id,
        kind=cleaned["kind"],
        activate_at=cleaned["activate_at"],
        name=cleaned["name"],
        source=source,
    )
    if source in {"file", "paste"}:
        return draft(sent=submitted_list(cleaned["file"] if source == "file" else None, cleaned["hubs"]))
    if source in {"rule", "saved"}:
        chosen: Any = rule
        if source == "saved":
            chosen = next(rule_ for rule_ in selection_rules(scope) if rule_.version_id == cleaned["saved"])
        guids = guids_by_rule(
            scope, rollout_id=rollout_id, tree=chosen.tree, sample=chosen.sample, as_of=local_day(now)
        )
        return draft(chosen=guids)
    if source == SELECTED:
        selection = restore_selection(scope, cleaned["selected"])
        return draft(selected=cleaned["selected"], chosen=selection.guids if selection else None)
    if source == "mine":
        mine = own_guids(
            scope, rollout_id=rollout_id, which=HubChoice.ANSWERED, instruction_id=cleaned["mine"]
        )
        return draft(chosen=mine)
    guids = own_guids(scope, rollout_id=rollout_id, which=HubChoice(source), batch_id=cleaned["batch"])
    return draft(batch_id=cleaned["batch"], chosen=guids)


def _instruction_arguments(draft: InstructionDraft) -> dict[str, Any]:
    agreed_at = draft.times[0][0] if draft.times and len(draft.times) == 1 else None
    return {
        "rollout_id": draft.rollout_id,
        "kind": InstructionKind(draft.kind),
        "activate_at": draft.activate_at or agreed_at,
        "group": None,
        "batch_id": draft.batch_id,
    }


def _forecast_context(draft: InstructionDraft, forecast: InstructionForecast) -> dict[str, Any]:
    return {
        "draft": draft,
        "kind": dict(KINDS)[draft.kind],
        "source": dict(SOURCES)[draft.source],
        "forecast": forecast,
        "reasons": reasons_of(forecast.tally.rejected_by_reason),
        "consents": [Segment(consent, n) for consent, n in forecast.tally.consents.items()],
        "days": {day: {"yours": n} for day, n in sorted(forecast.tally.days.items())},
        "unchosen": forecast.tally.unchosen,
        "times": list(forecast.times.items())[:SHOWN],
        "more_times": max(0, len(forecast.times) - SHOWN),
        "refused": [_line(line) for line in forecast.refused],
    }


def _line(line: services.RefusedLine) -> RejectedLine:
    known = line.reason in RejectionReason.values
    words = str(RejectionReason(line.reason).label) if known else str(line.reason)
    return RejectedLine(line.line, line.raw, "", str(line.reason), words, line.detail, line.sheet)
