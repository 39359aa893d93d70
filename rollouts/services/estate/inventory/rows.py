"""Hubs as PostgreSQL's binary COPY reads them: no text to make and to read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rollouts.services.estate.inventory.judging import JudgedBlock

HUB_COLUMNS: Final = (
    "guid",
    "gpf_guid",
    "device_model_id",
    "cpl_entry_id",
    "gpf_cpl_entry_id",
    "import_supplier_id",
    "gas_supplier_id",
    "commissioned_on",
    "installed_on",
    "region",
    "smi_status",
    "gpf_status",
    "han_devices",
    "postcode_area",
)
BEGINNING: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END: Final = b"\xff\xff"
_NULL: Final = -1

#: Values, their type (big-endian), and how many octets of each are sent where that is not all: -1 is a null.
Column: TypeAlias = tuple[npt.NDArray[Any], str, npt.NDArray[Any] | None]


def rows_of(judged: JudgedBlock, *, with_lines: bool) -> bytes:
    """Write the good lines of a table as rows of `HUB_COLUMNS`, with the line number behind if wanted."""
    columns = _columns(judged)
    if with_lines:
        columns.append((judged.lines, ">i8", None))
    layout = [("fields", ">i2")]
    for place, (_, kind, _) in enumerate(columns):
        layout += [(f"n{place}", ">i4"), (f"v{place}", kind)]
    rows = np.empty(len(judged), dtype=layout)
    fields: Mapping[str, tuple[Any, ...]] = rows.dtype.fields or {}
    rows["fields"] = len(columns)
    octets = rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    is_sent = np.ones(octets.shape, dtype=np.bool_)
    for place, (values, kind, lengths) in enumerate(columns):
        size = np.dtype(kind).itemsize
        rows[f"v{place}"] = values
        rows[f"n{place}"] = size if lengths is None else lengths
        if lengths is not None and len(short := np.flatnonzero(lengths < size)):
            offset = fields[f"v{place}"][1]
            is_sent[short, offset : offset + size] = np.arange(size) < lengths[short, np.newaxis]
    return octets.tobytes() if is_sent.all() else octets[is_sent].tobytes()


def _columns(judged: JudgedBlock) -> list[Column]:
    """Return the values in the order of `HUB_COLUMNS`."""
    kind, status, party, home, *days = judged.words
    return [
        (judged.guid, ">i8", None),
        (judged.gpf, ">i8", _length(8, judged.has_gpf)),
        (kind[:, 0], ">i4", None),
        (kind[:, 1], ">i4", None),
        (kind[:, 2], ">i4", _length(4, judged.has_gpf)),
        (party[:, 0], ">i4", _length(4, party[:, 0] >= 0)),
        (party[:, 1], ">i4", _length(4, party[:, 1] >= 0)),
        *((day[:, 0], ">i4", _length(4, day[:, 1] > 0)) for day in days),
        (kind[:, 3], ">i2", None),
        (status[:, 0], ">i2", None),
        (status[:, 1], ">i2", _length(2, status[:, 1] >= 0)),
        (home[:, 0], ">i2", None),
        (home[:, 1], ">i2", home[:, 2]),
    ]


def _length(octets: int, is_given: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    return np.where(is_given, np.int32(octets), np.int32(_NULL))
