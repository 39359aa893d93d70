"""What an organisation does with its webhooks: make, change, pause, rotate the secret, test, replay, remove.

For administrators, and for systems that an administrator has given the scope. Every change is in the journal.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from notifications.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from notifications.webhooks.signing import new_secret
from portal.accounts.people import is_administrator
from portal.events import feed, journal
from portal.events.kinds import EntryKind
from portal.events.written import feed_messages
from portal.identity.models import Organisation, UserIdentifier
from portal.identity.scope import Scope
from portal.identity.sealing import seal
from portal.kernel import clock
from portal.kernel.lines import check_line
from portal.kernel.outgoing.addresses import check_url
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.versions import check_version

MOST_WEBHOOKS: Final = 20
MOST_ROLLOUTS: Final = 100
State = WebhookEndpoint.State
Outcome = WebhookDelivery.Outcome


class TooManyWebhooks(Refusal):
    """The organisation has as many webhooks as it may have."""

    code = "too_many_webhooks"


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that was made, and its secret, which is shown once."""

    webhook_id: int
    secret: str


def webhook_values(webhook: Any) -> dict[str, Any]:
    """Return what people set of a webhook, by name: of its row or its view."""
    kinds = sorted(int(kind) for kind in webhook.kinds)
    return {
        "name": webhook.name,
        "url": webhook.url,
        "kinds": kinds,
        "rollout_ids": sorted(webhook.rollout_ids),
        "regions": sorted(int(region) for region in webhook.regions),
        "user_id": webhook.user_id,
        "batch_size": webhook.batch_size,
    }


def check_may_manage(scope: Scope) -> None:
    """Refuse people who do not administer their organisation; systems are held to their scopes elsewhere.

    Raises:
        NotPermitted: this is not for them.
    """
    if scope.client_id is None and not is_administrator(scope):
        raise NotPermitted("Webhooks are managed by the administrators of your organisation.")


@unit_of_work
def create_webhook(
    scope: Scope,
    *,
    name: str,
    url: str,
    kinds: Collection[EntryKind] = (),
    rollout_ids: Collection[int] = (),
    regions: Collection[int] = (),
    user_id: str = "",
    batch_size: int = 100,
    after: int | None = None,
    now: datetime,
) -> NewWebhook:
    """Have the feed delivered to an address, from now on or after a position; return the secret that signs.

    With a `user_id` its Service Request messages are delivered, else events.

    Raises:
        NotPermitted: this is not for the actor.
        BadAddress: the address cannot be called.
        BadInput: there is no name, no messages are written to the User ID, or they are to be chosen.
        TooManyWebhooks: there are as many as there may be.
        CursorExpired, CursorAhead: the feed has no such position, or has it no longer.
    """
    check_may_manage(scope)
    check_url(url, inside=settings.WEBHOOK_NETWORKS_INSIDE)
    Organisation.objects.select_for_update(no_key=True).get(pk=scope.organisation_id)
    if WebhookEndpoint.objects.filter(organisation_id=scope.organisation_id).count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"There are {MOST_WEBHOOKS} webhooks. Remove one first.")
    there = feed.bounds(scope)
    endpoint = WebhookEndpoint.objects.create(
        organisation_id=scope.organisation_id,
        name=_named(name),
        url=url,
        kinds=sorted(int(kind) for kind in kinds),
        rollout_ids=sorted(set(rollout_ids)),
        regions=sorted({int(region) for region in regions}),
        user_identifier=_recipient(scope, user_id, chosen=[*kinds, *rollout_ids, *regions]),
        batch_size=batch_size,
        state_at=now,
        cursor=there.head if after is None else feed.check_cursor(there, after),
        due_at=now,
        created_at=now,
        created_by_id=scope.user_id,
    )
    _record("created", endpoint, scope, {"name": endpoint.name, "url": url})
    return NewWebhook(endpoint.pk, _add_secret(endpoint, now=now))


@unit_of_work
def change_webhook(
    scope: Scope, webhook_id: int, *, expected: str | None = None, now: datetime, **changes: Any
) -> None:
    """Change name, url, kinds, rollouts, regions, User ID or batch size, or pause and enable (`is_enabled`).

    One that was disabled goes on where it stopped. A call under way may still end by the old settings.
    `expected` is the `version_of` the `webhook_values` the change was made from.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such webhook there.
        BadAddress: the address cannot be called.
        BadInput: the name is empty, no messages are written to the User ID, or they are to be chosen.
        EditConflict: it is not as `expected`.
    """
    endpoint = _own(scope, webhook_id)
    check_version(expected, webhook_values(endpoint))
    fields: dict[str, Any] = {name: changes[name] for name in ("url", "batch_size") if name in changes}
    if "url" in fields:
        check_url(fields["url"], inside=settings.WEBHOOK_NETWORKS_INSIDE)
    if "name" in changes:
        fields["name"] = _named(changes["name"])
    fields |= _what_is_sent(scope, endpoint, changes)
    if changes.get("is_enabled") is not None:
        state = State.ENABLED if changes["is_enabled"] else State.PAUSED
        if state != endpoint.state:
            fields |= {"state": state, "state_at": now, "state_reason": ""}
    if not fields:
        return
    # The batch under way is made again, and called at once.
    anew = {"batch_to": None, "attempts": 0, "failing_since": None, "due_at": now}
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**fields, **anew)
    facts = {name: str(value) for name, value in fields.items() if name != "state_at"}
    _record("changed", endpoint, scope, facts)


