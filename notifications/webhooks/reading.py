"""Reading an organisation's webhooks and what came of each call; never another organisation's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from notifications.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from notifications.webhooks.calling import NOT_NOW
from notifications.webhooks.managing import check_may_manage
from portal.events import feed
from portal.events.kinds import PUBLIC_NAMES, EntryKind
from portal.events.regions import feed_regions
from portal.identity.scope import Scope
from portal.identity.sealing import unseal
from portal.kernel import paging
from portal.kernel.refusals import NotFound

State = WebhookEndpoint.State


@dataclass(frozen=True, slots=True)
class SecretView:
    """A secret as it may be shown: its last letters, and how long it signs."""

    ending: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook as its owner sees it."""

    id: int
    name: str
    url: str
    kinds: tuple[EntryKind, ...]
    rollout_ids: tuple[int, ...]
    """The rollouts whose entries are delivered; none means all, and entries of no rollout too."""
    regions: tuple[int, ...]
    """The regions about whose hubs entries are delivered; none means all, and entries about no hub too."""
    user_id: str
    """The User ID whose Service Request messages are delivered; empty where events are."""
    batch_size: int
    state: WebhookEndpoint.State
    state_at: datetime
    state_reason: str
    position: int
    behind: int
    attempts: int
    failing_since: datetime | None
    due_at: datetime
    delivered_at: datetime | None
    created_at: datetime
    secrets: tuple[SecretView, ...]
    refused_position: int | None
    """The event that is refused by itself, and holds up the rest."""

    @property
    def region_names(self) -> list[str]:
        """The regions, as people call them."""
        return [str(feed_regions().words(region).label) for region in self.regions]

    @property
    def mark(self) -> tuple[str, str, str]:
        """The word, tone and icon of how it stands."""
        if self.state == State.DISABLED:
            return "Disabled", "bad", "ban"
        if self.state == State.PAUSED:
            return "Paused", "neutral", "pause"
        if self.failing_since:
            return "Failing", "warn", "alert"
        if self.behind:
            return f"{self.behind:,} to be delivered", "info", "clock"
        return "Up to date", "good", "check-circle"


def webhooks(scope: Scope, *, now: datetime) -> list[WebhookView]:
    """List the organisation's webhooks by name.

    Raises:
        NotPermitted: this is not for the actor.
    """
    check_may_manage(scope)
    head = feed.head(scope)
    return [_view(endpoint, head) for endpoint in _endpoints(scope, now).order_by("name", "id")]


def webhook(scope: Scope, webhook_id: int, *, now: datetime) -> WebhookView:
    """Read one webhook of the organisation.

    Raises:
        NotPermitted: this is not for the actor.
        NotFound: there is none.
    """
    check_may_manage(scope)
    endpoint = _endpoints(scope, now).filter(pk=webhook_id).first()
    if endpoint is None:
        raise NotFound("There is no such webhook in your organisation.")
    return _view(endpoint, feed.head(scope))


def deliveries(
    scope: Scope,
    webhook_id: int,
    *,
    outcomes: Collection[WebhookDelivery.Outcome] = (),
    cursor: str = "",
    size: int = 50,
) -> paging.Page[WebhookDelivery]:
    """List what came of the calls of a webhook, the latest first.

    Raises:
        BadCursor: it is not a cursor of ours.
        NotPermitted: this is not for the actor.
        NotFound: there is no such webhook.
    """
    check_may_manage(scope)
    own = WebhookEndpoint.objects.filter(organisation_id=scope.organisation_id, pk=webhook_id)
    if not own.exists():
        raise NotFound("There is no such webhook in your organisation.")
    rows = WebhookDelivery.objects.filter(endpoint_id=webhook_id)
    if outcomes:
        rows = rows.filter(outcome__in=outcomes)
    if (before := _cursors(scope).decode_id(cursor)) is not None:
        rows = rows.filter(pk__lt=before)
    items: Sequence[WebhookDelivery] = list(rows.order_by("-id")[: size + 1])
    more = _cursors(scope).encode_id(items[size - 1].pk) if len(items) > size else None
    return paging.Page(items=items[:size], next=more)


def first_secret(scope: Scope, webhook_id: int) -> str:
    """Return the secret a webhook was made with, while it is kept; empty afterwards."""
    check_may_manage(scope)
    own = WebhookSecret.objects.filter(
        endpoint__organisation_id=scope.organisation_id, endpoint_id=webhook_id
    )
    oldest = own.select_related("endpoint").order_by("created_at", "pk").first()
    if oldest is None or oldest.created_at != oldest.endpoint.created_at:
        return ""
    return unseal(oldest.sealed)


def _endpoints(scope: Scope, now: datetime) -> QuerySet[WebhookEndpoint]:
    live = WebhookSecret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    own = WebhookEndpoint.objects.filter(organisation_id=scope.organisation_id)
    return own.select_related("user_identifier").prefetch_related(
        Prefetch("secrets", queryset=live.order_by("-created_at", "-pk"))
    )


def _view(endpoint: WebhookEndpoint, head: int) -> WebhookView:
    return WebhookView(
        id=endpoint.pk,
        name=endpoint.name,
        url=endpoint.url,
        kinds=tuple(EntryKind(kind) for kind in endpoint.kinds if kind in PUBLIC_NAMES),
        rollout_ids=tuple(endpoint.rollout_ids),
        regions=tuple(endpoint.regions),
        user_id=endpoint.user_id,
        batch_size=endpoint.batch_size,
        state=State(endpoint.state),
        state_at=endpoint.state_at,
        state_reason=endpoint.state_reason,
        position=endpoint.cursor,
        behind=max(0, head - endpoint.cursor),
        attempts=endpoint.attempts,
        failing_since=endpoint.failing_since,
        due_at=endpoint.due_at,
        delivered_at=endpoint.delivered_at,
        created_at=endpoint.created_at,
        secrets=tuple(
            SecretView(secret.ending, secret.created_at, secret.expires_at)
            for secret in endpoint.secrets.all()
        ),
        refused_position=_refused_position(endpoint),
    )


def _refused_position(endpoint: WebhookEndpoint) -> int | None:
    if endpoint.failing_since is None:
        return None
    newest = endpoint.deliveries.filter(is_ping=False).order_by("-id").first()
    is_alone = (
        newest is not None
        and newest.entries == 1
        and newest.outcome == WebhookDelivery.Outcome.REFUSED
        and newest.status not in NOT_NOW
    )
    return newest.first_position if newest is not None and is_alone else None


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("deliveries", scope.organisation_id)
