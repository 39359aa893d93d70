"""Deciding how a rollout goes on: the DCC recommends, the Panel signs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.local_times import LOCAL_HINT, LocalTimeField
from portal.kernel.presentation.moments import deadline_time, long_time
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import NotFound, Refusal
from rollouts import rules, services
from rollouts.queries.governance.decisions import after_halt, needed_for
from rollouts.queries.governance.halts import overdue_when_resumed
from rollouts.queries.governance.reviews import Reviews, reviews
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.services import Signed
from rollouts.states import ENDED_STATUSES, HALTED_STATUSES, MOVING_OUTCOMES, ReviewOutcome, RolloutStatus
from rollouts.states.governing import DecisionStatus, SignOffVerdict
from rollouts.web.governance.evidence import figure_facts
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.wording import segments

#: What each outcome means, said where it is chosen and where it is signed.
OUTCOMES: Final[Mapping[ReviewOutcome, str]] = {
    ReviewOutcome.PROCEED: "The rollout continues from where it was halted. Recalled activations are sent "
    "again.",
    ReviewOutcome.PAUSE: "Sending stops and activations dated ahead are recalled, until another decision.",
    ReviewOutcome.DELAY: "The automatic date and the cut-off move to later ones.",
    ReviewOutcome.BRING_FORWARD: "The automatic date and the cut-off move to earlier ones; times instructed "
    "for later become the new date.",
    ReviewOutcome.STOP: "The rollout ends. Hubs that run the new firmware keep it; the others stay as is.",
}


class OpenReviewForm(forms.Form):
    """Why a rollout is reviewed."""

    because = forms.CharField(
        label="Why is it reviewed?", widget=forms.Textarea(attrs={"rows": 3}), max_length=4_000
    )


class RecommendForm(forms.Form):
    """What the DCC recommends."""

    outcome = forms.ChoiceField(
        label="Recommendation",
        choices=[(outcome.value, f"{outcome.label}: {words}") for outcome, words in OUTCOMES.items()],
        widget=forms.RadioSelect,
    )
    automatic_at = LocalTimeField(
        label="New automatic activation", required=False, help_text=f"For a new date alone. {LOCAL_HINT}"
    )
    goes_on = forms.BooleanField(
        label="Let a halted rollout go on with the new dates",
        required=False,
        initial=True,
        help_text="For a new date alone. Unticked, it stays paused until another decision.",
    )
    reasons = forms.CharField(
        label="Reasons",
        help_text="Those who sign, and every Supplier concerned, read this.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4_000,
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a date where a new one is recommended."""
        cleaned = super().clean() or {}
        if cleaned.get("outcome") in MOVING_OUTCOMES and not cleaned.get("automatic_at"):
            self.add_error("automatic_at", "Give the new date.")
        return cleaned


class SignForm(forms.Form):
    """A word on a recommendation."""

    comment = forms.CharField(
        label="Comment",
        help_text="Needed to reject.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2_000,
    )


class TakeBackForm(forms.Form):
    """Why a recommendation is withdrawn."""

    why = forms.CharField(
        label="Why is it withdrawn?", widget=forms.Textarea(attrs={"rows": 2}), max_length=2_000
    )


_FORMS: Final[Mapping[str, type[forms.Form]]] = {
    "open": OpenReviewForm,
    "take_back": TakeBackForm,
    "recommend": RecommendForm,
    "approve": SignForm,
    "reject": SignForm,
}


