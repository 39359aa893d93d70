"""Lists of hubs, from wherever they come: one form that an instruction takes, whatever its channel."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel import sql
from portal.kernel.guid import (
    Guid,
    ParsedList,
    format_block,
    format_many,
    parse_block,
    read,
)
from portal.kernel.spreadsheets import SHEET_STEP, NotRead, read_guid_column
from portal.kernel.statements import Sql
from portal.kernel.transactions import inside_unit_of_work
from rollouts.states import RejectionReason

Int64s: TypeAlias = npt.NDArray[np.int64]

STAGING: Final = "rollouts_staged_guid"
LONGEST_SPELLING: Final = 200


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not taken: where it stands, what stands there, and why."""

    line: int
    raw: str
    guid: int | None
    reason: str
    detail: str = ""
    sheet: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The line as it is kept beside what it was part of."""
        return {
            "line": self.line,
            "sheet": self.sheet,
            "raw": self.raw,
            "reason": str(self.reason),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, eq=False)
class HubList:
    """Hubs that somebody names: sorted, each once, with where they stood; and what no hub could be read from.

    `text` is the list as it was spelt, one line a number in `lines`; empty where the portal chose the hubs.
    """

    guids: Int64s
    lines: Int64s
    refused: tuple[RefusedLine, ...]
    digest: bytes
    text: bytes = b""
    file_name: str = ""
    sheets: tuple[str, ...] = ()
    """The sheets that were read: a line is one of the first, plus SHEET_STEP for each before its own."""
    not_read: tuple[NotRead, ...] = ()

    def __len__(self) -> int:
        return len(self.guids) + len(self.refused)

    @property
    def not_read_documents(self) -> list[dict[str, object]]:
        """What of the file was not read, as JSON keeps it."""
        return [part.document for part in self.not_read]

    @classmethod
    def from_text(cls, data: str | bytes, *, file_name: str = "") -> HubList:
        """Read a list as it was typed, pasted or uploaded: a text of any make, or a workbook.

        Raises:
            FileRefused: it cannot be read, or no column holds GUIDs.
        """
        body = data.encode("utf-8", "replace") if isinstance(data, str) else data
        digest = hashlib.sha256(body).digest()
        if not body.strip():
            return cls.from_parsed(parse_block(b""), text=b"", digest=digest, file_name=file_name)
        column = read_guid_column(body)
        return cls.from_parsed(
            column.parsed,
            text=column.spelt,
            digest=digest,
            file_name=file_name,
            sheets=column.sheets,
            not_read=column.not_read,
        )

    @classmethod
    def from_parsed(
        cls,
        parsed: ParsedList,
        *,
        text: bytes,
        digest: bytes,
        file_name: str = "",
        sheets: tuple[str, ...] = (),
        not_read: tuple[NotRead, ...] = (),
    ) -> HubList:
        """Take what another reader (a spreadsheet, an XML request) has found; repeats keep the first."""
        guids, firsts = np.unique(parsed.values, return_index=True)
        is_repeat = np.ones(len(parsed.values), dtype=bool)
        is_repeat[firsts] = False
        spelling = LineSpelling(text)
        repeats = _repeats(spelling, parsed.values[is_repeat], parsed.lines[is_repeat])
        malformed = (
            RefusedLine(
                problem.line,
                spelling.at(problem.line) or problem.text,
                None,
                RejectionReason.MALFORMED_ID,
                problem.advice,
            )
            for problem in parsed.problems
        )
        refused = tuple(in_order(on_sheets([*malformed, *repeats], sheets), sheets))
        return cls(guids, parsed.lines[firsts], refused, digest, text, file_name, sheets, not_read)

    @classmethod
    def from_stored(cls, guids: Int64s | Iterable[int], *, digest: bytes = b"") -> HubList:
        """Take hubs the portal itself has chosen, in database form."""
        stored = np.unique(
            np.asarray(guids if isinstance(guids, np.ndarray) else list(guids), dtype=np.int64)
        )
        lines = np.arange(1, len(stored) + 1, dtype=np.int64)
        return cls(stored, lines, (), digest or hashlib.sha256(format_block(stored)).digest())


class LineSpelling:
    """How each line of a list was written."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        self._ends = ends
        self._starts = np.concatenate((np.zeros(1, dtype=np.int64), ends + 1))

    def at(self, line: int) -> str:
        """Return a line as it was written; nothing where the list has no such line."""
        if not 0 < line <= len(self._ends):
            return ""
        start, end = int(self._starts[line - 1]), int(self._ends[line - 1])
        # PostgreSQL knows no NUL, in no kind of text.
        raw = (
            self._text[start : min(end, start + 4 * LONGEST_SPELLING)]
            .translate(None, b"\0")
            .decode("utf-8", "replace")
        )
        return raw.strip("\r")[:LONGEST_SPELLING]

    def of(self, guid: int, line: int) -> str:
        """Return how a GUID was written; spelt our way where its line holds more than that."""
        raw = self.at(line)
        return raw if raw and read(raw) == Guid.from_db(guid).value else str(Guid.from_db(guid))


