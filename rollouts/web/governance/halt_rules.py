"""The halt rules of a rollout: what each counts, what it reads now, how near it is to its limit (R5.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import DCC_ROLES, MAY_OPERATE, PANEL_ROLES
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm, submit
from portal.kernel.presentation.moments import duration
from portal.kernel.refusals import NotFound, Refusal
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.models import HaltRule
from rollouts.queries.governance.decisions import RuleLine, Trip, halt_rules, halt_trips
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.reads.governance.edits import halt_rule_values
from rollouts.rules import pacing
from rollouts.states import ENDED_STATUSES, failure_code
from rollouts.states.governing import HaltRuleKind
from rollouts.web.governance.known_issues import CODES
from rollouts.web.governance.rates import percent, rate_view, scale_of
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.forms import batch_choices
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.wording import joined

_TERMS: Final = (
    "name",
    "kind",
    "failure_codes",
    "batch_id",
    "minimum_sample",
    "lookback_hours",
    "counts_known",
    "is_active",
)


_OF_SILENCE: Final = frozenset({HaltRuleKind.ANY, HaltRuleKind.NO_ANSWER})


class HaltRuleForm(EditForm):
    """When a rollout is suspended by itself."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Everybody sees it when the rule suspends the rollout."
    )
    kind = forms.ChoiceField(label="It counts", choices=HaltRuleKind.choices, widget=forms.RadioSelect)
    failure_codes = forms.TypedMultipleChoiceField(
        label="These failures",
        required=False,
        coerce=int,
        choices=CODES,
        widget=forms.CheckboxSelectMultiple,
    )
    batch_id = forms.TypedChoiceField(label="Of which batch", required=False, coerce=int, empty_value=None)
    threshold = forms.FloatField(
        label="Limit, in percent",
        min_value=0,
        max_value=99.9,
        help_text="The rule suspends when it is 95% certain that the rate is above this.",
    )
    minimum_sample = forms.IntegerField(
        label="Least sample",
        min_value=1,
        max_value=2**31 - 1,
        help_text="At least this many hubs must have ended within these hours.",
    )
    lookback_hours = forms.FloatField(
        label="Look back, in hours",
        min_value=0.1,
        max_value=24 * 366,
        help_text="A hub counts from the moment the portal heard how it ended, not from its date.",
    )
    counts_known = forms.BooleanField(label="Count failures that known issues explain", required=False)
    is_active = forms.BooleanField(label="Switched on", required=False, initial=True)

    def __init__(self, *args: Any, batches: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch_id"].choices = [("", "All batches"), *batches]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for failures where particular ones are meant, and forget them where not."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") != HaltRuleKind.CODES:
            cleaned["failure_codes"] = []
        elif not cleaned.get("failure_codes"):
            self.add_error("failure_codes", "Tick at least one failure.")
        return cleaned

    def terms(self, rule: HaltRule | None = None) -> dict[str, Any]:
        """Return what the service takes: the limit as a share, the stored one where it was left alone."""
        terms = {**self.cleaned_data, "threshold": self.cleaned_data["threshold"] / 100}
        return {**terms, "threshold": rule.threshold} if rule and "threshold" in self.untouched else terms


@require_GET
@for_people
def rules(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """List the halt rules of a rollout, with what each sees at this moment, and when they tripped."""
    scope, now = scope_of(request), clock.now()
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    page = rollout_page(scope, rollout_id, now=now)
    context = {
        "page": page,
        "rows": [rule_row(line) for line in halt_rules(scope, rollout_id=rollout_id, now=now)],
        "trips": [trip_row(trip) for trip in halt_trips(scope, rollout_id=rollout_id)],
        "silent_for": duration(_silent_for()),
        "may_operate": scope.has(*MAY_OPERATE) and page.flight.status not in ENDED_STATUSES,
        "scope": scope,
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/governance/halt_rules.html", context)


@require_http_methods(["GET", "POST"])
@for_people
def rule(request: PortalRequest, rollout_id: int, rule_id: int | None = None) -> HttpResponse:
    """Add a halt rule to a rollout, or change one."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    page = rollout_page(scope, rollout_id, now=now)
    line = None if rule_id is None else _rule(scope, rollout_id, rule_id, now=now)
    form, status = _form(request, rollout_id, line), 200
    if request.method == "POST":
        put, status = submit(
            form,
            lambda: services.put_halt_rule(
                scope,
                rollout_id=rollout_id,
                rule_id=rule_id,
                expected=version_of(halt_rule_values(line.rule)) if line else None,
                now=now,
                **form.terms(line.rule if line else None),
            ),
        )
        if put is not None:
            messages.success(request, f"Saved: {put.name}. It is looked at from now on.")
            return redirect("rollouts:halt-rules", rollout_id)
    context = {
        "page": page,
        "form": form,
        "row": rule_row(line) if line else None,
        "silent_for": duration(_silent_for()),
        "title": "Change a halt rule" if line else "Add a halt rule",
        "crumbs": [
            *crumbs_of(rollout_id, page.flight.name),
            {"label": "Halt rules", "url": reverse("rollouts:halt-rules", args=[rollout_id])},
        ],
    }
    return render(request, "rollouts/governance/halt_rule.html", context, status=status)


@require_POST
@for_people
def switch(request: PortalRequest, rollout_id: int, rule_id: int) -> HttpResponse:
    """Switch a halt rule off, or on again."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    _rule(scope, rollout_id, rule_id, now=now)
    is_active = request.POST.get("switch") == "on"
    try:
        put = services.put_halt_rule(
            scope, rollout_id=rollout_id, rule_id=rule_id, is_active=is_active, now=now
        )
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"“{put.name}” is switched {'on' if put.is_active else 'off'}.")
    return redirect("rollouts:halt-rules", rollout_id)


def rule_row(line: RuleLine) -> dict[str, Any]:
    """Put a rule and what it sees into words."""
    rule, rate = line.rule, line.rate
    top = scale_of([rate], limit=rule.threshold)
    missing = max(rule.minimum_sample - rate.sample, 0)
    return {
        "it": rule,
        "counts": counted_words(rule.kind, rule.failure_codes),
        "batch": rule.batch.name if rule.batch else "",
        "limit": percent(rule.threshold),
        "rate": rate_view(rate, top=top, limit=rule.threshold, is_high=line.is_over),
        "with_known": rate_view(line.with_known, top=top) if line.with_known != rate else None,
        "lower": percent(rate.lower),
        "since": line.since,
        "is_short": rule.kind in _OF_SILENCE and timedelta(hours=rule.lookback_hours) < _silent_for(),
        "missing": missing,
        "look": _look(line, missing),
    }


def counted_words(kind: str, codes: list[int]) -> str:
    """Return what a rule counts."""
    if kind == HaltRuleKind.CODES:
        return joined(str(failure_code(code).label) for code in codes)
    return str(HaltRuleKind(kind).label)


def trip_row(trip: Trip) -> dict[str, Any]:
    """Put the trip of a rule into words."""
    rate: Mapping[str, Any] = trip.evidence.get("rate", {})
    return {
        "it": trip,
        "rate": f"{rate.get('hits', 0):,} of {rate.get('sample', 0):,}",
        "lower": percent(rate.get("lower", 0.0)),
        "limit": percent(trip.evidence.get("threshold", 0.0)),
    }


def _silent_for() -> timedelta:
    return pacing.DispatchSettings.current().silent_for


def _look(line: RuleLine, missing: int) -> tuple[str, str, str]:
    if not line.rule.is_active:
        return "Switched off", "neutral", "ban"
    if line.is_over:
        return "Over the limit", "bad", "alert"
    if missing:
        return "Sample too small", "neutral", "hourglass"
    if line.rate.share is not None and line.rate.share > line.rule.threshold:
        return "Near: the rate is above the limit, but could be chance", "warn", "alert"
    return "Within the limit", "good", "check"


def _rule(scope: Scope, rollout_id: int, rule_id: int, *, now: datetime) -> RuleLine:
    lines = halt_rules(scope, rollout_id=rollout_id, now=now)
    line_found = next((line for line in lines if line.rule.pk == rule_id), None)
    if line_found is None:
        raise NotFound("There is no such rule.")
    return line_found


def _form(request: PortalRequest, rollout_id: int, line: RuleLine | None) -> HaltRuleForm:
    batches = batch_choices(rollout_id)
    initial: dict[str, Any] = {
        "kind": HaltRuleKind.ANY,
        "threshold": 5,
        "minimum_sample": 100,
        "lookback_hours": 168,
    }
    if line is not None:
        rule: HaltRule = line.rule
        initial = {name: getattr(rule, name) for name in _TERMS}
        initial["threshold"] = round(100 * rule.threshold, 4)
    return HaltRuleForm(request.POST or None, initial=initial, batches=batches)
