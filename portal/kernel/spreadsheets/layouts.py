"""Where in a table the GUIDs of hubs stand: under which heading, in which column, or in every cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.kernel.guid import GuidProblem, is_guid_heading, read, shown
from portal.kernel.guid.value import EDGES
from portal.kernel.spreadsheets.files import FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import Row, column_letters, shortened

SAMPLE: Final = 50
EVERY_CELL: Final = -1
_MOST_COLUMNS: Final = 1000
_NEARLY: Final = 10
_MOSTLY: Final = 0.75
# What Excel has done to a GUID still shows that the column was one of GUIDs.
_DAMAGED: Final = frozenset({GuidProblem.EXCEL_EXPONENT, GuidProblem.EXCEL_LOST_ZEROS})
# GUIDs of other devices, and those of hubs that are not meant.
_OTHER_DEVICE: Final = re.compile(
    r"gpf|gas ?proxy|gsme|esme|meter|ppmid|ihd|replac|supplier|party|user", re.I
)
_NAMES_A_GUID: Final = re.compile(r"guid|eui", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """The column of GUIDs (EVERY_CELL: all of them), the place of the first row below the heading."""

    place: int
    first: int = 0
    head: Sequence[str] = ()
    others: Sequence[tuple[int, str]] = ()
    """Other columns that hold GUIDs, and their headings."""
    has_label: bool = False
    """The first cell of all is a heading beside the GUIDs, not above them."""

    @property
    def heading(self) -> str:
        """The heading of the column; empty where there is none."""
        return shown(self.head[self.place]) if 0 <= self.place < len(self.head) else ""


def layout_of(sample: Sequence[Row], *, sheet: str = "") -> Layout | None:
    """Find the GUIDs by the first rows of a table; None where there are none.

    Raises:
        FileRefused: TWO_GUID_COLUMNS.
    """
    rows = [cells[:_MOST_COLUMNS] for _, cells in sample]
    like = [[place for place, cell in enumerate(cells) if is_guid_like(cell)] for cells in rows]
    first_like = next((row for row, places in enumerate(like) if places), len(rows))
    headed = [row for row in range(first_like) if any(map(is_guid_heading, rows[row]))]
    first = headed[-1] + 1 if headed else min(first_like, 1)
    head = rows[first - 1] if first else []
    if not headed and any(map(_is_nearly_guid, head)):  # a damaged GUID is no heading
        first, head = 0, []
    body = rows[first:]
    likes = Counter(place for places in like[first:] for place in places)
    if _goes_along_rows(head, body, like[first:], likes):
        return Layout(EVERY_CELL, first, head, has_label=is_guid_heading(_first_text(body)))
    place = _place(head, body, likes, sheet)
    if place is None:
        return None
    others = [(other, head[other] if other < len(head) else "") for other in sorted(likes) if other != place]
    return Layout(place, first, head, others)


def is_guid_like(cell: str) -> bool:
    """Return whether a cell holds a GUID, or what Excel has made of one."""
    value = read(cell)
    return not isinstance(value, GuidProblem) or value in _DAMAGED


def _is_nearly_guid(cell: str) -> bool:
    digits = sum(sign in "0123456789abcdefABCDEF" for sign in cell)
    return digits >= _NEARLY and digits * 4 >= 3 * sum(map(str.isalnum, cell)) and any(map(str.isdigit, cell))


def _goes_along_rows(
    head: Sequence[str],
    body: Sequence[Sequence[str]],
    like: Sequence[Sequence[int]],
    likes: Mapping[int, int],
) -> bool:
    """Tell a table that is little but GUIDs, or a list that goes along a row, from one with columns."""
    if len(likes) < 2 or sum(map(bool, map(str.strip, head))) > 1:  # noqa: PLR2004 - two columns
        return False
    filled = sum(bool(cell.strip(EDGES)) for cells in body for cell in cells)
    if not head and sum(likes.values()) >= _MOSTLY * filled:
        return True
    return max(map(len, like)) > max(likes.values())


def _place(
    head: Sequence[str], body: Sequence[Sequence[str]], likes: Mapping[int, int], sheet: str
) -> int | None:
    headed = [place for place, text in enumerate(head) if is_guid_heading(text)]
    held = [place for place in headed if likes.get(place)]
    if len(held) > 1 and not _are_same(held, body):
        named = " and ".join(f"{column_letters(place)} “{shortened(head[place])}”" for place in held)
        within = f" of sheet “{sheet}”" if sheet else ""
        raise FileRefused(FileProblem.TWO_GUID_COLUMNS, f"Columns {named}{within} both hold GUIDs.")
    if held:
        return held[0]
    meant = {
        place: count
        for place, count in likes.items()
        if place >= len(head) or not _OTHER_DEVICE.search(head[place])
    }
    certain = [place for place in headed if _NAMES_A_GUID.search(head[place])]
    if certain or (headed and not meant):
        return (certain or headed)[0]
    if meant:
        most = max(meant.values())
        return min(place for place, count in meant.items() if 2 * count >= most)
    return None


def _are_same(places: Sequence[int], body: Sequence[Sequence[str]]) -> bool:
    return all(
        len({read(cells[place]) if place < len(cells) else 0 for place in places}) == 1 for cells in body
    )


def _first_text(body: Sequence[Sequence[str]]) -> str:
    return next((cell for cell in body[0] if cell.strip()), "") if body else ""
