"""The requirements document on a page, and the rules decisions go by: read, proposed, signed (R6.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.forms import BaseFormSet, formset_factory
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.identity.models import Organisation, OrganisationKind
from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_CONFIRM, MAY_OPERATE, Role
from portal.kernel import clock
from portal.kernel.presentation.edits import MADE_FROM
from portal.kernel.refusals import NotFound, NotPermitted, Refusal
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.queries.governance.business_rules import BusinessRules, RuleChange, business_rules
from rollouts.queries.governance.requirements import requirements_document
from rollouts.states import ReviewOutcome
from rollouts.states.governing import DecisionStatus, SignOffVerdict
from rollouts.web.guards import for_people, scope_of

_MARKS: Final = re.compile(r"(\*\*.+?\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\))")
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_MOST_ROWS: Final = 8
_SPARE_ROWS: Final = 2
_LOOKS: Final = {
    DecisionStatus.REVIEW: ("info", "eye"),
    DecisionStatus.RECOMMENDED: ("warn", "hourglass"),
    DecisionStatus.ENACTED: ("good", "check"),
    DecisionStatus.REJECTED: ("bad", "x-circle"),
    DecisionStatus.OVERTAKEN: ("neutral", "ban"),
}


class RequirementForm(forms.Form):
    """So many holders of a role of one body; a row without a body asks for nobody."""

    organisation = forms.TypedChoiceField(label="Body", required=False, coerce=int, empty_value=None)
    role = forms.ChoiceField(
        label="Role",
        required=False,
        choices=[(role.value, str(role.label)) for role in (Role.PANEL_MEMBER, Role.DCC_OPERATOR)],
    )
    number = forms.IntegerField(label="How many", required=False, min_value=1, max_value=50, initial=1)
    option = forms.IntegerField(
        label="Option", required=False, min_value=1, max_value=9, initial=1, help_text="One option is enough."
    )
    outcomes = forms.MultipleChoiceField(
        label="For", required=False, choices=ReviewOutcome.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, bodies: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [("", "Nobody"), *bodies]  # type: ignore[attr-defined]


class ReasonsForm(forms.Form):
    """Why the rules are to change."""

    reasons = forms.CharField(
        label="Reasons",
        help_text="They are written down, with who proposed and who approved.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4_000,
    )


@require_GET
@for_people
def requirements(request: PortalRequest) -> HttpResponse:
    """Show what the portal promises, its version, and every change with who approved it."""
    document, rules = requirements_document(), business_rules(scope_of(request))
    context = {
        "document": document,
        "intro": [inline(words) for words in document.intro],
        "sections": [
            (section.title, [(row.number, inline(row.words)) for row in section.promises])
            for section in document.sections
        ],
        "changes": document.changes,
        "rule_changes": [
            _change(change) for change in rules.changes if change.status == DecisionStatus.ENACTED
        ],
    }
    return render(request, "rollouts/governance/requirements.html", context)


@require_GET
@for_people
def rules(request: PortalRequest) -> HttpResponse:
    """Show who must sign a decision, since when, and every change to that."""
    return _rules_page(request)


@require_http_methods(["GET", "POST"])
@for_people
def propose(request: PortalRequest) -> HttpResponse:
    """Propose who must sign; it is signed itself before it counts."""
    scope, status = scope_of(request), 200
    scope.check(*MAY_OPERATE, *MAY_CONFIRM)
    current = business_rules(scope)
    rows, reasons = _row_forms(request, current), ReasonsForm(request.POST or None)
    in_force: Sequence[Any] = ()
    made_from = version_of({"in_force": _given(current)})
    if request.method == "POST" and request.POST.get(MADE_FROM, made_from) != made_from:
        words = "Who must sign has changed since you opened the page. Propose again to replace that."
        reasons.add_error(None, words)
        in_force, status = current.in_force, 409
    elif request.method == "POST":
        status = 422
        if rows.is_valid() and reasons.is_valid():
            try:
                services.propose_requirements(
                    scope, rows=list(_proposed_rows(rows)), now=clock.now(), **reasons.cleaned_data
                )
            except NotPermitted:
                raise
            except Refusal as refusal:
                reasons.add_error(None, refusal.message)
                status = refusal.status
            else:
                messages.success(request, "The change is proposed. It counts once it has been signed.")
                return redirect("rollouts:business-rules")
    context = {
        "rows": rows,
        "reasons": reasons,
        "made_from": made_from,
        "in_force": in_force,
        "crumbs": _crumbs(is_below=True),
    }
    return render(request, "rollouts/governance/rules_propose.html", context, status=status)


@require_POST
@for_people
def sign(request: PortalRequest, decision_id: int) -> HttpResponse:
    """Approve or reject a proposed change."""
    scope = scope_of(request)
    known = {change.id: change for change in business_rules(scope).changes if change.page is not None}
    if decision_id not in known:
        raise NotFound("There is no such proposal.")
    version, verdict = request.POST.get("version", ""), request.POST.get("verdict", "")
    try:
        signed = services.sign_off(
            scope,
            decision_id=decision_id,
            version=int(version) if version.isdecimal() else 0,
            verdict=verdict,
            comment=request.POST.get("comment", ""),
            now=clock.now(),
        )
    except NotPermitted:
        raise
    except Refusal as refusal:
        return _rules_page(request, problem=refusal)
    messages.success(request, _outcome_words(verdict, signed))
    return redirect("rollouts:business-rules")


@require_POST
@for_people
def withdraw(request: PortalRequest, decision_id: int) -> HttpResponse:
    """Take back a proposed change; for the body that proposed it."""
    scope, version = scope_of(request), request.POST.get("version", "")
    try:
        services.withdraw_recommendation(
            scope,
            decision_id=decision_id,
            version=int(version) if version.isdecimal() else 0,
            why=request.POST.get("why", ""),
            now=clock.now(),
        )
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        return _rules_page(request, problem=refusal)
    messages.success(request, "The proposal is withdrawn. Nothing changes.")
    return redirect("rollouts:business-rules")


def inline(words: str) -> SafeString:
    """Write bold, code and links of a text; a link to another page of the reference becomes its words."""
    return format_html_join("", "{}", ((_piece(piece),) for piece in _MARKS.split(words) if piece))


def _piece(piece: str) -> str:
    if piece.startswith("**") and piece.endswith("**"):
        return format_html("<strong>{}</strong>", piece[2:-2])
    if piece.startswith("`") and piece.endswith("`"):
        return format_html("<code>{}</code>", piece[1:-1])
    link = _LINK.fullmatch(piece)
    if link is None:
        return piece
    label, address = link.groups()
    if not address.startswith("https://"):
        return label
    return format_html('<a href="{}" rel="noreferrer">{}</a>', address, label)


def _rules_page(request: PortalRequest, *, problem: Refusal | None = None) -> HttpResponse:
    scope = scope_of(request)
    current = business_rules(scope)
    context = {
        "found": current,
        "open": [_change(change) for change in current.changes if change.page is not None],
        "made": [_change(change) for change in current.changes if change.page is None],
        "may_propose": scope.has(*MAY_OPERATE, *MAY_CONFIRM),
        "problem": problem.message if problem else "",
        "comment": request.POST.get("comment", ""),
        "why": request.POST.get("why", ""),
        "crumbs": _crumbs(),
    }
    return render(
        request,
        "rollouts/governance/rules_of_business.html",
        context,
        status=problem.status if problem else 200,
    )


def _row_forms(request: PortalRequest, current: BusinessRules) -> BaseFormSet[RequirementForm]:
    boards = Organisation.objects.filter(
        kind__in=[OrganisationKind.PANEL, OrganisationKind.DCC], is_active=True
    )
    factory = formset_factory(RequirementForm, extra=_SPARE_ROWS, max_num=_MOST_ROWS, validate_max=True)
    return factory(
        request.POST or None,
        initial=_given(current),
        prefix="row",
        form_kwargs={"bodies": list(boards.order_by("-kind", "name").values_list("pk", "name"))},
    )


def _given(current: BusinessRules) -> list[dict[str, Any]]:
    outcomes = {str(outcome.label): outcome.value for outcome in ReviewOutcome}
    return [
        {
            "organisation": row.organisation_id,
            "role": row.role_value,
            "number": row.number,
            "option": row.option,
            "outcomes": [outcomes[label] for label in row.outcomes],
        }
        for row in current.in_force
        if row.organisation_id is not None
    ]


def _proposed_rows(rows: BaseFormSet[RequirementForm]) -> Iterator[dict[str, Any]]:
    for form in rows:
        cleaned = form.cleaned_data
        if cleaned.get("organisation"):
            yield {**cleaned, "number": cleaned.get("number") or 1, "option": cleaned.get("option") or 1}


def _outcome_words(verdict: str, signed: services.Signed) -> str:
    if verdict == SignOffVerdict.REJECT:
        return "The change is rejected."
    if signed.status == DecisionStatus.ENACTED:
        return "The change is signed, and in force."
    return f"Signed. Still needed: {'; or '.join(signed.still_needed)}."


def _change(change: RuleChange) -> dict[str, Any]:
    word, look = change.status.label, _LOOKS[change.status]
    if change.withdrawn:
        word, look = "Withdrawn", ("neutral", "x")
    return {"it": change, "word": word, "look": look, "approved_by": ", ".join(change.approved_by)}


def _crumbs(*, is_below: bool = False) -> list[dict[str, str]]:
    crumbs = [{"label": "Requirements", "url": reverse("rollouts:requirements")}]
    if is_below:
        crumbs.append({"label": "Business rules", "url": reverse("rollouts:business-rules")})
    return crumbs
