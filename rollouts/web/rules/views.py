"""Rules for choosing hubs: built condition by condition, tried on a rollout, saved in versions, used."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
from portal.kernel.presentation.edits import MADE_FROM
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import NotFound, NotPermitted, Refusal
from portal.kernel.versions import EditConflict
from rollouts import services
from rollouts.queries.rules.choices import OpenRolloutRow, open_rollouts, values_that_occur
from rollouts.queries.rules.selections import (
    SavedRule,
    SelectionPreview,
    preview_selection,
    rule_versions,
    selection_rules,
)
from rollouts.rules.criteria import DIMENSIONS, Subject
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rules.drafts import VERBS, DraftGroup, change, draft_of, read_draft
from rollouts.web.rules.drawing import Fault, draw, parse_draft
from rollouts.web.rules.forms import NameForm, SampleForm, TryForm, WantedForm
from rollouts.web.rules.preview import preview_context
from rollouts.web.rules.versions import compared, overtaken, rule_differences, sample_words, with_changes

ROOT: Final = "hub"
_SIZE: Final = 100


@dataclass(slots=True)
class RuleBuilder:
    """A rule while it is being built."""

    saved: SavedRule | None
    draft: DraftGroup
    name: NameForm
    sample: SampleForm
    trial: TryForm
    next_place: str = ""
    preview: SelectionPreview | None = None
    shows_faults: bool = False
    refused: list[str] = field(default_factory=list)
    status: int = 200
    made_from: str = ""
    overtaken: Mapping[str, Any] | None = None
    """What was saved meanwhile, and what saving this would change of it."""


def supplier_scope(request: PortalRequest, *, may_write: bool = False) -> Scope:
    """Return who is asking, if it is somebody of a Supplier; to write, somebody who instructs for it.

    Raises:
        NotPermitted: it is not.
    """
    scope = scope_of(request)
    if not scope.is_supplier:
        raise NotPermitted("Rules belong to Suppliers.")
    if may_write:
        scope.check(*MAY_INSTRUCT)
    return scope


@require_GET
@for_people
def rules(request: PortalRequest) -> HttpResponse:
    """List the organisation's rules for choosing hubs."""
    scope = supplier_scope(request)
    rows = [{"it": rule, "sample": sample_words(rule.sample)} for rule in selection_rules(scope)]
    wanted = request.GET.get("rollout", "")
    context = {
        "rules": rows,
        "scope": scope,
        "may_write": scope.has(*MAY_INSTRUCT),
        "tail": f"?rollout={wanted}" if wanted.isdecimal() else "",
    }
    return render(request, "rollouts/rules/rules.html", context)


@require_http_methods(["GET", "POST"])
@for_people
def build(request: PortalRequest, rule_id: int | None = None) -> HttpResponse:
    """Build a rule, or a new version of one; every button that changes it gives the form back, changed."""
    scope = supplier_scope(request, may_write=True)
    saved = versions_of(scope, rule_id)[0] if rule_id is not None else None
    builder = _builder(request, scope, saved)
    if request.method == "POST":
        version = _act(request, scope, builder)
        if version is not None:
            messages.success(request, f"Saved: {version.rule.name}, version {version.version}.")
            return redirect("rollouts:rule", version.rule_id)
    return _show(request, scope, builder)


