"""Webhooks for systems: make, change, rotate, test, replay, remove, and what came of each call."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypedDict

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import managing, reading
from notifications.webhooks.reading import SecretView, WebhookView
from portal.events.kinds import KINDS_BY_PUBLIC_NAME
from portal.events.regions import feed_regions
from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.outgoing.addresses import LONGEST_URL
from portal.kernel.references import number_of, reference_of
from portal.kernel.versions import version_of
from portal.rest.fields import EnumField, EnumListField, IdField, OffsetDateTimeField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page
from portal.rest.references import Reference
from portal.rest.schemas import AllowedNames, Count, Example, TextFormat, list_of, page_of, schema_reference
from portal.rest.views import ResourceView

_MOST_AT_ONCE: Final = 1_000
_HIGHEST: Final = 2**53
_URL: Final = "https://crm.example/hooks/firmware"
_REGIONS: Final = feed_regions().words
_FAULTS: Final = ("bad_webhook_url", "bad_input")


class SecretSchema(TypedDict):
    """A secret that signs. It is shown whole once, when it is made."""

    ending: Annotated[str, "Its last letters.", Example("d3Q5")]
    created_at: datetime
    expires_at: Annotated[datetime | None, "A former secret signs until then."]


class WebhookSchema(TypedDict):
    """An address to which your feed is delivered."""

    id: Reference
    name: Annotated[str, Example("CRM")]
    url: Annotated[str, TextFormat(format="uri"), Example(_URL)]
    kinds: Annotated[
        list[str], AllowedNames(KINDS_BY_PUBLIC_NAME), "Kinds that are delivered; none named means all."
    ]
    rollout_ids: Annotated[
        list[int], "Rollouts whose entries are delivered; none named means all.", Example([])
    ]
    regions: Annotated[
        list[str], AllowedNames(_REGIONS), "Regions of hubs, likewise; none named means all.", Example([])
    ]
    user_id: Annotated[
        str | None,
        "The User ID whose Service Request messages are delivered; null where events are.",
        Example(None),
    ]
    batch_size: Annotated[int, "Entries a call at most.", Example(100)]
    state: Annotated[str, AllowedNames(WebhookEndpoint.State.values)]
    state_at: datetime
    state_reason: Annotated[str, "Why the portal disabled it.", Example("")]
    position: Annotated[int, "Everything up to here is delivered.", Example(1042)]
    behind: Annotated[Count, "Entries of the feed after that."]
    attempts: Annotated[int, "Failed calls of the batch under way.", Example(0)]
    failing_since: datetime | None
    refused_position: Annotated[
        int | None,
        "The event that is refused by itself and holds up the rest. A replay `after` it steps over it alone.",
    ]
    due_at: Annotated[datetime, "When it is called next, if there is something."]
    delivered_at: datetime | None
    created_at: datetime
    secrets: list[SecretSchema]


class NewWebhookSchema(TypedDict):
    """A webhook that was made, or that has a new secret."""

    webhook: WebhookSchema
    secret: Annotated[
        str, "What signs each call (Standard Webhooks); shown this once.", Example("whsec_MfKQ9r8=")
    ]


class DeliverySchema(TypedDict):
    """What came of one call."""

    message_id: Annotated[str, "Its `webhook-id`: the same for every attempt.", Example("msg_7_1001_1042")]
    is_ping: bool
    first_position: int | None
    last_position: int | None
    entries: Count
    attempt: int
    at: datetime
    outcome: Annotated[str, AllowedNames(WebhookDelivery.Outcome.values)]
    status: Annotated[int | None, "The status of the answer.", Example(204)]
    duration_ms: Annotated[int, Example(35)]
    excerpt: Annotated[str, "The beginning of the answer.", Example("")]
    problem: Annotated[str, Example("")]


class ReplayedSchema(TypedDict):
    """Where the replay begins."""

    position: Annotated[int, "It begins after this position.", Example(1000)]


class WebhookInputSerializer(StrictSerializer):
    """A webhook."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=LONGEST_URL, help_text="Public, and https://.")
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=list(KINDS_BY_PUBLIC_NAME)),
        required=False,
        help_text="Kinds that are wanted. Default: all.",
    )
    rollout_ids = serializers.ListField(
        child=IdField(),
        required=False,
        max_length=managing.MOST_ROLLOUTS,
        help_text="Rollouts whose entries are wanted; those of no rollout are then left out. Default: all.",
    )
    regions = serializers.ListField(
        child=EnumField(_REGIONS),
        required=False,
        help_text="Regions of hubs; entries about no hub are then left out. Default: all.",
    )
    user_id = serializers.CharField(
        max_length=23,
        required=False,
        allow_blank=True,
        help_text="A User ID of yours: its Service Request messages are delivered, not events.",
    )
    batch_size = serializers.IntegerField(required=False, min_value=1, max_value=_MOST_AT_ONCE)


