"""Known issues: what is understood, and which failures it explains (R5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm, submit
from portal.kernel.refusals import NotFound
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.models import CplEntry, KnownIssue
from rollouts.queries.governance.incidents import known_issues
from rollouts.reads.governance.edits import known_issue_values
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.rules.criteria import Subject, explain, parse
from rollouts.states import OPEN_STATUSES, FailureCode, failure_code
from rollouts.web.governance.incident_forms import HubConditionsForm
from rollouts.web.guards import for_people, scope_of
from rollouts.web.wording import joined

#: Failures of the upgrade itself; what withdraws a hub is no failure.
CODES: Final = [
    (code.value, str(code.label)) for code in FailureCode if 0 < code < FailureCode.DECOMMISSIONED
]
_MOST_VERSIONS: Final = 60


class IssueForm(EditForm):
    """What is known, and what it explains."""

    title = forms.CharField(label="What is known?", max_length=120)
    description = forms.CharField(
        label="More about it",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For DCC and the Panel.",
    )
    rollout_id = forms.TypedChoiceField(
        label="For which rollout", required=False, coerce=int, empty_value=None
    )
    failure_codes = forms.TypedMultipleChoiceField(
        label="It explains these failures",
        required=False,
        coerce=int,
        choices=CODES,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: any failure of the hubs below.",
    )
    is_active = forms.BooleanField(
        label="It counts now",
        required=False,
        initial=True,
        help_text="Halt rules then leave out the failures it explains, but for rules that count them.",
    )

    def __init__(self, *args: Any, rollouts: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rollout_id"].choices = [("", "All rollouts"), *rollouts]  # type: ignore[attr-defined]


class IssueConditionsForm(EditForm, HubConditionsForm):
    """The hubs of a known issue."""


@require_http_methods(["GET", "POST"])
@for_people
def known_issue(request: PortalRequest, issue_id: int | None = None) -> HttpResponse:
    """Record something that is understood, or change it."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    issue = None if issue_id is None else _issue(scope, issue_id)
    form, rule = _forms(request, scope, issue)
    status = 200
    if request.method == "POST":
        status = max(form.refused_status, rule.refused_status, key=lambda each: each == HTTPStatus.CONFLICT)
        if form.is_valid() & rule.is_valid():
            done, status = submit(form, lambda: _put(request, scope, issue, form.cleaned_data, rule))
            if done is not None:
                return done
    context = {
        "form": form,
        "rule": rule,
        "issue": issue,
        "kept": _criteria_words(issue) if issue is not None and not _fits_form(issue) else "",
        "title": "Change a known issue" if issue else "Add a known issue",
        "crumbs": [{"label": "Triage", "url": reverse("rollouts:triage")}],
    }
    return render(request, "rollouts/governance/known_issue.html", context, status=status)


def issue_rows(scope: Scope, *, rollout_id: int | None) -> list[dict[str, Any]]:
    """List known issues with what they explain in words."""
    return [
        {
            "it": issue,
            "codes": joined(str(failure_code(code).label) for code in issue.failure_codes) or "Any failure",
            "hubs": _criteria_words(issue) or "All hubs",
        }
        for issue in known_issues(scope, rollout_id=rollout_id)
    ]


def _put(
    request: PortalRequest,
    scope: Scope,
    issue: KnownIssue | None,
    cleaned: Mapping[str, Any],
    rule: HubConditionsForm,
) -> HttpResponse:
    tree: object | None = rule.tree if rule.tree["all"] else None
    if issue is not None and tree is None and not _fits_form(issue):
        tree = issue.criteria  # conditions this form cannot show are kept as they are
    put = services.put_known_issue(
        scope,
        criteria=tree,
        issue_id=issue.pk if issue else None,
        expected=version_of(known_issue_values(issue)) if issue else None,
        now=clock.now(),
        **cleaned,
    )
    messages.success(request, f"Saved: {put.title}. It {'counts' if put.is_active else 'does not count'}.")
    if put.rollout_id is not None:
        return redirect("rollouts:triage-of", put.rollout_id)
    return redirect("rollouts:triage")


def _issue(scope: Scope, issue_id: int) -> KnownIssue:
    issue = next((candidate for candidate in known_issues(scope) if candidate.pk == issue_id), None)
    if issue is None:
        raise NotFound("There is no such known issue.")
    return issue


def _forms(
    request: PortalRequest, scope: Scope, issue: KnownIssue | None
) -> tuple[IssueForm, IssueConditionsForm]:
    is_own = issue.rollout_id if issue else 0
    known = visible_rollouts(scope).filter(status__in=OPEN_STATUSES) | visible_rollouts(scope).filter(
        pk=is_own or 0
    )
    rollouts = list(known.order_by("name", "id").values_list("pk", "name"))
    versions = sorted(set(CplEntry.objects.values_list("firmware_version", flat=True)))[-_MOST_VERSIONS:]
    wanted = request.GET.get("rollout", "")
    initial: dict[str, Any] = {"rollout_id": int(wanted) if wanted.isdecimal() else None}
    if issue is not None:
        names = ("title", "description", "rollout_id", "failure_codes", "is_active")
        initial = {name: getattr(issue, name) for name in names}
    conditions = _as_form(issue.criteria) if issue is not None and _fits_form(issue) else {}
    return (
        IssueForm(request.POST or None, rollouts=rollouts, initial=initial),
        IssueConditionsForm(request.POST or None, versions=versions, prefix="rule", initial=conditions),
    )


#: What the form's fields say in a tree, and back.
_FIELDS: Final = {
    ("region", "in"): "region",
    ("version", "in"): "version",
    ("band", "="): "band",
    ("supply", "="): "supply",
    ("han_devices", ">="): "han_at_least",
    ("han_devices", "<="): "han_at_most",
    ("installed_on", "after"): "installed_after",
    ("installed_on", "before"): "installed_before",
}


def _leaves(tree: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the conditions of a flat tree; None of one that is more than that."""
    if not tree:
        return []
    leaves = tree["all"] if set(tree) == {"all"} else [tree]
    fits = all((leaf.get("field"), leaf.get("op")) in _FIELDS for leaf in leaves)
    return list(leaves) if fits else None


def _fits_form(issue: KnownIssue) -> bool:
    return _leaves(issue.criteria) is not None


def _as_form(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {_FIELDS[leaf["field"], leaf["op"]]: leaf["value"] for leaf in _leaves(tree) or []}


def _criteria_words(issue: KnownIssue) -> str:
    return explain(parse(issue.criteria, subject=Subject.HUB)) if issue.criteria else ""
