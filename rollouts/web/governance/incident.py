"""One incident: its story, its hubs, its files, and what the viewer may do about it (R5.1, R5.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.moments import long_time
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import NotFound, Refusal
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.queries.governance.incidents import (
    IncidentPage,
    incident_hubs,
    incident_lines,
    incident_page,
    known_issues,
)
from rollouts.rules.criteria import Subject, explain, parse
from rollouts.states.governing import INCIDENT_STEPS, HubSource
from rollouts.web.estate.columns import acts_of
from rollouts.web.governance.incident_forms import (
    AttachForm,
    CommentForm,
    ExplainForm,
    MergeForm,
    ProgressForm,
    ReferenceForm,
)
from rollouts.web.governance.incidents import reject_rows, row_of, uploads_of
from rollouts.web.guards import for_people, scope_of
from rollouts.web.wording import facts

_MOST_OTHERS: Final = 200
#: What each act is called once it is done.
_DONE: Final[Mapping[str, str]] = {
    "comment": "Your comment is added.",
    "merge": "It is handled with the other incident from now on; whoever raised it is told.",
    "explain": "Noted.",
    "reference": "The reference is kept.",
}


@require_http_methods(["GET", "POST"])
@for_people
def incident(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Show an incident; on POST comment, attach, move it on, merge it, or put it down to a known issue."""
    scope, now = scope_of(request), clock.now()
    page = incident_page(scope, incident_id)
    if request.method == "GET":
        return _page(request, scope, page, {}, now=now)
    act = request.POST.get("act", "")
    form = _form_for(act, request, scope, page)
    bound = {_slot(act): form}
    if not form.is_valid():
        status = form.refused_status if isinstance(form, EditForm) else 422
        return _page(request, scope, page, bound, now=now, status=status)
    try:
        message = _act(scope, page, act, form.cleaned_data, now=now)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        form.add_error(None, refusal.message)
        again = incident_page(scope, incident_id)
        return _page(request, scope, again, bound, now=now, status=refusal.status)
    messages.success(request, message)
    return redirect("rollouts:incident", incident_id)


def _slot(act: str) -> str:
    return f"{act if act in _MAKERS else 'step'}_form"


def _form_for(act: str, request: PortalRequest, scope: Scope, page: IncidentPage) -> forms.Form:
    if act in _MAKERS:
        return _MAKERS[act](scope, page, (request.POST, request.FILES))
    if act in INCIDENT_STEPS:
        return ProgressForm(request.POST)
    raise NotFound("There is no such act.")


def _others(scope: Scope, page: IncidentPage) -> list[tuple[int, str]]:
    page_of_incidents = incident_lines(
        scope, rollout_id=page.line.rollout_id, is_open=True, size=_MOST_OTHERS
    )
    return [
        (line.id, f"{line.reference}, {line.raised_by}: {line.title}")
        for line in page_of_incidents.items
        if line.id != page.line.id
    ]


def _issues(scope: Scope, page: IncidentPage) -> list[tuple[int, str]]:
    issues = known_issues(scope, rollout_id=page.line.rollout_id)
    return [(issue.pk, issue.title) for issue in issues if issue.is_active or issue.pk == page.known_issue_id]


_Bound = tuple[Any, Any] | tuple[None, None]
_MAKERS: Final[Mapping[str, Callable[[Scope, IncidentPage, _Bound], forms.Form]]] = {
    "comment": lambda scope, page, sent: CommentForm(*sent),
    "attach": lambda scope, page, sent: AttachForm(*sent),
    "merge": lambda scope, page, sent: MergeForm(*sent, others=_others(scope, page)),
    "explain": lambda scope, page, sent: ExplainForm(
        sent[0], issues=_issues(scope, page), initial={"known_issue": page.known_issue_id}
    ),
    "reference": lambda scope, page, sent: ReferenceForm(
        sent[0], initial={"reference": page.line.service_desk_reference}
    ),
}


