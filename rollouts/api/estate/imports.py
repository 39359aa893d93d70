"""Files for the inventory and the Central Products List: sent, followed, decided."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, BinaryIO, ClassVar, TypedDict, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput
from portal.kernel.transactions import run_after_commit
from portal.recurring.ringing import ring
from portal.rest.fields import EnumField, OffsetDateTimeField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.parsers import FileParser
from portal.rest.schemas import AllowedNames, Count, Example, list_of, schema_reference
from portal.rest.views import ResourceView, versioned_response
from rollouts import services
from rollouts.api.enums import Id
from rollouts.models import HeldDifference, ImportFile
from rollouts.queries.estate.import_files import (
    DifferenceRow,
    ImportFileCard,
    held_differences,
    import_content,
    import_file,
    import_files,
)
from rollouts.services import CplPlan
from rollouts.states.inventory import FileKind, LineProblem
from rollouts.tasks import take_import

_MOST_HUBS = 10_000
_READS_AND_WRITES: Any = {"GET": ApiScope.CHANNELS_READ, "POST": ApiScope.CHANNELS_WRITE}


class ImportFileSchema(TypedDict):
    """A file on its way, how far it is, and what it waits for."""

    id: Id
    kind: Annotated[str, AllowedNames(FileKind)]
    file_name: Annotated[str, Example("inventory-2027-03-15.csv")]
    size: Annotated[int, Example(52_000_000), "Octets."]
    status: Annotated[str, AllowedNames(ImportFile.Status)]
    headings: Annotated[list[str], "The headings of its columns, to be named at `PUT /imports/columns`."]
    problem: Annotated[str, "Why it waits, or was not read."]
    done: Annotated[int, Example(26_000_000), "Octets read so far."]
    as_of: datetime | None
    created_at: datetime
    finished_at: datetime | None
    import_id: Annotated[int | None, "Once it has been read: see `GET /imports`."]


class CplChangesSchema(TypedDict):
    """What a file of the list would change."""

    added: Annotated[int, Example(3)]
    changed: Annotated[int, Example(1)]
    statuses: Annotated[int, Example(1), "Entries whose status would change."]
    unchanged: Count
    refused: Count
    refused_by_reason: Annotated[dict[str, int], AllowedNames(LineProblem)]
    suspends: Annotated[list[int], "Running rollouts that would be suspended.", Example([17])]


class DifferenceSchema(TypedDict):
    """A hub whose own later word differs from a file."""

    guid: Annotated[str, Example("00-DB-12-34-56-78-9A-BC")]
    line: Count
    file_version: Annotated[str, Example("0C220000")]
    hub_version: Annotated[str, Example("0C230000")]
    decision: Annotated[str, AllowedNames(HeldDifference.Decision)]


class DifferencesDecidedSchema(TypedDict):
    """How many hubs keep their word, took the file's version, or have another one by now."""

    kept: Count
    taken: Count
    passed: Count


class ImportQuery(StrictSerializer):
    """What the file holds, what it is called, and of an inventory when it was made."""

    kind = EnumField(FileKind)
    file_name = serializers.CharField(max_length=200)
    as_of = OffsetDateTimeField(required=False)
    names_columns = serializers.BooleanField(required=False, help_text="Wait until `resumeImport`.")


class DifferencesInputSerializer(StrictSerializer):
    """KEEP the version the hubs confirmed or TAKE the file's; of the hubs named, or of all that are open."""

    decision = serializers.ChoiceField(choices=["KEEP", "TAKE"])
    hubs = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=_MOST_HUBS
    )


class ImportFileListView(ResourceView):
    """Files on their way."""

    tag = "Operations"
    needs: ClassVar[Any] = _READS_AND_WRITES
    parser_classes = (FileParser,)

    @operation("listImportFiles", "List files on their way", returns=list_of(ImportFileSchema))
    def get(self, request: Request) -> Response:
        """List the latest files that were sent, how far each is, and what it waits for; for the DCC."""
        return Response({"items": [_file(card) for card in import_files(self.scope)]})

    @operation(
        "sendImport",
        "Send a file to be imported",
        status=202,
        query=[ImportQuery],
        body={FileParser.media_type: {"type": "string", "format": "binary", "description": "CSV or XLSX."}},
        returns=schema_reference(ImportFileSchema),
        refuses=("bad_input", "unreadable_file"),
    )
    def post(self, request: Request) -> Response:
        """Send an inventory, a feed of changes or the Central Products List; it is read in the background.

        A file of the list waits to be confirmed, and one whose columns are unknown until they are named.
        """
        query = self.validated_query(ImportQuery)
        with cast("BinaryIO", request.data) as source:
            sent = services.send_import(
                self.scope,
                kind=query["kind"],
                source=source,
                file_name=query["file_name"],
                as_of=query.get("as_of"),
                names_columns=query.get("names_columns", False),
                now=clock.now(),
            )
        _ring(sent)
        return Response(_file(import_file(self.scope, import_file_id=sent.pk)), status=202)


