"""What people keep of the estate: views under a name, and files that a worker writes for them."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import run_after_commit
from portal.kernel.versions import EditConflict, version_of
from portal.recurring.ringing import ring
from rollouts import services
from rollouts.models import Export
from rollouts.queries.estate.estate import check_fits_workbook, estate_counts, estate_total
from rollouts.queries.estate.exports import ExportCard, ViewCard, export_file, exports, saved_views
from rollouts.tasks import write_export
from rollouts.web.estate.forms import EstateForm, ViewForm
from rollouts.web.estate.views import estate_form
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import XLSX

_KINDS: Final = {Export.Form.XLSX: XLSX, Export.Form.CSV: "text/csv; charset=utf-8"}
_LOOKS: Final = {
    Export.Status.WAITING: ("neutral", "hourglass"),
    Export.Status.RUNNING: ("busy", "refresh"),
    Export.Status.READY: ("good", "check-circle"),
    Export.Status.FAILED: ("bad", "x-circle"),
    Export.Status.EXPIRED: ("neutral", "clock"),
}
_WHOLE: Final = "All hubs"


@require_GET
@for_people
def views(request: PortalRequest) -> HttpResponse:
    """List the views of the estate one keeps, and those one's organisation shares."""
    return _views_page(request)


@require_POST
@for_people
def save_view(request: PortalRequest) -> HttpResponse:
    """Keep the filters that are set under a name."""
    scope = scope_of(request)
    form = estate_form(QueryDict(request.POST.get("query", "")), scope, estate_counts(scope))
    try:
        if not form.query_string:
            raise BadInput("Set a filter first: without one a view would be the whole estate.")
        services.save_view(
            scope,
            name=request.POST.get("name", ""),
            query=form.query_string,
            is_shared=bool(request.POST.get("is_shared")),
            now=clock.now(),
        )
    except (BadInput, services.NameTaken) as refusal:
        return _views_page(request, problem=refusal, query=form)
    messages.success(request, "The view is saved.")
    return redirect(f"{reverse('rollouts:estate')}?{form.query_string}")


@require_POST
@for_people
def change_view(request: PortalRequest, view_id: int) -> HttpResponse:
    """Rename a view, share it, keep it to oneself, or remove it."""
    scope = scope_of(request)
    if request.POST.get("act") == "remove":
        services.remove_view(scope, view_id=view_id)
        messages.success(request, "The view is removed.")
        return redirect("rollouts:estate-views")
    view = next((view for view in saved_views(scope) if view.id == view_id and view.is_own), None)
    if view is None:
        raise NotFound("There is no such view of yours.")
    form = _view_form(view, request.POST)
    if not form.is_valid():
        return _views_page(request, form=form, of=view_id, status=form.refused_status)
    try:
        services.change_view(scope, view_id=view_id, expected=_view_version(view), **form.cleaned_data)
    except (BadInput, EditConflict, services.NameTaken) as refusal:
        form.add_error(None, refusal.message)
        return _views_page(request, form=form, of=view_id, status=refusal.status)
    messages.success(request, "The view is changed.")
    return redirect("rollouts:estate-views")


