"""Lists of hubs as systems send them: an array in JSON, a column in CSV, a line each in NDJSON."""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from portal.kernel.guid import GuidProblem, ListProblem, lines_of, parse_block
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets import NotRead, NotReadKind
from portal.kernel.spreadsheets.files import read_all
from portal.rest.parsers import CsvParser, JsonParser, NdjsonParser, loads
from portal.rest.responses import CSV, NDJSON
from rollouts.services import HubList

MOST_GUIDS: Final = 1_000_000
_LONGEST_SHOWN: Final = 200
_NOT_JSON: Final = "The line is not JSON."
BODIES: Final[Any] = (JsonParser, CsvParser, NdjsonParser)
# As generators of clients need it: with a type, and as a file that is sent as it is.
LISTS_DESCRIBED: Final[dict[str, Any]] = {
    NDJSON: {
        "type": "string",
        "format": "binary",
        "description": 'A GUID a line: `"00-DB-…"` or `{"guid": "00-DB-…"}`.',
    },
    CSV: {
        "type": "string",
        "format": "binary",
        "description": "A column headed `guid`, or one GUID a line.",
    },
}
# What would make of one text two lines, or two hubs; and what no text holds.
_APART: Final = str.maketrans("\n\r,;\t\x00", "     \ufffd")


def hub_list(guids: Sequence[str], *, problems: Sequence[ListProblem] = ()) -> HubList:
    """Take GUIDs one by one: the first is line 1. Lines with `problems` of their own are empty among them."""
    if len(guids) > MOST_GUIDS:
        raise BadInput(f"One call takes at most {MOST_GUIDS:,} GUIDs. Send the rest in another one.")
    text = "".join(f"{guid.translate(_APART)}\n" for guid in guids)
    body = text.encode("utf-8", "replace")
    parsed = parse_block(body)
    heading = parsed.heading
    if problems:
        both = sorted([*parsed.problems, *problems], key=lambda problem: problem.line)
        parsed = replace(parsed, problems=tuple(both))
    return HubList.from_parsed(
        parsed,
        text=lines_of(body),
        digest=hashlib.sha256(body).digest(),
        not_read=(NotRead(NotReadKind.HEADING, name=guids[heading - 1], rows=1, where=str(heading)),)
        if heading
        else (),
    )


def guids_in(document: Any) -> list[str] | None:
    """Take the array `guids` out of a body: looked at as a whole, since it may hold a million.

    Raises:
        ValidationError: it is no array of texts.
    """
    if not isinstance(document, dict) or "guids" not in document:
        return None
    guids = document["guids"]
    if not isinstance(guids, list) or not all(type(each) is str for each in guids):
        raise ValidationError({"guids": ["This is not an array of texts."]})
    return guids


def listed_in(request: Request) -> HubList | None:
    """Return the hubs a CSV or NDJSON body lists; None where the body is JSON.

    Raises:
        FileRefused: the CSV cannot be read, or no column holds GUIDs.
        ValidationError: no line names a hub, or the last one broke off. Else bad lines are refused alone.
    """
    body: Any = request.data  # an empty body is none at all to the framework
    kind = (request.content_type or "").split(";")[0].strip().lower()
    if kind not in {CSV, NDJSON}:
        return None
    body = body if isinstance(body, bytes) else b""
    if kind == CSV:
        return HubList.from_text(read_all(body), file_name="list.csv")
    if body.count(b"\n") > MOST_GUIDS:  # before each of them becomes an object
        raise BadInput(f"One call takes at most {MOST_GUIDS:,} lines. Send the rest in another one.")
    guids: list[str] = []
    problems: list[ListProblem] = []
    for number, line in enumerate(body.removeprefix(BOM_UTF8).split(b"\n"), 1):
        guid, problem = _of_line(line) if line.strip() else ("", "")
        guids.append(guid)
        if problem:
            text = line.decode("utf-8", "replace").translate(_APART).strip()[:_LONGEST_SHOWN]
            problems.append(ListProblem(number, text, GuidProblem.NOT_HEX, problem))
    is_cut = bool(problems) and problems[-1].line == len(guids) and problems[-1].detail == _NOT_JSON
    if is_cut:  # a list that broke off in its last line lacks others, too
        raise ValidationError({str(len(guids)): [f"{_NOT_JSON} The list seems to have broken off."]})
    if problems and not any(guids):
        raise ValidationError({str(problems[0].line): [problems[0].detail]})
    return hub_list(guids, problems=problems)


def _of_line(line: bytes) -> tuple[str, str]:
    """Return the GUID of a line, or nothing and what is wrong with it: one line costs no other its hub."""
    try:
        member = loads(line)
    except ValueError:
        return "", _NOT_JSON
    if isinstance(member, dict) and (unknown := member.keys() - {"guid"}):
        return "", f"There is no such member: {min(unknown)[:60]}."
    guid = member.get("guid") if isinstance(member, dict) else member
    if not isinstance(guid, str):
        return "", 'Give a GUID as a text, or as {"guid": "…"}.'
    return guid, ""