class NewWebhookInputSerializer(WebhookInputSerializer):
    """A new webhook."""

    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=_HIGHEST,
        help_text="Deliver what comes after this position. Default: what comes from now on.",
    )


class WebhookChangeSerializer(WebhookInputSerializer):
    """What is to be changed."""

    is_enabled = serializers.BooleanField(required=False, help_text="False pauses it, true lets it go on.")


class ReplayInputSerializer(StrictSerializer):
    """From where: one of the two."""

    after = serializers.IntegerField(
        required=False, min_value=0, max_value=_HIGHEST, help_text="After this position."
    )
    since = OffsetDateTimeField(required=False, help_text="From this moment on.")


class WebhookListView(ResourceView):
    """Your webhooks."""

    tag = "Webhooks"
    needs: ClassVar[Any] = {"GET": ApiScope.WEBHOOKS_READ, "POST": ApiScope.WEBHOOKS_WRITE}
    polled = True

    @operation("listWebhooks", "List webhooks", returns=list_of(WebhookSchema))
    def get(self, request: Request) -> Response:
        """List your organisation's webhooks by name."""
        return Response(
            {
                "items": [
                    webhook_document(webhook) for webhook in reading.webhooks(self.scope, now=clock.wall())
                ]
            }
        )

    @operation(
        "createWebhook",
        "Make a webhook",
        status=201,
        body=NewWebhookInputSerializer,
        example={"name": "CRM", "url": _URL, "kinds": ["hub.activated", "hub.failed"]},
        returns=schema_reference(NewWebhookSchema),
        refuses=(*_FAULTS, "too_many_webhooks", "cursor_expired", "cursor_ahead"),
    )
    def post(self, request: Request) -> Response:
        """Have your feed delivered to an address: in order, in batches, signed by the secret that comes back.

        Each call carries a JSON array of CloudEvents (`application/cloudevents-batch+json`). Answer 2xx once
        you have kept them; anything else is repeated, with growing pauses, for days. See
        `docs/reference/webhooks.md`.
        """
        answer = self._make(request)
        if isinstance(data := answer.data, dict):
            # Put in after the answer was kept under its key: a secret is kept nowhere unsealed.
            data["secret"] = reading.first_secret(self.scope, number_of(data["webhook"]["id"], "webhook"))
        return answer

    post.takes_key = True  # type: ignore[attr-defined]

    @idempotent
    def _make(self, request: Request) -> Response:
        body = self.validated_body(NewWebhookInputSerializer)
        now = clock.wall()
        made = managing.create_webhook(self.scope, now=now, **_delivery_response(body))
        document: NewWebhookSchema = {"webhook": _detail_response(self, made.webhook_id), "secret": ""}
        location = reverse("api-webhook", args=[made.webhook_id])
        return Response(document, status=201, headers={"Location": location})


class WebhookDetailView(ResourceView):
    """One of your webhooks."""

    tag = "Webhooks"
    needs: ClassVar[Any] = {
        "GET": ApiScope.WEBHOOKS_READ,
        "PATCH": ApiScope.WEBHOOKS_WRITE,
        "DELETE": ApiScope.WEBHOOKS_WRITE,
    }
    polled = True

    @operation("getWebhook", "Read a webhook", returns=schema_reference(WebhookSchema))
    def get(self, request: Request, webhook_id: int) -> Response:
        """Read how a webhook stands."""
        return Response(_detail_response(self, webhook_id))

    @operation(
        "changeWebhook",
        "Change a webhook",
        body=WebhookChangeSerializer,
        example={"is_enabled": True},
        returns=schema_reference(WebhookSchema),
        refuses=_FAULTS,
    )
    def patch(self, request: Request, webhook_id: int) -> Response:
        """Change a webhook, pause it, or let it go on: where it stopped, whatever has come since."""
        body = self.validated_body(WebhookChangeSerializer, is_partial=True)
        shown = reading.webhook(self.scope, webhook_id, now=clock.wall())
        expected = version_of(managing.webhook_values(shown)) if self.expected_version else None
        self.check_unchanged(_detail_response(self, webhook_id))
        managing.change_webhook(
            self.scope, webhook_id, expected=expected, now=clock.wall(), **_delivery_response(body)
        )
        return Response(_detail_response(self, webhook_id))

    @operation("removeWebhook", "Remove a webhook", status=204)
    def delete(self, request: Request, webhook_id: int) -> Response:
        """Remove a webhook with its secrets and its log."""
        managing.remove_webhook(self.scope, webhook_id, now=clock.wall())
        return Response(status=204)


