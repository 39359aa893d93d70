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
from rollouts.web.rules.views import form_faults, is_named, name_form, supplier_scope

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
    builder = _builder(request, card)
    readings = _parsed_approval(builder)
    if request.method == "POST":
        version = _act(request, scope, builder, readings)
        if version is not None:
            messages.success(
                request, f"Saved: {version.rule.name}, version {version.version}. It is not on yet."
            )
            return redirect("rollouts:approval", version.rule_id)
    return _show(request, scope, builder, readings)


def _latest(scope: Scope, rule_id: int) -> ApprovalCard:
    card = approval_rule(scope, rule_id)
    return approval_rule(scope, rule_id, version=card.latest_version)


def _builder(request: PortalRequest, card: ApprovalCard | None) -> ApprovalBuilder:
    if request.method == "POST":
        builder = ApprovalBuilder(
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
            tree = builder.releases if place.partition(".")[0] == RELEASE else builder.hubs
            builder.next_place = change(tree, verb, place)
        builder.shows_faults = act in _JUDGED
        return builder
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


def _parsed_approval(builder: ApprovalBuilder) -> ParsedApproval:
    return ParsedApproval(
        parse_draft(builder.releases, RELEASE), parse_draft(builder.hubs, HUB), _policy(builder)
    )


def _policy(builder: ApprovalBuilder) -> TimePolicy | None:
    """Read the time policy; what it lacks is put beside its fields once that is asked for."""
    form = builder.policy
    if not form.is_bound:
        return parse_time_policy(builder.card.shown.time_policy) if builder.card else None
    if not form.is_valid() and not builder.shows_faults:
        return None
    try:
        policy = parse_time_policy(form.document)
    except InvalidCriteria as invalid:
        if builder.shows_faults:
            for problem in invalid.problems:
                form.blame(problem)
        return None
    return policy if form.is_valid() else None


def _act(request: PortalRequest, scope: Scope, builder: ApprovalBuilder, readings: ParsedApproval) -> Any:
    """Do what the pressed button says; return the saved version, if it was that button."""
    act = request.POST.get("act", "")
    if act not in _JUDGED:
        return None
    names = (rule.name for rule in approval_rules(scope))
    has_name = act != "save" or builder.card is not None or is_named(builder.name, names)
    approval = readings.approval
    if approval is None or not has_name:
        builder.status = 422
        return None
    now = clock.now()
    if act == "try":
        builder.past, builder.ahead = back_test(scope, approval, now=now), dry_run(scope, approval, now=now)
        return None
    try:
        return services.save_approval_rule(
            scope,
            name=builder.card.name if builder.card else builder.name.cleaned_data["name"],
            release_tree=approval.release.document,
            hub_tree=approval.hubs.document,
            time_policy=approval.policy.document,
            expected=int(builder.made_from) if builder.made_from.isdecimal() else None,
            now=now,
        )
    except Refusal as refusal:
        if isinstance(refusal, EditConflict) and builder.card:
            versions = approval_versions(scope, builder.card.id)
            yours = replace(
                versions[0],
                release_tree=approval.release.document,
                hub_tree=approval.hubs.document,
                time=explain_policy(approval.policy),
            )
            builder.overtaken = overtaken(versions, builder.made_from, yours, approval_differences)
            builder.made_from = str(builder.card.latest_version)
        builder.refused, builder.status = refusal.message, refusal.status
        return None


def _show(
    request: PortalRequest, scope: Scope, builder: ApprovalBuilder, readings: ParsedApproval
) -> HttpResponse:
    shown = builder.shows_faults
    values = values_that_occur(scope)
    parts = {}
    for root, draft, reading in (
        (RELEASE, builder.releases, readings.releases),
        (HUB, builder.hubs, readings.hubs),
    ):
        faults = reading.faults if shown else []
        parts[root] = draw(draft, root, values=values, faults=faults, next_place=builder.next_place)
    faults = []
    if shown:
        named = [] if builder.card else [builder.name]
        trees = [*readings.releases.faults, *readings.hubs.faults]
        faults = [*form_faults(*named), *trees, *form_faults(builder.policy)]
    context = {
        "builder": builder,
        "parts": parts,
        "readings": readings,
        "time_words": explain_policy(readings.policy) if readings.policy else "",
        "faults": faults,
        "past_words": past_words(builder.past) if builder.past else "",
        "next_words": next_words(builder.ahead) if builder.ahead else "",
        "crumbs": crumbs(builder.card),
        "cancel_url": reverse("rollouts:approval", args=[builder.card.id])
        if builder.card
        else reverse("rollouts:approvals"),
    }
    return render(request, "rollouts/rules/approval_build.html", context, status=builder.status)
