"""The phases of a rollout: batches one after the other, with a gate between them (R3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import DCC_ROLES, MAY_OPERATE, PANEL_ROLES
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.local_times import LOCAL_HINT, LocalTimeField
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.queries.instructions.choices import condition_choices
from rollouts.queries.rollouts.phases import Phase, Phases, phases
from rollouts.queries.rollouts.rollout import RolloutPage, rollout_page
from rollouts.reads.rollouts.gates import Gate, gate_values
from rollouts.states import RUNNING_STATUSES, BatchKind
from rollouts.web.estate.hub_lists import restore_draft, submitted_list
from rollouts.web.governance.incident_forms import HubConditionsForm
from rollouts.web.governance.rates import percent, rate_view
from rollouts.web.guards import for_people, scope_of
from rollouts.web.hub_lists import HubFileField, PastedHubsField
from rollouts.web.rollouts.views import crumbs_of

_SUCCESS: Final = 98.0
_SETTLED: Final = 95.0
_SOAK: Final = 72.0
_MINIMUM: Final = 100


class GateForm(EditForm):
    """What the batch before must have come to."""

    success = forms.FloatField(
        label="Success, in percent",
        min_value=0.1,
        max_value=100,
        initial=_SUCCESS,
        help_text="Of its settled hubs, so many run the new firmware.",
    )
    settled = forms.FloatField(
        label="Settled, in percent",
        min_value=0.1,
        max_value=100,
        initial=_SETTLED,
        help_text="Of its hubs, so many have come to an end.",
    )
    minimum = forms.IntegerField(label="And at least this many hubs", min_value=1, initial=_MINIMUM)
    soak_hours = forms.FloatField(
        label="Soak time, in hours",
        min_value=0,
        max_value=24 * 90,
        initial=_SOAK,
        help_text="How long it must have stayed so, while the rollout ran.",
    )

    stands = forms.CharField(required=False, widget=forms.HiddenInput)

    def terms(self, gate: Gate | None) -> dict[str, Any]:
        """Return what the service takes, shares between 0 and 1; the stored values where left alone."""
        cleaned = {name: value for name, value in self.cleaned_data.items() if name != "stands"}
        terms = {**cleaned, "success": cleaned["success"] / 100, "settled": cleaned["settled"] / 100}
        if gate is None:
            return terms
        soak_hours = gate.soak.total_seconds() / 3600
        exact = {"success": gate.success, "settled": gate.settled, "soak_hours": soak_hours}
        return {**terms, **{name: value for name, value in exact.items() if name in self.untouched}}


class OpenGateForm(forms.Form):
    """Why a gate is opened by hand."""

    reason = forms.CharField(
        label="Why it is opened by hand",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2_000,
        help_text="The Suppliers concerned see this.",
    )


class PhaseForm(forms.Form):
    """A new batch."""

    name = forms.CharField(label="Name of the batch", max_length=80)
    automatic_at = LocalTimeField(
        label="Automatic activation of the batch",
        help_text=f"No later than the rollout's own, and more than a month from now. {LOCAL_HINT}",
    )
    source = forms.ChoiceField(
        label="Which hubs?",
        choices=[
            ("rule", "Hubs that meet conditions"),
            ("paste", "The hubs I paste"),
            ("file", "The hubs in a file"),
        ],
        initial="rule",
        widget=forms.RadioSelect,
    )
    hubs = PastedHubsField()
    file = HubFileField(help_text="")
    is_gated = forms.BooleanField(
        label="With a gate before it",
        required=False,
        initial=True,
        help_text="It waits until somebody opens the gate, or until what you set for it is reached.",
    )
    token = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Ask for a list where a list is meant, unless it was sent and checked before."""
        cleaned = super().clean() or {}
        if cleaned.get("token"):
            return cleaned
        if cleaned.get("source") == "file" and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose a file.")
        if cleaned.get("source") == "paste" and not (cleaned.get("hubs") or "").strip():
            self.add_error("hubs", "Paste at least one GUID.")
        return cleaned