def compress_list(text: bytes) -> bytes | None:
    """Make a list small for keeping while it is applied in slices."""
    return zlib.compress(text, 1) if text else None


def decompress_list(source: bytes | memoryview | None) -> bytes:
    """Open a list that was kept."""
    return zlib.decompress(bytes(source)) if source else b""


@inside_unit_of_work
def stage(guids: Int64s, lines: Int64s | None = None) -> None:
    """Put GUIDs, in their order, where the statements of this transaction find them; gone at its end.

    The tables are temporary but outlive the transaction: made once a connection, they spare the
    catalogue a table each time.
    """
    empty_staging()
    numbers = np.zeros(len(guids), dtype=np.int64) if lines is None else lines
    sql.copy_blocks(STAGING, ("guid", "line_no"), [_binary(guids, numbers)], options="FORMAT binary")


@inside_unit_of_work
def empty_staging() -> None:
    """Make the staging tables of this connection, or empty them."""
    sql.execute("rollouts", "stage_guids")


def own_hubs(table: str) -> Sql:
    """Return a FROM clause: what a table stages (`s`), and which of it a party's own keys hold."""
    return sql.statement("rollouts", "own_hubs", staged=Sql(table))


@inside_unit_of_work
def staged_bounds(table: str, *, party_id: object) -> dict[str, object]:
    """Say from where to where a party's own hubs among those staged reach."""
    (row,) = sql.rows(
        sql.statement("rollouts", "staged_bounds", own_hubs=own_hubs(table)), {"party_id": party_id}
    )
    return {"first_guid": row.first_guid, "last_guid": row.last_guid}


def on_sheets(lines: Iterable[RefusedLine], sheets: Sequence[str]) -> list[RefusedLine]:
    """Number lines by their own sheet, and name it; lines of a text stay as they are."""
    if not sheets:
        return list(lines)
    return [
        replace(line, line=line.line % SHEET_STEP, sheet=sheets[line.line // SHEET_STEP]) for line in lines
    ]


def in_order(lines: Iterable[RefusedLine], sheets: Sequence[str] = ()) -> list[RefusedLine]:
    """Sort lines as they stand in the list: sheet after sheet."""
    places = {name: place for place, name in enumerate(sheets)}
    return sorted(lines, key=lambda line: (places.get(line.sheet, 0), line.line))


def spelt_lines(
    missed: Sequence[tuple[int, int, str, str]], text: bytes, sheets: Sequence[str] = ()
) -> list[RefusedLine]:
    """Write rejected GUIDs (guid, line, reason, detail) as their sender did, each on its sheet."""
    if not text:
        spellings = format_many([guid for guid, *_ in missed])
    else:
        spelling = LineSpelling(text)
        spellings = [spelling.of(guid, line) for guid, line, *_ in missed]
    lines = [
        RefusedLine(line, raw, guid, reason, detail)
        for raw, (guid, line, reason, detail) in zip(spellings, missed, strict=True)
    ]
    return on_sheets(lines, sheets)


def _repeats(spelling: LineSpelling, guids: Int64s, lines: Int64s) -> list[RefusedLine]:
    return [
        RefusedLine(line, spelling.of(guid, line), guid, RejectionReason.DUPLICATE_IN_LIST)
        for guid, line in zip(guids.tolist(), lines.tolist(), strict=True)
    ]


def _binary(guids: Int64s, lines: Int64s) -> bytes:
    """Write rows as PostgreSQL's binary COPY reads them: no text to make and to read again."""
    rows = np.empty(
        len(guids), dtype=[("n", ">i2"), ("a", ">i4"), ("guid", ">i8"), ("b", ">i4"), ("line", ">i8")]
    )
    rows["n"], rows["a"], rows["b"] = 2, 8, 8
    rows["guid"], rows["line"] = guids, lines
    return b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff"
