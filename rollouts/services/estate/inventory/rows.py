"""Hubs as PostgreSQL's binary COPY reads them: no text to make and to read again.

What words mean is written once a meaning, and copied to every line that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rollouts.services.estate.inventory.judging import JudgedBlock

HUB_COLUMNS: Final = (
    "guid",
    "gpf_guid",
    "gpf_cpl_entry_id",
    "device_model_id",
    "cpl_entry_id",
    "region",
    "smi_status",
    "gpf_status",
    "import_supplier_id",
    "gas_supplier_id",
    "han_devices",
    "postcode_area",
    "commissioned_on",
    "installed_on",
)
BEGINNING: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END: Final = b"\xff\xff"
_NULL: Final = -1

Int32s: TypeAlias = npt.NDArray[np.int32]
Bools: TypeAlias = npt.NDArray[np.bool_]
#: Values, their type (big-endian), and how many octets of each are sent where that is not all: -1 is a null.
Column: TypeAlias = tuple[npt.NDArray[Any], str, Int32s | None]


class _RowPart(NamedTuple):
    """Some columns of every row, in octets of one width, and which are sent where that is not all."""

    octets: npt.NDArray[np.uint8]
    is_sent: Bools | None

    def at(self, places: npt.NDArray[Any]) -> _RowPart:
        is_sent = None if self.is_sent is None else self.is_sent.take(places, axis=0)
        return _RowPart(self.octets.take(places, axis=0), is_sent)


def rows_of(judged: JudgedBlock, *, with_lines: bool) -> bytes:
    """Write the good lines of a table as rows of `HUB_COLUMNS`, with the line number behind if wanted."""
    kind = judged.words[0]
    own: list[Column] = [
        (judged.guid, ">i8", None),
        (judged.gpf, ">i8", _length(8, judged.has_gpf)),
        (kind.meanings[:, 2].take(kind.places), ">i4", _length(4, judged.has_gpf)),
    ]
    count = np.frombuffer((len(HUB_COLUMNS) + with_lines).to_bytes(2, "big"), np.uint8)
    parts = [
        _RowPart(np.broadcast_to(count, (len(judged), 2)), None),
        _part(own),
        *(
            _part(of(words.meanings)).at(words.places)
            for words, of in zip(judged.words, _COLUMNS, strict=True)
        ),
    ]
    if with_lines:
        parts.append(_part([(judged.lines, ">i8", None)]))
    octets = np.concatenate([part.octets for part in parts], axis=1)
    if all(part.is_sent is None for part in parts):
        return octets.tobytes()
    all_of_it = np.True_
    sent = [
        np.broadcast_to(all_of_it, part.octets.shape) if part.is_sent is None else part.is_sent
        for part in parts
    ]
    return octets[np.concatenate(sent, axis=1)].tobytes()


def _part(columns: Sequence[Column]) -> _RowPart:
    """Write each value behind its length."""
    layout = [
        field
        for place, (_, kind, _) in enumerate(columns)
        for field in ((f"n{place}", ">i4"), (f"v{place}", kind))
    ]
    rows = np.empty(len(columns[0][0]), dtype=layout)
    octets = rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    is_sent = None
    end = 0
    for place, (values, kind, lengths) in enumerate(columns):
        size = np.dtype(kind).itemsize
        end += 4 + size
        rows[f"v{place}"] = values
        rows[f"n{place}"] = size if lengths is None else lengths
        if lengths is not None and len(short := np.flatnonzero(lengths < size)):
            is_sent = np.ones(octets.shape, dtype=np.bool_) if is_sent is None else is_sent
            is_sent[short, end - size : end] = np.arange(size) < lengths[short, np.newaxis]
    return _RowPart(octets, is_sent)


def _length(octets: int, is_given: Bools) -> Int32s:
    return np.where(is_given, np.int32(octets), np.int32(_NULL))


def _kind(meanings: Int32s) -> list[Column]:
    return [(meanings[:, 0], ">i4", None), (meanings[:, 1], ">i4", None), (meanings[:, 3], ">i2", None)]


def _status(meanings: Int32s) -> list[Column]:
    return [(meanings[:, 0], ">i2", None), (meanings[:, 1], ">i2", _length(2, meanings[:, 1] >= 0))]


def _registration(meanings: Int32s) -> list[Column]:
    return [(party, ">i4", _length(4, party >= 0)) for party in (meanings[:, 0], meanings[:, 1])]


def _home(meanings: Int32s) -> list[Column]:
    return [(meanings[:, 0], ">i2", None), (meanings[:, 1], ">i2", meanings[:, 2])]


def _day(meanings: Int32s) -> list[Column]:
    return [(meanings[:, 0], ">i4", _length(4, meanings[:, 1] > 0))]


#: The columns of a hub behind the three of its own, by what they come from: see `Meanings.vocabularies`.
_COLUMNS: Final[tuple[Callable[[Int32s], list[Column]], ...]] = (
    _kind,
    _status,
    _registration,
    _home,
    _day,
    _day,
)
