"""What is thrown at the portal: odd values, addresses with them in place of parameters, trees, damaged files."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from portal.kernel import sql
from portal.rest.description import openapi_document
from tests.api.estate.test_lost_hubs import routes
from tests.lists.corpus import TEXTS
from tests.lists.workbooks import WORKBOOKS

#: How many requests are thrown in all; `make fuzz FUZZ=100000`.
REQUESTS: Final = int(os.environ.get("FUZZ", "400"))
SHARES: Final = {"pages": 0.35, "forms": 0.15, "rest": 0.3, "files": 0.08, "csp": 0.1, "stream": 0.02}
THROWN: Final[Counter[str]] = Counter()
_LEFT_OUT: Final = re.compile(r"logout|metrics|stream|^static|oidc|__")
_PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TABLES: Final = (
    "events_event",
    "events_feed_outbox",
    "rollouts_instruction",
    "rollouts_incident",
    "rollouts_pilotsubmission",
    "rollouts_decision",
    "rollouts_rollout",
    "notifications_webhookendpoint",
)

ODD_TEXTS: Final = (
    "", " ", "0", "-1", "1", "9" * 30, "1e999", "NaN", "true", "null", "[]", "{}", "\x00", "a\x00b", "%00", "\r\nX: y",
    "é" * 300, "\u202e", "\U0001f600", "2027-02-30T25:61:00Z", "0000-00-00", "9999-12-31T23:59:59+14:00", "29/02/2027 02:00",
    "28/03/2027 01:30", "' OR 1=1 --", "<script>", "{{7*7}}", "../../etc/passwd", "=cmd|' /C calc'!A0", "x" * 5_000,
    "00-DB-12-34-00-00-00-00", "00-DB-12-34-00-00-00-0", "I-0000000000", "INC-00000000", "suspend", "SUPPLIER",
)  # fmt: skip


def members() -> tuple[str, ...]:
    """Every name that a body of the interface may have."""
    schemas = openapi_document()["components"]["schemas"].values()
    return tuple(sorted({name for schema in schemas for name in schema.get("properties", {})})) or ("x",)


odd = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=40), st.integers().map(str))
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), odd),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(members()), inner, max_size=5)
    ),
    max_leaves=12,
)


def patience(share: str) -> settings:
    """So many requests of this kind, without complaint of how long each takes."""
    return settings(
        max_examples=max(5, round(REQUESTS * SHARES[share])),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


ROUTES: Final = sorted({route for route in routes() if not _LEFT_OUT.search(route)})
PAGES: Final = [route for route in ROUTES if not route.startswith(("api/", "csp/"))]
REST: Final = [route for route in ROUTES if route.startswith("api/")]


@st.composite
def addresses(draw: st.DrawFn, among: list[str], things: dict[str, object]) -> str:
    """Draw an address with a query: things that exist in the place of most parameters."""
    route = draw(st.sampled_from(among))

    def value(match: re.Match[str]) -> str:
        if match[1] in things and draw(st.integers(0, 3)):
            return str(things[match[1]])
        return _one_piece(draw(odd))

    path = "/" + _PARAMETER.sub(value, route).replace("^", "").replace("$", "")
    names = st.sampled_from(
        ("limit", "after", "before", "rollout", "status", "q", "kinds", "fields", "sort", "x")
    )
    query = draw(st.lists(st.tuples(names, odd), max_size=3))
    return path + ("?" + "&".join(f"{name}={_one_piece(text)}" for name, text in query) if query else "")


def _one_piece(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="") or "-"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw a body: JSON, or JSON that was cut, doubled or spoilt."""
    body = orjson.dumps(
        draw(trees), default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS
    )
    return draw(damaged(body)) if draw(st.integers(0, 3)) == 0 else body


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """Cut a text of octets, or put others into it."""
    at = draw(st.integers(0, max(0, len(body) - 1)))
    match draw(st.integers(0, 3)):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + draw(st.binary(min_size=1, max_size=8)) + body[at + 1 :]
        case 2:
            return body + body
        case _:
            return body[at:]


files = st.sampled_from([case.data for case in (*TEXTS, *WORKBOOKS)]).flatmap(
    lambda data: st.one_of(st.just(data), damaged(data))
)
methods = st.sampled_from(_METHODS)


def standing() -> tuple[int, ...]:
    """How much there is of what a refused request must not leave behind."""
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS n{place}" for place, table in enumerate(_TABLES))
    return tuple(sql.rows(f"SELECT {counts}")[0])


def check(kind: str, what: object, answer: Any, before: tuple[int, ...]) -> None:
    """Hold one answer to it: no fault of the server, and nothing done where it was refused."""
    THROWN[kind] += 1
    assert answer.status_code < 500, (kind, what, answer.status_code, answer.content[:300])
    if answer.status_code >= 400:
        assert standing() == before, (kind, what, answer.status_code)
