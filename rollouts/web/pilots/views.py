"""The pilot of a rollout: Suppliers choose hubs, the DCC confirms, everybody follows it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.numbers import count_of, share
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.queries.instructions.choices import condition_choices
from rollouts.queries.pilots.pilots import PilotProgress, Submission, pilot_hubs, pilot_progress, submissions
from rollouts.queries.pilots.proposals import nominating_suppliers
from rollouts.queries.rollouts.rollout import RolloutPage, rollout_page
from rollouts.queries.rules.selections import SelectionPreview, preview_selection
from rollouts.rules.criteria import DIMENSIONS
from rollouts.states import NOMINATION_STATUSES, RejectionReason
from rollouts.web.estate.hub_lists import submitted_list
from rollouts.web.guards import for_people, scope_of
from rollouts.web.hub_lists import HubFileField, PastedHubsField
from rollouts.web.rollouts.detail import blocked_steps, step_buttons
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.rules.conditions import ConditionsForm
from rollouts.web.rules.preview import preview_context
from rollouts.web.timing import TimingForm
from rollouts.web.wording import reason_rows, segments

_PILOT_VERBS: Final = frozenset(
    {"start_pilot", "skip_pilot", "end_pilot", "accept_pilot", "reopen_pilot", "reject_pilot"}
)
_SIZE: Final = 100


class NominateForm(TimingForm):
    """By what hubs are chosen, and when they are wanted."""

    source = forms.ChoiceField(
        label="How do you choose?",
        choices=[
            ("rule", "By conditions, with a sample"),
            ("file", "From a file"),
            ("paste", "By pasting GUIDs"),
        ],
        initial="rule",
        widget=forms.RadioSelect,
    )
    file = HubFileField()
    hubs = PastedHubsField()
    rule_name = forms.CharField(
        label="Save the conditions as", required=False, max_length=80, help_text="Saved as a rule of yours."
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a list where a list is meant."""
        cleaned = super().clean()
        if cleaned.get("source") == "file" and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose a file.")
        if cleaned.get("source") == "paste" and not (cleaned.get("hubs") or "").strip():
            self.add_error("hubs", "Paste at least one GUID.")
        return cleaned


