"""Where webhooks lead: never into our own network, never longer than a call may take."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from notifications.models import WebhookDelivery
from notifications.webhooks import calling, managing
from portal.kernel.outgoing import calls
from portal.kernel.outgoing.addresses import BadAddress
from tests.integration.receiving import receiving
from tests.integration.webhooks import Outcome, deliver_all, publish, webhook_at

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(0), pytest.mark.usefixtures("fresh_names")]


@pytest.fixture
def now():
    return datetime.now(UTC)


def test_redirects_are_not_followed(world, now):
    with receiving() as inner, receiving(answer=lambda _: 307, headers={"Location": inner.url}) as receiver:
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    assert inner.calls == 0
    assert WebhookDelivery.objects.get().problem == "Redirects are not followed."


def test_a_receiver_that_hangs_is_left_in_time(world, now, settings):
    settings.WEBHOOK_SECONDS = 0.3
    with receiving(hangs=1.0) as receiver:
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    delivery = WebhookDelivery.objects.get()
    assert delivery.outcome == Outcome.TIMED_OUT
    assert 300 <= delivery.duration_ms < 1000


def test_nobody_at_the_address_is_told_as_such(world, now):
    with receiving() as receiver:
        webhook_at(world, receiver, now=now)
    publish(world)
    deliver_all(now)

    assert WebhookDelivery.objects.get().outcome == Outcome.UNREACHABLE


def test_of_a_long_answer_only_the_beginning_is_read(world, now):
    with receiving(answer=lambda _: 400, body=b"x" * 5_000_000) as receiver:
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    assert len(WebhookDelivery.objects.get().excerpt) == calling.EXCERPT


def test_an_internal_address_is_refused_when_it_is_typed(world, now, settings):
    settings.WEBHOOK_NETWORKS_INSIDE = []
    for url in ("https://127.0.0.1/x", "https://169.254.169.254/latest", "http://crm.example/"):
        with pytest.raises(BadAddress):
            managing.create_webhook(world.as_supplier, name="x", url=url, now=now)


@pytest.mark.parametrize("addresses", [["10.0.0.7"], ["93.184.216.34", "127.0.0.1"]])
def test_a_name_that_leads_inside_is_not_called(world, now, settings, monkeypatch, addresses):
    settings.WEBHOOK_NETWORKS_INSIDE = []
    monkeypatch.setattr(calls, "getaddrinfo", lambda *_: [(2, 1, 6, "", (a, 443)) for a in addresses])
    managing.create_webhook(world.as_supplier, name="x", url="https://crm.example/hooks", now=now)
    publish(world)

    deliver_all(now)

    delivery = WebhookDelivery.objects.get()
    assert (delivery.outcome, delivery.problem) == (
        Outcome.BLOCKED,
        "The host is at an internal address.",
    )


def test_the_call_goes_to_the_address_that_was_judged_and_not_to_what_the_name_becomes(
    world, now, monkeypatch
):
    requested = []

    def changing(host, port, *_):
        requested.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(requested) == 1 else "10.0.0.7", port))]

    monkeypatch.setattr(calls, "getaddrinfo", changing)
    with receiving() as receiver:
        receiver.url = receiver.url.replace("127.0.0.1", "crm.example")
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    assert requested == ["crm.example"]
    assert receiver.positions == [1]
    assert receiver.told[0]["host"].startswith("crm.example:")


def test_a_silent_first_address_leaves_time_for_the_second(world, now, settings, monkeypatch):
    settings.WEBHOOK_SECONDS = 3.0
    with receiving() as receiver, silent_at("127.0.0.2", urlsplit(receiver.url).port) as port:
        monkeypatch.setattr(
            calls, "getaddrinfo", lambda *_: [(2, 1, 6, "", (f"127.0.0.{n}", port)) for n in (2, 1)]
        )
        receiver.url = receiver.url.replace("127.0.0.1", "crm.example")
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    assert receiver.positions == [1]


@contextmanager
def silent_at(host, port):
    """Have an address that never finishes a handshake: its queue is full."""
    with socket.socket() as silent, ExitStack() as waiting:
        silent.bind((host, port))
        silent.listen(0)
        for _ in range(3):
            caller = waiting.enter_context(socket.socket())
            caller.settimeout(0)
            caller.connect_ex((host, port))
        yield port