@require_GET
@for_people
def files(request: PortalRequest) -> HttpResponse:
    """List one's own files: how far they are, and where to fetch them."""
    scope = scope_of(request)
    if scope.is_panel:
        raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")
    own = exports(scope)
    words = _words(scope, [card.query for card in own])
    context = {
        "rows": [_file(card, words) for card in own],
        "is_waiting": any(card.is_under_way for card in own),
        "kept_hours": int(services.EXPORTS_KEPT.total_seconds() // 3600),
        "crumbs": [{"label": "Estate", "url": reverse("rollouts:estate")}],
    }
    return render(request, "rollouts/estate/estate_files.html", context)


@require_POST
@for_people
def order_file(request: PortalRequest) -> HttpResponse:
    """Order a file of what is listed, or of the whole estate."""
    scope, file_form = scope_of(request), request.POST.get("form", Export.Form.XLSX)
    form = estate_form(QueryDict(request.POST.get("query", "")), scope, estate_counts(scope))
    try:
        if file_form not in Export.Form.values:
            raise BadInput("Choose a workbook or a CSV file.")
        filters = form.filters()
        total = estate_total(scope, filters=filters)
        if file_form == Export.Form.XLSX:
            check_fits_workbook(total)
        number = services.order_export(
            scope,
            form=file_form,
            query=form.query_string,
            filters=filters.document(),
            total=total,
            now=clock.wall(),
        )
    except NotPermitted:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{reverse('rollouts:estate')}?{form.query_string}")
    run_after_commit(lambda: ring(write_export, export_id=number))
    return redirect("rollouts:estate-files")


@require_GET
@for_people
def fetch_file(request: PortalRequest, export_id: int) -> HttpResponseBase:
    """Return one of one's own files, while it is kept."""
    card, name = export_file(scope_of(request), export_id=export_id, now=clock.wall())
    try:
        body = default_storage.open(name)
    except FileNotFoundError as gone:
        raise NotFound("There is no such file, or it is no longer kept.") from gone
    file_name = f"estate-{card.created_at:%Y-%m-%d-%H%M}.{card.form}"
    return FileResponse(
        body, as_attachment=True, filename=file_name, content_type=_KINDS[Export.Form(card.form)]
    )


@require_POST
@for_people
def remove_file(request: PortalRequest, export_id: int) -> HttpResponse:
    """Remove a file, or call one off."""
    services.remove_export(scope_of(request), export_id=export_id)
    messages.success(request, "The file is removed.")
    return redirect("rollouts:estate-files")


def _views_page(
    request: PortalRequest,
    *,
    problem: Refusal | None = None,
    query: EstateForm | None = None,
    form: ViewForm | None = None,
    of: int = 0,
    status: int = 200,
) -> HttpResponse:
    scope = scope_of(request)
    if scope.is_panel:
        raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")
    views = saved_views(scope)
    words = _words(scope, [view.query for view in views])
    context = {
        "own": [
            {**_view(view, words), "form": form if form and view.id == of else _view_form(view)}
            for view in views
            if view.is_own
        ],
        "refused": form,
        "shared": [_view(view, words) for view in views if not view.is_own],
        "problem": problem.message if problem else "",
        "kept": query if query is not None and query.query_string else None,
        "named": request.POST.get("name", ""),
        "organisation": scope.organisation_name,
        "crumbs": [{"label": "Estate", "url": reverse("rollouts:estate")}],
    }
    return render(
        request, "rollouts/estate/estate_views.html", context, status=problem.status if problem else status
    )


def _words(scope: Scope, queries: list[str]) -> dict[str, str]:
    """Return filters in words; those that are no longer known are left out."""
    if not queries:
        return {}
    form = estate_form(QueryDict(), scope, estate_counts(scope))
    return {query: form.again(QueryDict(query)).description or _WHOLE for query in set(queries)}


def _view(view: Any, words: dict[str, str]) -> dict[str, Any]:
    return {
        "it": view,
        "words": words[view.query],
        "url": f"{reverse('rollouts:estate')}?{view.query}",
        "reference": reference_of(view.id, "estate_view"),
    }


def _view_form(view: ViewCard, data: QueryDict | None = None) -> ViewForm:
    initial = {"name": view.name, "is_shared": view.is_shared}
    return ViewForm(data, initial=initial, auto_id=f"%s-{reference_of(view.id, 'estate_view')}")


def _view_version(view: ViewCard) -> str:
    return version_of({"name": view.name, "is_shared": view.is_shared})


def _file(card: ExportCard, words: dict[str, str]) -> dict[str, Any]:
    return {"it": card, "words": words[card.query], "look": _LOOKS[card.status]}
