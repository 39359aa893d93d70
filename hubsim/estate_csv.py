"""The estate as CSV: written by the column, so that twenty million hubs take seconds, and read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from hubsim import estate, guids, records
from hubsim.catalogue import DEVICE_MODELS
from hubsim.codes import REGIONS, STATUSES
from hubsim.estate import EstateSlice, SimulatedEstate

HEADER: Final = (
    "guid,gpf_guid,manufacturer,model,hardware_version,firmware_version,gpf_firmware_version,region,smi_status,"
    "gpf_status,import_mpid,gas_code,commissioned_on,installed_on,han_devices,postcode_area"
)
_COLUMNS: Final = HEADER.split(",")
# The fields of a row after its GUIDs, in order, and the table that has their texts.
_TABLE_OF_FIELD: Final = {
    "kind": "kind",
    "status": "status",
    "gpf_status": "status",
    "registration": "registration",
    "commissioned_day": "day",
    "installed_day": "day",
    "han_devices": "han_devices",
    "postcode": "postcode",
}
_READ_AT_ONCE: Final = 50_000
_DAYS: Final = 365 * 16

Numbers = dict[str, int]


class MalformedEstate(ValueError):
    """The file does not hold an estate."""


def csv_chunks(*, hubs: int, seed: int, jobs: int = 1) -> Iterator[bytes]:
    """Write the estate, header first; the bytes are the same however many processes make them."""
    yield HEADER.encode() + b"\n"
    pieces = [(start, min(start + estate.CHUNK, hubs), hubs, seed) for start in range(0, hubs, estate.CHUNK)]
    if jobs == 1 or len(pieces) == 1:
        yield from map(_piece, pieces)
        return
    with closing(get_context("spawn").Pool(jobs)) as pool:
        yield from pool.imap(_piece, pieces)
    pool.join()


def csv_rows(piece: EstateSlice) -> bytes:
    """Write one stretch of the estate as CSV rows."""
    tables = _tables()
    layout = [*guids.fields("guid"), ("comma", "S1"), *guids.fields("gpf"), ("second comma", "S1")]
    layout += [(name, tables[table].dtype.str) for name, table in _TABLE_OF_FIELD.items()]
    record = records.blank(len(piece.guid), layout)
    guids.fill(record, "guid", piece.guid)
    guids.fill(record, "gpf", piece.gpf_guid)
    for name, _ in guids.fields("gpf"):
        record[name][piece.gpf_guid == 0] = b""
    record["comma"] = record["second comma"] = b","
    record["kind"] = tables["kind"][piece.cell * np.intp(2) + (piece.gpf_guid == 0)]
    for name in list(_TABLE_OF_FIELD)[1:]:
        record[name] = tables[_TABLE_OF_FIELD[name]][getattr(piece, name)]
    return records.text_bytes(record)


def read_estate(path: Path) -> SimulatedEstate:
    """Read an estate from a CSV file with the columns of `HEADER`, in any order of rows.

    Raises:
        MalformedEstate: a column is missing, or a row holds what is not known.
    """
    models: dict[tuple[str, str, str], int] = {
        (m.manufacturer, m.model, m.hardware_version): place for place, m in enumerate(DEVICE_MODELS)
    }
    versions: Numbers = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        if missing := {"guid", "manufacturer", "model", "hardware_version"} - set(header):
            raise MalformedEstate(f"no column {', '.join(sorted(missing))}")
        pieces = []
        while chunk := list(islice(rows, _READ_AT_ONCE)):
            try:
                columns = dict(zip(header, zip(*chunk, strict=True), strict=True))
                pieces.append(_read_columns(columns, models, versions))
            except (KeyError, ValueError) as error:
                raise MalformedEstate(f"near row {len(pieces) * _READ_AT_ONCE + 2}: {error}") from error
    joined = np.concatenate(pieces) if pieces else np.zeros(0, dtype=_READ)
    joined = joined[np.argsort(joined["guid"])]
    if (joined["guid"][1:] == joined["guid"][:-1]).any():
        raise MalformedEstate("a GUID occurs twice")
    return SimulatedEstate(
        guid=joined["guid"].copy(),
        model=joined["model"].copy(),
        region=joined["region"].copy(),
        status=joined["status"].copy(),
        version=joined["version"].copy(),
        gpf_version=joined["gpf_version"].copy(),
        han_devices=joined["han_devices"].copy(),
        versions=list(versions),
        models=tuple(models),
    )


_READ: Final = np.dtype(
    [
        ("guid", "u8"),
        ("model", "u1"),
        ("region", "u1"),
        ("status", "u1"),
        ("version", "u2"),
        ("gpf_version", "u2"),
        ("han_devices", "u1"),
    ]
)


def _read_columns(
    columns: dict[str, tuple[str, ...]], models: dict[tuple[str, str, str], int], versions: Numbers
) -> npt.NDArray[np.void]:
    regions = {name: number for number, name in enumerate(REGIONS)}
    statuses = {name: number for number, name in enumerate(STATUSES)}
    kinds = zip(columns["manufacturer"], columns["model"], columns["hardware_version"], strict=True)
    running = columns["firmware_version"]
    gpf = columns.get("gpf_firmware_version", running)
    read = np.zeros(len(running), dtype=_READ)
    read["guid"] = guids.parse(columns["guid"])
    read["model"] = [models.setdefault(kind, len(models)) for kind in kinds]
    read["region"] = [regions[name] for name in columns["region"]]
    read["status"] = [statuses[name] for name in columns["smi_status"]]
    read["version"] = [versions.setdefault(text.upper(), len(versions)) for text in running]
    read["gpf_version"] = [
        versions.setdefault((text or own).upper(), len(versions))
        for text, own in zip(gpf, running, strict=True)
    ]
    read["han_devices"] = [int(text or 0) for text in columns.get("han_devices", ("0",) * len(running))]
    return read


def _piece(bounds: tuple[int, int, int, int]) -> bytes:
    start, stop, hubs, seed = bounds
    return csv_rows(estate.estate_slice(start, stop, hubs=hubs, seed=seed))


@cache
def _tables() -> dict[str, guids.Text]:
    kinds = []
    for cell in estate.cells():
        model = DEVICE_MODELS[cell.model]
        known = f"{model.manufacturer},{model.model},{model.hardware_version},{cell.version}"
        # One text with the version of the paired GPF, one for the hub that has none.
        kinds += [f"{known},{gpf},{REGIONS[cell.region]}," for gpf in (cell.version, "")]
    days = [(estate.EPOCH + timedelta(days=day)).isoformat() + "," for day in range(_DAYS)]
    return {
        "kind": records.table(kinds),
        "status": records.table(f"{name}," for name in STATUSES),
        "registration": records.table(f"{pair.mpid},{pair.gas_code}," for pair in estate.registered()),
        # The last place is found by day -1: no date.
        "day": records.table([*days, ","]),
        "han_devices": records.table(f"{count}," for count in range(64)),
        "postcode": records.table(f"{area}\n" for area in estate.postcodes()),
    }
