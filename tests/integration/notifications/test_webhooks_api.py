"""Webhooks over REST: made once however often it is asked, the secret shown once, and only one's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifications.models import WebhookEndpoint, WebhookSecret
from notifications.webhooks import delivering
from portal.events import naming, sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.identity.api_scopes import ApiScope
from portal.kernel.models import IdempotencyKey
from portal.kernel.transactions import unit_of_work
from rollouts.models import Hub
from rollouts.states import Region
from tests.factories import UserFactory, make_world
from tests.factories.world import FIRST_GUID
from tests.integration.clients import Calls
from tests.integration.receiving import receiving

pytestmark = [pytest.mark.django_db]
PATH = "/api/v1/webhooks"


@pytest.fixture
def world(db):
    naming.forget_names()
    return make_world(hubs=0)


@pytest.fixture
def calls(world):
    return Calls.of(world.supplier_user)


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


def webhook_at(calls, receiver, **more):
    answer = calls.send("post", PATH, {"name": "CRM", "url": receiver.url, **more})
    assert answer.status_code == 201, answer.content
    receiver.secret = answer.json()["secret"]
    return answer.json()["webhook"]


@unit_of_work
def publish(world, *, kind=EntryKind.RULE_RAN, times=1):
    for number in range(times):
        publish_entries(kind, parties=[world.supplier.pk], at=datetime.now(UTC), data={"n": number})


def deliver_all():
    sequencer.sequence_all()
    while delivering.deliver_next(now=datetime.now(UTC)):
        pass


@pytest.mark.requirement("R6.3")
def test_a_webhook_that_was_made_delivers_and_shows_how_it_stands(world, calls, receiver):
    made = webhook_at(calls, receiver, kinds=["rule.ran", "hub.activated"], batch_size=2)
    publish(world, times=3)
    deliver_all()
    publish(world)
    sequencer.sequence_all()

    shown = calls.get(f"{PATH}/{made['id']}").json()
    log = calls.get(f"{PATH}/{made['id']}/deliveries", limit=1).json()

    assert receiver.positions == [1, 2, 3]
    assert (shown["state"], shown["position"], shown["behind"]) == ("ENABLED", 3, 1)
    assert shown["kinds"] == ["hub.activated", "rule.ran"]
    assert log["items"][0]["outcome"] == "DELIVERED"
    assert (log["items"][0]["first_position"], log["items"][0]["last_position"]) == (3, 3)
    older = calls.client.get(log["next"].removeprefix("http://127.0.0.1:8000")).json()
    assert older["items"][0]["entries"] == 2
    assert calls.get(PATH).json()["items"] == [shown]


@pytest.mark.requirement("R6.3")
def test_deliveries_are_chosen_by_how_they_ended_and_repeated_events_keep_their_ids(world, calls, receiver):
    made = webhook_at(calls, receiver)
    log = f"{PATH}/{made['id']}/deliveries"
    publish(world, times=2)
    receiver.answer = lambda number: 500 if number == 1 else 204
    deliver_all()
    WebhookEndpoint.objects.update(due_at=datetime.now(UTC))
    deliver_all()
    calls.send("post", f"{PATH}/{made['id']}/replay", {"after": 0})
    deliver_all()

    ended = {
        outcome: [row["attempt"] for row in calls.get(log, outcome=outcome).json()["items"]]
        for outcome in ("DELIVERED", "REFUSED", "REFUSED,TIMED_OUT", "BLOCKED")
    }

    assert ended == {"DELIVERED": [1, 2], "REFUSED": [1], "REFUSED,TIMED_OUT": [1], "BLOCKED": []}
    assert receiver.positions == [1, 2, 1, 2]
    assert len(set(receiver.ids)) == 1, "so a batch is not what repetitions are known by"
    assert calls.get(log, outcome="LOST").status_code == 422
    assert Calls.of(world.other_user).get(log, outcome="DELIVERED").status_code == 404


def test_the_secret_is_shown_once_and_kept_sealed(calls, receiver):
    made = webhook_at(calls, receiver)

    records = WebhookSecret.objects.get().sealed
    again = calls.get(f"{PATH}/{made['id']}").content.decode()

    assert receiver.secret.startswith("whsec_")
    assert receiver.secret not in records
    assert receiver.secret not in again
    assert made["secrets"][0]["ending"] in receiver.secret


def test_asked_twice_under_one_key_it_is_made_once_and_the_key_keeps_no_secret(calls, receiver):
    body = {"name": "CRM", "url": receiver.url}

    first = calls.send("post", PATH, body, **{"Idempotency-Key": "one"})
    second = calls.send("post", PATH, body, **{"Idempotency-Key": "one"})

    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert WebhookEndpoint.objects.count() == 1
    assert first.json()["secret"] not in str(IdempotencyKey.objects.get().answer)


def test_it_is_changed_paused_and_removed(calls, receiver):
    made = webhook_at(calls, receiver)
    path = f"{PATH}/{made['id']}"

    renamed = calls.send("patch", path, {"name": "Other", "kinds": []})
    paused = calls.send("patch", path, {"is_enabled": False})
    stale = calls.send("patch", path, {"name": "x"}, **{"If-Match": 'W/"old"'})
    removed = calls.send("delete", path)

    assert renamed.json()["name"] == "Other"
    assert paused.json()["state"] == "PAUSED"
    assert stale.status_code == 412
    assert removed.status_code == 204
    assert calls.get(path).status_code == 404


@pytest.mark.requirement("R6.3")
def test_it_is_tested_rotated_and_replayed(world, calls, receiver):
    made = webhook_at(calls, receiver)
    path = f"{PATH}/{made['id']}"
    publish(world, times=2)
    deliver_all()

    waiting = calls.send("post", f"{path}/ping")
    delivering.send_ping(now=datetime.now(UTC))
    (pinged,) = (each for each in calls.send("get", f"{path}/deliveries").json()["items"] if each["is_ping"])
    rotated = calls.send("post", f"{path}/secret").json()
    replayed = calls.send("post", f"{path}/replay", {"after": 1}).json()
    receiver.secret = rotated["secret"]
    deliver_all()

    assert (waiting.status_code, waiting.json()["outcome"]) == (202, "WAITING")
    assert (pinged["outcome"], pinged["is_ping"], pinged["status"]) == ("DELIVERED", True, 204)
    assert len(rotated["webhook"]["secrets"]) == 2
    assert replayed == {"position": 1}
    assert receiver.positions == [1, 2, 2]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "x", "url": "http://crm.example/"}, 422, "bad_webhook_url"),
        ({"name": "x", "url": "https://10.0.0.1/"}, 422, "bad_webhook_url"),
        ({"name": "x"}, 422, "invalid_input"),
        ({"name": "x", "url": "https://crm.example/", "kinds": ["hub.exploded"]}, 422, "invalid_input"),
        ({"name": "x", "url": "https://crm.example/", "batch_size": 5000}, 422, "invalid_input"),
        ({"name": "x", "url": "https://crm.example/", "after": 7}, 422, "cursor_ahead"),
        ({"name": "x", "url": "https://crm.example/", "colour": "red"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_is_refused(calls, settings, body, status, code):
    settings.WEBHOOK_NETWORKS_INSIDE = []

    answer = calls.send("post", PATH, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nobody_sees_or_touches_a_webhook_of_another(world, calls, receiver):
    made = webhook_at(calls, receiver)
    other = Calls.of(world.other_user)
    path = f"{PATH}/{made['id']}"

    answers = [
        other.get(path),
        other.get(f"{path}/deliveries"),
        other.send("patch", path, {"name": "mine"}),
        other.send("delete", path),
        other.send("post", f"{path}/secret"),
        other.send("post", f"{path}/ping"),
        other.send("post", f"{path}/replay", {"after": 0}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7
    assert other.get(PATH).json() == {"items": []}
    assert WebhookEndpoint.objects.get().name == "CRM"


def test_reading_is_not_writing(world, receiver):
    reader = Calls.of(world.supplier_user, ApiScope.WEBHOOKS_READ)

    refused = reader.send("post", PATH, {"name": "CRM", "url": receiver.url})

    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert reader.get(PATH).json() == {"items": []}


def test_people_who_do_not_administer_are_kept_out(world, client):
    client.force_login(UserFactory(organisation=world.supplier, roles=["SUPPLIER_ANALYST"]))

    answer = client.get(PATH)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


@unit_of_work
def publish_of(world, *rollout_ids):
    for rollout_id in rollout_ids:
        publish_entries(
            EntryKind.ROLLOUT_RESUMED,
            parties=[world.supplier.pk],
            at=datetime.now(UTC),
            rollout_id=rollout_id,
        )


@pytest.mark.requirement("R6.3")
def test_a_webhook_may_be_for_some_rollouts_alone(world, calls, receiver, settings):
    settings.WEBHOOK_NETWORKS_INSIDE = ["127.0.0.0/8"]
    made = webhook_at(calls, receiver, rollout_ids=[17, 17, 19], kinds=["rollout.resumed", "rule.ran"])
    publish(world)
    publish_of(world, 17, 18, 19)

    deliver_all()
    changed = calls.send("patch", f"{PATH}/{made['id']}", {"rollout_ids": []}).json()
    publish_of(world, 18)
    deliver_all()

    assert (made["rollout_ids"], changed["rollout_ids"]) == ([17, 19], [])
    delivered = [event["data"]["rollout"]["id"] for batch in receiver.batches for event in batch]
    assert delivered == [17, 19, 18]
    assert changed["behind"] == 0, "what is not wanted is not waited for"


@unit_of_work
def publish_about(world, *guids):
    for guid in guids:
        for party in (world.supplier, world.other):
            FeedOutbox.objects.create(
                guid=guid,
                at=datetime.now(UTC),
                party_id=party.pk,
                version_id=world.target.pk,
                kind=EntryKind.HUB_ACTIVATED,
            )


@pytest.mark.requirement("R6.3")
def test_a_webhook_may_be_for_hubs_of_some_regions_alone(receiver, settings, db):
    settings.WEBHOOK_NETWORKS_INSIDE = ["127.0.0.0/8"]
    naming.forget_names()
    world = make_world(hubs=4)
    calls = Calls.of(world.supplier_user)
    first, second, lost, unknown = world.guid(0), world.guid(1), world.guid(2), FIRST_GUID - 1
    Hub.objects.filter(guid=first).update(region=Region.NORTH)
    Hub.objects.filter(guid=lost).update(
        import_supplier=world.third, gas_supplier=world.third, region=Region.SOUTH
    )
    made = webhook_at(calls, receiver, regions=["NORTH", "NORTH"], kinds=["hub.activated", "rule.ran"])
    publish(world)
    publish_about(world, first, second, lost, unknown)

    deliver_all()
    after = calls.get(f"{PATH}/{made['id']}").json()
    changed = calls.send("patch", f"{PATH}/{made['id']}", {"regions": ["CENTRAL", "SOUTH"]}).json()
    publish_about(world, first, second)
    deliver_all()
    calls.send("patch", f"{PATH}/{made['id']}", {"regions": []})
    publish(world)
    deliver_all()

    assert (made["regions"], changed["regions"]) == (["NORTH"], ["CENTRAL", "SOUTH"])
    ids = [event["id"] for batch in receiver.batches for event in batch]
    assert ids == ["2", "4", "7", "8"], "the region asked for, and the lost hub whatever its region"
    assert (after["position"], after["behind"]) == (5, 0), "what is not wanted is not waited for"


def test_there_is_no_such_region(calls, receiver):
    answer = calls.send("post", PATH, {"name": "CRM", "url": receiver.url, "regions": ["MOON"]})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/regions/0")
