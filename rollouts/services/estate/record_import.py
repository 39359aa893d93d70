"""What every import of the inventory leaves behind: what came, and the lines not taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.lines import one_line
from portal.kernel.spreadsheets import NotRead
from portal.kernel.spreadsheets.headings import HeadingRow
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models import EstateImport
from rollouts.rules.file_columns import TAB
from rollouts.services.estate.inventory import RefusedRow, Repeats, UnlistedFirmware
from rollouts.states.inventory import FileKind, LineProblem

OnTaken = Callable[[int], None]
"""Called with the number of an import inside its transaction, once all of it is there: an error undoes it."""


def ignore_taken(_import_id: int, /) -> None:
    """Do nothing: nobody may call the import off meanwhile."""


MOST_LINES_KEPT: Final = 100_000
"""So many refused lines are kept with their text; all are counted. A wrong file has millions of them."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import. `summary` counts what it changed, by kind of change."""

    id: int
    kind: str
    file_name: str
    lines: int
    accepted: int
    refused: int
    refused_by_reason: Mapping[LineProblem, int]
    summary: Mapping[str, int]
    is_first: bool = False
    not_read: Sequence[NotRead] = ()

    @property
    def added(self) -> int:
        """How many hubs are new."""
        return self.summary.get("added", 0)

    @property
    def changed(self) -> int:
        """How many known hubs were brought up to date."""
        return self.summary.get("changed", 0)


@dataclass(slots=True)
class Refusals:
    """The lines that were not taken so far."""

    kept: list[RefusedRow] = field(default_factory=list)
    noted: list[RefusedRow] = field(default_factory=list)
    """Lines that were taken, but for something: listed with the others, counted by nobody."""
    reasons: Counter[LineProblem] = field(default_factory=Counter)
    unspelt: set[int] = field(default_factory=set)
    """Lines of which only the hub is known so far: they are found when the file has been read."""

    def add(self, refused: Iterable[RefusedRow]) -> None:
        """Count lines, and keep them as long as there is room."""
        for line in refused:
            self.reasons[line.problem] += 1
            if len(self.kept) < MOST_LINES_KEPT:
                self.kept.append(line)

    def add_one(self, line: int, guid: int, problem: LineProblem) -> None:
        """Count a line of which only the hub is known by now."""
        self.add([RefusedRow(line, str(Guid.from_db(guid)), problem)])
        self.unspelt.add(line)

    def spell(self, texts: Mapping[int, str]) -> None:
        """Give lines of which only the hub was known as they read."""
        self.kept = [
            replace(line, raw=texts[line.line]) if line.line in self.unspelt and line.line in texts else line
            for line in self.kept
        ]

    def note(self, line: int, guid: int, words: str, problem: LineProblem) -> None:
        """Keep a line that was taken but for what `words` say, as long as there is room."""
        if len(self.noted) < MOST_LINES_KEPT:
            self.noted.append(RefusedRow(line, f"{Guid.from_db(guid)}: {words}", problem))

    def add_later(self, problems: Mapping[int, LineProblem], repeats: Repeats) -> None:
        """Count lines that turned out to repeat others once the whole file was read."""
        guids = repeats.guids_of(problems)
        for line, problem in sorted(problems.items()):
            self.add_one(line, guids[line], problem)


@inside_unit_of_work
def open_import(scope: Scope, *, kind: FileKind, file_name: str, now: datetime) -> EstateImport:
    """Record that a file has come; its number is the evidence of what it changes."""
    return EstateImport.objects.create(
        kind=kind,
        organisation_id=scope.organisation_id,
        user_id=scope.user_id,
        file_name=one_line(file_name)[:200],
        received_at=now,
    )


@inside_unit_of_work
def keep_import(
    entry: EstateImport,
    refusals: Refusals,
    *,
    lines: int,
    summary: Mapping[str, int],
    now: datetime,
    is_first: bool = False,
    heading: HeadingRow | None = None,
    delimiter: str = ",",
    sheets: Sequence[str] = (),
    not_read: Sequence[NotRead] = (),
    unlisted: Iterable[UnlistedFirmware] = (),
) -> ImportReport:
    """Record what came of a file, with the lines that were not taken."""
    refused = refusals.reasons.total()
    entry.lines, entry.accepted, entry.refused = lines, lines - refused, refused
    entry.refused_by_reason = {problem.value: n for problem, n in sorted(refusals.reasons.items())}
    entry.summary, entry.finished_at = dict(summary), now
    entry.heading = list(heading.cells if heading else ())
    entry.delimiter = TAB if delimiter == "\t" else delimiter
    entry.sheets = list(sheets)
    entry.not_read = [part.document for part in not_read]
    entry.unlisted = [firmware._asdict() for firmware in unlisted]
    entry.save()
    sql.copy_rows(
        "rollouts_estateimportline",
        ("estate_import_id", "line_no", "raw", "reason"),
        (
            (entry.pk, line.line, line.raw.replace("\0", " "), line.problem.value)
            for line in sorted(refusals.kept + refusals.noted, key=lambda line: line.line)
        ),
    )
    return ImportReport(
        id=entry.pk,
        kind=entry.kind,
        file_name=entry.file_name,
        lines=lines,
        accepted=entry.accepted,
        refused=refused,
        refused_by_reason=dict(refusals.reasons),
        summary=dict(summary),
        is_first=is_first,
        not_read=not_read,
    )
