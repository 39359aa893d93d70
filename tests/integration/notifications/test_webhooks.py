"""Webhooks: every entry, in order, signed, again until it is taken, and never into our own network."""

from __future__ import annotations

import dataclasses
import socket
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from notifications.models import Message, WebhookDelivery, WebhookEndpoint
from notifications.webhooks import calling, delivering, managing, reading
from portal.events import feed, naming, retention, sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.events.models import Event
from portal.identity.scope import Scope
from portal.kernel.outgoing import calls
from portal.kernel.outgoing.addresses import BadAddress
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from portal.kernel.transactions import unit_of_work
from tests.factories import UserFactory, make_world
from tests.integration.receiving import receiving

pytestmark = [pytest.mark.requirement("R6.3")]
Outcome = WebhookDelivery.Outcome


@pytest.fixture(autouse=True)
def _names():
    naming.forget_names()


@pytest.fixture
def world(db):
    return make_world(hubs=0)


@pytest.fixture
def now():
    return datetime.now(UTC)


@unit_of_work
def _tell(party, times, kind, at):
    for number in range(times):
        publish_entries(kind, parties=[party], at=at, data={"n": number})


def say(world, *, times=1, kind=EntryKind.RULE_RAN, at=None, party=None):
    _tell((party or world.supplier).pk, times, kind, at or datetime.now(UTC))
    sequencer.sequence_all(seconds=20)


def make(world, receiver, *, now, scope=None, **more):
    made = managing.create_webhook(scope or world.as_supplier, name="CRM", url=receiver.url, now=now, **more)
    receiver.secret = made.secret
    return made.webhook_id


def deliver(now):
    calls = 0
    while delivering.deliver_next(now=now):
        calls += 1
    return calls


def test_every_entry_is_delivered_once_and_in_order_in_signed_batches(world, now):
    with receiving() as receiver:
        make(world, receiver, now=now, batch_size=4)
        say(world, times=10)
        deliver(now)
        say(world)
        deliver(now)

    assert receiver.positions == list(range(1, 12))
    assert [len(batch) for batch in receiver.batches] == [4, 4, 2, 1]
    assert receiver.told[0]["content-type"] == "application/cloudevents-batch+json"
    assert receiver.batches[0][0]["type"] == "portal.rule.ran"
    assert len(set(receiver.ids)) == 4
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.cursor, endpoint.claim, endpoint.attempts) == (11, None, 0)


def test_delivery_begins_with_what_comes_after_the_webhook_was_made_or_where_it_is_told_to(world, now):
    say(world, times=3)
    with receiving() as fresh, receiving() as older:
        make(world, fresh, now=now)
        make(world, older, now=now, after=1)
        say(world)
        deliver(now)

    assert fresh.positions == [4]
    assert older.positions == [2, 3, 4]


def test_only_the_kinds_that_are_wanted_are_delivered_and_the_rest_is_stepped_over(world, now):
    with receiving() as receiver:
        make(world, receiver, now=now, kinds=[EntryKind.ROLLOUT_PAUSED])
        say(world, times=3)
        say(world, kind=EntryKind.ROLLOUT_PAUSED)
        say(world, times=3)
        deliver(now)
        say(world, times=2)
        deliver(now)

    assert receiver.positions == [4]
    assert receiver.calls == 1
    assert WebhookEndpoint.objects.get().cursor == 9


def test_a_failed_call_is_repeated_later_with_the_same_entries_under_the_same_id(world, now):
    with receiving(answer=lambda number: 503 if number <= 2 else 200) as receiver:
        make(world, receiver, now=now)
        say(world, times=2)
        deliver(now)
        say(world)  # must not join the batch that is under way
        at_once = deliver(now)
        deliver(now + timedelta(seconds=10))
        deliver(now + timedelta(minutes=1))

    assert at_once == 0
    assert receiver.calls == 4
    assert receiver.ids[0] == receiver.ids[1] == receiver.ids[2] != receiver.ids[3]
    assert receiver.positions == [1, 2, 3]
    log = [(d.attempt, d.outcome, d.status) for d in WebhookDelivery.objects.order_by("id")]
    assert log == [
        (1, "REFUSED", 503),
        (2, "REFUSED", 503),
        (3, "DELIVERED", 200),
        (1, "DELIVERED", 200),
    ]


