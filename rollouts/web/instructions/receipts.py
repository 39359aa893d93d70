"""Receipts: what was instructed, what came of it, and the lines that were not taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.paging import BadCursor
from portal.kernel.presentation.charts import Segment
from portal.kernel.presentation.moments import long_time
from portal.kernel.references import reference_of
from portal.kernel.spreadsheets import stream_csv, stream_xlsx
from rollouts.queries.dispatch.hours import night_hours
from rollouts.queries.instructions.receipts import (
    NamedReceipt,
    ReceiptFilter,
    RejectedLine,
    every_refused_line,
    receipts,
    refused_lines,
)
from rollouts.queries.instructions.receipts import receipt as receipt_of
from rollouts.queries.instructions.refused_files import refused_csv
from rollouts.states import RUNNING_STATUSES, Channel, InstructionKind, RejectionReason
from rollouts.web.guards import for_people, scope_of
from rollouts.web.instructions.forms import KINDS
from rollouts.web.rollouts.views import XLSX, crumbs_of, download
from rollouts.web.wording import facts

_FAILURES: Final = ("guid", "line", "reason", "what it means", "detail", "sheet")


def reasons_of(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Name and count why lines were not taken, the most frequent first."""
    named = {
        str(RejectionReason(code).label) if code in RejectionReason.values else code: n
        for code, n in counts.items()
    }
    return [{"label": words, "count": n} for words, n in sorted(named.items(), key=lambda item: -item[1])]


@require_GET
@for_people
def instructions(request: PortalRequest) -> HttpResponse:
    """List the organisation's own instructions, the latest first."""
    scope = scope_of(request)
    wanted, before = request.GET.get("rollout", ""), request.GET.get("before", "")
    rollout_id = int(wanted) if wanted.isdecimal() else None
    try:
        page = receipts(scope, wanted=ReceiptFilter(rollout_id=rollout_id), cursor=before)
    except BadCursor:  # a damaged address shows the latest
        page = receipts(scope, wanted=ReceiptFilter(rollout_id=rollout_id))
    older = f"?before={page.next}" + (f"&rollout={wanted}" if wanted.isdecimal() else "") if page.next else ""
    context = {"page": page, "older_url": older, "scope": scope}
    return render(request, "rollouts/instructions/instructions.html", context)


@require_GET
@for_people
def receipt(request: PortalRequest, reference: str) -> HttpResponse:
    """Show a receipt: what was received, what came of it, and what was not taken."""
    scope, now = scope_of(request), clock.now()
    named = receipt_of(scope, reference)
    tally = named.receipt.tally
    nights = night_hours(scope, rollout_id=named.receipt.rollout_id, now=now)
    context = {
        "found": named,
        "receipt": named.receipt,
        "facts": _receipt_facts(named),
        "nights": nights,
        "is_outside": bool(tally.accepted) and not nights.holds(named.receipt.activate_at),
        "reasons": reasons_of(tally.rejected_by_reason),
        "consents": [Segment(consent, n) for consent, n in tally.consents.items()],
        "days": {day: {"yours": n} for day, n in sorted(tally.days.items())},
        "refused": refused_lines(scope, reference) if named.receipt.rejected else [],
        **_changes(scope, named, now=now),
        "failures_url": reverse("rollouts:failures", args=[reference, "csv"]),
        "crumbs": crumbs_of(named.receipt.rollout_id, named.rollout_name),
    }
    part = "#outcome" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"rollouts/instructions/receipt.html{part}", context)


@require_GET
@for_people
def failures(request: PortalRequest, reference: str, form: str) -> HttpResponseBase:
    """Return the lines that were not taken as a file, ready to be corrected and sent again."""
    scope, name = scope_of(request), f"{reference}-not-accepted.{form}"
    if form == "csv":
        # With the mark by which Excel knows the encoding.
        pieces = refused_csv(scope, reference, header=f"\ufeff{','.join(_FAILURES)}", as_written=True)
        return download(pieces, name, "text/csv; charset=utf-8")
    return refused_file(every_refused_line(scope, reference), name, form)


def _changes(scope: Scope, named: NamedReceipt, *, now: datetime) -> dict[str, str]:
    """Lead to what may still be done with the hubs of an instruction: another time, or withdrawing."""
    it = named.receipt
    is_changeable = it.kind == InstructionKind.INSTRUCT and it.accepted and it.is_finished
    if not (is_changeable and scope.has(*MAY_INSTRUCT) and named.rollout_status in RUNNING_STATUSES):
        return {}
    own = reference_of(it.id, "instruction")
    url = f"{reverse('rollouts:instruct', args=[it.rollout_id])}?source=mine&mine={own}"
    return {"again_url": url if named.cutoff_at >= now else "", "withdraw_url": f"{url}&kind=WITHDRAW"}


def refused_file(lines: Iterable[RejectedLine], name: str, form: str) -> HttpResponseBase:
    """Return lines that were not taken as CSV or XLSX: correct the first column, and send the file again.

    Raises:
        Http404: there is no such form of it.
    """
    rows = (
        (line.raw or line.guid, line.line, line.reason, line.words, line.detail, line.sheet) for line in lines
    )
    if form == "csv":
        pieces = stream_csv(rows, header=_FAILURES, with_mark=True)
        return download(pieces, name, "text/csv; charset=utf-8")
    if form == "xlsx":
        return download(stream_xlsx(rows, header=_FAILURES, title="Not accepted"), name, XLSX)
    raise Http404


def _receipt_facts(named: NamedReceipt) -> list[dict[str, object]]:
    it = named.receipt
    wanted = long_time(it.activate_at) if it.activate_at else "no preference"
    return facts(
        ("Rollout", named.rollout_name),
        ("Instruction", dict(KINDS).get(it.kind, it.kind)),
        ("Time asked for", wanted if it.kind == InstructionKind.INSTRUCT else ""),
        ("Time agreed with", wanted if it.kind == InstructionKind.AGREE and it.activate_at else ""),
        ("Your name for it", it.name),
        ("Received", long_time(it.received_at)),
        ("Finished", long_time(it.finished_at) if it.finished_at else ""),
        ("Channel", str(Channel(it.channel).label)),
        ("Submitted by", named.by),
        ("File", it.file_name),
        ("Lines", f"{it.lines:,}"),
        ("SHA-256 of the list", it.sha256),
    )
