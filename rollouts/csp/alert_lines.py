"""Alerts as a CSP writes them (NDJSON), turned into the COPY text they are stored as.

Each line is checked here, so that a bad one is answered with its number and what is
wrong, and so that nothing has to be parsed again when the batch is applied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from portal.kernel.guid.value import HYPHENATED, OFFSET, problem_of
from rollouts.states import ALERT_CODE_BY_TEXT, AlertCode, failure_of

MOST_LINES = 10_000
_LONGEST_VERSION = 8
_MOST_PROBLEMS = 100
_LONGEST_COMMAND_ID = 64
FOREIGN_COMMAND: Final = -1
_MOST_COMMAND_ID = (1 << 63) - 1
_FIRST_YEAR, _LAST_YEAR = 2000, 9998
# What PostgreSQL reads too: Python takes more spellings, of which some would end a column or a row of COPY.
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(slots=True)
class AlertLines:
    """The alerts of one call: ready to store, or what is wrong with which line."""

    count: int = 0
    copy_text: bytes = b""
    problems: list[tuple[int, str]] = field(default_factory=list)


def read(body: bytes) -> AlertLines:
    """Check and convert every line; when any is bad, list the problems instead."""
    lines = AlertLines()
    out: list[str] = []
    for number, raw in enumerate(body.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            out.append(_line(orjson.loads(raw)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as problem:
            lines.problems.append((number, _words(problem)))
            if len(lines.problems) >= _MOST_PROBLEMS:
                break
    lines.count = len(out)
    lines.copy_text = "".join(out).encode()
    return lines


def _line(alert: dict[str, Any]) -> str:
    """Return one row of COPY text: alert_id, occurred_at, guid, code, command_id, reason, version."""
    alert_id, guid, occurred_at = alert["alert_id"], alert["guid"], alert["occurred_at"]
    _check(_UUID.fullmatch(alert_id) is not None, "alert_id is not a UUID")
    _check(HYPHENATED.fullmatch(guid) is not None, "guid is not a GUID: XX-XX-XX-XX-XX-XX-XX-XX")
    value = int(guid.replace("-", ""), 16)
    _check(problem_of(value) is None, "guid is all zeros or all Fs, which is no device")
    occurred_at = occurred_at.upper()
    _check("W" not in occurred_at, "occurred_at is a day of a week: write it as 2027-01-17T20:00:00Z")
    at = datetime.fromisoformat(occurred_at)
    _check(at.tzinfo is not None, "occurred_at has no time zone: end it with Z")
    _check(_FIRST_YEAR <= at.year <= _LAST_YEAR, "occurred_at lies in another age")
    if not _TIME.fullmatch(occurred_at):
        occurred_at = at.astimezone(UTC).isoformat()
    code = ALERT_CODE_BY_TEXT.get(alert["code"], AlertCode.UNKNOWN)
    command = _command_of(alert.get("command_id"))
    version = (alert.get("firmware_version") or "").upper()
    _check(
        (len(version) <= _LONGEST_VERSION and version.isalnum()) or not version,
        "firmware_version is not 1 to 8 letters and digits",
    )
    reason = failure_of(code, alert.get("reason") or "")
    return (
        f"{alert_id}\t{occurred_at}\t{value - OFFSET}\t{code:d}\t"
        f"{command if command is not None else chr(92) + 'N'}\t{reason:d}\t{version}\n"
    )


def _command_of(given: object) -> int | None:
    """Return the number of the command an alert answers; `FOREIGN_COMMAND` for one the portal did not send.

    A CSP carries out others' commands too, whose ids are theirs: what hubs tell after those counts as well.
    """
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not isinstance(given, int | str) or len(str(given)) > _LONGEST_COMMAND_ID:
        raise ValueError("command_id is neither a whole number nor a text of at most 64 characters")
    text = str(given)
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if 0 < number <= _MOST_COMMAND_ID else FOREIGN_COMMAND


def _check(fits: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not fits:
        raise ValueError(otherwise)


def _words(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"{problem.args[0]} is missing"
    if isinstance(problem, orjson.JSONDecodeError):
        return "not a JSON object"
    if isinstance(problem, TypeError | AttributeError):
        return "a value has the wrong type: alert_id, guid, code and occurred_at are texts"
    return str(problem)
