"""Entries as systems read them: CloudEvents 1.0, the same by page, by stream and by webhook.

`id` is the position in the party's feed: source and id together name an entry for good, and the id of the
last one read is the cursor to go on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypedDict

import orjson
from django.conf import settings

from portal.events.kinds import PUBLIC_NAMES
from portal.rest.schemas import AllowedNames, Component, Example, GuidText, TextFormat

TYPE_PREFIX: Final = "portal."
BATCH: Final = "application/cloudevents-batch+json"
SINGLE: Final = "application/cloudevents+json"
PING: Final = "webhook.ping"
_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_SCHEMA: Final = "/api/v1/openapi.yaml#/components/schemas/EventData"


class EventRolloutSchema(TypedDict):
    """The rollout it happened in."""

    id: Annotated[int, Example(17)]
    name: Annotated[str, Example("Toshiba 0C230000")]


class EventDataSchema(TypedDict):
    """What happened. Every kind has these members; `docs/reference/events.md` says more of each kind."""

    guid: Annotated[GuidText | None, "The hub; null where it is about no single hub."]
    firmware_version: Annotated[
        str | None,
        "The version the entry speaks of; of `hub.activated` the one that runs now.",
        Example("0C230000"),
    ]
    rollout: EventRolloutSchema | None
    reason: Annotated[str | None, "Why it failed, is tried again or was withdrawn.", Example(None)]
    activated_after_halt: Annotated[
        bool, "The hub had activated before the halt of its rollout could reach it."
    ]
    facts: Annotated[
        dict[str, Any], Component("EventFacts"), "More, by kind: `EventFactsByKind` names which.", Example({})
    ]


class EventSchema(TypedDict):
    """One entry of your feed, as a CloudEvent 1.0."""

    specversion: Literal["1.0"]
    id: Annotated[str, "The position in your feed: without gaps, in order, for good.", Example("1042")]
    source: Annotated[str, "Your feed.", TextFormat(format="uri"), Example("https://portal.example/feeds/3")]
    type: Annotated[
        str,
        AllowedNames([TYPE_PREFIX + name for name in [*PUBLIC_NAMES.values(), PING]]),
        "What happened.",
        Example("portal.hub.activated"),
    ]
    subject: Annotated[
        str, "The hub's GUID, else the rollout, else your feed.", Example("00-DB-12-34-56-78-9A-BC")
    ]
    time: datetime
    datacontenttype: Literal["application/json"]
    dataschema: Annotated[str, TextFormat(format="uri"), Example("https://portal.example" + _SCHEMA)]
    data: EventDataSchema


def ping_event(party: int, *, ident: str, now: datetime) -> dict[str, Any]:
    """Make the event that tests a webhook: whole, as every other, but no entry of the feed."""
    data: EventDataSchema = {
        "guid": None,
        "firmware_version": None,
        "rollout": None,
        "reason": None,
        "activated_after_halt": False,
        "facts": {},
    }
    return {
        "specversion": "1.0",
        "id": ident,
        "source": source_of(party),
        "type": TYPE_PREFIX + PING,
        "subject": source_of(party),
        "time": now,
        "datacontenttype": "application/json",
        "dataschema": schema_address(),
        "data": data,
    }


def batch(happened: Sequence[Any]) -> bytes:
    """Write envelopes as one JSON array: the batch format of CloudEvents."""
    return orjson.dumps(happened, option=_OPTIONS)


def source_of(party: int) -> str:
    """Name a party's feed."""
    return f"{settings.PORTAL_URL}/feeds/{party}"


def schema_address() -> str:
    """Return where the shape of `data` is described."""
    return settings.PORTAL_URL + _SCHEMA
