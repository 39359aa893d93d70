"""Pilot hubs the DCC proposes: it reminds and proposes, Suppliers answer."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import NotFound, Refusal
from rollouts import services
from rollouts.queries.instructions.choices import condition_choices
from rollouts.queries.pilots.proposals import nominating_suppliers, proposal_card, proposed_hubs
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.queries.rules.selections import SelectionPreview, preview_selection
from rollouts.rules.criteria import DIMENSIONS
from rollouts.services import Proposed
from rollouts.states import RolloutStatus
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.rules.conditions import ConditionsForm
from rollouts.web.rules.preview import preview_context
from rollouts.web.timing import TimingForm

_SIZE: Final = 100
_HUBS_A_PAGE: Final = 50
_SUPPLIES: Final = [("", "Any"), ("SOLE", "One Supplier"), ("SPLIT", "Two Suppliers")]


class ProposalForm(TimingForm):
    """Of whom hubs are proposed, and when they would activate."""

    supplier = forms.TypedChoiceField(
        label="Hubs of",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="A hub with two Suppliers is proposed to both.",
    )
    comment = forms.CharField(
        label="What the Suppliers read",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, suppliers: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supplier"].choices = [("", "All Suppliers"), *suppliers]  # type: ignore[attr-defined]


class DrawingForm(ConditionsForm):
    """Conditions on hubs, and the sample that is drawn, as the DCC words them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supply"].choices = _SUPPLIES  # type: ignore[attr-defined]


class ProposalAnswerForm(forms.Form):
    """One answer for all hubs proposed."""

    comment = forms.CharField(
        label="Comment to DCC",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@require_POST
@for_people
def remind(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Remind the Suppliers that have not nominated; DCC alone."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    try:
        done = services.remind_to_nominate(scope, rollout_id=rollout_id, now=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{count_of(done.suppliers, 'Supplier')} reminded, by notice and mail.")
    return redirect("rollouts:pilot", rollout_id)


@require_http_methods(["GET", "POST"])
@for_people
def propose(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Draw hubs by conditions, look at them, and propose them to their Suppliers; DCC alone."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    form, rule = _forms(request, scope, rollout_id)
    if request.method == "GET":
        return _propose_page(request, scope, rollout_id, form, rule, now=now)
    if not form.is_valid() or not rule.is_valid():
        return _propose_page(request, scope, rollout_id, form, rule, now=now, status=422)
    cleaned = form.cleaned_data
    choice = {"tree": rule.tree, "sample": rule.sample, "supplier_id": cleaned["supplier"]}
    try:
        if request.POST.get("act") == "preview":
            preview = preview_selection(scope, rollout_id=rollout_id, now=now, **choice)
            return _propose_page(request, scope, rollout_id, form, rule, preview=preview, now=now)
        done = services.propose_pilot(
            scope,
            rollout_id=rollout_id,
            activate_at=cleaned["activate_at"],
            comment=cleaned["comment"],
            now=now,
            **choice,
        )
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _propose_page(request, scope, rollout_id, form, rule, now=now, status=refusal.status)
    messages.success(request, _done_words(done))
    return redirect("rollouts:pilot", rollout_id)


@require_http_methods(["GET", "POST"])
@for_people
def proposal(request: PortalRequest, rollout_id: int, submission_id: int) -> HttpResponse:
    """Show a Supplier the hubs of its own that DCC proposes; on POST accept or decline them."""
    scope, now = scope_of(request), clock.now()
    card = proposal_card(scope, rollout_id=rollout_id, submission_id=submission_id)
    form = ProposalAnswerForm(request.POST or None)
    status = 200
    if request.method == "POST":
        scope.check(*MAY_INSTRUCT)
        try:
            if form.is_valid():
                message = _answer(scope, card.id, form, accepts=request.POST.get("act") == "accept", now=now)
                messages.success(request, message)
                return redirect("rollouts:pilot", rollout_id)
            status = 422
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            status = refusal.status
    page = rollout_page(scope, rollout_id, now=now)
    hubs = proposed_hubs(
        scope,
        rollout_id=rollout_id,
        submission_id=submission_id,
        after=request.GET.get("after", ""),
        size=_HUBS_A_PAGE,
    )
    context = {
        "page": page,
        "card": card,
        "hubs": hubs,
        "form": form,
        "now": now,
        "older_url": f"?after={hubs.next}" if hubs.next else "",
        "may_answer": card.status == "PROPOSED" and scope.has(*MAY_INSTRUCT) and card.answer_by >= now,
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/pilots/proposal.html", context, status=status)


def _answer(scope: Scope, submission_id: int, form: forms.Form, *, accepts: bool, now: datetime) -> str:
    done = services.answer_proposal(
        scope, submission_id=submission_id, accepts=accepts, comment=form.cleaned_data["comment"], now=now
    )
    if not done.is_accepted:
        return "Declined: DCC is told, and these hubs stay out of the pilot."
    words = f"Accepted: {count_of(done.joined, 'hub')} joined the pilot."
    return words if done.joined >= done.hubs else f"{words} A hub you share joins once both Suppliers accept."


def _forms(request: PortalRequest, scope: Scope, rollout_id: int) -> tuple[ProposalForm, DrawingForm]:
    conditions = condition_choices(scope, rollout_id)
    rows = nominating_suppliers(scope, rollout_id=rollout_id)
    suppliers = [(row.supplier_id, f"{row.supplier} ({row.status_label.lower()})") for row in rows]
    if request.method == "POST":
        return (
            ProposalForm(request.POST, suppliers=suppliers),
            DrawingForm(request.POST, **conditions, prefix="rule"),
        )
    initial = {"size": _SIZE, "strata": list(DIMENSIONS), "seed": secrets.randbelow(1_000_000)}
    return (
        ProposalForm(suppliers=suppliers, initial={"supplier": request.GET.get("supplier", "")}),
        DrawingForm(**conditions, prefix="rule", initial=initial),
    )


def _propose_page(
    request: PortalRequest,
    scope: Scope,
    rollout_id: int,
    form: ProposalForm,
    rule: DrawingForm,
    *,
    preview: SelectionPreview | None = None,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    page = rollout_page(scope, rollout_id, now=now)
    if not page.has_pilot or page.flight.status == RolloutStatus.DRAFT:
        raise NotFound("This rollout has no pilot.")
    context = {
        "page": page,
        "form": form,
        "rule": rule,
        "preview": preview,
        "preview_rows": preview_context(preview).get("preview_parts", []),
        "can_answer": page.flight.cutoff_at >= now,
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    part = "#preview" if request.htmx and preview is not None else ""
    return render(request, f"rollouts/pilots/propose.html{part}", context, status=status)


def _done_words(done: Proposed) -> str:
    sentences = []
    if done.asked:
        sentences.append(f"{count_of(done.asked, 'hub')} proposed to {count_of(done.suppliers, 'Supplier')}.")
    if done.joined:
        sentences.append(f"{count_of(done.joined, 'hub')} that need nobody's answer joined the pilot.")
    return " ".join(sentences)