@require_http_methods(["GET", "POST"])
@for_people
def decision(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show the review of a rollout; open one, recommend, or sign."""
    scope, now = scope_of(request), clock.now()
    governance = reviews(scope, rollout_id=rollout_id)
    if request.method == "GET":
        return _page(request, scope, rollout_id, governance, {}, now=now)
    act = request.POST.get("act", "")
    form_class = _FORMS.get(act)
    if form_class is None:
        raise NotFound("There is no such act.")
    form = form_class(request.POST)
    bound = {_NAME_OF[act]: form}
    if not form.is_valid():
        return _page(request, scope, rollout_id, governance, bound, now=now, status=422)
    try:
        message = _act(request, scope, rollout_id, act, form.cleaned_data, governance, now=now)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        form.add_error(None, refusal.message)
        again = reviews(scope, rollout_id=rollout_id)
        return _page(request, scope, rollout_id, again, bound, now=now, status=refusal.status)
    messages.success(request, message)
    return redirect("rollouts:decision", rollout_id)


_NAME_OF: Final = {
    "open": "open_form",
    "take_back": "take_back_form",
    "recommend": "recommend_form",
    "approve": "sign_form",
    "reject": "sign_form",
}


def _act(
    request: PortalRequest,
    scope: Scope,
    rollout_id: int,
    act: str,
    cleaned: Mapping[str, Any],
    governance: Reviews,
    *,
    now: datetime,
) -> str:
    if act == "open":
        services.open_review(scope, rollout_id=rollout_id, because=cleaned["because"], now=now)
        return "The review is open."
    if governance.current is None:
        raise NotFound("No review is open.")
    version_text = request.POST.get("version", "")
    version = int(version_text) if version_text.isdecimal() else 0
    if act == "recommend":
        is_moving = cleaned["outcome"] in MOVING_OUTCOMES
        services.recommend(
            scope,
            decision_id=governance.current.id,
            version=version,
            outcome=cleaned["outcome"],
            reasons=cleaned["reasons"],
            automatic_at=cleaned["automatic_at"] if is_moving else None,
            goes_on=cleaned["goes_on"] if is_moving else True,
            now=now,
        )
        return "Recommended. Those who have to sign are told."
    if act == "take_back":
        services.withdraw_recommendation(
            scope, decision_id=governance.current.id, version=version, why=cleaned["why"], now=now
        )
        return "Recommendation withdrawn. The review continues; signatures given so far are void."
    signed = services.sign_off(
        scope,
        decision_id=governance.current.id,
        version=version,
        verdict=SignOffVerdict.APPROVE if act == "approve" else SignOffVerdict.REJECT,
        comment=cleaned["comment"],
        now=now,
    )
    return _signed_words(signed)


def _signed_words(signed: Signed) -> str:
    if signed.status == DecisionStatus.ENACTED:
        return "Signed: the decision is confirmed and enacted."
    if signed.status == DecisionStatus.REJECTED:
        return "Rejected: the rollout stays as it is, and DCC reviews it again."
    return f"Signed. Still needed: {'; or '.join(signed.still_needed)}."


def _outcome_words(governance: Reviews, status: RolloutStatus, *, now: datetime) -> str:
    """Return what a signature would set going, the resumption that a new date may bring included."""
    card = governance.current
    if card is None or card.outcome is None:
        return ""
    outcome = OUTCOMES[card.outcome]
    if card.outcome not in MOVING_OUTCOMES or card.automatic_at is None:
        return outcome
    cutoff_at = rules.one_month_before(card.automatic_at)
    outcome += f" The new cut-off would be {deadline_time(cutoff_at)}."
    if cutoff_at < now:
        outcome += " That has passed: Suppliers could no longer instruct."
    if card.instructed_later:
        outcome += f" {count_of(card.instructed_later, 'hub')} instructed for later would take the new date."
    if status not in HALTED_STATUSES:
        return f"{outcome} The rollout runs on meanwhile."
    if card.goes_on:
        return f"{outcome} The halted rollout goes on with it, by the new dates."
    return f"{outcome} The rollout stays paused until another decision."


def _signers(scope: Scope, governance: Reviews) -> list[tuple[str, str]]:
    """Return who will have to sign each outcome; all at once where that is the same."""
    if governance.current is None or not governance.current.may_recommend:
        return []
    needed = [(str(outcome.label), "; or ".join(needed_for(scope, outcome))) for outcome in ReviewOutcome]
    return [("Any outcome", needed[0][1])] if len({words for _, words in needed}) == 1 else needed


def _page(
    request: PortalRequest,
    scope: Scope,
    rollout_id: int,
    governance: Reviews,
    forms_bound: Mapping[str, forms.Form],
    *,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    page = rollout_page(scope, rollout_id, now=now)
    stands = page.flight.status in HALTED_STATUSES
    context = {
        "page": page,
        "scope": scope,
        "overdue": overdue_when_resumed(scope, rollout_id=rollout_id, now=now) if stands else 0,
        "reviews": governance,
        "current": governance.current,
        "open_form": OpenReviewForm(),
        "recommend_form": RecommendForm(),
        "sign_form": SignForm(),
        "take_back_form": TakeBackForm(),
        **forms_bound,
        "outcome_words": _outcome_words(governance, page.flight.status, now=now),
        "date_hint": f"For a new date alone. It is {long_time(page.flight.automatic_at)} now. {LOCAL_HINT}",
        "figures": figure_facts(governance.current.figures) if governance.current else [],
        "signers": _signers(scope, governance),
        "stands": page.flight.status in HALTED_STATUSES | ENDED_STATUSES,
        "after": after_halt(scope, rollout_id=rollout_id) if "after-halt" in request.GET else None,
        "segments": segments(page.progress.states),
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/governance/decision.html", context, status=status)
