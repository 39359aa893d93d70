"""Files of the estate that a worker writes: ordered, asked after, fetched for a day, removed; one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypedDict

from django.core.files.storage import default_storage
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.references import NotAReference, number_of, reference_of
from portal.kernel.refusals import NotFound
from portal.kernel.transactions import run_after_commit
from portal.recurring.ringing import ring
from portal.rest.fields import EnumField
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.ranges import range_response
from portal.rest.responses import CSV, XLSX, CsvRenderer, JsonRenderer, XlsxRenderer
from portal.rest.schemas import AllowedNames, Example, list_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.estate.views import EstateFilterQuery
from rollouts.models import Export
from rollouts.queries.estate.estate import check_fits_workbook, estate_total
from rollouts.queries.estate.exports import ExportCard, export_card, export_file, exports
from rollouts.queries.estate.keyset import EstateFilter, selection_of
from rollouts.tasks import write_export

_GONE: Final = "There is no such file, or it is no longer kept."
_KINDS: Final[Mapping[Export.Form, str]] = {Export.Form.CSV: CSV, Export.Form.XLSX: XLSX}


class EstateFileSchema(TypedDict):
    """A file of the estate: how far it is, and where it is fetched."""

    id: Annotated[str, Example("5a8d2c11f09e4b7766f1c0a3d2e4b586")]
    form: Annotated[str, AllowedNames(Export.Form)]
    status: Annotated[str, AllowedNames(Export.Status)]
    hubs: Annotated[int | None, "How many it holds or will hold; null until that is known.", Example(41220)]
    written: Annotated[int, "How many of them are written.", Example(20000)]
    problem: Annotated[str, Example(""), "Why there is no file."]
    size: Annotated[int, "In octets, once it is ready.", Example(3000000)]
    created_at: datetime
    finished_at: datetime | None
    expires_at: Annotated[datetime | None, "Until when it is kept."]
    content_url: Annotated[
        str | None,
        "Where it is fetched, once it is ready.",
        Example("/api/v1/estate/files/5a8d2c11f09e4b7766f1c0a3d2e4b586/content"),
    ]


class FileOrderSerializer(EstateFilterQuery):
    """A file of all hubs, or of those that are asked for."""

    form = EnumField(Export.Form)


class EstateFileListView(ResourceView):
    """Files of the estate."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ

    @operation("listEstateFiles", "List files of the estate", returns=list_of(EstateFileSchema))
    def get(self, request: Request) -> Response:
        """List the files you have ordered, the latest first: fifty at the most, and of the last week."""
        return Response({"items": [_file(card) for card in exports(self.scope)]})

    @operation(
        "orderEstateFile",
        "Order a file of the estate",
        status=202,
        body=FileOrderSerializer,
        example={"form": "CSV", "region": "NORTH,CENTRAL"},
        returns=schema_reference(EstateFileSchema),
        refuses=(
            "bad_input",
            "not_found",
            "not_searchable",
            "bad_firmware_version",
            "too_many_exports",
            "too_many_for_workbook",
        ),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have a CSV file or a workbook written, off your time; it is kept for a day, for you alone.

        Ask after it at `Location`. It can be fetched again, and in parts; what needs neither is streamed
        without an order: `GET /api/v1/estate` as CSV or NDJSON.
        """
        body = self.validated_body(FileOrderSerializer)
        form = Export.Form(body.pop("form"))
        filters = FileOrderSerializer.wanted(body)
        selection_of(self.scope, filters)  # refused here, where somebody listens, rather than by the worker
        total = estate_total(self.scope, filters=filters)
        if form == Export.Form.XLSX:
            check_fits_workbook(total)
        number = services.order_export(
            self.scope,
            form=form,
            query=_as_page_has_it(filters),
            filters=filters.document(),
            total=total,
            now=clock.wall(),
        )
        run_after_commit(lambda: ring(write_export, export_id=number))
        document = _file(export_card(self.scope, export_id=number))
        where = reverse("api:estate-file", args=[document["id"]])
        return Response(document, status=202, headers={"Location": where})


class EstateFileDetailView(ResourceView):
    """One file of the estate."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation("getEstateFile", "Ask after a file of the estate", returns=schema_reference(EstateFileSchema))
    def get(self, request: Request, file: str) -> Response:
        """Return how far a file is."""
        return Response(_file(export_card(self.scope, export_id=_number(file))))

    @operation("removeEstateFile", "Remove a file of the estate", status=204)
    def delete(self, request: Request, file: str) -> Response:
        """Remove a file, or call one off that is being written."""
        services.remove_export(self.scope, export_id=_number(file))
        return Response(status=204)


class EstateFileContentView(ResourceView):
    """What a file of the estate holds."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    renderer_classes = (CsvRenderer, XlsxRenderer, JsonRenderer)

    @operation(
        "fetchEstateFile",
        "Fetch a file of the estate",
        files={CSV: "The file, where it is CSV.", XLSX: "The file, where it is a workbook."},
        in_ranges=True,
    )
    def get(self, request: Request, file: str) -> HttpResponseBase:
        """Fetch a file that is ready, whole or in part (`Range`), as often as you like while it is kept."""
        number = _number(file, otherwise=_GONE)
        card, name = export_file(self.scope, export_id=number, now=clock.wall())
        try:
            body = default_storage.open(name)
        except FileNotFoundError as gone:
            raise NotFound(_GONE) from gone
        form = Export.Form(card.form)
        file_name = f"estate-{card.created_at:%Y-%m-%d-%H%M}.{form}"
        return range_response(request, body, size=card.size, kind=_KINDS[form], name=file_name, tag=file)


def _number(file: str, *, otherwise: str = "There is no such file.") -> int:
    try:
        return number_of(file, "estate_file")
    except NotAReference as unknown:
        raise NotFound(otherwise) from unknown


def _file(card: ExportCard) -> EstateFileSchema:
    ident = reference_of(card.id, "estate_file")
    return {
        "id": ident,
        "form": Export.Form(card.form).name,
        "status": card.status.name,
        "hubs": card.total,
        "written": card.done,
        "problem": card.problem,
        "size": card.size,
        "created_at": card.created_at,
        "finished_at": card.finished_at,
        "expires_at": card.expires_at,
        "content_url": reverse("api:estate-file-content", args=[ident]) if card.is_ready else None,
    }


def _as_page_has_it(filters: EstateFilter) -> str:
    """Write the filters as the address of the page has them, for people; what it has not is left out."""
    given: Mapping[str, Any] = {
        "q": filters.search,
        "region": _only(filters.regions),
        "version": _only(filters.versions),
        "model": _only(filters.device_model_ids),
        "status": _only(filters.statuses),
        "role": _only(filters.roles),
        "split": {True: "yes", False: "no"}.get(filters.is_split) if filters.is_split is not None else "",
        "rollout": filters.rollout_id,
        "label": filters.label,
    }
    state = {"state": filters.states[0].name} if len(filters.states) == 1 else {}
    return urlencode({name: value for name, value in {**given, **state}.items() if value})


def _only(values: Sequence[Any]) -> Any:
    if len(values) != 1:
        return ""
    return values[0] if isinstance(values[0], str) else int(values[0])
