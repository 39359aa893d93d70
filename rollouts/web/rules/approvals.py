"""Approval rules: listed, shown with what they did, tried out, switched on and off."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.queries.rules.approvals import (
    ApprovalCard,
    RuleVersion,
    approval_rule,
    approval_rules,
    approval_versions,
)
from rollouts.reads.rules.approvals import Approval
from rollouts.web.guards import for_people
from rollouts.web.rules.forecasts import back_test, dry_run, next_words, past_words
from rollouts.web.rules.versions import approval_differences, compared, with_changes
from rollouts.web.rules.views import supplier_scope

#: What came of a run: word, tone and icon.
_RUNS: Final = {
    "APPROVED": ("Approved", "good", "check"),
    "NO_HUBS": ("No hubs", "neutral", "dash-circle"),
}


@require_GET
@for_people
def approvals(request: PortalRequest) -> HttpResponse:
    """List the organisation's approval rules, on or off."""
    scope = supplier_scope(request)
    context = {"rules": approval_rules(scope), "scope": scope, "may_write": scope.has(*MAY_INSTRUCT)}
    return render(request, "rollouts/rules/approvals.html", context)


@require_GET
@for_people
def approval(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Show a rule: what it says, what it has done, its versions and their differences."""
    scope = supplier_scope(request)
    card = approval_rule(scope, rule_id)
    versions = approval_versions(scope, rule_id)
    context = {
        "card": card,
        "latest": versions[0],
        "runs": [{"it": run, "look": _RUNS.get(run.outcome, _RUNS["NO_HUBS"])} for run in card.runs],
        "versions": with_changes(versions, approval_differences),
        "compared": compared(versions, request.GET, approval_differences),
        "may_write": scope.has(*MAY_INSTRUCT),
        "crumbs": crumbs(),
    }
    return render(request, "rollouts/rules/approval.html", context)


@require_GET
@for_people
def try_out(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Return what a rule would have done with past rollouts, and would do with those that run."""
    scope, now = supplier_scope(request), clock.now()
    card = _card(request, scope, rule_id)
    approval = _approval(card.shown)
    past, ahead = back_test(scope, approval, now=now), dry_run(scope, approval, now=now)
    context = {
        "card": card,
        "past": past,
        "ahead": ahead,
        "past_words": past_words(past),
        "next_words": next_words(ahead),
        "crumbs": crumbs(card),
    }
    return render(request, "rollouts/rules/approval_try.html", context)


@require_http_methods(["GET", "POST"])
@for_people
def enable(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Ask once, saying what comes next; then switch a version on."""
    scope, now = supplier_scope(request, may_write=True), clock.now()
    card = _card(request, scope, rule_id)
    if request.method == "POST":
        services.enable_approval_rule(scope, rule_id=rule_id, version=card.shown.version, now=now)
        messages.success(
            request, f"{card.name} is on, in version {card.shown.version}. The portal applies it from now on."
        )
        return redirect("rollouts:approval", rule_id)
    ahead = dry_run(scope, _approval(card.shown), now=now)
    context = {"card": card, "ahead": ahead, "next_words": next_words(ahead), "crumbs": crumbs(card)}
    return render(request, "rollouts/rules/approval_enable.html", context)


@require_POST
@for_people
def disable(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Switch a rule off, or archive it; what it has instructed stands."""
    scope = supplier_scope(request, may_write=True)
    is_archived = request.POST.get("act") == "archive"
    services.disable_approval_rule(scope, rule_id=rule_id, now=clock.now(), archive=is_archived)
    if is_archived:
        messages.success(request, "The rule is archived. Its instructions stay in force.")
        return redirect("rollouts:approvals")
    messages.success(request, "The rule is off. Its instructions stay in force.")
    return redirect("rollouts:approval", rule_id)


def crumbs(card: ApprovalCard | None = None) -> list[dict[str, str]]:
    """Lead back to the list, and to the rule."""
    trail = [{"label": "Approval rules", "url": reverse("rollouts:approvals")}]
    if card is not None:
        trail.append({"label": card.name, "url": reverse("rollouts:approval", args=[card.id])})
    return trail


def _card(request: PortalRequest, scope: Scope, rule_id: int) -> ApprovalCard:
    """Find the rule in the version that is named, else in its latest."""
    params: Any = request.POST if request.method == "POST" else request.GET
    version = params.get("version", "")
    if version and not version.isdecimal():
        raise NotFound("There is no such version of this rule.")
    card = approval_rule(scope, rule_id)
    return approval_rule(scope, rule_id, version=int(version) if version else card.latest_version)


def _approval(version: RuleVersion) -> Approval:
    return Approval.read(
        release_tree=version.release_tree, hub_tree=version.hub_tree, time_policy=version.time_policy
    )
