"""The stream of events, described: it is served by a process of its own, beside the other resources."""

from __future__ import annotations

from typing import Final

from notifications.api.events import EventsQuery
from portal.identity.api_scopes import ApiScope
from portal.rest.description import describe_path
from portal.rest.operations import problem_response
from portal.rest.schemas import Schema

PATH: Final = "/api/v1/events/stream"
EVENT_STREAM: Final = "text/event-stream"
#: What a stream may be refused with, by status.
REFUSES: Final[dict[int, tuple[str, ...]]] = {
    401: ("not_authenticated", "invalid_token"),
    403: ("insufficient_scope", "wrong_network", "not_permitted"),
    410: ("cursor_expired",),
    422: ("bad_cursor", "cursor_ahead", "invalid_input", "bad_input"),
    429: ("too_many_streams",),
    503: ("no_room",),
}
_CURSOR: Final = "^(now|[0-9]{1,18})?$"
_TEXT: Final[Schema] = {"type": "string"}
_WORDS: Final = """\
Follow what happens to your hubs and rollouts as server-sent events: every entry after your cursor in order,
without gaps, then each new one as it comes. Each `entry` has the position as its `id` and a CloudEvent
(`Event`) as its `data`. Where kinds or a rollout were chosen a `head` now and then moves the cursor on; a
comment every 15 seconds shows that the stream lives. It is closed within a minute of its token's end: get
another, and go on after the last `id`. `retry` says after how many milliseconds to come again; 429 and 503
say it with `Retry-After`. `docs/reference/events.md` says more.

Scope: `events:read`."""
_EXAMPLE: Final = """\
retry: 2000

id: 1042
event: entry
data: {"specversion":"1.0","id":"1042","source":"https://portal.example/feeds/3", ...}

: still here

"""


def _parameter(name: str, place: str, words: str, schema: Schema) -> Schema:
    return {"name": name, "in": place, "description": words, "schema": schema}


STREAM: Final[Schema] = {
    "operationId": "streamEvents",
    "summary": "Follow events as a stream",
    "description": _WORDS,
    "tags": ["Events"],
    "parameters": [
        _parameter(
            "Last-Event-ID",
            "header",
            "The `id` of the last entry you have, as libraries send it by themselves; wins over `after`.",
            {**_TEXT, "pattern": _CURSOR},
        ),
        _parameter(
            "after",
            "query",
            "The same, where a header cannot be sent. Default, and `now`: what comes from now on.",
            {**_TEXT, "pattern": _CURSOR},
        ),
        _parameter(
            "kinds", "query", str(EventsQuery().fields["kinds"].help_text), {**_TEXT, "maxLength": 2_000}
        ),
        _parameter(
            "rollout_id",
            "query",
            str(EventsQuery().fields["rollout_id"].help_text),
            {"type": "integer", "minimum": 1},
        ),
    ],
    "security": [{"clientCredentials": [ApiScope.EVENTS_READ.value]}, {"session": []}],
    "responses": {
        "200": {
            "description": "The stream; it has no end of its own.",
            "headers": {"Cache-Control": {"description": "`no-store`.", "schema": _TEXT}},
            "content": {
                EVENT_STREAM: {
                    "schema": {**_TEXT, "description": "Events, each with `id`, `event` and `data`."},
                    "example": _EXAMPLE,
                }
            },
        },
        **{str(status): problem_response(status, codes) for status, codes in REFUSES.items()},
        "500": {"$ref": "#/components/responses/Status500"},
    },
    "x-served-by": "stream",
}

describe_path(PATH, {"get": STREAM})
