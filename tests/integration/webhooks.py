"""What tests of webhooks share: entries, webhooks at a receiver, and their deliveries."""

from __future__ import annotations

from datetime import UTC, datetime

from notifications.models import WebhookDelivery
from notifications.webhooks import delivering, managing
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel.transactions import unit_of_work
from tests.factories import UserFactory

Outcome = WebhookDelivery.Outcome


@unit_of_work
def _publish(party, times, kind, at):
    for number in range(times):
        publish_entries(kind, parties=[party], at=at, data={"n": number})


def publish(world, *, times=1, kind=EntryKind.RULE_RAN, at=None, party=None):
    _publish((party or world.supplier).pk, times, kind, at or datetime.now(UTC))
    sequencer.sequence_all(seconds=20)


def webhook_at(world, receiver, *, now, scope=None, **more):
    made = managing.create_webhook(scope or world.as_supplier, name="CRM", url=receiver.url, now=now, **more)
    receiver.secret = made.secret
    return made.webhook_id


def deliver_all(now):
    calls = 0
    while delivering.deliver_next(now=now):
        calls += 1
    return calls


def admin_of(organisation):
    return Scope.of(UserFactory(organisation=organisation))
