"""Rollouts: the list, one of them with everything about it, and the hubs behind its counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.kernel import clock
from portal.kernel.presentation.edits import submit
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets import stream_csv
from rollouts import services
from rollouts.queries.rollouts.available import available_rollouts
from rollouts.queries.rollouts.eligibility import eligible_csv, eligible_xlsx
from rollouts.queries.rollouts.members import Member, every_member, members
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.queries.rollouts.trends import activation_trends
from rollouts.states import OPEN_STATUSES, RolloutStatus
from rollouts.web.estate.columns import is_descending, selecting_context, table_view
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.detail import rollout_context, suspend_origin
from rollouts.web.rollouts.forms import MemberFilterForm, NoteForm, batch_choices
from rollouts.web.wording import SEVERITY_TONES, act_words, segments

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADER: Final = (
    "guid",
    "batch",
    "region",
    "role",
    "has_second_supplier",
    "second_has_answered",
    "state",
    "reason",
    "consent",
    "effective_at",
    "changed_at",
    "attempts",
)


@require_GET
@for_people
def rollout_list(request: PortalRequest) -> HttpResponse:
    """List the rollouts this organisation may know of, with what it may do about each and by when."""
    before = request.GET.get("before", "")
    page = available_rollouts(
        scope_of(request), now=clock.now(), before=int(before) if before.isdecimal() else None
    )
    trends = activation_trends(
        scope_of(request), [rollout.flight.id for rollout in page.items], now=clock.now()
    ).by_rollout
    rows = [
        {
            "rollout": rollout,
            "trend": trends.get(rollout.flight.id),
            "url": reverse("rollouts:detail", args=[rollout.flight.id]),
            "segments": segments(rollout.flight.states),
            "severity_tone": SEVERITY_TONES.get(rollout.flight.severity, "neutral"),
            "deeds": act_words(rollout.possible, rollout_id=rollout.flight.id),
        }
        for rollout in page.items
    ]
    groups = [
        ("Drafts", [row for row in rows if _status(row) == RolloutStatus.DRAFT]),
        ("In flight", [row for row in rows if _status(row) in OPEN_STATUSES]),
        ("Ended", [row for row in rows if _status(row) not in OPEN_STATUSES | {RolloutStatus.DRAFT}]),
    ]
    older = f"?before={page.next}" if page.next else ""
    context = {"groups": groups, "older_url": older, "scope": scope_of(request), "is_empty": not rows}
    context["may_operate"] = scope_of(request).has(*MAY_OPERATE)
    return render(request, "rollouts/rollouts/list.html", context)


@require_GET
@for_people
def detail(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show one rollout whole; the live part of it alone when htmx asks."""
    part = "#live" if request.htmx and not request.htmx.history_restore_request else ""
    context = rollout_context(scope_of(request), rollout_id, suspend_at=suspend_origin(request))
    return render(request, f"rollouts/rollouts/detail.html{part}", context)