@require_GET
@for_people
def rule(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Show a rule: what it says, what it would choose of a rollout, its versions and their differences."""
    return _detail(request, supplier_scope(request), rule_id)


@require_POST
@for_people
def nominate(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Nominate what a rule chooses for the pilot of a rollout."""
    scope, now = supplier_scope(request, may_write=True), clock.now()
    latest = versions_of(scope, rule_id)[0]
    wanted = request.POST.get("rollout", "")
    form = WantedForm(request.POST)
    if not form.is_valid() or not wanted.isdecimal():
        return _detail(request, scope, rule_id, wanted=form, status=422)
    try:
        done = services.submit_pilot(
            scope,
            rollout_id=int(wanted),
            rule_version_id=latest.version_id,
            activate_at=form.cleaned_data["activate_at"],
            received_at=now,
            now=now,
        )
    except NotFound:
        raise
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _detail(request, scope, rule_id, wanted=form, status=refusal.status)
    messages.success(request, f"{count_of(done.hubs, 'hub')} nominated for the pilot. DCC decides.")
    return redirect("rollouts:pilot", int(wanted))


@require_POST
@for_people
def archive(request: PortalRequest, rule_id: int) -> HttpResponse:
    """Take a rule out of the lists."""
    services.archive_rule(supplier_scope(request, may_write=True), rule_id=rule_id, now=clock.now())
    messages.success(request, "The rule is archived. What was chosen by it stands.")
    return redirect("rollouts:rules")


def versions_of(scope: Scope, rule_id: int) -> list[SavedRule]:
    """List the versions of a rule, the latest first.

    Raises:
        NotFound: there is no such rule of this organisation.
    """
    versions = rule_versions(scope, rule_id=rule_id)
    if not versions:
        raise NotFound("There is no such rule.")
    return versions


def _builder(request: PortalRequest, scope: Scope, saved: SavedRule | None) -> RuleBuilder:
    latest = str(saved.version) if saved else ""
    rollouts = [(rollout.id, rollout.name) for rollout in open_rollouts(scope, now=clock.now())]
    if request.method == "POST":
        return RuleBuilder(
            saved,
            read_draft(request.POST, ROOT, Subject.HUB),
            name_form(request),
            SampleForm(request.POST),
            TryForm(request.POST, rollouts=rollouts),
            made_from=request.POST.get(MADE_FROM, latest),
        )
    initial: dict[str, Any] = {
        "size": _SIZE,
        "strata": list(DIMENSIONS),
        "seed": secrets.randbelow(1_000_000),
    }
    if saved is not None:
        initial = dict(saved.sample or {"strata": list(DIMENSIONS), "seed": 0})
    draft = draft_of(saved.tree if saved else {"all": []}, Subject.HUB)
    trial = TryForm(rollouts=rollouts, initial={"rollout": request.GET.get("rollout", "")})
    return RuleBuilder(saved, draft, NameForm(), SampleForm(initial=initial), trial, made_from=latest)


def _act(request: PortalRequest, scope: Scope, builder: RuleBuilder) -> Any:
    """Do what the pressed button says; return the saved version, if it was that button."""
    act = request.POST.get("act", "")
    verb, _, place = act.partition(":")
    if verb in VERBS:
        builder.next_place = change(builder.draft, verb, place)
    builder.shows_faults = act in {"save", "preview"}
    reading = parse_draft(builder.draft, ROOT)
    names = (rule.name for rule in selection_rules(scope))
    has_name = act != "save" or builder.saved is not None or is_named(builder.name, names)
    if not (builder.sample.is_valid() and reading.criteria is not None and has_name):
        builder.status = 422 if builder.shows_faults else 200
        return None
    now, sample = clock.now(), builder.sample.sample
    try:
        if act == "save":
            name = builder.saved.name if builder.saved else builder.name.cleaned_data["name"]
            return services.save_rule(
                scope,
                name=name,
                tree=reading.document,
                sample=sample,
                expected=int(builder.made_from) if builder.made_from.isdecimal() else None,
                now=now,
            )
        if builder.trial.is_valid() and (rollout := builder.trial.cleaned_data["rollout"]):
            builder.preview = preview_selection(
                scope, rollout_id=rollout, tree=reading.document, sample=sample, now=now
            )
    except Refusal as refusal:
        if isinstance(refusal, EditConflict) and builder.saved:
            versions = versions_of(scope, builder.saved.id)
            yours = replace(versions[0], tree=reading.document, sample=sample)
            builder.overtaken = overtaken(versions, builder.made_from, yours, rule_differences)
            builder.made_from = str(builder.saved.version)
        builder.refused.append(refusal.message)
        builder.status = refusal.status
    return None


def is_named(form: NameForm, names: Iterable[str]) -> bool:
    """Return whether a new rule has a name to save under; it must not become a version of another."""
    if form.is_valid() and (name := form.cleaned_data["name"]) in set(names):
        form.add_error("name", f"There is a rule “{name}” already: change that one, or take another name.")
    return form.is_valid()


def _show(request: PortalRequest, scope: Scope, builder: RuleBuilder) -> HttpResponse:
    reading = parse_draft(builder.draft, ROOT)
    faults = reading.faults if builder.shows_faults else []
    values = values_that_occur(scope)
    own = reverse("rollouts:rule", args=[builder.saved.id]) if builder.saved else ""
    crumbs = [{"label": "Rules", "url": reverse("rollouts:rules")}]
    context = {
        "builder": builder,
        "root": draw(builder.draft, ROOT, values=values, faults=faults, next_place=builder.next_place),
        "reading": reading,
        "faults": _all_faults(builder, faults),
        "crumbs": [*crumbs, {"label": builder.saved.name, "url": own}] if builder.saved else crumbs,
        "cancel_url": own or reverse("rollouts:rules"),
        **preview_context(builder.preview),
    }
    return render(request, "rollouts/rules/rule_build.html", context, status=builder.status)


def _all_faults(builder: RuleBuilder, faults: Any) -> list[Fault]:
    if not builder.shows_faults:
        return []
    return form_faults(*([] if builder.saved else [builder.name]), builder.sample) + list(faults)


def name_form(request: PortalRequest) -> NameForm:
    """Take the name; it is judged only when the rule is saved."""
    if request.POST.get("act") == "save":
        return NameForm(request.POST)
    return NameForm(initial={"name": request.POST.get("name", "")})


def form_faults(*forms: Any) -> list[Fault]:
    """List what is wrong with forms, for the head of a page that has several."""
    return [
        Fault(bound.id_for_label or bound.auto_id, str(bound.label), str(message))
        for form in forms
        if form.is_bound
        for bound in form
        for message in bound.errors
    ]


def _detail(
    request: PortalRequest, scope: Scope, rule_id: int, *, wanted: WantedForm | None = None, status: int = 200
) -> HttpResponse:
    versions = versions_of(scope, rule_id)
    now, latest = clock.now(), versions[0]
    rollouts = open_rollouts(scope, now=now)
    rollout_text = (request.POST if request.method == "POST" else request.GET).get("rollout", "")
    rollout = chosen_rollout(rollouts, rollout_text)
    preview = None
    if rollout is not None:
        preview = preview_selection(
            scope, rollout_id=rollout.id, tree=latest.tree, sample=latest.sample, now=now
        )
    context = {
        "rule": latest,
        "sample": sample_words(latest.sample),
        "versions": with_changes(versions, rule_differences),
        "compared": compared(versions, request.GET, rule_differences),
        "trial": TryForm(
            rollouts=[(each.id, each.name) for each in rollouts], initial={"rollout": rollout_text}
        ),
        "rollout": rollout,
        "wanted": wanted or WantedForm(),
        "may_write": scope.has(*MAY_INSTRUCT),
        "crumbs": [{"label": "Rules", "url": reverse("rollouts:rules")}],
        **preview_context(preview),
    }
    return render(request, "rollouts/rules/rule.html", context, status=status)


def chosen_rollout(rollouts: list[OpenRolloutRow], wanted: str) -> OpenRolloutRow | None:
    """Find the rollout that is named.

    Raises:
        NotFound: one is named that is not among them.
    """
    if not wanted.isdecimal():
        return None
    rollout = next((rollout for rollout in rollouts if rollout.id == int(wanted)), None)
    if rollout is None:
        raise NotFound("There is no such rollout.")
    return rollout
