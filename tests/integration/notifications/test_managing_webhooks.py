"""Webhooks are kept by their organisation: secrets, pings, pauses, and nobody else's."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import delivering, managing
from portal.events.models import Event
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from tests.integration.receiving import receiving
from tests.integration.webhooks import Outcome, admin_of, deliver_all, publish, webhook_at

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(0), pytest.mark.usefixtures("fresh_names")]


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.mark.requirement("R6.3")
def test_for_a_day_both_secrets_sign_and_then_only_the_newer(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        former = receiver.secret
        newer = managing.rotate_secret(world.as_supplier, webhook, now=now).secret
        for secret in (former, newer):
            receiver.secret = secret
            publish(world)
            deliver_all(now)
        receiver.secret = ""
        publish(world)
        deliver_all(now + timedelta(hours=25))

    assert [len(notices["webhook-signature"].split()) for notices in receiver.told] == [2, 2, 1]


def test_a_ping_tests_the_address_and_moves_nothing(world, now):
    with receiving(body=b"thanks", answer=lambda _: 200) as receiver:
        webhook = webhook_at(world, receiver, now=now)
        publish(world)
        waiting = managing.ping(world.as_supplier, webhook, now=now)
        again = managing.ping(world.as_supplier, webhook, now=now)
        assert receiver.calls == 0
        assert delivering.send_ping(now=now)
        assert not delivering.send_ping(now=now)

    assert (waiting.outcome, again.pk) == (Outcome.WAITING, waiting.pk)
    answered = WebhookDelivery.objects.get()
    assert (answered.outcome, answered.status, answered.excerpt) == (Outcome.DELIVERED, 200, "thanks")
    assert receiver.batches[0][0]["type"] == "portal.webhook.ping"
    assert WebhookEndpoint.objects.get().cursor == 0


@pytest.mark.requirement("R6.3")
def test_a_paused_webhook_is_not_called_until_it_is_enabled(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        managing.change_webhook(world.as_supplier, webhook, is_enabled=False, now=now)
        publish(world)
        assert deliver_all(now) == 0
        managing.change_webhook(world.as_supplier, webhook, is_enabled=True, now=now)
        deliver_all(now)

    assert receiver.positions == [1]


def test_nobody_touches_a_webhook_of_another_organisation(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        stranger = admin_of(world.other)
        acts = [
            lambda: managing.change_webhook(stranger, webhook, name="mine", now=now),
            lambda: managing.rotate_secret(stranger, webhook, now=now),
            lambda: managing.replay(stranger, webhook, after=0, now=now),
            lambda: managing.remove_webhook(stranger, webhook, now=now),
            lambda: managing.ping(stranger, webhook, now=now),
        ]
        for act in acts:
            with pytest.raises(NotFound):
                act()

    assert receiver.calls == 0
    assert WebhookEndpoint.objects.get().name == "CRM"


def test_only_administrators_and_systems_manage_webhooks(world, now):
    analyst = dataclasses.replace(world.as_supplier, roles=frozenset({"SUPPLIER_ANALYST"}))
    system = dataclasses.replace(analyst, client_id="c1")
    with receiving() as receiver:
        with pytest.raises(NotPermitted):
            webhook_at(world, receiver, now=now, scope=analyst)

        assert webhook_at(world, receiver, now=now, scope=system)


def test_what_makes_no_sense_is_refused(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        with pytest.raises(BadInput):
            managing.replay(world.as_supplier, webhook, now=now)
        with pytest.raises(BadInput):
            webhook_at(world, receiver, now=now, after=7)
        with pytest.raises(BadInput):
            managing.change_webhook(world.as_supplier, webhook, name=" ", now=now)
        for _ in range(managing.MOST_WEBHOOKS - 1):
            webhook_at(world, receiver, now=now)
        with pytest.raises(managing.TooManyWebhooks):
            webhook_at(world, receiver, now=now)


def test_a_removed_webhook_leaves_only_its_facts(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        managing.rotate_secret(world.as_supplier, webhook, now=now)
        managing.remove_webhook(world.as_supplier, webhook, now=now)

    assert not WebhookEndpoint.objects.exists()
    names = list(Event.objects.filter(subject=f"webhook:{webhook}").values_list("name", flat=True))
    assert names == ["webhook.created", "webhook.secret-rotated", "webhook.removed"]