@require_GET
@for_people
def phase_list(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """List the batches of a rollout with their gates."""
    scope, now = scope_of(request), clock.now()
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    page = rollout_page(scope, rollout_id, now=now)
    all_phases = phases(scope, rollout_id=rollout_id)
    context = {
        "page": page,
        "rows": [_row(phase) for phase in all_phases.items],
        "may_form": scope.has(*MAY_OPERATE) and page.flight.status in RUNNING_STATUSES,
        "may_operate": scope.has(*MAY_OPERATE) and not all_phases.is_ended,
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/rollouts/phases.html", context)


@require_http_methods(["GET", "POST"])
@for_people
def gate(request: PortalRequest, rollout_id: int, batch_id: int) -> HttpResponse:
    """Set the gate before a batch, or open it by hand."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    page = rollout_page(scope, rollout_id, now=now)
    phase = _phase(phases(scope, rollout_id=rollout_id), batch_id)
    is_opening = request.POST.get("act") == "open"
    is_setting = request.method == "POST" and not is_opening
    gate_form = GateForm(request.POST if is_setting else None, initial=_given(phase))
    open_form = OpenGateForm(request.POST) if is_opening else OpenGateForm()
    if request.method == "GET":
        return _gate_page(request, page, phase, gate_form, open_form)
    form: Any = open_form if is_opening else gate_form
    if is_setting and request.POST.get("stands", _stands(phase)) != _stands(phase):
        opened = "opened" if phase.is_open else "shut"
        gate_form.add_error(
            None,
            f"Somebody has {opened} the gate since you opened the page. "
            "Set it again if it is to be shut until your terms are reached.",
        )
        return _gate_page(request, page, phase, gate_form, open_form, status=409)
    if not form.is_valid():
        status = 422 if is_opening else gate_form.refused_status
        return _gate_page(request, page, phase, gate_form, open_form, status=status)
    try:
        message = _set(scope, phase, form, is_opening=is_opening, now=now)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _gate_page(request, page, phase, gate_form, open_form, status=refusal.status)
    messages.success(request, message)
    return redirect("rollouts:phases", rollout_id)


@require_http_methods(["GET", "POST"])
@for_people
def form_phase(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Form a batch of hubs nobody has answered for, with a time of its own."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    page = rollout_page(scope, rollout_id, now=now)
    conditions = condition_choices(scope, rollout_id)
    form, rule, status = PhaseForm(), HubConditionsForm(**conditions, prefix="rule"), 200
    if request.method == "POST":
        form = PhaseForm(request.POST, request.FILES)
        rule = HubConditionsForm(request.POST, **conditions, prefix="rule")
        status = 422
        if form.is_valid() and rule.is_valid():
            try:
                arguments = chosen_by(scope, rollout_id, form.cleaned_data, rule)
                formed = services.create_batch(scope, rollout_id=rollout_id, now=now, **arguments)
            except Refusal as refusal:
                form.add_error(None, refusal.message)
                status = refusal.status
            else:
                whose = count_of(formed.suppliers, "Supplier")
                messages.success(request, f"{count_of(formed.hubs, 'hub')} of {whose} are in the new batch.")
                return redirect("rollouts:phases", rollout_id)
    context = {
        "page": page,
        "form": form,
        "rule": rule,
        "crumbs": [
            *crumbs_of(rollout_id, page.flight.name),
            {"label": "Batches", "url": reverse("rollouts:phases", args=[rollout_id])},
        ],
    }
    return render(request, "rollouts/rollouts/phase_new.html", context, status=status)


def _set(scope: Scope, phase: Phase, form: Any, *, is_opening: bool, now: datetime) -> str:
    if is_opening:
        services.open_gate(scope, batch_id=phase.id, reason=form.cleaned_data["reason"], now=now)
        return f"“{phase.name}” is open: its hubs are commanded from now on."
    version = version_of(gate_values(phase.gate, is_open=phase.is_open))
    services.set_phase(scope, batch_id=phase.id, expected=version, now=now, **form.terms(phase.gate))
    return f"The gate before “{phase.name}” is set. It opens by itself once that is reached."


def chosen_by(
    scope: Scope, rollout_id: int, cleaned: Mapping[str, Any], rule: HubConditionsForm
) -> dict[str, Any]:
    """Return what the service takes: name, time, gate, and conditions or a list.

    Raises:
        BadInput: a list that was checked is no longer kept.
        FileRefused: a file cannot be read.
    """
    arguments = {name: cleaned[name] for name in ("name", "automatic_at", "is_gated")}
    if cleaned["source"] == "rule":
        return {**arguments, "tree": rule.tree}
    if cleaned["token"]:
        draft = restore_draft(scope, cleaned["token"], rollout_id=rollout_id)
        if draft is None:
            raise BadInput("Your check has expired. Choose the hubs again.")
        return {**arguments, "source": draft.hubs}
    listed = submitted_list(cleaned["file"] if cleaned["source"] == "file" else None, cleaned["hubs"])
    return {**arguments, "source": listed.hubs if listed else None}


def _phase(all_phases: Phases, batch_id: int) -> Phase:
    phase = next((candidate for candidate in all_phases.items if candidate.id == batch_id), None)
    if phase is None or phase.kind != BatchKind.SAFE_LAUNCH:
        raise NotFound("There is no such batch.")
    return phase


def _stands(phase: Phase) -> str:
    return "open" if phase.is_open else "shut"


def _given(phase: Phase) -> dict[str, Any]:
    if phase.gate is None:
        return {"stands": _stands(phase), "minimum": min(_MINIMUM, phase.before_live or _MINIMUM)}
    return {
        "stands": _stands(phase),
        "success": round(100 * phase.gate.success, 4),
        "settled": round(100 * phase.gate.settled, 4),
        "minimum": phase.gate.minimum,
        "soak_hours": round(phase.gate.soak.total_seconds() / 3600, 4),
    }


def _gate_page(
    request: PortalRequest,
    page: RolloutPage,
    phase: Phase,
    gate_form: GateForm,
    open_form: OpenGateForm,
    *,
    status: int = 200,
) -> HttpResponse:
    rollout_id = page.flight.id
    context = {
        "page": page,
        "row": _row(phase),
        "gate_form": gate_form,
        "open_form": open_form,
        "crumbs": [
            *crumbs_of(rollout_id, page.flight.name),
            {"label": "Batches", "url": reverse("rollouts:phases", args=[rollout_id])},
        ],
    }
    return render(request, "rollouts/rollouts/gate.html", context, status=status)


def _row(phase: Phase) -> dict[str, Any]:
    limit = phase.gate.success if phase.gate else None
    return {
        "it": phase,
        "asks": _asks(phase),
        "success": rate_view(phase.success, top=1.0, limit=limit),
        "settled": f"{phase.before_settled:,} of {phase.before_live:,}",
        "may_gate": phase.kind == BatchKind.SAFE_LAUNCH and bool(phase.before),
        "look": _look(phase),
    }


def _asks(phase: Phase) -> str:
    gate = phase.gate
    if gate is None:
        return "Opened by hand" if phase.is_by_hand else ""
    hours = gate.soak.total_seconds() / 3600
    if not phase.before_live:
        return f"“{phase.before}” has no hubs and counts as done; kept for {hours:,.0f} h"
    return (
        f"{percent(gate.settled)} of “{phase.before}” settled, at least {count_of(gate.minimum, 'hub')}; "
        f"{percent(gate.success)} of them with success; kept for {hours:,.0f} h"
    )


def _look(phase: Phase) -> tuple[str, str, str]:
    if phase.is_open:
        return "Open", "good", "play"
    if phase.opens_at is not None:
        return "Soaking", "busy", "hourglass"
    return "Closed", "neutral", "lock"