def test_a_receiver_may_say_when_to_come_again(world, now):
    with receiving(answer=lambda _: 429, headers={"Retry-After": "600"}) as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)

    assert WebhookEndpoint.objects.get().due_at >= now + timedelta(seconds=600)


def test_a_receiver_may_say_when_to_come_again_as_a_date_of_its_own_clock(world, now):
    headers = {"Date": "Mon, 04 Mar 2030 09:00:00 GMT", "Retry-After": "Mon, 04 Mar 2030 09:10:00 GMT"}
    with receiving(answer=lambda _: 503, headers=headers) as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)

    due_at = WebhookEndpoint.objects.get().due_at
    assert now + timedelta(seconds=600) <= due_at < now + timedelta(seconds=660)


def test_an_event_that_is_refused_is_found_and_stepped_over_without_losing_another(world, now):
    refused = 12
    with receiving(refuses=refused) as receiver:
        webhook = make(world, receiver, now=now, batch_size=8)
        receiver.secret = ""  # which would not hold hours later
        say(world, times=20)
        moments = (now + timedelta(minutes=5 * step) for step in range(60))
        for moment in moments:
            deliver(moment)
            if reading.webhook(world.as_supplier, webhook, now=moment).refused_position:
                break
        assert reading.webhook(world.as_supplier, webhook, now=moment).refused_position == refused
        taken = WebhookEndpoint.objects.get().cursor
        managing.replay(world.as_supplier, webhook, after=refused, now=moment)
        deliver(moment)

    assert taken == refused - 1
    assert receiver.positions == [position for position in range(1, 21) if position != refused]
    assert reading.webhook(world.as_supplier, webhook, now=moment).refused_position is None


def test_a_receiver_that_refuses_everything_is_not_called_more_than_it_was(world, now):
    with receiving(answer=lambda _: 400) as receiver:
        make(world, receiver, now=now)
        receiver.secret = ""
        say(world, times=100)
        moment = now
        while WebhookEndpoint.objects.get().state == "ENABLED":
            moment = max(moment, WebhookEndpoint.objects.get().due_at)
            deliver(moment)

    assert receiver.calls < 60
    assert "deliver again after 1." in WebhookEndpoint.objects.get().state_reason


@pytest.mark.parametrize("settles", [True, False])
def test_a_crash_between_call_and_settling_costs_a_repetition_not_an_entry(world, now, settles):
    with receiving() as receiver:
        make(world, receiver, now=now)
        say(world, times=2)
        crashed = delivering.claim_batch(now=now)
        answer = delivering.call_with(crashed, now=now)
        assert delivering.claim_batch(now=now) is None  # nobody else delivers meanwhile
        later = now + timedelta(minutes=5)
        deliver(later)
        settled = settles and delivering.settle(crashed, answer, now=later)

    assert not settled
    assert receiver.positions == [1, 2, 1, 2]
    assert receiver.ids[0] == receiver.ids[1]
    assert WebhookEndpoint.objects.get().cursor == 2