class WebhookSecretsView(ResourceView):
    """The secrets of a webhook."""

    tag = "Webhooks"
    needs = ApiScope.WEBHOOKS_WRITE

    @operation("rotateWebhookSecret", "Make another secret", returns=schema_reference(NewWebhookSchema))
    def post(self, request: Request, webhook_id: int) -> Response:
        """Make another secret. For a day the former one signs as well, so that nothing is missed."""
        made = managing.rotate_secret(self.scope, webhook_id, now=clock.wall())
        document: NewWebhookSchema = {"webhook": _detail_response(self, webhook_id), "secret": made.secret}
        return Response(document)


class WebhookPingView(ResourceView):
    """A test of a webhook."""

    tag = "Webhooks"
    needs = ApiScope.WEBHOOKS_WRITE

    @operation("pingWebhook", "Test a webhook", returns=schema_reference(DeliverySchema), status=202)
    def post(self, request: Request, webhook_id: int) -> Response:
        """Have a test event (`portal.webhook.ping`) sent; the log of deliveries tells what came of it."""
        delivery = managing.ping(self.scope, webhook_id, now=clock.wall())
        return Response(delivery_document(delivery), status=202)


class WebhookReplayView(ResourceView):
    """Delivering again."""

    tag = "Webhooks"
    needs = ApiScope.WEBHOOKS_WRITE

    @operation(
        "replayWebhook",
        "Deliver again",
        body=ReplayInputSerializer,
        example={"since": "2027-03-15T02:00:00Z"},
        returns=schema_reference(ReplayedSchema),
        refuses=("bad_input", "cursor_expired", "cursor_ahead"),
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        """Deliver again what came after a position, or from a moment on, and go on from there."""
        body = self.validated_body(ReplayInputSerializer)
        position = managing.replay(self.scope, webhook_id, now=clock.wall(), **body)
        replayed: ReplayedSchema = {"position": position}
        return Response(replayed)


class DeliveriesQuery(PageQuery):
    """Which calls."""

    outcome = EnumListField(
        WebhookDelivery.Outcome, required=False, help_text="That ended so, between commas."
    )


class WebhookDeliveriesView(ResourceView):
    """The log of a webhook."""

    tag = "Webhooks"
    needs = ApiScope.WEBHOOKS_READ

    @operation(
        "listWebhookDeliveries", "List deliveries", query=[DeliveriesQuery], returns=page_of(DeliverySchema)
    )
    def get(self, request: Request, webhook_id: int) -> Response:
        """List what came of each call, the latest first; lines are kept for a month."""
        query = self.validated_query(DeliveriesQuery)
        deliveries = reading.deliveries(
            self.scope,
            webhook_id,
            outcomes=query.get("outcome", ()),
            cursor=query["after"],
            size=query["limit"],
        )
        return Response(page(request, deliveries.items, delivery_document, following=deliveries.next))


def webhook_document(webhook: WebhookView) -> WebhookSchema:
    """Describe a webhook."""
    return {
        "id": reference_of(webhook.id, "webhook"),
        "name": webhook.name,
        "url": webhook.url,
        "kinds": [kind.public_name for kind in webhook.kinds],
        "rollout_ids": list(webhook.rollout_ids),
        "regions": [_REGIONS(region).name for region in webhook.regions],
        "user_id": webhook.user_id or None,
        "batch_size": webhook.batch_size,
        "state": webhook.state.value,
        "state_at": webhook.state_at,
        "state_reason": webhook.state_reason,
        "position": webhook.position,
        "behind": webhook.behind,
        "attempts": webhook.attempts,
        "failing_since": webhook.failing_since,
        "refused_position": webhook.refused_position,
        "due_at": webhook.due_at,
        "delivered_at": webhook.delivered_at,
        "created_at": webhook.created_at,
        "secrets": [_secret(secret) for secret in webhook.secrets],
    }


def delivery_document(delivery: WebhookDelivery) -> DeliverySchema:
    """Describe what came of a call."""
    return {
        "message_id": delivery.message_id,
        "is_ping": delivery.is_ping,
        "first_position": delivery.first_position,
        "last_position": delivery.last_position,
        "entries": delivery.entries,
        "attempt": delivery.attempt,
        "at": delivery.at,
        "outcome": str(delivery.outcome),
        "status": delivery.status,
        "duration_ms": delivery.duration_ms,
        "excerpt": delivery.excerpt,
        "problem": delivery.problem,
    }


def _secret(secret: SecretView) -> SecretSchema:
    return {"ending": secret.ending, "created_at": secret.created_at, "expires_at": secret.expires_at}


def _detail_response(view: ResourceView, webhook_id: int) -> WebhookSchema:
    return webhook_document(reading.webhook(view.scope, webhook_id, now=clock.wall()))


def _delivery_response(outcome: dict[str, Any]) -> dict[str, Any]:
    if "kinds" in outcome:
        outcome["kinds"] = [KINDS_BY_PUBLIC_NAME[name] for name in outcome["kinds"]]
    return outcome
