"""Alerts in flight: as records while they wait, as JSON lines when they go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from hubsim import guids, records
from hubsim.codes import CODE_TEXTS, AlertReason
from hubsim.randomness import F64, U64, key_of, mix

ALERT: Final[np.dtype[np.void]] = np.dtype(
    [
        ("due", "f8"),  # when it is sent
        ("occurred", "f8"),
        ("guid", "u8"),
        ("key", "u8"),  # what its id is made of: a duplicate has the same
        ("command", "i4"),
        ("version", "i4"),  # -1: says none
        ("code", "u1"),
        ("reason", "u1"),
        ("csp", "u1"),
        ("anonymous", "?"),  # does not name its command
    ]
)
Alerts = npt.NDArray[np.void]

NO_VERSION: Final = -1
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_UUID: Final = ("u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7")
_LAYOUT: Final = (
    ("open", "S13"),
    *[part for name in _UUID for part in ((name, "S4"), (f"{name}-", "S1"))],
    ("command", ""),
    ("guid is", "S9"),
    *guids.fields("guid"),
    ("code", ""),
    ("version", ""),
    ("reason", ""),
    ("occurred", "S16"),
    ("day", "S11"),
    ("minute", "S6"),
    ("rest", "S6"),
    ("close", "S4"),
)


def encode(alerts: Alerts, *, command_ids: Sequence[bytes], versions: Sequence[str], run: int) -> bytes:
    """Write alerts as NDJSON. `command_ids` are JSON texts by number; `run` keeps ids of two runs apart."""
    tables = _tables(tuple(versions))
    named, place = np.unique(np.where(alerts["anonymous"], -1, alerts["command"]), return_inverse=True)
    ids = records.table(b'","command_id":' + command_ids[n] if n >= 0 else b'"' for n in named.tolist())
    widths = {
        "command": ids.dtype.str,
        **{name: tables[name].dtype.str for name in ("code", "version", "reason")},
    }
    line = records.blank(len(alerts), [(name, kind or widths[name]) for name, kind in _LAYOUT])
    line["open"], line["close"] = b'{"alert_id":"', b'Z"}\n'
    _write_uuid(line, alerts["key"], run=run)
    line["command"] = ids[place]
    line["guid is"] = b',"guid":"'
    guids.fill(line, "guid", alerts["guid"])
    line["code"] = tables["code"][alerts["code"]]
    line["version"] = tables["version"][alerts["version"]]
    line["reason"] = tables["reason"][alerts["reason"]]
    line["occurred"] = b',"occurred_at":"'
    _write_time(line, alerts["occurred"])
    return records.text_bytes(line)


def write_times(seconds: F64) -> guids.Text:
    """Write business times as `YYYY-MM-DDTHH:MM:SS.mmmZ`, and nothing for a time that is not."""
    present = ~np.isnan(seconds)
    line = records.blank(len(seconds), [("day", "S11"), ("minute", "S6"), ("rest", "S6"), ("zone", "S1")])
    _write_time(line, np.where(present, seconds, 0.0))
    line["zone"] = b"Z"
    return np.where(present, line.view("S24").ravel(), b"")


def _write_uuid(line: Alerts, keys: U64, *, run: int) -> None:
    # Version 8 of RFC 9562: the bits are ours, but for the six that say so.
    high, low = mix(keys ^ np.uint64(key_of(run, 1))), mix(keys ^ np.uint64(key_of(run, 2)))
    parts = [
        (half >> np.uint64(shift)) & np.uint64(0xFFFF) for half in (high, low) for shift in (48, 32, 16, 0)
    ]
    parts[3] = (parts[3] & np.uint64(0x0FFF)) | np.uint64(0x8000)
    parts[4] = (parts[4] & np.uint64(0x3FFF)) | np.uint64(0x8000)
    for name, part in zip(_UUID, parts, strict=True):
        line[name] = _hex4()[part.astype(np.intp)]
    for name in _UUID[1:5]:
        line[f"{name}-"] = b"-"


def _write_time(line: Alerts, seconds: F64) -> None:
    clock = _clock_tables()
    milliseconds = np.rint(seconds * 1000).astype(np.int64)
    day, within = np.divmod(milliseconds, _DAY_MS)
    minute, rest = np.divmod(within, _MINUTE_MS)
    days, place = np.unique(day, return_inverse=True)
    texts = np.datetime_as_string(days.astype("datetime64[D]"), unit="D")
    line["day"] = records.table(f"{text}T" for text in texts.tolist())[place] if len(days) else b""
    line["minute"] = clock["minute"][minute]
    line["rest"] = clock["rest"][rest]


@cache
def _clock_tables() -> dict[str, guids.Text]:
    return {
        "minute": records.table(f"{n // 60:02}:{n % 60:02}:" for n in range(24 * 60)),
        "rest": records.table(f"{n // 1000:02}.{n % 1000:03}" for n in range(_MINUTE_MS)),
    }


@cache
def _hex4() -> guids.Text:
    return records.table(f"{value:04x}" for value in range(65536))


@cache
def _tables(versions: tuple[str, ...]) -> dict[str, guids.Text]:
    return {
        "code": records.table(f'","code":"{text}"' for text in CODE_TEXTS),
        # The last place is found by -1: no version.
        "version": records.table([*(f',"firmware_version":"{text}"' for text in versions), ""]),
        "reason": records.table(
            f',"reason":"{r.name}"' if r is not AlertReason.NONE else "" for r in AlertReason
        ),
    }