def test_after_days_of_failure_a_webhook_is_disabled_and_its_organisation_told(world, now):
    with receiving(answer=lambda _: 500, body=b"No <b>database</b>\x00") as receiver:
        webhook = make(world, receiver, now=now)
        say(world)
        moment = now
        while WebhookEndpoint.objects.get().state == "ENABLED":
            moment = max(moment, WebhookEndpoint.objects.get().due_at)
            deliver(moment)
        sequencer.sequence_all()
        deliver(moment + timedelta(days=1))

    assert timedelta(days=5) <= moment - now < timedelta(days=5, hours=7)
    assert 20 < receiver.calls < 50
    assert WebhookDelivery.objects.first().excerpt == "No <b>database</b> "
    notice = Message.objects.get(kind=EntryKind.WEBHOOK_DISABLED)
    assert (notice.organisation_id, notice.title) == (world.supplier.pk, "Webhook disabled: CRM")
    assert "5 days" in notice.text
    with receiving() as receiver:
        managing.change_webhook(world.as_supplier, webhook, url=receiver.url, is_enabled=True, now=moment)
        deliver(moment)
    assert receiver.positions[0] == 1  # it goes on where it stopped


def test_a_receiver_that_is_gone_is_not_called_again(world, now):
    with receiving(answer=lambda _: 410) as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)
        deliver(now + timedelta(days=1))

    assert receiver.calls == 1
    assert WebhookEndpoint.objects.get().state == "DISABLED"


def test_redirects_are_not_followed(world, now):
    with receiving() as inner, receiving(answer=lambda _: 307, headers={"Location": inner.url}) as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)

    assert inner.calls == 0
    assert WebhookDelivery.objects.get().problem == "Redirects are not followed."


def test_a_receiver_that_hangs_is_left_in_time(world, now, settings):
    settings.WEBHOOK_SECONDS = 0.3
    with receiving(hangs=1.0) as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)

    delivery = WebhookDelivery.objects.get()
    assert delivery.outcome == Outcome.TIMED_OUT
    assert 300 <= delivery.duration_ms < 1000


def test_nobody_at_the_address_is_told_as_such(world, now):
    with receiving() as receiver:
        make(world, receiver, now=now)
    say(world)
    deliver(now)

    assert WebhookDelivery.objects.get().outcome == Outcome.UNREACHABLE


def test_of_a_long_answer_only_the_beginning_is_read(world, now):
    with receiving(answer=lambda _: 400, body=b"x" * 5_000_000) as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)

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
    say(world)

    deliver(now)

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
        make(world, receiver, now=now)
        say(world)
        deliver(now)

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
        make(world, receiver, now=now)
        say(world)
        deliver(now)

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


