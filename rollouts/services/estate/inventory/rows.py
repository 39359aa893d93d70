"""Hubs as PostgreSQL's binary COPY reads them: no text to make and to read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rollouts.services.estate.inventory.judging import JudgedPiece

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
#: The types of these columns, big-endian.
_TYPES: Final = (">i8", ">i8", *[">i4"] * 7, *[">i2"] * 4)
BEGINNING: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END: Final = b"\xff\xff"
_NULL: Final = -1
_LETTERS: Final = 2

Mask: TypeAlias = npt.NDArray[np.bool_]


def rows_of(judged: JudgedPiece, *, with_lines: bool) -> bytes:
    """Write the good lines of a piece as rows of `HUB_COLUMNS`, with the line number behind if wanted."""
    count = len(judged)
    if not count:
        return b""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for place, kind in enumerate(_TYPES):
        layout += [(f"n{place}", ">i4"), (f"v{place}", kind)]
    layout += [("letters", ">i4"), ("area", "S2")]
    if with_lines:
        layout += [("n_line", ">i4"), ("line", ">i8")]
    rows = np.empty(count, dtype=layout)
    rows["fields"] = len(HUB_COLUMNS) + with_lines
    absent = _fill(rows, judged)
    if with_lines:
        rows["n_line"], rows["line"] = 8, judged.lines
    return _without(rows, absent, judged)


def _fill(rows: npt.NDArray[np.void], judged: JudgedPiece) -> dict[int, Mask]:
    """Fill in the fixed columns; return where which of them is absent."""
    kind, status, party, home = judged.kind, judged.status, judged.registration, judged.home
    has_gpf = judged.has_gpf
    columns = (
        (judged.guid, None),
        (judged.gpf, has_gpf),
        (kind[:, 0], None),
        (kind[:, 1], None),
        (kind[:, 2], has_gpf),
        (party[:, 0], party[:, 0] >= 0),
        (party[:, 1], party[:, 1] >= 0),
        (judged.commissioned.values, judged.commissioned.is_given),
        (judged.installed.values, judged.installed.is_given),
        (kind[:, 3], None),
        (status[:, 0], None),
        (status[:, 1], status[:, 1] >= 0),
        (home[:, 0], None),
    )
    absent: dict[int, Mask] = {}
    for place, (values, is_given) in enumerate(columns):
        rows[f"v{place}"] = values
        rows[f"n{place}"] = np.dtype(_TYPES[place]).itemsize
        if is_given is not None and not is_given.all():
            absent[place] = ~is_given
            rows[f"n{place}"][absent[place]] = _NULL
    rows["letters"] = home[:, 2]
    rows["area"] = home[:, 1].astype(">i2").view("S2").ravel()
    return absent


def _without(rows: npt.NDArray[np.void], absent: dict[int, Mask], judged: JudgedPiece) -> bytes:
    """Leave out the octets of what is absent: a null has none."""
    keep = np.ones((len(rows), rows.dtype.itemsize), dtype=bool)
    fields: Mapping[str, tuple[Any, ...]] = rows.dtype.fields or {}
    for place, mask in absent.items():
        offset = fields[f"v{place}"][1]
        keep[mask, offset : offset + np.dtype(_TYPES[place]).itemsize] = False
    area = fields["area"][1]
    for letter in range(_LETTERS):
        keep[judged.home[:, 2] <= letter, area + letter] = False
    octets = rows.view(np.uint8).reshape(len(rows), -1)
    return octets.tobytes() if keep.all() else octets[keep].tobytes()
