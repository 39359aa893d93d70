"""The estate: search, filter, take away; and one hub with its whole history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.presentation.moments import long_date
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import BadInput
from rollouts import services
from rollouts.queries.estate.estate import (
    EstateCounts,
    HubRow,
    VersionCount,
    estate_counts,
    estate_page,
    estate_total,
    export_estate,
)
from rollouts.queries.estate.exports import ViewCard, saved_views
from rollouts.queries.estate.hubs import HubCard, hub_card
from rollouts.queries.estate.keyset import EstateFilter
from rollouts.queries.estate.labels import label_names, labels_on
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.states import RolloutStatus
from rollouts.web.estate.columns import acts_of, is_descending, selecting_context, table_view
from rollouts.web.estate.forms import EstateForm
from rollouts.web.estate.story import NEXT, story_of
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import download
from rollouts.web.wording import facts

_SHOWN_VERSIONS: Final = 12
_ASKED_ALREADY: Final = "A reading was asked for a moment ago; its answer appears here."


@require_GET
@for_people
def estate(request: PortalRequest) -> HttpResponse:
    """List hubs by the page, as the address asks for them."""
    scope = scope_of(request)
    counts = estate_counts(scope)
    form = estate_form(request.GET, scope, counts)
    problem, total = "", None
    page: Page[HubRow] = Page(items=[])
    try:
        filters = form.filters()
        page = estate_page(
            scope,
            filters=filters,
            cursor=request.GET.get("page", ""),
            size=50,
            is_descending=is_descending(request.GET),
        )
        total = counts.total if filters == EstateFilter() else estate_total(scope, filters=filters)
    except BadInput as refusal:
        problem = refusal.message
    params = request.GET.copy()
    params.pop("page", None)
    view = table_view(scope, "estate", query=params.urlencode())
    own = labels_on(scope, [hub.guid for hub in page.items]) if "labels" in view.shown else {}
    context = {
        **selecting_context(scope, params, view, total),
        "rows": [(hub, ", ".join(own.get(hub.guid, []))) for hub in page.items],
        "page": page,
        "form": form,
        "counts": counts,
        "problem": problem,
        "scope": scope,
        "words": "" if total is None else count_of(total, "hub"),
        "versions": _versions(counts.by_version),
        "regions": _regions(counts),
        "newer_url": _url(params, page.previous),
        "older_url": _url(params, page.next),
        "csv_url": f"{reverse('rollouts:estate-csv')}?{params.urlencode()}",
        "is_filtered": any(value for key, value in params.items() if key != "order"),
        **_views(scope, form),
    }
    return render(request, "rollouts/estate/estate.html", context, status=422 if problem else 200)


@require_GET
@for_people
def estate_csv(request: PortalRequest) -> HttpResponseBase:
    """Return what is listed, or the whole estate, as a file."""
    scope = scope_of(request)
    try:
        body = export_estate(scope, filters=estate_form(request.GET, scope, estate_counts(scope)).filters())
    except BadInput as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    return download(body, "estate.csv", "text/csv; charset=utf-8")


@require_GET
@for_people
def hub(request: PortalRequest, guid: str) -> HttpResponse:
    """Show one hub: what it is, what happens next, and everything that was."""
    scope = scope_of(request)
    card = hub_card(scope, guid=guid, now=clock.now())
    if guid != card.record.guid:
        return redirect("rollouts:hub", card.record.guid)  # one page a hub, whatever the spelling
    context = {
        "card": card,
        "hub": card.record,
        "scope": scope,
        "story": story_of(card),
        "next_words": NEXT.get(card.current.next_step) if card.current and card.current.next_step else "",
        "facts": _facts(card),
        "acts": acts_of(scope),
        "may_label": scope.is_supplier and scope.has(*MAY_INSTRUCT),
        "known_labels": label_names(scope) if scope.is_supplier else [],
        "may_read": scope.has(*MAY_INSTRUCT, *MAY_OPERATE),
        "crumbs": [] if scope.is_csp else [{"label": "Estate", "url": reverse("rollouts:estate")}],
    }
    return render(request, "rollouts/estate/hub.html", context)


@require_POST
@for_people
def read_version(request: PortalRequest, guid: str) -> HttpResponse:
    """Have a hub's firmware version read (SR 11.2); the answer joins its story."""
    scope = scope_of(request)
    record = hub_card(scope, guid=guid, now=clock.now()).record
    request_result = services.request_read(scope, guids=[Guid.parse(record.guid).db], now=clock.now())
    words = (
        "The version is being read; the answer appears here." if request_result.requested else _ASKED_ALREADY
    )
    messages.success(request, words)
    return redirect("rollouts:hub", record.guid)