@unit_of_work
def rotate_secret(scope: Scope, webhook_id: int, *, now: datetime) -> NewWebhook:
    """Make another secret; for a day the former one signs as well, any older one no longer.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such webhook there.
    """
    endpoint = _own(scope, webhook_id)
    newest = endpoint.secrets.order_by("-created_at", "-pk").first()
    ends = now + timedelta(hours=settings.WEBHOOK_SECRET_OVERLAP_HOURS)
    if newest is not None:
        endpoint.secrets.exclude(pk=newest.pk).delete()
        endpoint.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=ends)).update(expires_at=ends)
    _record("secret-rotated", endpoint, scope, {"former_ends_at": ends.isoformat()})
    return NewWebhook(endpoint.pk, _add_secret(endpoint, now=now))


@unit_of_work
def replay(
    scope: Scope,
    webhook_id: int,
    *,
    after: int | None = None,
    since: datetime | None = None,
    now: datetime,
) -> int:
    """Deliver again what came after a position, or from a moment on; return the position it begins after.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such webhook there.
        BadInput: neither or both are named.
        CursorExpired, CursorAhead: the feed has no such position, or has it no longer.
    """
    endpoint = _own(scope, webhook_id)
    if (after is None) == (since is None):
        raise BadInput("Name either a position or a time to replay from.")
    place = after if since is None else feed.position_before(scope, since)
    position = feed.check_cursor(feed.bounds(scope), place)
    # Whoever is calling has lost the claim: what it settles no longer counts.
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        cursor=position,
        batch_to=None,
        attempts=0,
        failing_since=None,
        due_at=now,
        claim=None,
        claimed_until=None,
    )
    _record("replayed", endpoint, scope, {"after": position})
    return position


@unit_of_work
def remove_webhook(scope: Scope, webhook_id: int, *, now: datetime) -> None:
    """Remove a webhook with its secrets and its log.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such webhook there.
    """
    endpoint = _own(scope, webhook_id)
    _record("removed", endpoint, scope, {"name": endpoint.name, "url": endpoint.url})
    endpoint.delete()


@unit_of_work
def ping(scope: Scope, webhook_id: int, *, now: datetime) -> WebhookDelivery:
    """Have a worker send a test event, whatever the webhook's state; the log tells what came of it.

    While one is on its way there is no second one.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such webhook there.
    """
    endpoint = _own(scope, webhook_id)
    states = [Outcome.WAITING, Outcome.SENDING]
    under_way = endpoint.deliveries.filter(is_ping=True, outcome__in=states).first()
    return under_way or WebhookDelivery.objects.create(
        endpoint=endpoint,
        message_id=f"ping_{endpoint.pk}_{uuid.uuid4().hex[:12]}",
        is_ping=True,
        at=now,
        outcome=Outcome.WAITING,
    )


def _named(name: str) -> str:
    if not name.strip():
        raise BadInput("Give the webhook a name.")
    check_line(name.strip())
    return name.strip()[:80]


@inside_unit_of_work
def _own(scope: Scope, webhook_id: int) -> WebhookEndpoint:
    check_may_manage(scope)
    endpoint = (
        WebhookEndpoint.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user_identifier")
        .filter(organisation_id=scope.organisation_id, pk=webhook_id)
        .first()
    )
    if endpoint is None:
        raise NotFound("There is no such webhook in your organisation.")
    return endpoint


def _what_is_sent(scope: Scope, endpoint: WebhookEndpoint, changes: Mapping[str, Any]) -> dict[str, Any]:
    names = ("kinds", "rollout_ids", "regions")
    chosen = {name: sorted({int(each) for each in changes[name]}) for name in names if name in changes}
    if not chosen and "user_id" not in changes:
        return {}
    wanted = [each for name in names for each in chosen.get(name, getattr(endpoint, name))]
    user_id = changes.get("user_id", endpoint.user_id)
    return {**chosen, "user_identifier": _recipient(scope, user_id, chosen=wanted)}


def _recipient(scope: Scope, user_id: str, *, chosen: Collection[int]) -> UserIdentifier | None:
    if not user_id:
        return None
    if chosen:
        raise BadInput("Messages to a User ID are not chosen: leave kinds, rollouts and regions out.")
    own = {str(each): each for each in feed_messages().user_ids(scope)}
    if user_id not in own:
        raise BadInput("No Service Request messages are written to this User ID.")
    return UserIdentifier.objects.get(organisation_id=scope.organisation_id, eui64=own[user_id].db)


def _add_secret(endpoint: WebhookEndpoint, *, now: datetime) -> str:
    secret = new_secret()
    WebhookSecret.objects.create(endpoint=endpoint, sealed=seal(secret), ending=secret[-5:-1], created_at=now)
    return secret


def _record(what: str, endpoint: WebhookEndpoint, scope: Scope, facts: Mapping[str, object]) -> None:
    journal.record(f"webhook.{what}", subject=f"webhook:{endpoint.pk}", by=scope, at=clock.now(), facts=facts)
