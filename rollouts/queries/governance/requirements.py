"""The portal's requirements document: its promises, version and change log, as the SEC refers to them (R6.8).

The page of the reference is the document: what people read in the portal is that file and no copy of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

_PAGE: Final = Path("docs", "reference", "requirements.md")
_CHANGES: Final = "Changes"


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One row: its number and what it promises."""

    number: str
    words: str


@dataclass(frozen=True, slots=True)
class RequirementsSection:
    """Promises about one subject."""

    title: str
    promises: Sequence[RequirementLine]


@dataclass(frozen=True, slots=True)
class RequirementsVersion:
    """One version: when, what changed, and who approved it."""

    version: str
    on: str
    words: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class RequirementsDocument:
    """The document whole; the latest change comes first."""

    title: str
    intro: Sequence[str]
    sections: Sequence[RequirementsSection]
    changes: Sequence[RequirementsVersion]

    @property
    def version(self) -> str:
        """The version in force."""
        return self.changes[0].version

    @property
    def promises(self) -> int:
        """How many promises there are."""
        return sum(len(section.promises) for section in self.sections)


@cache
def requirements_document() -> RequirementsDocument:
    """Read the document; it is the same until the portal is installed again."""
    return read_document((settings.BASE_DIR / _PAGE).read_text(encoding="utf-8"))


def read_document(text: str) -> RequirementsDocument:
    """Read a document of headings, paragraphs and tables.

    Raises:
        ValueError: it has no title, no promise or no change log.
    """
    parts = [part.strip().splitlines() for part in f"\n{text}".split("\n## ")]
    head, bodies = parts[0], parts[1:]
    tables = {lines[0].strip(): list(_cells(lines[1:])) for lines in bodies if lines}
    sections = [
        RequirementsSection(title, [RequirementLine(row[0], row[1]) for row in rows])
        for title, rows in tables.items()
        if title != _CHANGES and rows
    ]
    changes = [RequirementsVersion(*row[:4]) for row in tables.get(_CHANGES, ())]
    if not head or not head[0].startswith("# ") or not sections or not changes:
        raise ValueError("The requirements document needs a title, promises and a change log.")
    intro = [" ".join(part.split()) for part in "\n".join(head[1:]).split("\n\n") if part.strip()]
    return RequirementsDocument(head[0].removeprefix("# "), intro, sections, changes[::-1])


def _cells(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a table, without its head and the line below it."""
    rows = [line.strip().strip("|").split("|") for line in lines if line.strip().startswith("|")]
    yield from ([cell.strip() for cell in row] for row in rows[2:])
