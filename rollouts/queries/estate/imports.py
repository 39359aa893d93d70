"""What was imported into the inventory, and which lines were not taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel.paging import Page
from portal.kernel.refusals import NotFound
from portal.kernel.spreadsheets import SHEET_STEP, NotRead, stream_csv, stream_xlsx
from portal.kernel.spreadsheets.csv_lines import cells_of
from portal.kernel.versions import version_of
from rollouts.models import EstateImport, EstateImportLine
from rollouts.reads.estate.mappings import column_mappings
from rollouts.rules.file_columns import COLUMNS_OF, TAB
from rollouts.states.inventory import FileKind, LineProblem

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class UnlistedModel:
    """A hub model as a file spells it, and the firmware of it that the Central Products List lacks."""

    manufacturer: str
    model: str
    hardware_version: str
    model_id: int | None
    """None where the list lacks the model itself."""
    versions: Sequence[str]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """One file, and what came of it."""

    id: int
    kind: str
    file_name: str
    received_at: datetime
    as_of: datetime | None
    lines: int
    accepted: int
    refused: int
    refused_by_reason: Mapping[LineProblem, int]
    summary: Mapping[str, int]
    not_read: Sequence[NotRead]
    unlisted: Sequence[UnlistedModel]
    """Hub models and firmware that the file names and the Central Products List lacks."""


@dataclass(frozen=True, slots=True)
class FileKindColumns:
    """The columns of one kind of file, which of them it needs, and the headings that are mapped."""

    kind: FileKind
    columns: Sequence[str]
    needed: Sequence[str]
    mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """What the headings of a file are taken for before anything is mapped by hand."""

    columns: Mapping[str, str]
    missing: Sequence[str]
    not_read: Sequence[str]


def file_columns(scope: Scope) -> list[FileKindColumns]:
    """List the kinds of files with their columns and one's own headings of them.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    saved = column_mappings(scope)
    return [
        FileKindColumns(
            kind=kind,
            columns=list(columns.columns),
            needed=[name for name in columns.columns if name in columns.needed],
            mapping=saved.get(kind, {}),
        )
        for kind, columns in COLUMNS_OF.items()
    ]


def mappings_version(scope: Scope) -> str:
    """Return what a change of one's own headings is made from.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    return version_of(column_mappings(scope))


def propose_columns(scope: Scope, *, kind: FileKind, headings: Sequence[str]) -> ColumnProposal:
    """Match the headings of a file to columns by the names the portal knows.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    columns = COLUMNS_OF[kind]
    proposed = columns.propose(headings)
    return ColumnProposal(
        columns=proposed,
        missing=[name for name in columns.columns if name in columns.needed and name not in proposed],
        not_read=[text for text in headings if text.strip() and text.strip() not in proposed.values()],
    )


def estate_imports(scope: Scope, *, before: int | None = None, size: int = PAGE_SIZE) -> Page[ImportSummary]:
    """List imports, the latest first.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    imports = EstateImport.objects.order_by("-pk")
    if before is not None:
        imports = imports.filter(pk__lt=before)
    rows = list(imports[: size + 1])
    shown = [_summary(row) for row in rows[:size]]
    return Page(shown, next=str(shown[-1].id) if len(rows) > size else None)


def estate_import(scope: Scope, *, import_id: int) -> ImportSummary:
    """Return an import.

    Raises:
        NotPermitted: not for others than the DCC.
        NotFound: there is none.
    """
    return _summary(_import(scope, import_id))


def refused_lines_csv(scope: Scope, *, import_id: int) -> Iterator[bytes]:
    """Stream the lines of an import that were not taken: correct the wrong cells, and send the file again.

    Raises:
        NotPermitted: not for others than the DCC.
        NotFound: there is no such import.
    """
    header, rows = _corrections(scope, import_id)
    return stream_csv(rows, header=header, with_mark=True)


def refused_lines_xlsx(scope: Scope, *, import_id: int) -> Iterator[bytes]:
    """Stream the same as a workbook.

    Raises:
        NotPermitted, NotFound: as in `refused_lines_csv`.
    """
    header, rows = _corrections(scope, import_id)
    return stream_xlsx(rows, header=header, title="Not taken")


def _corrections(scope: Scope, import_id: int) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    """Give the columns of the file itself, with the reason behind, but for lines taken in part."""
    entry = _import(scope, import_id)
    lines = EstateImportLine.objects.filter(estate_import_id=import_id).order_by("line_no", "pk")
    lines = lines.exclude(reason=LineProblem.OLDER_VERSION)
    refused = lines.values_list("line_no", "raw", "reason").iterator(chunk_size=2000)
    heading = list(entry.heading) or ["text"]
    delimiter = ("\t" if entry.delimiter == TAB else entry.delimiter) if entry.heading else None

    def rows() -> Iterator[Sequence[object]]:
        for number, raw, reason in refused:
            cells, surplus = _cells(raw, delimiter, width=len(heading))
            place, line = divmod(number, SHEET_STEP)
            sheet = entry.sheets[place] if place < len(entry.sheets) else ""
            words = (
                f"{LineProblem(reason).label} Left over: {surplus}" if surplus else LineProblem(reason).label
            )
            yield [*cells, line, sheet, reason, words]

    return [*heading, "line", "sheet", "reason", "what_to_do"], rows()


def _cells(raw: str, delimiter: str | None, *, width: int) -> tuple[list[str], str]:
    """Split a line into as many cells as the heading has; return what is beyond them too."""
    split = [raw] if delimiter is None else cells_of(raw.encode("utf-8", "replace"), delimiter)
    # An octet a character: see `cells_of`.
    cells = (
        [raw] if split is None or delimiter is None else [cell.encode("latin-1").decode() for cell in split]
    )
    return (cells + [""] * width)[:width], ", ".join(filter(None, cells[width:]))


def _import(scope: Scope, import_id: int) -> EstateImport:
    scope.check(*sorted(DCC_ROLES))
    entry = EstateImport.objects.filter(pk=import_id).first()
    if entry is None:
        raise NotFound("There is no such import.")
    return entry


def _summary(row: EstateImport) -> ImportSummary:
    return ImportSummary(
        id=row.pk,
        kind=row.kind,
        file_name=row.file_name,
        received_at=row.received_at,
        as_of=row.as_of,
        lines=row.lines,
        accepted=row.accepted,
        refused=row.refused,
        refused_by_reason={LineProblem(code): n for code, n in row.refused_by_reason.items()},
        summary=row.summary,
        not_read=[NotRead.of(part) for part in row.not_read],
        unlisted=_unlisted(row.unlisted),
    )


def _unlisted(documents: Iterable[Mapping[str, Any]]) -> list[UnlistedModel]:
    versions: dict[tuple[str, str, str, int], list[str]] = {}
    for each in documents:
        key = (each["manufacturer"], each["model"], each["hardware_version"], each["model_id"])
        versions.setdefault(key, []).append(each["firmware_version"])
    return [
        UnlistedModel(maker, model, hardware, model_id if model_id > 0 else None, sorted(known))
        for (maker, model, hardware, model_id), known in sorted(versions.items())
    ]
