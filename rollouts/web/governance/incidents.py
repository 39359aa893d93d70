"""Incidents: the list, raising one against a rollout, and one with its story (R5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.numbers import count_of
from portal.kernel.references import reference_of
from portal.kernel.refusals import NotPermitted, Refusal
from portal.kernel.spreadsheets import stream_csv
from rollouts import services
from rollouts.queries.governance.incidents import IncidentLine, incident_file, incident_hubs, incident_lines
from rollouts.queries.instructions.choices import condition_choices
from rollouts.queries.instructions.receipts import ReceiptFilter, receipts
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.services import HubList, IncidentAccount, Upload
from rollouts.states import OPEN_STATUSES, RejectionReason, RolloutStatus
from rollouts.web.estate.hub_lists import restore_selection, submitted_list
from rollouts.web.governance.incident_forms import (
    STATUS_LOOKS,
    HubConditionsForm,
    IncidentFilterForm,
    RaiseForm,
)
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.forms import batch_choices
from rollouts.web.rollouts.views import crumbs_of, download

_HEADER: Final = (
    "reference",
    "rollout",
    "raised_by",
    "category",
    "title",
    "status",
    "han_impact",
    "hubs",
    "raised_at",
    "answer_by",
    "resolve_by",
    "answered_at",
    "resolved_at",
    "service_desk_reference",
)
_HUB_HEADER: Final = ("guid", "region", "state", "reason", "changed_at")


@require_GET
@for_people
def incidents(request: PortalRequest) -> HttpResponse:
    """List the incidents this organisation may know of, the newest first."""
    scope, now = _reader(request), clock.now()
    form = _filter_form(request, scope)
    page = incident_lines(scope, cursor=request.GET.get("after", ""), **form.wanted())
    params = request.GET.copy()
    params.pop("after", None)
    more = params.copy()
    more["after"] = page.next or ""
    context = {
        "rows": [row_of(line, now=now) for line in page.items],
        "form": form,
        "scope": scope,
        "raisable": _raisable(scope),
        "older_url": f"?{more.urlencode()}" if page.next else "",
        "newer_url": f"?{params.urlencode()}" if request.GET.get("after") else "",
        "csv_url": f"{reverse('rollouts:incidents-csv')}?{params.urlencode()}",
    }
    return render(request, "rollouts/governance/incidents.html", context)


@require_GET
@for_people
def incidents_csv(request: PortalRequest) -> HttpResponseBase:
    """Return the incidents that are listed as a file."""
    scope = _reader(request)
    wanted = _filter_form(request, scope).wanted()

    def rows() -> Iterator[tuple[object, ...]]:
        cursor: str | None = ""
        while cursor is not None:
            page = incident_lines(scope, cursor=cursor, size=1000, **wanted)
            yield from (_cells(line) for line in page.items)
            cursor = page.next

    return download(stream_csv(rows(), header=_HEADER, with_mark=True), "incidents.csv", "text/csv")


@require_http_methods(["GET", "POST"])
@for_people
def raise_incident(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Take what somebody says of hubs of a rollout that went wrong."""
    scope, now = scope_of(request), clock.now()
    scope.check(*sorted(MAY_INSTRUCT | MAY_OPERATE))
    shown = rollout_page(scope, rollout_id, now=now)
    form, rule = _forms(request, scope, rollout_id)
    if request.method == "GET":
        return _raise_page(request, shown, form, rule)
    is_rule = request.POST.get("source") == "rule"
    if not form.is_valid() or (is_rule and not rule.is_valid()):
        return _raise_page(request, shown, form, rule, status=422)
    try:
        raised = services.raise_incident(
            scope,
            rollout_id=rollout_id,
            account=_account(form.cleaned_data),
            now=now,
            **_named(scope, form.cleaned_data, rule),
        )
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        rejected = refusal.facts.get("rejected", [])
        return _raise_page(request, shown, form, rule, rejected=rejected, status=refusal.status)
    message = (
        f"{raised.reference} is raised with {count_of(raised.hubs, 'hub')}, at high priority. DCC is told."
    )
    if raised.rejected:
        message += f" {count_of(len(raised.rejected), 'line')} could not be taken: see below."
    messages.success(request, message)
    return redirect("rollouts:incident", raised.incident_id)


@require_GET
@for_people
def file(request: PortalRequest, incident_id: int, file_id: int) -> HttpResponse:
    """Send a file of an incident as an attachment, which no browser shows or runs."""
    attachment = incident_file(scope_of(request), incident_id, file_id)
    return HttpResponse(attachment.content, headers=dict(attachment.headers))


@require_GET
@for_people
def hubs_csv(request: PortalRequest, incident_id: int) -> HttpResponseBase:
    """Return the hubs an incident names as a file."""
    scope = scope_of(request)
    first = incident_hubs(scope, incident_id, size=5000)

    def rows() -> Iterator[tuple[object, ...]]:
        page = first
        while True:
            for hub in page.items:
                yield (
                    hub.guid,
                    str(hub.region.label) if hub.region else "",
                    hub.state.name if hub.state else "",
                    hub.code.name if hub.code else "",
                    hub.state_at,
                )
            if page.next is None:
                return
            page = incident_hubs(scope, incident_id, cursor=page.next, size=5000)

    name = f"incident-{reference_of(incident_id, 'incident')}-hubs.csv"
    return download(stream_csv(rows(), header=_HUB_HEADER, with_mark=True), name, "text/csv")