@require_http_methods(["GET", "POST"])
@for_people
def pilot(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show the pilot; a Supplier previews and nominates hubs here."""
    scope = scope_of(request)
    form, rule = _forms(request, scope, rollout_id)
    if request.method == "GET":
        return _page(request, rollout_id, form, rule)
    scope.check(*MAY_INSTRUCT)
    is_rule = request.POST.get("source") == "rule" or request.POST.get("act") == "preview"
    if not form.is_valid() or (is_rule and not rule.is_valid()):
        return _page(request, rollout_id, form, rule, status=422)
    now = clock.now()
    try:
        if request.POST.get("act") == "preview":
            preview = preview_selection(
                scope, rollout_id=rollout_id, tree=rule.tree, sample=rule.sample, now=now
            )
            return _page(request, rollout_id, form, rule, preview=preview)
        message = _nominate(scope, rollout_id, form.cleaned_data, rule if is_rule else None, now=now)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        rejected = refusal.facts.get("rejected", [])
        return _page(request, rollout_id, form, rule, rejected=rejected, status=refusal.status)
    messages.success(request, message)
    return redirect("rollouts:pilot", rollout_id)


@require_POST
@for_people
def decide(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Confirm the ticked nominations into the pilot group, or decline one; DCC alone."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    rollout_page(scope, rollout_id, now=now)
    comment = request.POST.get("comment", "")
    chosen = [int(each) for each in request.POST.getlist("submission") if each.isdecimal()]
    form, rule = _forms(request, scope, rollout_id, is_bound=False)
    try:
        if not chosen:
            return _page(request, rollout_id, form, rule, refused="Tick at least one nomination.", status=422)
        if request.POST.get("act") == "decline":
            for each in chosen:
                services.decline_submission(scope, submission_id=each, comment=comment, now=now)
            message = f"{count_of(len(chosen), 'nomination')} declined; the Suppliers are told why."
        else:
            done = services.confirm_pilot(
                scope, rollout_id=rollout_id, submission_ids=chosen, comment=comment, now=now
            )
            message = (
                f"{count_of(done.joined, 'hub')} joined: the pilot group has {done.in_pilot} of {done.cap}."
            )
            if done.dropped:
                message += f" {count_of(done.dropped, 'hub')} could not be taken any more."
    except Refusal as refusal:
        return _page(request, rollout_id, form, rule, refused=refusal.message, status=refusal.status)
    messages.success(request, message)
    return redirect("rollouts:pilot", rollout_id)


@require_POST
@for_people
def withdraw(request: PortalRequest, rollout_id: int, submission_id: int) -> HttpResponse:
    """Take back a nomination that has not been decided; as the DCC, a proposal that has not been answered."""
    scope = scope_of(request)
    if scope.is_dcc:
        services.withdraw_proposed(scope, submission_id=submission_id, now=clock.now())
        messages.success(request, "The proposal is withdrawn; the Supplier is told.")
    else:
        services.withdraw_submission(scope, submission_id=submission_id, now=clock.now())
        messages.success(request, "The nomination is withdrawn.")
    return redirect("rollouts:pilot", rollout_id)


def _forms(
    request: PortalRequest, scope: Scope, rollout_id: int, *, is_bound: bool = True
) -> tuple[NominateForm, ConditionsForm]:
    conditions = condition_choices(scope, rollout_id)
    if request.method == "POST" and is_bound:
        return (
            NominateForm(request.POST, request.FILES),
            ConditionsForm(request.POST, **conditions, prefix="rule"),
        )
    initial = {"size": _SIZE, "strata": list(DIMENSIONS), "seed": secrets.randbelow(1_000_000)}
    return NominateForm(), ConditionsForm(**conditions, prefix="rule", initial=initial)


def _nominate(
    scope: Scope, rollout_id: int, cleaned: Mapping[str, Any], rule: ConditionsForm | None, *, now: datetime
) -> str:
    arguments: dict[str, Any] = {
        "rollout_id": rollout_id,
        "activate_at": cleaned["activate_at"],
        "received_at": now,
        "now": now,
    }
    if rule is not None:
        name = cleaned["rule_name"] or f"Pilot of rollout {rollout_id}"
        saved = services.save_rule(scope, name=name, tree=rule.tree, sample=rule.sample, now=now)
        done = services.submit_pilot(scope, rule_version_id=saved.pk, **arguments)
    else:
        is_file = cleaned["source"] == "file"
        listed = submitted_list(cleaned["file"] if is_file else None, cleaned["hubs"])
        done = services.submit_pilot(scope, source=listed.hubs if listed else None, **arguments)
    message = f"{count_of(done.hubs, 'hub')} nominated for the pilot. DCC decides."
    return message + (
        f" {count_of(len(done.rejected), 'line')} not accepted: see below." if done.rejected else ""
    )


def _page(
    request: PortalRequest,
    rollout_id: int,
    form: NominateForm,
    rule: ConditionsForm,
    *,
    preview: SelectionPreview | None = None,
    rejected: object = (),
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    scope, now = scope_of(request), clock.now()
    page = rollout_page(scope, rollout_id, now=now)
    progress = pilot_progress(scope, rollout_id=rollout_id)
    may_decide = scope.has(*MAY_OPERATE) and page.flight.status in NOMINATION_STATUSES
    nominations = submissions(scope, rollout_id=rollout_id) if scope.is_dcc or scope.is_supplier else []
    hubs_url, pilot_id = reverse("rollouts:hubs", args=[rollout_id]), page.pilot.id if page.pilot else 0
    hubs = pilot_hubs(scope, rollout_id=rollout_id, after=request.GET.get("after", ""), size=50)
    context = {
        "page": page,
        "scope": scope,
        "now": now,
        "form": form,
        "rule": rule,
        "preview": preview,
        "preview_rows": preview_context(preview).get("preview_parts", []),
        "rejected": _worded(rejected),
        "refused": refused,
        "progress": progress,
        "segments": segments(progress.states),
        "success": _success_words(progress),
        "failures": reason_rows(progress.failures, url=hubs_url, more=f"&batch={pilot_id}"),
        "regions": _regions(progress.by_region, url=f"{hubs_url}?batch={pilot_id}"),
        "hubs": hubs,
        "older_url": f"?after={hubs.next}" if hubs.next else "",
        "submissions": [_submission(nomination) for nomination in nominations],
        "ticked": {int(each) for each in request.POST.getlist("submission") if each.isdecimal()},
        "comment": request.POST.get("comment", ""),
        **_proposing(scope, page, may_propose=may_decide and page.has_pilot, now=now),
        "may_nominate": _may_nominate(scope, page, now=now),
        "may_decide": may_decide,
        "has_undecided": any(nomination.status == "SUBMITTED" for nomination in nominations),
        "steps": step_buttons(
            pilot_steps := [step for step in page.steps if step.verb in _PILOT_VERBS], page
        ),
        "blocked": blocked_steps(pilot_steps, page),
        "crumbs": crumbs_of(rollout_id, page.flight.name),
        "decide_url": reverse("rollouts:pilot-decide", args=[rollout_id]),
    }
    part = "#preview" if request.htmx and preview is not None else ""
    return render(request, f"rollouts/pilots/pilot.html{part}", context, status=status)


def _proposing(scope: Scope, page: RolloutPage, *, may_propose: bool, now: datetime) -> dict[str, Any]:
    shows_who = may_propose and page.flight.has_window
    nominators = nominating_suppliers(scope, rollout_id=page.flight.id) if shows_who else []
    return {
        "may_propose": may_propose,
        "nominators": nominators,
        "lacks_nominations": any(not row.has_nominated for row in nominators),
        "may_remind": page.flight.cutoff_at >= now,
    }


def _success_words(progress: PilotProgress) -> str:
    settled = progress.activated + progress.failed
    return (
        f"{progress.activated:,} of {settled:,} settled hubs activated: {share(progress.activated, settled)}."
        if settled
        else ""
    )


def _may_nominate(scope: Scope, page: RolloutPage, *, now: datetime) -> bool:
    return (
        scope.is_supplier
        and scope.has(*MAY_INSTRUCT)
        and page.has_pilot
        and page.flight.status in NOMINATION_STATUSES
        and page.flight.cutoff_at >= now
    )


def _regions(by_region: Mapping[Any, Mapping[Any, int]], *, url: str) -> list[dict[str, Any]]:
    return [
        {"label": str(region.label), "segments": segments(states), "url": f"{url}&region={int(region)}"}
        for region, states in by_region.items()
    ]


def _submission(nomination: Submission) -> dict[str, Any]:
    return {"it": nomination, "rejected": _worded(nomination.rejected)[:20]}


def _worded(rejected: object) -> list[dict[str, Any]]:
    lines: Sequence[Mapping[str, Any]] = rejected if isinstance(rejected, list) else []
    return [
        {
            **line,
            "words": str(RejectionReason(line["reason"]).label)
            if line["reason"] in RejectionReason.values
            else line["reason"],
        }
        for line in lines
    ]
