"""The feed, by page and by long poll."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypedDict

import orjson
from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request

from notifications.cloud_events import EntryFilter, WrittenPage
from notifications.envelopes import BATCH, TYPE_PREFIX, EventSchema
from notifications.facts import facts_by_kind, facts_schema
from notifications.long_poll import AT_HEAD, LONGEST_WAIT, position_of_cursor, wait_for_slice
from portal.events.feed import MOST_AT_ONCE
from portal.events.kinds import KINDS_BY_PUBLIC_NAME
from portal.identity.api_scopes import ApiScope
from portal.rest.fields import CommaSeparatedField, IdField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.responses import JSON, JsonRenderer
from portal.rest.schemas import Example, TextFormat, schema_reference
from portal.rest.views import ResourceView

DEFAULT_SIZE: Final = 500
_ANY_KIND: Final = "|".join(name.replace(".", "[.]") for name in KINDS_BY_PUBLIC_NAME)


class KindsField(CommaSeparatedField, serializers.RegexField):
    """Public names of kinds between commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^(({_ANY_KIND})(,({_ANY_KIND}))*)?$", max_length=2_000, **kwargs)


class EventsQuery(StrictSerializer):
    """From where on, which kinds, and how long to wait for them."""

    after = serializers.RegexField(
        rf"^({AT_HEAD}|[0-9]{{1,18}})?$",
        required=False,
        default="",
        allow_blank=True,
        max_length=18,
        help_text="The position you have read up to; `now` for the newest entry. Default: the oldest kept.",
    )
    kinds = KindsField(
        required=False,
        default="",
        allow_blank=True,
        help_text="Kinds that are wanted, between commas. Default: all.",
    )
    rollout_id = IdField(required=False, help_text="Entries of this rollout only.")
    limit = serializers.IntegerField(
        required=False,
        default=DEFAULT_SIZE,
        min_value=1,
        max_value=MOST_AT_ONCE,
        help_text="How many at most.",
    )
    wait = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=LONGEST_WAIT,
        help_text="Seconds to wait for an entry where there is none yet. You may be answered earlier.",
    )


class EventsSchema(TypedDict):
    """Entries of your feed in order, and where to go on."""

    items: list[EventSchema]
    next: Annotated[
        str,
        "What to ask next. A feed has no last page.",
        TextFormat(format="uri"),
        Example("https://portal.example/api/v1/events?after=1042"),
    ]
    position: Annotated[int, "You have read everything up to here: the next `after`.", Example(1042)]
    head: Annotated[int, "The newest entry there is.", Example(1042)]


class CloudEventBatchRenderer(JsonRenderer):
    """`application/cloudevents-batch+json`: the events alone."""

    media_type = BATCH
    format = "cloudevents-batch"


facts_schema()
facts_by_kind(TYPE_PREFIX)


class EventsView(ResourceView):
    """The feed of your organisation."""

    tag = "Events"
    needs = ApiScope.EVENTS_READ
    renderer_classes = (JsonRenderer, CloudEventBatchRenderer)

    @operation(
        "listEvents",
        "Follow events",
        query=[EventsQuery],
        returns=schema_reference(EventsSchema),
        files={
            BATCH: {
                "type": "array",
                "items": schema_reference(EventSchema),
                "description": "The events alone; `Feed-Position` and `Feed-Head` tell the rest.",
            }
        },
        refuses=("cursor_expired", "cursor_ahead"),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Read what happened to your hubs and rollouts: in order, without gaps, each entry as a CloudEvent.

        Keep `position` with what you have done, and go on after it. With `wait` the answer comes as soon as
        there is something. To be told without asking, follow `GET /api/v1/events/stream` (server-sent events)
        or register a webhook: both carry the same entries in the same order. Kinds are explained in
        `docs/reference/events.md`.
        """
        query = self.validated_query(EventsQuery)
        kinds = [KINDS_BY_PUBLIC_NAME[name] for name in query["kinds"].split(",") if name]
        rollout_ids = [query["rollout_id"]] if "rollout_id" in query else []
        entries = wait_for_slice(
            self.scope,
            position_of_cursor(self.scope, query["after"]),
            wanted=EntryFilter(kinds, rollout_ids),
            size=query["limit"],
            seconds=query["wait"],
        )
        if isinstance(getattr(request, "accepted_renderer", None), CloudEventBatchRenderer):
            headers = {"Feed-Position": str(entries.position), "Feed-Head": str(entries.head)}
            return HttpResponse(entries.items, content_type=BATCH, headers=headers)
        return HttpResponse(_page(request, entries), content_type=JSON)


def _page(request: Request, entries: WrittenPage) -> bytes:
    """Write a page around entries that are written already, as `EventsSchema` describes it."""
    rest = {"next": _next(request, entries.position), "position": entries.position, "head": entries.head}
    return b'{"items":%b,%b' % (entries.items, orjson.dumps(rest)[1:])


def _next(request: Request, position: int) -> str:
    query = request.query_params.copy()
    query["after"] = str(position)
    return f"{settings.PORTAL_URL}{request.path}?{query.urlencode()}"
