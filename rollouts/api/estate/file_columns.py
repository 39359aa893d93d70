"""The columns of the files that the DCC imports, and under which headings its own files have them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.fields import EnumField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.schemas import AllowedNames, Example, list_of, schema_reference
from portal.rest.views import ResourceView, versioned_response
from rollouts import services
from rollouts.queries.estate.imports import FileKindColumns, file_columns, mappings_version, propose_columns
from rollouts.states.inventory import FileKind

_MOST_COLUMNS = 1_000


class FileColumnsSchema(TypedDict):
    """The columns of one kind of file, those it needs, and the headings of yours that are mapped."""

    kind: Annotated[str, AllowedNames(FileKind)]
    columns: Annotated[list[str], Example(["guid", "model", "region"])]
    needed: Annotated[list[str], Example(["guid", "model"])]
    mapping: Annotated[dict[str, str], Example({"guid": "CHF"})]


class ColumnProposalSchema(TypedDict):
    """What the headings of a file are taken for, which columns are missing, and what would not be read."""

    columns: Annotated[dict[str, str], Example({"guid": "CHF GUID", "model": "Device Model"})]
    missing: Annotated[list[str], Example(["region", "smi_status"])]
    not_read: Annotated[list[str], Example(["Notes"])]


class ColumnMappingInputSerializer(StrictSerializer):
    """The heading of each column that has one of its own; none forgets the mapping."""

    kind = EnumField(FileKind)
    columns = serializers.DictField(child=serializers.CharField(max_length=200), allow_empty=True)


class HeadingsInputSerializer(StrictSerializer):
    """The headings of a file, in order."""

    kind = EnumField(FileKind)
    headings = serializers.ListField(
        child=serializers.CharField(max_length=200, allow_blank=True), max_length=_MOST_COLUMNS
    )


class FileColumnsView(ResourceView):
    """The columns of the files that are imported."""

    tag = "Operations"
    needs: ClassVar[Any] = {"GET": ApiScope.CHANNELS_READ, "PUT": ApiScope.CHANNELS_WRITE}
    versioned = True

    @operation("listFileColumns", "List columns of files", returns=list_of(FileColumnsSchema))
    def get(self, request: Request) -> Response:
        """List the columns of each kind of file, and the headings under which yours have them."""
        items = [_columns(each) for each in file_columns(self.scope)]
        return versioned_response({"items": items}, mappings_version(self.scope))

    @operation(
        "mapFileColumns",
        "Map columns of files",
        body=ColumnMappingInputSerializer,
        example={"kind": "LOAD", "columns": {"guid": "CHF", "region": "CSP Region"}},
        returns=schema_reference(FileColumnsSchema),
        refuses=("bad_input",),
    )
    def put(self, request: Request) -> Response:
        """Remember under which headings your files have their columns; those sent from now on are read so."""
        body = self.validated_body(ColumnMappingInputSerializer)
        services.map_columns(
            self.scope,
            kind=body["kind"],
            columns=body["columns"],
            expected=self.expected_version,
            now=clock.now(),
        )
        mapped = next(each for each in file_columns(self.scope) if each.kind == body["kind"])
        return versioned_response(_columns(mapped), mappings_version(self.scope))


class ColumnProposalView(ResourceView):
    """What the headings of a file are taken for."""

    tag = "Operations"
    needs: ClassVar[Any] = {"POST": ApiScope.CHANNELS_READ}

    @operation(
        "proposeFileColumns",
        "Have columns of files proposed",
        body=HeadingsInputSerializer,
        example={"kind": "LOAD", "headings": ["CHF GUID", "Device Model", "Firmware Version", "Notes"]},
        returns=schema_reference(ColumnProposalSchema),
        refuses=("bad_input",),
    )
    def post(self, request: Request) -> Response:
        """Match the headings of a file to columns; says which are missing, and what would not be read."""
        body = self.validated_body(HeadingsInputSerializer)
        proposal = propose_columns(self.scope, kind=body["kind"], headings=body["headings"])
        document: ColumnProposalSchema = {
            "columns": dict(proposal.columns),
            "missing": list(proposal.missing),
            "not_read": list(proposal.not_read),
        }
        return Response(document)


def _columns(columns: FileKindColumns) -> FileColumnsSchema:
    return {
        "kind": columns.kind.name,
        "columns": list(columns.columns),
        "needed": list(columns.needed),
        "mapping": dict(columns.mapping),
    }