def _facts(card: HubCard) -> list[dict[str, object]]:
    it = card.record
    roles = {"BOTH": "Import and Gas", "IMPORT": "Import", "GAS": "Gas"}
    rows = facts(
        ("Hub model", f"{it.manufacturer} {it.model}"),
        ("Hardware version", it.hardware_version),
        ("Band", it.band.title()),
        ("Firmware", it.version),
        ("Firmware on the CPL", str(it.cpl_status.label)),
        ("CSP region", str(it.region.label)),
        ("SMI status", str(it.status.label)),
        ("Paired GPF", it.gpf_guid),
        ("Firmware of the GPF", it.gpf_version),
        ("Status of the GPF", str(it.gpf_status.label) if it.gpf_status else ""),
        ("Commissioned", long_date(it.commissioned_on) if it.commissioned_on else ""),
        ("Installed", long_date(it.installed_on) if it.installed_on else ""),
        ("Devices on its Home Area Network", it.han_devices),
        ("Postcode area", it.postcode_area),
        ("Your role", roles.get(it.role, "")),
        ("Second Supplier", "" if not it.role else "yes" if it.has_second_supplier else "none"),
        ("Import Supplier", card.import_supplier),
        ("Gas Supplier", card.gas_supplier),
    )
    identifiers = {"Firmware", "Paired GPF", "Firmware of the GPF", "Hardware version"}
    return [{**row, "mono": row["label"] in identifiers} for row in rows]


def estate_form(params: QueryDict, scope: Scope, counts: EstateCounts) -> EstateForm:
    """Return the form of the filters, as an address says them."""
    if "update" in params:  # in bookmarks and saved views from when a rollout was called so
        params = params.copy()
        params.setlist("rollout", params.pop("update"))
    published = visible_rollouts(scope).exclude(status=RolloutStatus.DRAFT)
    rollouts = list(published.order_by("-pk").values_list("pk", "name")[:100])
    return EstateForm(params, counts=counts, rollouts=rollouts, is_supplier=scope.is_supplier)


def _versions(counted: Sequence[VersionCount]) -> list[dict[str, Any]]:
    ordered = sorted(counted, key=lambda count: (-count.hubs, count.version))
    return [
        {
            "label": count.version or "not known",
            "note": f"{count.manufacturer} {count.model}",
            "count": count.hubs,
            "url": f"?version={count.version}&model={count.device_model_id}" if count.version else "",
        }
        for count in ordered[:_SHOWN_VERSIONS]
    ]


def _views(scope: Scope, form: EstateForm) -> dict[str, Any]:
    views = [_view(view, form.query_string) for view in saved_views(scope)]
    return {"views": views, "is_kept": any(view["is_open"] for view in views)}


def _regions(counts: EstateCounts) -> list[dict[str, Any]]:
    return [
        {"label": str(region.label), "count": n, "url": f"?region={int(region)}"}
        for region, n in counts.by_region.items()
    ]


def _view(view: ViewCard, query: str) -> dict[str, Any]:
    is_open = bool(query) and view.query == query
    return {"it": view, "url": f"{reverse('rollouts:estate')}?{view.query}", "is_open": is_open}


def _url(query: QueryDict, cursor: str | None) -> str:
    if not cursor:
        return ""
    params = query.copy()
    params["page"] = cursor
    return f"?{params.urlencode()}"
