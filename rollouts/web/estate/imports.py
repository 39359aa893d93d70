"""Files for the inventory and the Central Products List: sent, followed, their outcome, what is to decide."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import DCC_ROLES, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.kernel.presentation.edits import MADE_FROM, EditForm
from portal.kernel.presentation.moments import long_time
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import run_after_commit
from portal.recurring.ringing import ring
from rollouts import services
from rollouts.models import ImportFile
from rollouts.queries.estate.import_files import (
    ImportFileCard,
    held_differences,
    import_content,
    import_file,
    import_files,
    open_differences,
)
from rollouts.queries.estate.imports import (
    ImportSummary,
    estate_import,
    estate_imports,
    file_columns,
    mappings_version,
    propose_columns,
    refused_lines_csv,
    refused_lines_xlsx,
)
from rollouts.states.inventory import FileKind
from rollouts.tasks import take_import
from rollouts.web.estate.import_forms import ImportForm, columns_form
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import XLSX, download
from rollouts.web.wording import facts

_S = ImportFile.Status
_LOOKS: Final = {
    _S.HELD: ("warn", "alert"),
    _S.WAITING: ("neutral", "hourglass"),
    _S.RUNNING: ("busy", "refresh"),
    _S.DONE: ("good", "check-circle"),
    _S.FAILED: ("bad", "x-circle"),
    _S.CALLED_OFF: ("neutral", "x-circle"),
}
#: What a file changed, in words.
_SUMMARY: Final = {
    "added": "Added",
    "changed": "Changed",
    "unchanged": "Unchanged",
    "moving": "Hubs that change Supplier",
    "exchanged": "Hubs exchanged",
    "outdated": "Versions held back",
    "statuses": "New statuses",
    "suspended": "Rollouts suspended",
}


@require_http_methods(["GET", "POST"])
@for_people
def imports(request: PortalRequest) -> HttpResponse:
    """List what was imported and what is on its way; take a file."""
    scope = scope_of(request)
    scope.check(*sorted(DCC_ROLES))
    kind = request.GET.get("kind", "")
    initial = {"kind": kind if kind in FileKind.values else FileKind.LOAD.value}
    form, status = ImportForm(request.POST or None, request.FILES or None, initial=initial), 200
    if request.method == "POST":
        scope.check(*MAY_OPERATE)
        status = 422
        if form.is_valid():
            try:
                return redirect("rollouts:import-file", _sent(scope, form))
            except NotPermitted:
                raise
            except Refusal as refusal:
                form.add_error(None, refusal.message)
                status = refusal.status
    before = request.GET.get("before", "")
    page = estate_imports(scope, before=int(before) if before.isdecimal() else None)
    under_way = import_files(scope, unfinished=True)
    context = {
        "form": form,
        "files": [_file_row(card) for card in under_way],
        "is_waiting": any(card.is_under_way for card in under_way),
        "rows": [{"it": row, "kind": FileKind(row.kind).label} for row in page.items],
        "older_url": f"?before={page.next}" if page.next else "",
        "may_operate": scope.has(*MAY_OPERATE),
    }
    return render(request, "rollouts/estate/imports.html", context, status=status)


def _sent(scope: Scope, form: ImportForm) -> int:
    cleaned = form.cleaned_data
    file = cleaned["file"]
    sent = services.send_import(
        scope,
        kind=FileKind(cleaned["kind"]),
        source=file.file,
        file_name=file.name,
        as_of=cleaned["as_of"],
        names_columns=cleaned["names_columns"],
        now=clock.now(),
    )
    _ring(sent)
    return sent.pk


def _ring(file: ImportFile) -> None:
    if file.status == _S.WAITING:
        run_after_commit(lambda: ring(take_import, import_file_id=file.pk))


@require_http_methods(["GET", "POST"])
@for_people
def file(request: PortalRequest, import_file_id: int) -> HttpResponse:
    """Show how far a file is; have its columns named, or what it would do to the list confirmed."""
    scope = scope_of(request)
    card = import_file(scope, import_file_id=import_file_id)
    if request.method == "GET":
        if card.import_id is not None and not request.htmx:
            return redirect("rollouts:import", card.import_id)
        return _file_page(request, card)
    scope.check(*MAY_OPERATE)
    form = _columns(request, scope, card) if request.POST.get("act") == "name" else None
    try:
        if form is None:
            return _acted(request, scope, card)
        if form.is_valid():
            return _named(request, scope, card, form)
        return _file_page(request, card, form=form, status=form.refused_status)
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        if form is not None:
            form.add_error(None, refusal.message)
        again = import_file(scope, import_file_id=import_file_id)
        return _file_page(request, again, form=form, problem=refusal.message, status=refusal.status)


def _acted(request: PortalRequest, scope: Scope, card: ImportFileCard) -> HttpResponse:
    act = request.POST.get("act")
    if act == "call_off":
        services.call_off_import(scope, import_file_id=card.id, at=clock.wall())
        messages.success(request, f"Called off: {card.file_name}.")
        return redirect("rollouts:imports")
    if act != "confirm":
        raise BadInput("Choose what to do with the file.")
    report = services.confirm_cpl_import(
        scope,
        import_file_id=card.id,
        expected=request.POST.get(MADE_FROM),
        now=clock.now(),
        at=clock.wall(),
    )
    messages.success(request, f"The list is up to date with {card.file_name}.")
    return redirect("rollouts:import", report.id)


def _named(request: PortalRequest, scope: Scope, card: ImportFileCard, form: EditForm) -> HttpResponse:
    mapping = {name: text for name, text in form.cleaned_data.items() if text}
    services.map_columns(
        scope, kind=card.kind, columns=mapping, expected=mappings_version(scope), now=clock.now()
    )
    resumed = services.resume_import(scope, import_file_id=card.id)
    _ring(resumed)
    if resumed.status == _S.HELD and resumed.problem:
        raise BadInput(resumed.problem)
    messages.success(request, "The columns are remembered for the next file.")
    return redirect("rollouts:import-file", card.id)


def _columns(request: PortalRequest, scope: Scope, card: ImportFileCard) -> EditForm:
    known = next(each for each in file_columns(scope) if each.kind == card.kind)
    proposed = propose_columns(scope, kind=card.kind, headings=card.headings).columns
    return columns_form(
        *([request.POST] if request.POST.get("act") == "name" else []),
        columns=known.columns,
        needed=known.needed,
        headings=card.headings,
        mapping={**proposed, **known.mapping},
    )


def _file_page(
    request: PortalRequest,
    card: ImportFileCard,
    *,
    form: EditForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    scope = scope_of(request)
    may_operate = scope.has(*MAY_OPERATE)
    if form is None and card.is_held and may_operate:
        form = _columns(request, scope, card)
    plan = None
    if card.is_held and card.kind == FileKind.CPL and not card.problem:
        plan = services.preview_cpl_list(scope, data=import_content(scope, import_file_id=card.id))
    context: dict[str, Any] = {
        **_file_row(card),
        "form": form,
        # The columns such a file can have are those of the form.
        "missing": card.problem.partition(" This file can have")[0],
        "plan": plan,
        "not_read": plan.not_read if plan else [],
        "refused": sorted(plan.refusals.kept, key=lambda line: line.line)[:50] if plan else [],
        "problem": "" if form is not None and form.is_bound else problem,
        "are_columns_known": plan is not None and form is not None and not form.is_bound,
        "may_operate": may_operate,
        "crumbs": [{"label": "Imports", "url": reverse("rollouts:imports")}],
    }
    return render(request, "rollouts/estate/import_file.html", context, status=status)


@require_GET
@for_people
def report(request: PortalRequest, import_id: int) -> HttpResponse:
    """Show what came of a file: counts, lines that were not taken, versions held back."""
    scope = scope_of(request)
    it = estate_import(scope, import_id=import_id)
    after = request.GET.get("after", "")
    differences = held_differences(scope, import_id=import_id, after=int(after) if after.isdecimal() else 0)
    context = {
        "it": it,
        "kind": FileKind(it.kind).label,
        "facts": _facts_of(it),
        "summary": [(_SUMMARY.get(name, name), n) for name, n in it.summary.items()],
        "reasons": sorted(it.refused_by_reason.items(), key=lambda item: -item[1]),
        "differences": differences,
        "open": open_differences(scope, import_id=import_id),
        "older_url": f"?after={differences.next}" if differences.next else "",
        "may_operate": scope.has(*MAY_OPERATE),
        "crumbs": [{"label": "Imports", "url": reverse("rollouts:imports")}],
    }
    return render(request, "rollouts/estate/import.html", context)


@require_GET
@for_people
def refused(request: PortalRequest, import_id: int, form: str) -> HttpResponseBase:
    """Give the lines that were not taken as a file, ready to be corrected and sent again."""
    scope, name = scope_of(request), f"import-{import_id}-not-taken.{form}"
    if form == "csv":
        return download(refused_lines_csv(scope, import_id=import_id), name, "text/csv; charset=utf-8")
    if form == "xlsx":
        return download(refused_lines_xlsx(scope, import_id=import_id), name, XLSX)
    raise Http404


@require_POST
@for_people
def decide(request: PortalRequest, import_id: int) -> HttpResponse:
    """Let hubs keep the version they named, or take the file's."""
    scope, act = scope_of(request), request.POST.get("act", "")
    if act not in {"keep", "take"}:
        raise BadInput("Choose whether the hubs keep their versions or take those of the file.")
    done = services.decide_differences(
        scope,
        import_id=import_id,
        takes_file=act == "take",
        guids=None if request.POST.get("all") else _guids(request.POST.getlist("hub")),
        now=clock.now(),
    )
    if act == "keep":
        words = f"{count_of(done.kept, 'hub')} keep their own version."
    else:
        words = f"{count_of(done.taken, 'hub')} have the file's version now."
        if done.passed:
            words += f" {count_of(done.passed, 'hub')} had another one by now and keep it."
    messages.success(request, words)
    return redirect("rollouts:import", import_id)


def _guids(texts: list[str]) -> list[int]:
    if not texts:
        raise BadInput("Tick the hubs it is about, or decide for all of them.")
    return [Guid.parse(text).db for text in texts]


def _facts_of(it: ImportSummary) -> list[dict[str, object]]:
    return facts(
        ("File", it.file_name),
        ("Received", long_time(it.received_at)),
        ("As of", long_time(it.as_of) if it.as_of else ""),
        ("Lines", f"{it.lines:,}"),
        ("Taken", f"{it.accepted:,}"),
        ("Not taken", f"{it.refused:,}"),
    )


def _file_row(card: ImportFileCard) -> dict[str, Any]:
    return {"it": card, "look": _LOOKS[card.status], "kind": card.kind.label}
