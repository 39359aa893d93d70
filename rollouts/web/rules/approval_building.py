"""Building an approval rule: which rollouts, which hubs, and when they activate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import MADE_FROM
from portal.kernel.refusals import Refusal
from portal.kernel.versions import EditConflict
from rollouts import services
from rollouts.queries.rules.approvals import ApprovalCard, approval_rule, approval_rules, approval_versions
from rollouts.queries.rules.choices import values_that_occur
from rollouts.reads.rules.approvals import Approval
from rollouts.rules.criteria import InvalidCriteria, Subject, TimePolicy, explain_policy, parse_time_policy
from rollouts.web.guards import for_people
from rollouts.web.rules.approvals import crumbs
from rollouts.web.rules.drafts import VERBS, DraftGroup, change, draft_of, read_draft
from rollouts.web.rules.drawing import ParsedDraft, draw, parse_draft
from rollouts.web.rules.forecasts import Trial, back_test, dry_run, next_words, past_words
from rollouts.web.rules.forms import NameForm, PolicyForm, policy_initial
from rollouts.web.rules.versions import approval_differences, overtaken
from rollouts.web.rules.views import form_faults, name_form, supplier_scope

RELEASE: Final = "release"
HUB: Final = "hub"
_JUDGED: Final = frozenset({"save", "try"})


@dataclass(slots=True)
class ApprovalBuilder:
    """An approval rule while it is being built."""

    card: ApprovalCard | None
    releases: DraftGroup
    hubs: DraftGroup
    name: NameForm
    policy: PolicyForm
    next_place: str = ""
    shows_faults: bool = False
    past: Trial | None = None
    ahead: Trial | None = None
    refused: str = ""
    status: int = 200
    made_from: str = ""
    overtaken: Mapping[str, Any] | None = None
    """What was saved meanwhile, and what saving this would change of it."""


@dataclass(frozen=True, slots=True)
class ParsedApproval:
    """What the three parts of a rule mean; None where a part is not complete."""

    releases: ParsedDraft
    hubs: ParsedDraft
    policy: TimePolicy | None

    @property
    def approval(self) -> Approval | None:
        """The whole, once every part is complete."""
        if self.releases.criteria is None or self.hubs.criteria is None or self.policy is None:
            return None
        return Approval(self.releases.criteria, self.hubs.criteria, self.policy)


@require_http_methods(["GET", "POST"])
@for_people
def build_approval(request: PortalRequest, rule_id: int | None = None) -> HttpResponse:
    """Build an approval rule, or a new version of one; every button gives the form back, changed."""
    scope = supplier_scope(request, may_write=True)
    card = _latest(scope, rule_id) if rule_id is not None else None
    bench = _builder(request, card)
    readings = _parsed_approval(bench)
    if request.method == "POST":
        version = _act(request, scope, bench, readings)
        if version is not None:
            messages.success(
                request, f"Saved: {version.rule.name}, version {version.version}. It is not on yet."
            )
            return redirect("rollouts:approval", version.rule_id)
    return _show(request, scope, bench, readings)


def _latest(scope: Scope, rule_id: int) -> ApprovalCard:
    card = approval_rule(scope, rule_id)
    return approval_rule(scope, rule_id, version=card.latest_version)


def _builder(request: PortalRequest, card: ApprovalCard | None) -> ApprovalBuilder:
    if request.method == "POST":
        bench = ApprovalBuilder(
            card,
            read_draft(request.POST, RELEASE, Subject.RELEASE),
            read_draft(request.POST, HUB, Subject.HUB),
            name_form(request),
            PolicyForm(request.POST),
            made_from=request.POST.get(MADE_FROM, str(card.latest_version) if card else ""),
        )
        act = request.POST.get("act", "")
        verb, _, place = act.partition(":")
        if verb in VERBS:
            tree = bench.releases if place.partition(".")[0] == RELEASE else bench.hubs
            bench.next_place = change(tree, verb, place)
        bench.shows_faults = act in _JUDGED
        return bench
    if card is None:
        return ApprovalBuilder(
            None, DraftGroup(Subject.RELEASE), DraftGroup(Subject.HUB), NameForm(), PolicyForm()
        )
    shown = card.shown
    return ApprovalBuilder(
        card,
        draft_of(shown.release_tree, Subject.RELEASE),
        draft_of(shown.hub_tree, Subject.HUB),
        NameForm(),
        PolicyForm(initial=policy_initial(parse_time_policy(shown.time_policy))),
        made_from=str(card.latest_version),
    )


def _parsed_approval(bench: ApprovalBuilder) -> ParsedApproval:
    return ParsedApproval(parse_draft(bench.releases, RELEASE), parse_draft(bench.hubs, HUB), _policy(bench))


def _policy(bench: ApprovalBuilder) -> TimePolicy | None:
    """Read the time policy; what it lacks is put beside its fields once that is asked for."""
    form = bench.policy
    if not form.is_bound:
        return parse_time_policy(bench.card.shown.time_policy) if bench.card else None
    if not form.is_valid() and not bench.shows_faults:
        return None
    try:
        policy = parse_time_policy(form.document)
    except InvalidCriteria as invalid:
        if bench.shows_faults:
            for problem in invalid.problems:
                form.blame(problem)
        return None
    return policy if form.is_valid() else None


def _act(request: PortalRequest, scope: Scope, bench: ApprovalBuilder, readings: ParsedApproval) -> Any:
    """Do what the pressed button says; return the saved version, if it was that button."""
    act = request.POST.get("act", "")
    if act not in _JUDGED:
        return None
    is_named = act != "save" or _is_named(scope, bench)
    approval = readings.approval
    if approval is None or not is_named:
        bench.status = 422
        return None
    now = clock.now()
    if act == "try":
        bench.past, bench.ahead = back_test(scope, approval, now=now), dry_run(scope, approval, now=now)
        return None
    try:
        return services.save_approval_rule(
            scope,
            name=bench.card.name if bench.card else bench.name.cleaned_data["name"],
            release_tree=approval.release.document,
            hub_tree=approval.hubs.document,
            time_policy=approval.policy.document,
            expected=int(bench.made_from) if bench.made_from.isdecimal() else None,
            now=now,
        )
    except Refusal as refusal:
        if isinstance(refusal, EditConflict) and bench.card:
            versions = approval_versions(scope, bench.card.id)
            yours = replace(
                versions[0],
                release_tree=approval.release.document,
                hub_tree=approval.hubs.document,
                time=explain_policy(approval.policy),
            )
            bench.overtaken = overtaken(versions, bench.made_from, yours, approval_differences)
            bench.made_from = str(bench.card.latest_version)
        bench.refused, bench.status = refusal.message, refusal.status
        return None


def _is_named(scope: Scope, bench: ApprovalBuilder) -> bool:
    if bench.card is not None:
        return True
    if not bench.name.is_valid():
        return False
    name = bench.name.cleaned_data["name"]
    if any(rule.name == name for rule in approval_rules(scope)):
        bench.name.add_error(
            "name", f"There is a rule “{name}” already: change that one, or take another name."
        )
    return bench.name.is_valid()


def _show(
    request: PortalRequest, scope: Scope, bench: ApprovalBuilder, readings: ParsedApproval
) -> HttpResponse:
    shown = bench.shows_faults
    values = values_that_occur(scope)
    parts = {}
    for root, draft, reading in (
        (RELEASE, bench.releases, readings.releases),
        (HUB, bench.hubs, readings.hubs),
    ):
        faults = reading.faults if shown else []
        parts[root] = draw(draft, root, values=values, faults=faults, next_place=bench.next_place)
    faults = []
    if shown:
        named = [] if bench.card else [bench.name]
        trees = [*readings.releases.faults, *readings.hubs.faults]
        faults = [*form_faults(*named), *trees, *form_faults(bench.policy)]
    context = {
        "bench": bench,
        "parts": parts,
        "readings": readings,
        "time_words": explain_policy(readings.policy) if readings.policy else "",
        "faults": faults,
        "past_words": past_words(bench.past) if bench.past else "",
        "next_words": next_words(bench.ahead) if bench.ahead else "",
        "crumbs": crumbs(bench.card),
        "cancel_url": reverse("rollouts:approval", args=[bench.card.id])
        if bench.card
        else reverse("rollouts:approvals"),
    }
    return render(request, "rollouts/rules/approval_build.html", context, status=bench.status)