class ImportFileDetailView(ResourceView):
    """One file on its way."""

    tag = "Operations"
    needs: ClassVar[Any] = {"GET": ApiScope.CHANNELS_READ, "DELETE": ApiScope.CHANNELS_WRITE}
    polled = True

    @operation("getImportFile", "See how far a file is", returns=schema_reference(ImportFileSchema))
    def get(self, request: Request, import_file_id: int) -> Response:
        """See how far a file is, and where its outcome is once it has been read."""
        return Response(_file(import_file(self.scope, import_file_id=import_file_id)))

    @operation("callOffImport", "Call off an import", status=204, refuses=("import_not_held",))
    def delete(self, request: Request, import_file_id: int) -> Response:
        """Call off a file that waits or is being read; nothing of it is taken."""
        services.call_off_import(self.scope, import_file_id=import_file_id, at=clock.wall())
        return Response(status=204)


class ImportResumeView(ResourceView):
    """A file whose columns have been named."""

    tag = "Operations"
    needs: ClassVar[Any] = {"POST": ApiScope.CHANNELS_WRITE}

    @operation(
        "resumeImport",
        "Go on with a file",
        returns=schema_reference(ImportFileSchema),
        refuses=("import_not_held", "unreadable_file"),
    )
    def post(self, request: Request, import_file_id: int) -> Response:
        """Look again at a file that waits, once `PUT /imports/columns` has named its columns."""
        _ring(services.resume_import(self.scope, import_file_id=import_file_id))
        return Response(_file(import_file(self.scope, import_file_id=import_file_id)))


class CplChangesView(ResourceView):
    """What a file of the list would change."""

    tag = "Operations"
    needs: ClassVar[Any] = _READS_AND_WRITES
    versioned = True

    @operation(
        "previewCplImport",
        "See what a file would change",
        returns=schema_reference(CplChangesSchema),
        refuses=("unreadable_file", "not_a_cpl"),
    )
    def get(self, request: Request, import_file_id: int) -> Response:
        """Count what a file would change of the list, and the rollouts it would suspend; changes nothing."""
        data = import_content(self.scope, import_file_id=import_file_id)
        plan = services.preview_cpl_list(self.scope, data=data)
        return versioned_response(_changes(plan), plan.version)

    @operation(
        "confirmCplImport",
        "Change the list as a file has it",
        returns=schema_reference(ImportFileSchema),
        refuses=("import_not_held", "unreadable_file", "not_a_cpl"),
    )
    def post(self, request: Request, import_file_id: int) -> Response:
        """Change the list. `If-Match` with the `ETag` of the preview does only what was seen."""
        services.confirm_cpl_import(
            self.scope,
            import_file_id=import_file_id,
            expected=self.expected_version,
            now=clock.now(),
            at=clock.wall(),
        )
        return Response(_file(import_file(self.scope, import_file_id=import_file_id)))


class DifferencesView(ResourceView):
    """Versions that an import gives hubs against their own later word."""

    tag = "Operations"
    needs: ClassVar[Any] = _READS_AND_WRITES

    @operation("listHeldDifferences", "List versions held back", returns=list_of(DifferenceSchema))
    def get(self, request: Request, import_id: int) -> Response:
        """List the first thousand hubs that have named another version since the file was made."""
        page = held_differences(self.scope, import_id=import_id, size=1_000)
        return Response({"items": [_difference(row) for row in page.items]})

    @operation(
        "decideDifferences",
        "Decide on versions held back",
        body=DifferencesInputSerializer,
        example={"decision": "KEEP"},
        returns=schema_reference(DifferencesDecidedSchema),
        refuses=("bad_input", "malformed_id"),
    )
    def post(self, request: Request, import_id: int) -> Response:
        """Let hubs keep the version they named, or take the file's; what was decided before stands."""
        body = self.validated_body(DifferencesInputSerializer)
        hubs = body.get("hubs")
        if hubs == []:
            raise BadInput("Name hubs, or leave `hubs` out for all that are open.")
        done = services.decide_differences(
            self.scope,
            import_id=import_id,
            takes_file=body["decision"] == "TAKE",
            guids=None if hubs is None else [Guid.parse(text).db for text in hubs],
            now=clock.now(),
        )
        document: DifferencesDecidedSchema = {"kept": done.kept, "taken": done.taken, "passed": done.passed}
        return Response(document)


def _ring(file: ImportFile) -> None:
    if file.status == ImportFile.Status.WAITING:
        run_after_commit(lambda: ring(take_import, import_file_id=file.pk))


def _file(card: ImportFileCard) -> ImportFileSchema:
    return {
        "id": card.id,
        "kind": card.kind.name,
        "file_name": card.file_name,
        "size": card.size,
        "status": card.status.value,
        "headings": list(card.headings),
        "problem": card.problem,
        "done": card.done,
        "as_of": card.as_of,
        "created_at": card.created_at,
        "finished_at": card.finished_at,
        "import_id": card.import_id,
    }


def _changes(plan: CplPlan) -> CplChangesSchema:
    return {
        "added": len(plan.added),
        "changed": len(plan.changed),
        "statuses": len(plan.moves),
        "unchanged": plan.unchanged,
        "refused": plan.refused,
        "refused_by_reason": {problem.value: n for problem, n in plan.refusals.reasons.items()},
        "suspends": list(plan.running),
    }


def _difference(row: DifferenceRow) -> DifferenceSchema:
    return {
        "guid": row.guid,
        "line": row.line,
        "file_version": row.file_version,
        "hub_version": row.hub_version,
        "decision": row.decision.value,
    }