@require_GET
@for_people
def hubs(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """List the hubs of a rollout: what stands behind its counts."""
    scope = scope_of(request)
    shown = rollout_page(scope, rollout_id, now=clock.now())
    batches = {batch.id: batch.name for batch in shown.batches}
    form = MemberFilterForm(request.GET, batches=list(batches.items()), regions=shown.progress.regions)
    page = members(
        scope,
        rollout_id,
        wanted=form.wanted(),
        cursor=request.GET.get("after", ""),
        is_descending=is_descending(request.GET),
    )
    params = request.GET.copy()
    params.pop("after", None)
    view = table_view(scope, "rollout", query=params.urlencode(), rollout_id=rollout_id)
    context = {
        **selecting_context(scope, params, view, None),
        "page": page,
        "form": form,
        "rollout": shown,
        "scope": scope,
        "batches": batches,
        "older_url": _with(params, after=page.next) if page.next else "",
        "newer_url": f"?{params.urlencode()}" if request.GET.get("after") else "",
        "csv_url": f"{reverse('rollouts:hubs-csv', args=[rollout_id])}?{params.urlencode()}",
        "crumbs": crumbs_of(rollout_id, shown.flight.name),
    }
    return render(request, "rollouts/rollouts/hubs.html", context)


@require_GET
@for_people
def hubs_csv(request: PortalRequest, rollout_id: int) -> HttpResponseBase:
    """Return the hubs that are listed as a file."""
    scope = scope_of(request)
    form = _filter_form(request.GET, rollout_id)
    batches = dict(batch_choices(rollout_id))
    hubs_found = every_member(scope, rollout_id, wanted=form.wanted())
    rows = (_cells(member, batches) for member in hubs_found)
    return download(
        stream_csv(rows, header=_HEADER, with_mark=True), f"rollout-{rollout_id}-hubs.csv", "text/csv"
    )


@require_GET
@for_people
def report(request: PortalRequest, rollout_id: int, form: str) -> HttpResponseBase:
    """Serve a Supplier the report of its own eligible hubs, as CSV or XLSX."""
    writers: dict[str, tuple[Callable[..., Iterator[bytes]], str]] = {
        "csv": (eligible_csv, "text/csv; charset=utf-8"),
        "xlsx": (eligible_xlsx, XLSX),
    }
    if form not in writers:
        raise Http404
    write, kind = writers[form]
    supplier = request.GET.get("supplier", "")
    try:
        body = write(
            scope_of(request),
            rollout_id=rollout_id,
            supplier_id=int(supplier) if supplier.isdecimal() else None,
        )
    except BadInput as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain")
    return download(body, f"rollout-{rollout_id}-eligible-hubs.{form}", kind)


@require_http_methods(["GET", "POST"])
@for_people
def release_notes(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show every revision of the Release Note; DCC publishes another one here."""
    scope = scope_of(request)
    now = clock.now()
    form, status = NoteForm(request.POST or None), 200
    if request.method == "POST":
        scope.check(*MAY_OPERATE)
        revised, status = submit(
            form,
            lambda: services.revise_release_note(scope, rollout_id=rollout_id, now=now, **form.cleaned_data),
        )
        if revised is not None:
            messages.success(request, "The Release Note is published. Everybody concerned is notified.")
            return redirect("rollouts:release-notes", rollout_id)
    shown = rollout_page(scope, rollout_id, now=now)
    context = {
        "rollout": shown,
        "form": form,
        "may_add": scope.has(*MAY_OPERATE) and shown.flight.status in {*OPEN_STATUSES, RolloutStatus.DRAFT},
        "crumbs": crumbs_of(rollout_id, shown.flight.name),
    }
    return render(request, "rollouts/rollouts/release_notes.html", context, status=status)


def crumbs_of(rollout_id: int, name: str) -> list[dict[str, str]]:
    """Return the way back from a page below a rollout."""
    return [
        {"label": "Rollouts", "url": reverse("rollouts:list")},
        {"label": name, "url": reverse("rollouts:detail", args=[rollout_id])},
    ]


def download(body: Iterator[bytes], name: str, kind: str) -> StreamingHttpResponse:
    """Send a file piece by piece."""
    response = StreamingHttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _status(row: dict[str, Any]) -> RolloutStatus:
    return RolloutStatus(row["rollout"].flight.status)


def _filter_form(params: QueryDict, rollout_id: int) -> MemberFilterForm:
    return MemberFilterForm(params, batches=batch_choices(rollout_id))


def _with(params: QueryDict, **more: str) -> str:
    params = params.copy()
    for key, value in more.items():
        params[key] = value
    return f"?{params.urlencode()}"


def _cells(member: Member, batches: dict[int, str]) -> tuple[object, ...]:
    return (
        member.guid,
        batches.get(member.batch_id, ""),
        str(member.region.label),
        member.role,
        member.is_split,
        bool(member.second) if member.is_split else "",
        member.state.name,
        member.code.name if member.code else "",
        member.consent.name,
        member.effective_at,
        member.state_at,
        member.attempts,
    )
