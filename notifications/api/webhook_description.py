"""What the portal calls, described: the batches of events it delivers to webhooks."""

from __future__ import annotations

from typing import Final

from notifications.envelopes import BATCH, EventSchema
from portal.rest.description import describe_webhook
from portal.rest.schemas import Schema, schema_reference

_EVERY: Final[Schema] = {"schema": {"type": "string"}}


def _header(name: str, words: str) -> Schema:
    return {"name": name, "in": "header", "required": True, "description": words, **_EVERY}


_WORDS: Final = """\
Entries of your feed in order, at least once: a batch is sent again, under the same id, until it is
answered with 2xx. Check the signature (Standard Webhooks) and the time before you believe it, keep the
entries, then answer.
`docs/reference/webhooks.md` says how long the portal tries, and when it gives up."""
XML: Final = "application/xml"
_MESSAGES: Final = """\
Where the webhook has a `user_id`: a page of its Service Request messages, each signed by the portal
(`/service-requests/schema/messages-1.0.xsd`)."""
DELIVERY: Final[Schema] = {
    "operationId": "takeEvents",
    "summary": "Take events",
    "description": _WORDS,
    "tags": ["Deliveries"],
    "parameters": [
        _header("webhook-id", "The same for every attempt at this batch."),
        _header("webhook-timestamp", "When it was sent, in seconds since 1970. Refuse what is minutes old."),
        _header("webhook-signature", "`v1,` and the HMAC-SHA256 of id, time and body, by each secret."),
    ],
    "requestBody": {
        "required": True,
        "content": {
            BATCH: {"schema": {"type": "array", "items": schema_reference(EventSchema)}},
            XML: {"schema": {"type": "string", "description": _MESSAGES}},
        },
    },
    "responses": {
        "204": {"description": "Taken: the next batch follows."},
        "410": {"description": "No more is wanted: the webhook is disabled, and its owner told."},
        "429": {"description": "Not now: the portal waits as long as `Retry-After` says."},
    },
    "security": [],
}

describe_webhook("events", DELIVERY)