def test_for_a_day_both_secrets_sign_and_then_only_the_newer(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        former = receiver.secret
        newer = managing.rotate_secret(world.as_supplier, webhook, now=now).secret
        for secret in (former, newer):
            receiver.secret = secret
            say(world)
            deliver(now)
        receiver.secret = ""
        say(world)
        deliver(now + timedelta(hours=25))

    assert [len(notices["webhook-signature"].split()) for notices in receiver.told] == [2, 2, 1]


def test_replaying_from_a_position_or_a_time_repeats_what_came_after(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        say(world, times=2, at=now - timedelta(hours=2))
        say(world, times=2, at=now)
        deliver(now)
        managing.replay(world.as_supplier, webhook, after=3, now=now)
        deliver(now)
        managing.replay(world.as_supplier, webhook, since=now - timedelta(hours=1), now=now)
        deliver(now)

    assert receiver.positions == [1, 2, 3, 4, 4, 3, 4]


def test_a_replay_is_not_undone_by_the_call_that_was_under_way(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        say(world, times=2)
        deliver(now)
        say(world)
        under_way = delivering.claim_batch(now=now)
        managing.replay(world.as_supplier, webhook, after=0, now=now)
        answer = delivering.call_with(under_way, now=now)

        assert not delivering.settle(under_way, answer, now=now)
        deliver(now)

    assert receiver.positions == [1, 2, 3, 1, 2, 3]


def test_what_is_no_longer_kept_cannot_be_replayed_and_is_stepped_over(world, settings, now):
    settings.FEED_KEPT_MONTHS = 1
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        say(world, times=2, at=datetime(2035, 1, 1, tzinfo=UTC))
        say(world, at=datetime(2035, 6, 1, tzinfo=UTC))
        retention.keep_feed(now=datetime(2035, 6, 2, tzinfo=UTC))
        deliver(now)

        assert receiver.positions == [3]
        with pytest.raises(feed.CursorExpired):
            managing.replay(world.as_supplier, webhook, after=1, now=now)


def test_a_ping_tests_the_address_and_moves_nothing(world, now):
    with receiving(body=b"thanks", answer=lambda _: 200) as receiver:
        webhook = make(world, receiver, now=now)
        say(world)
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


def test_a_paused_webhook_is_not_called_until_it_is_enabled(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        managing.change_webhook(world.as_supplier, webhook, is_enabled=False, now=now)
        say(world)
        assert deliver(now) == 0
        managing.change_webhook(world.as_supplier, webhook, is_enabled=True, now=now)
        deliver(now)

    assert receiver.positions == [1]


def test_one_slow_receiver_does_not_hold_up_another_claim(world, now):
    with receiving() as receiver, receiving() as two:
        make(world, receiver, now=now)
        make(world, two, now=now)
        say(world)
        first, second = delivering.claim_batch(now=now), delivering.claim_batch(now=now)

    assert first.endpoint_id != second.endpoint_id


def test_an_organisation_delivers_its_own_feed_only(world, now):
    with receiving() as receiver:
        make(world, receiver, now=now, scope=_admin(world.other))
        say(world, times=3)
        say(world, party=world.other)
        deliver(now)

    assert receiver.positions == [1]
    assert receiver.batches[0][0]["source"].endswith(f"/{world.other.pk}")


def _admin(organisation):
    return Scope.of(UserFactory(organisation=organisation))


def test_nobody_touches_a_webhook_of_another_organisation(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        stranger = _admin(world.other)
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
            make(world, receiver, now=now, scope=analyst)

        assert make(world, receiver, now=now, scope=system)


def test_what_makes_no_sense_is_refused(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        with pytest.raises(BadInput):
            managing.replay(world.as_supplier, webhook, now=now)
        with pytest.raises(BadInput):
            make(world, receiver, now=now, after=7)
        with pytest.raises(BadInput):
            managing.change_webhook(world.as_supplier, webhook, name=" ", now=now)
        for _ in range(managing.MOST_WEBHOOKS - 1):
            make(world, receiver, now=now)
        with pytest.raises(managing.TooManyWebhooks):
            make(world, receiver, now=now)


def test_a_removed_webhook_leaves_only_its_facts(world, now):
    with receiving() as receiver:
        webhook = make(world, receiver, now=now)
        managing.rotate_secret(world.as_supplier, webhook, now=now)
        managing.remove_webhook(world.as_supplier, webhook, now=now)

    assert not WebhookEndpoint.objects.exists()
    names = list(Event.objects.filter(subject=f"webhook:{webhook}").values_list("name", flat=True))
    assert names == ["webhook.created", "webhook.secret-rotated", "webhook.removed"]


def test_the_log_is_forgotten_after_a_month(world, now):
    with receiving() as receiver:
        make(world, receiver, now=now)
        say(world)
        deliver(now)

    assert delivering.forget_old_deliveries(now=now + timedelta(days=29)) == 0
    assert delivering.forget_old_deliveries(now=now + timedelta(days=31)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_delivers_to_many_addresses_at_a_time(now):
    world = make_world(hubs=0)
    with receiving(hangs=0.5) as slow, receiving() as quick:
        make(world, slow, now=now)
        make(world, quick, now=now, batch_size=10)
        say(world, times=100)
        calls = delivering.deliver_due(seconds=20)

    assert calls == 11
    assert quick.positions == slow.positions == list(range(1, 101))
    assert delivering.deliver_due() == 0


def test_one_organisations_addresses_take_two_lanes_at_most(world, now):
    with receiving() as receiver:
        for _ in range(4):
            make(world, receiver, now=now)
        say(world)
        claimed = [delivering.claim_batch(now=now) for _ in range(4)]

    assert [each is not None for each in claimed] == [True, True, False, False]