def row_of(line: IncidentLine, *, now: datetime) -> dict[str, Any]:
    """Prepare an incident for a list: how its status looks, and what is due."""
    tone, icon = STATUS_LOOKS[line.status]
    due_at, due = None, ""
    if line.resolved_at is None and line.status in {"RAISED", "ACKNOWLEDGED", "INVESTIGATING"}:
        due_at, due = (line.resolve_by, "Resolution") if line.responded_at else (line.respond_by, "Answer")
    return {"it": line, "tone": tone, "icon": icon, "due_at": due_at, "due": due}


def reject_rows(rejected: object) -> list[dict[str, Any]]:
    """Put lines that were not taken into words."""
    lines = rejected if isinstance(rejected, list) else []
    return [
        {
            **line,
            "words": str(RejectionReason(line["reason"]).label)
            if line["reason"] in RejectionReason.values
            else line["reason"],
        }
        for line in lines
    ]


def _reader(request: PortalRequest) -> Scope:
    scope = scope_of(request)
    if scope.is_csp:
        raise NotPermitted("Incidents are between Suppliers, DCC and the Panel.")
    return scope


def _raisable(scope: Scope) -> list[tuple[int, str]]:
    """Name the rollouts under way against which this person may raise an incident."""
    if not scope.has(*MAY_INSTRUCT, *MAY_OPERATE):
        return []
    under_way = visible_rollouts(scope).filter(status__in=OPEN_STATUSES).order_by("-id")
    return list(under_way.values_list("pk", "name")[:50])


def _filter_form(request: PortalRequest, scope: Scope) -> IncidentFilterForm:
    known = visible_rollouts(scope).exclude(status=RolloutStatus.DRAFT).order_by("-id")
    return IncidentFilterForm(request.GET, rollouts=list(known.values_list("pk", "name")[:200]))


def _forms(request: PortalRequest, scope: Scope, rollout_id: int) -> tuple[RaiseForm, HubConditionsForm]:
    own = receipts(scope, wanted=ReceiptFilter(rollout_id=rollout_id)).items if scope.is_supplier else []
    params = request.POST if request.method == "POST" else request.GET
    selection = restore_selection(scope, params.get("selected", ""))
    choices: dict[str, Any] = {
        "selection": len(selection.guids) if selection else 0,
        "batches": batch_choices(rollout_id),
        "instructions": [
            (batch.receipt.id, f"{batch.receipt.reference}, {count_of(batch.receipt.tally.accepted, 'hub')}")
            for batch in own
        ],
        "may_name_none": scope.is_dcc,
    }
    conditions = condition_choices(scope, rollout_id)
    if request.method == "POST":
        return (
            RaiseForm(request.POST, request.FILES, **choices),
            HubConditionsForm(request.POST, **conditions, prefix="rule"),
        )
    initial = {key: request.GET[key] for key in ("hubs", "batch", "source", "selected") if key in request.GET}
    if selection is not None:
        initial["source"] = "selected"
    return RaiseForm(initial=initial, **choices), HubConditionsForm(**conditions, prefix="rule")


def _account(cleaned: Mapping[str, Any]) -> IncidentAccount:
    return IncidentAccount(
        category=cleaned["category"],
        title=cleaned["title"],
        description=cleaned["description"],
        han_impact=cleaned["han_impact"],
        han_devices=cleaned["han_devices"] or 0,
        service_desk_reference=cleaned["service_desk_reference"],
        attachments=uploads_of(cleaned["attachments"]),
    )


def uploads_of(files: list[Any]) -> list[Upload]:
    """Read files as they were sent."""
    return [Upload(file_name=file.name or "file", content=file.read()) for file in files]


def _named(scope: Scope, cleaned: Mapping[str, Any], rule: HubConditionsForm) -> dict[str, Any]:
    match cleaned["source"]:
        case "rule":
            return {"tree": rule.tree}
        case "batch":
            return {"batch_id": cleaned["batch"]}
        case "instruction":
            return {"instruction_id": cleaned["instruction"]}
        case "none":
            return {}
        case "selected":
            selection = restore_selection(scope, cleaned["selected"])
            return {"source": HubList.from_stored(selection.guids if selection else [])}
        case source:
            listed = submitted_list(cleaned["file"] if source == "file" else None, cleaned["hubs"])
            return {"source": listed.hubs if listed else HubList.from_text("")}


def _raise_page(
    request: PortalRequest,
    shown: Any,
    form: RaiseForm,
    rule: HubConditionsForm,
    *,
    rejected: object = (),
    status: int = 200,
) -> HttpResponse:
    context = {
        "page": shown,
        "form": form,
        "rule": rule,
        "rejected": reject_rows(rejected)[:50],
        "is_open": shown.flight.status in OPEN_STATUSES,
        "crumbs": crumbs_of(shown.flight.id, shown.flight.name),
    }
    return render(request, "rollouts/governance/raise.html", context, status=status)


def _cells(line: IncidentLine) -> tuple[object, ...]:
    return (
        line.reference,
        line.rollout_name,
        line.raised_by,
        line.category,
        line.title,
        line.status.value,
        line.han_impact.value,
        line.hubs,
        line.raised_at,
        line.respond_by,
        line.resolve_by,
        line.responded_at,
        line.resolved_at,
        line.service_desk_reference,
    )