def _act(scope: Scope, page: IncidentPage, act: str, cleaned: Mapping[str, Any], *, now: datetime) -> str:
    incident_id = page.line.id
    match act:
        case "comment":
            services.comment_on_incident(
                scope,
                incident_id=incident_id,
                text=cleaned["text"],
                is_internal=cleaned["is_internal"],
                now=now,
            )
        case "attach":
            added = services.attach_to_incident(
                scope, incident_id=incident_id, uploads=uploads_of(cleaned["uploads"]), now=now
            )
            return f"{count_of(added, 'file')} added." if added else "These files were attached already."
        case "merge":
            services.merge_incident(scope, incident_id=incident_id, into_id=cleaned["into"], now=now)
        case "explain":
            services.explain_incident(
                scope,
                incident_id=incident_id,
                known_issue_id=cleaned["known_issue"],
                expected=version_of({"known_issue_id": page.known_issue_id}),
                now=now,
            )
        case "reference":
            services.set_service_desk_reference(
                scope,
                incident_id=incident_id,
                reference=cleaned["reference"],
                expected=version_of({"reference": page.line.service_desk_reference}),
                now=now,
            )
        case _:
            done = services.take_incident_step(
                scope, incident_id=incident_id, verb=act, comment=cleaned["comment"], now=now
            )
            return f"{done.reference} is now: {done.get_status_display()}."
    return _DONE[act]


def _page(
    request: PortalRequest,
    scope: Scope,
    page: IncidentPage,
    bound: Mapping[str, forms.Form],
    *,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    hubs = incident_hubs(scope, page.line.id, cursor=request.GET.get("after", ""))
    may_operate, may_write = scope.has(*MAY_OPERATE), scope.has(*MAY_OPERATE, *MAY_INSTRUCT)
    unsent: _Bound = (None, None)
    acts = ("comment", "attach", "reference") if may_write else ()
    more = ("merge", "explain") if may_operate else ()
    context = {
        "page": page,
        "row": row_of(page.line, now=now),
        "scope": scope,
        "now": now,
        "facts": _facts(page, scope),
        "acts": acts_of(scope),
        "hubs": hubs,
        "older_url": f"?after={hubs.next}#hubs" if hubs.next else "",
        "newer_url": reverse("rollouts:incident", args=[page.line.id]) if request.GET.get("after") else "",
        "rejected": reject_rows(list(page.rejected))[:50],
        "steps": [step for step in page.steps if step.verb != "merge"],
        "may_write": may_write,
        "may_operate": may_operate,
        "may_merge": may_operate and any(step.verb == "merge" for step in page.steps),
        "step_form": ProgressForm(),
        **{f"{act}_form": _MAKERS[act](scope, page, unsent) for act in (*acts, *more)},
        **bound,
        "failing": next(iter(bound.values()), None),
        "crumbs": [{"label": "Incidents", "url": reverse("rollouts:incidents")}],
    }
    return render(request, "rollouts/governance/incident.html", context, status=status)


def _facts(page: IncidentPage, scope: Scope) -> list[dict[str, object]]:
    line = page.line
    sources = {
        HubSource.LIST: "listed",
        HubSource.BATCH: "a whole batch",
        HubSource.NONE: "none named",
        HubSource.RULE: explain(parse(page.criteria, subject=Subject.HUB)) if page.criteria else "by rule",
    }
    shown = facts(
        ("Raised by", line.raised_by if not scope.is_supplier else ""),
        ("Raised", long_time(line.raised_at)),
        ("Category", str(line.category)),
        ("Priority", "High, as for every rollout" if line.is_high_priority else "Normal"),
        ("Home Area Network", str(line.han_impact.label)),
        ("Devices affected", f"{page.han_devices:,}" if page.han_devices else ""),
        ("Hubs", f"{line.hubs:,}, {sources[HubSource(page.source)]}"),
        ("Answer by", long_time(line.respond_by)),
        ("Answered", long_time(line.responded_at) if line.responded_at else ""),
        ("Resolution by", long_time(line.resolve_by)),
        ("Resolved", long_time(line.resolved_at) if line.resolved_at else ""),
        ("Service Desk", line.service_desk_reference),
        ("Known issue", page.known_issue if not scope.is_supplier else ""),
        ("Handled with", page.merged_into),
        ("Handles as well", ", ".join(page.merged)),
    )
    url = reverse("rollouts:detail", args=[line.rollout_id])
    return [{"label": "Rollout", "value": line.rollout_name, "url": url}, *shown]
