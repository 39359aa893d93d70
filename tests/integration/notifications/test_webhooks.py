"""Webhooks: every entry, in order, signed, again until it is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.models import Message, WebhookDelivery, WebhookEndpoint
from notifications.webhooks import delivering, managing, reading
from portal.events import feed, retention, sequencer
from portal.events.kinds import EntryKind
from tests.factories import make_world
from tests.integration.receiving import receiving
from tests.integration.webhooks import admin_of, deliver_all, publish, webhook_at

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(0), pytest.mark.usefixtures("fresh_names")]


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.mark.requirement("R6.3")
def test_every_entry_is_delivered_once_and_in_order_in_signed_batches(world, now):
    with receiving() as receiver:
        webhook_at(world, receiver, now=now, batch_size=4)
        publish(world, times=10)
        deliver_all(now)
        publish(world)
        deliver_all(now)

    assert receiver.positions == list(range(1, 12))
    assert [len(batch) for batch in receiver.batches] == [4, 4, 2, 1]
    assert receiver.told[0]["content-type"] == "application/cloudevents-batch+json"
    assert receiver.batches[0][0]["type"] == "portal.rule.ran"
    assert len(set(receiver.ids)) == 4
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.cursor, endpoint.claim, endpoint.attempts) == (11, None, 0)


@pytest.mark.requirement("R6.3")
def test_delivery_begins_with_what_comes_after_the_webhook_was_made_or_where_it_is_told_to(world, now):
    publish(world, times=3)
    with receiving() as fresh, receiving() as older:
        webhook_at(world, fresh, now=now)
        webhook_at(world, older, now=now, after=1)
        publish(world)
        deliver_all(now)

    assert fresh.positions == [4]
    assert older.positions == [2, 3, 4]


@pytest.mark.requirement("R6.3")
def test_only_the_kinds_that_are_wanted_are_delivered_and_the_rest_is_stepped_over(world, now):
    with receiving() as receiver:
        webhook_at(world, receiver, now=now, kinds=[EntryKind.ROLLOUT_PAUSED])
        publish(world, times=3)
        publish(world, kind=EntryKind.ROLLOUT_PAUSED)
        publish(world, times=3)
        deliver_all(now)
        publish(world, times=2)
        deliver_all(now)

    assert receiver.positions == [4]
    assert receiver.calls == 1
    assert WebhookEndpoint.objects.get().cursor == 9


@pytest.mark.requirement("R6.3")
def test_a_failed_call_is_repeated_later_with_the_same_entries_under_the_same_id(world, now):
    with receiving(answer=lambda number: 503 if number <= 2 else 200) as receiver:
        webhook_at(world, receiver, now=now)
        publish(world, times=2)
        deliver_all(now)
        publish(world)  # must not join the batch that is under way
        at_once = deliver_all(now)
        deliver_all(now + timedelta(seconds=10))
        deliver_all(now + timedelta(minutes=1))

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
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    assert WebhookEndpoint.objects.get().due_at >= now + timedelta(seconds=600)


def test_a_receiver_may_say_when_to_come_again_as_a_date_of_its_own_clock(world, now):
    headers = {"Date": "Mon, 04 Mar 2030 09:00:00 GMT", "Retry-After": "Mon, 04 Mar 2030 09:10:00 GMT"}
    with receiving(answer=lambda _: 503, headers=headers) as receiver:
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    due_at = WebhookEndpoint.objects.get().due_at
    assert now + timedelta(seconds=600) <= due_at < now + timedelta(seconds=660)


@pytest.mark.requirement("R6.3")
def test_an_event_that_is_refused_is_found_and_stepped_over_without_losing_another(world, now):
    refused = 12
    with receiving(refuses=refused) as receiver:
        webhook = webhook_at(world, receiver, now=now, batch_size=8)
        receiver.secret = ""  # which would not hold hours later
        publish(world, times=20)
        moments = (now + timedelta(minutes=5 * step) for step in range(60))
        for moment in moments:
            deliver_all(moment)
            if reading.webhook(world.as_supplier, webhook, now=moment).refused_position:
                break
        assert reading.webhook(world.as_supplier, webhook, now=moment).refused_position == refused
        taken = WebhookEndpoint.objects.get().cursor
        managing.replay(world.as_supplier, webhook, after=refused, now=moment)
        deliver_all(moment)

    assert taken == refused - 1
    assert receiver.positions == [position for position in range(1, 21) if position != refused]
    assert reading.webhook(world.as_supplier, webhook, now=moment).refused_position is None


def test_a_receiver_that_refuses_everything_is_not_called_more_than_it_was(world, now):
    with receiving(answer=lambda _: 400) as receiver:
        webhook_at(world, receiver, now=now)
        receiver.secret = ""
        publish(world, times=100)
        moment = now
        while WebhookEndpoint.objects.get().state == "ENABLED":
            moment = max(moment, WebhookEndpoint.objects.get().due_at)
            deliver_all(moment)

    assert receiver.calls < 60
    assert "deliver again after 1." in WebhookEndpoint.objects.get().state_reason


@pytest.mark.requirement("R6.3")
@pytest.mark.parametrize("settles", [True, False])
def test_a_crash_between_call_and_settling_costs_a_repetition_not_an_entry(world, now, settles):
    with receiving() as receiver:
        webhook_at(world, receiver, now=now)
        publish(world, times=2)
        crashed = delivering.claim_batch(now=now)
        answer = delivering.call_with(crashed, now=now)
        assert delivering.claim_batch(now=now) is None  # nobody else delivers meanwhile
        later = now + timedelta(minutes=5)
        deliver_all(later)
        settled = settles and delivering.settle(crashed, answer, now=later)

    assert not settled
    assert receiver.positions == [1, 2, 1, 2]
    assert receiver.ids[0] == receiver.ids[1]
    assert WebhookEndpoint.objects.get().cursor == 2


@pytest.mark.requirement("R6.3")
def test_after_days_of_failure_a_webhook_is_disabled_and_its_organisation_told(world, now):
    with receiving(answer=lambda _: 500, body=b"No <b>database</b>\x00") as receiver:
        webhook = webhook_at(world, receiver, now=now)
        publish(world)
        moment = now
        while WebhookEndpoint.objects.get().state == "ENABLED":
            moment = max(moment, WebhookEndpoint.objects.get().due_at)
            deliver_all(moment)
        sequencer.sequence_all()
        deliver_all(moment + timedelta(days=1))

    assert timedelta(days=5) <= moment - now < timedelta(days=5, hours=7)
    assert 20 < receiver.calls < 50
    assert WebhookDelivery.objects.first().excerpt == "No <b>database</b> "
    notice = Message.objects.get(kind=EntryKind.WEBHOOK_DISABLED)
    assert (notice.organisation_id, notice.title) == (world.supplier.pk, "Webhook disabled: CRM")
    assert "5 days" in notice.text
    with receiving() as receiver:
        managing.change_webhook(world.as_supplier, webhook, url=receiver.url, is_enabled=True, now=moment)
        deliver_all(moment)
    assert receiver.positions[0] == 1  # it goes on where it stopped


def test_a_receiver_that_is_gone_is_not_called_again(world, now):
    with receiving(answer=lambda _: 410) as receiver:
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)
        deliver_all(now + timedelta(days=1))

    assert receiver.calls == 1
    assert WebhookEndpoint.objects.get().state == "DISABLED"


@pytest.mark.requirement("R6.3")
def test_replaying_from_a_position_or_a_time_repeats_what_came_after(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        publish(world, times=2, at=now - timedelta(hours=2))
        publish(world, times=2, at=now)
        deliver_all(now)
        managing.replay(world.as_supplier, webhook, after=3, now=now)
        deliver_all(now)
        managing.replay(world.as_supplier, webhook, since=now - timedelta(hours=1), now=now)
        deliver_all(now)

    assert receiver.positions == [1, 2, 3, 4, 4, 3, 4]


@pytest.mark.requirement("R6.3")
def test_a_replay_is_not_undone_by_the_call_that_was_under_way(world, now):
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        publish(world, times=2)
        deliver_all(now)
        publish(world)
        under_way = delivering.claim_batch(now=now)
        managing.replay(world.as_supplier, webhook, after=0, now=now)
        answer = delivering.call_with(under_way, now=now)

        assert not delivering.settle(under_way, answer, now=now)
        deliver_all(now)

    assert receiver.positions == [1, 2, 3, 1, 2, 3]


@pytest.mark.requirement("R6.3")
def test_what_is_no_longer_kept_cannot_be_replayed_and_is_stepped_over(world, settings, now):
    settings.FEED_KEPT_MONTHS = 1
    with receiving() as receiver:
        webhook = webhook_at(world, receiver, now=now)
        publish(world, times=2, at=datetime(2035, 1, 1, tzinfo=UTC))
        publish(world, at=datetime(2035, 6, 1, tzinfo=UTC))
        retention.keep_feed(now=datetime(2035, 6, 2, tzinfo=UTC))
        deliver_all(now)

        assert receiver.positions == [3]
        with pytest.raises(feed.CursorExpired):
            managing.replay(world.as_supplier, webhook, after=1, now=now)


def test_one_slow_receiver_does_not_hold_up_another_claim(world, now):
    with receiving() as receiver, receiving() as two:
        webhook_at(world, receiver, now=now)
        webhook_at(world, two, now=now)
        publish(world)
        first, second = delivering.claim_batch(now=now), delivering.claim_batch(now=now)

    assert first.endpoint_id != second.endpoint_id


@pytest.mark.requirement("R6.3")
def test_an_organisation_delivers_its_own_feed_only(world, now):
    with receiving() as receiver:
        webhook_at(world, receiver, now=now, scope=admin_of(world.other))
        publish(world, times=3)
        publish(world, party=world.other)
        deliver_all(now)

    assert receiver.positions == [1]
    assert receiver.batches[0][0]["source"].endswith(f"/{world.other.pk}")


def test_the_log_is_forgotten_after_a_month(world, now):
    with receiving() as receiver:
        webhook_at(world, receiver, now=now)
        publish(world)
        deliver_all(now)

    assert delivering.forget_old_deliveries(now=now + timedelta(days=29)) == 0
    assert delivering.forget_old_deliveries(now=now + timedelta(days=31)) == 1


@pytest.mark.requirement("R6.3")
@pytest.mark.django_db(transaction=True)
def test_a_worker_delivers_to_many_addresses_at_a_time(now):
    world = make_world(hubs=0)
    with receiving(hangs=0.5) as slow, receiving() as quick:
        webhook_at(world, slow, now=now)
        webhook_at(world, quick, now=now, batch_size=10)
        publish(world, times=100)
        calls = delivering.deliver_due(seconds=20)

    assert calls == 11
    assert quick.positions == slow.positions == list(range(1, 101))
    assert delivering.deliver_due() == 0


def test_one_organisations_addresses_take_two_lanes_at_most(world, now):
    with receiving() as receiver:
        for _ in range(4):
            webhook_at(world, receiver, now=now)
        publish(world)
        claimed = [delivering.claim_batch(now=now) for _ in range(4)]

    assert [each is not None for each in claimed] == [True, True, False, False]
