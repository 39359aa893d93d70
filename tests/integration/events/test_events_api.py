"""The feed over REST: in order, by cursor, as CloudEvents, one's own only, and as soon as there is something."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import override_settings

from notifications import long_poll
from portal.events import listening, naming, retention, sequencer, wakeups
from portal.events.journal import publish_entries
from portal.events.kinds import ActivationCode, EntryKind
from portal.events.models import FeedOutbox
from portal.identity.api_scopes import ApiScope
from portal.kernel.transactions import unit_of_work
from rollouts.models import Rollout
from tests.factories import make_rollout, make_world
from tests.integration.clients import Calls

PATH = "/api/v1/events"


@pytest.fixture(autouse=True)
def _apart(settings):
    settings.FEED_FOLLOWERS = []
    naming.forget_names()
    yield
    naming.forget_names()


@unit_of_work
def publish(parties, *, at, times=1, kind=EntryKind.RULE_RAN, **data):
    for number in range(times):
        publish_entries(kind, parties=parties, at=at, data={"n": number, **data})


def add_entry(**entry):
    FeedOutbox.objects.create(**entry)


@pytest.mark.requirement("R4.7")
def test_an_activation_carries_the_guid_and_the_version_that_runs_now(world, now):
    rollout = make_rollout(world, now=now)
    add_entry(
        guid=world.guid(3),
        at=now,
        party_id=world.supplier.pk,
        rollout_id=rollout.pk,
        version_id=world.target.pk,
        kind=EntryKind.HUB_ACTIVATED,
        code=ActivationCode.AFTER_HALT | ActivationCode.GAS,
    )
    sequencer.sequence_all()

    page = Calls.of(world.supplier_user).get(PATH).json()

    (event,) = page["items"]
    assert event == {
        "specversion": "1.0",
        "id": "1",
        "source": f"http://127.0.0.1:8000/feeds/{world.supplier.pk}",
        "type": "portal.hub.activated",
        "subject": "00-DB-12-34-00-00-00-03",
        "time": "2030-03-04T10:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "http://127.0.0.1:8000/api/v1/openapi.yaml#/components/schemas/EventData",
        "data": {
            "guid": "00-DB-12-34-00-00-00-03",
            "firmware_version": "0C230000",
            "rollout": {"id": rollout.pk, "name": "Toshiba 0C230000"},
            "reason": None,
            "activated_after_halt": True,
            "facts": {},
        },
    }
    assert (page["position"], page["head"]) == (1, 1)


def test_a_failure_says_why_and_a_coarse_entry_says_its_facts(world, now):
    add_entry(guid=world.guid(0), at=now, party_id=world.supplier.pk, kind=EntryKind.HUB_FAILED, code=20)
    publish([world.supplier.pk], at=now, name="North")
    sequencer.sequence_all()

    failed, ran = Calls.of(world.supplier_user).get(PATH).json()["items"]

    assert failed["data"]["reason"] == "VERIFICATION_FAILED"
    assert ran["type"] == "portal.rule.ran"
    assert ran["data"]["facts"] == {"n": 0, "name": "North"}
    assert ran["data"]["guid"] is None
    assert ran["subject"] == ran["source"]


def test_a_version_that_is_on_no_list_is_still_told(world, now):
    data = {"firmware_version": "0BADBAD0"}
    add_entry(
        guid=world.guid(0), at=now, party_id=world.supplier.pk, kind=EntryKind.HUB_VERSION_READ, data=data
    )
    sequencer.sequence_all()

    (event,) = Calls.of(world.supplier_user).get(PATH).json()["items"]

    assert event["data"]["firmware_version"] == "0BADBAD0"
    assert event["data"]["facts"] == {}


@pytest.mark.requirement("R6.3")
def test_following_next_reads_every_entry_once_and_in_order(world, now):
    publish([world.supplier.pk], at=now, times=25)
    sequencer.sequence_all()
    calls = Calls.of(world.supplier_user)

    seen, path = [], f"{PATH}?limit=10"
    for _ in range(4):
        page = calls.get(path).json()
        seen += [int(event["id"]) for event in page["items"]]
        path = page["next"].removeprefix("http://127.0.0.1:8000")

    assert seen == list(range(1, 26))
    assert page["items"] == []
    assert page["position"] == page["head"] == 25


def test_kinds_are_chosen_by_their_public_names(world, now):
    publish([world.supplier.pk], at=now, times=3)
    publish([world.supplier.pk], at=now, kind=EntryKind.ROLLOUT_PAUSED)
    sequencer.sequence_all()
    calls = Calls.of(world.supplier_user)

    page = calls.get(PATH, kinds="rollout.paused,hub.activated").json()

    assert [event["type"] for event in page["items"]] == ["portal.rollout.paused"]
    assert calls.get(PATH, kinds="hub.exploded").status_code == 422


@pytest.mark.requirement("R6.3")
def test_from_now_on_means_what_comes_after(world, now):
    publish([world.supplier.pk], at=now, times=3)
    sequencer.sequence_all()
    calls = Calls.of(world.supplier_user)

    first = calls.get(PATH, after="now").json()
    publish([world.supplier.pk], at=now)
    sequencer.sequence_all()
    second = calls.get(PATH, after=first["position"]).json()

    assert first["items"] == []
    assert [event["id"] for event in second["items"]] == ["4"]


@pytest.mark.requirement("R6.3")
@pytest.mark.parametrize("seat", ["other", "third", "csp", "operator"])
def test_nobody_reads_the_feed_of_another(world, now, seat):
    publish([world.supplier.pk], at=now)
    sequencer.sequence_all()

    page = Calls.of(getattr(world, f"{seat}_user"), ApiScope.EVENTS_READ).get(PATH).json()

    assert (page["items"], page["head"]) == ([], 0)


def test_a_token_without_the_scope_is_refused(world):
    answer = Calls.of(world.supplier_user, ApiScope.ESTATE_READ).get(PATH)

    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"


@pytest.mark.requirement("R6.3")
def test_a_cursor_that_is_too_old_is_told_what_is_kept(world, settings):
    settings.FEED_KEPT_MONTHS = 1
    publish([world.supplier.pk], at=datetime(2035, 1, 1, tzinfo=UTC), times=2)
    publish([world.supplier.pk], at=datetime(2035, 6, 1, tzinfo=UTC))
    sequencer.sequence_all()
    retention.keep_feed(now=datetime(2035, 6, 2, tzinfo=UTC))
    calls = Calls.of(world.supplier_user)

    answer = calls.get(PATH, after=1)

    assert answer.status_code == 410
    problem = answer.json()
    assert (problem["type"], problem["oldest"], problem["head"]) == ("/problems/cursor-expired", 2, 3)
    assert [event["id"] for event in calls.get(PATH).json()["items"]] == ["3"]


@pytest.mark.requirement("R6.3")
def test_a_cursor_from_another_feed_is_refused(world):
    answer = Calls.of(world.supplier_user).get(PATH, after=7)

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_ahead")


def test_the_events_alone_come_as_a_batch_of_cloudevents(world, now):
    publish([world.supplier.pk], at=now, times=2)
    sequencer.sequence_all()
    calls = Calls.of(world.supplier_user)

    answer = calls.client.get(PATH, headers={"Accept": "application/cloudevents-batch+json"})

    assert answer["Content-Type"] == "application/cloudevents-batch+json"
    assert [event["id"] for event in answer.json()] == ["1", "2"]
    assert (answer["Feed-Position"], answer["Feed-Head"]) == ("2", "2")


def test_a_page_of_any_size_takes_the_same_number_of_statements(world, now, django_assert_num_queries):
    rollout = make_rollout(world, now=now)
    calls = Calls.of(world.supplier_user)
    for number in range(40):
        add_entry(
            guid=world.guid(number % 20),
            at=now,
            party_id=world.supplier.pk,
            rollout_id=rollout.pk,
            version_id=world.target.pk,
            kind=EntryKind.HUB_ACTIVATED,
        )
    sequencer.sequence_all()
    calls.get(PATH)

    for size in (1, 40):
        with django_assert_num_queries(1):  # the token; head and entries go past what is counted
            calls.get(PATH, limit=size)


def test_waiting_ends_when_there_is_nothing_in_time(world, settings):
    settings.REDIS_URL = ""
    calls = Calls.of(world.supplier_user)
    began = time.monotonic()

    page = calls.get(PATH, after="now", wait=1).json()

    assert page["items"] == []
    assert 0.9 < time.monotonic() - began < 3


def test_waiting_ends_when_the_server_stops_and_goes_on_at_another(world, settings, monkeypatch, now):
    settings.REDIS_URL = ""
    monkeypatch.setattr(listening, "_ending", threading.Event())
    calls = Calls.of(world.supplier_user)
    threading.Timer(0.3, listening.end_waits).start()
    began = time.monotonic()

    page = calls.get(PATH, after="now", wait=30).json()
    again = calls.get(PATH, after=page["position"], wait=30).json()

    assert (page["items"], again["items"], again["position"]) == ([], [], page["position"])
    assert time.monotonic() - began < 4


def test_the_servers_own_stop_follows_that_of_waits(monkeypatch):
    ended, notices = threading.Event(), []
    monkeypatch.setattr(listening, "_ending", ended)
    before = signal.signal(signal.SIGTERM, lambda *_: notices.append(ended.is_set()))
    try:
        listening.end_waits_at_stop()
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert notices == [True]


@pytest.mark.parametrize(
    ("after", "status", "code"),
    [
        ("-1", 422, "invalid_input"),
        ("1.5", 422, "invalid_input"),
        ("\u0661", 422, "invalid_input"),
        ("9" * 19, 422, "invalid_input"),
        ("9" * 18, 422, "cursor_ahead"),
        ("3", 422, "cursor_ahead"),
        ("2", 200, None),
        ("0", 200, None),
    ],
)
def test_a_cursor_that_is_none_or_lies_ahead_is_refused(world, now, after, status, code):
    publish([world.supplier.pk], at=now, times=2)
    publish([world.other.pk], at=now, times=7)
    sequencer.sequence_all()

    answer = Calls.of(world.supplier_user).get(PATH, after=after)

    assert (answer.status_code, answer.json().get("code")) == (status, code)


@pytest.mark.requirement("R6.3")
def test_the_cursor_of_another_party_shows_nothing_of_its_feed(world, now):
    publish([world.other.pk], at=now, times=5, of="theirs")
    publish([world.supplier.pk], at=now, times=9, of="ours")
    sequencer.sequence_all()
    theirs = Calls.of(world.other_user).get(PATH).json()["position"]

    page = Calls.of(world.supplier_user).get(PATH, after=theirs).json()

    assert [event["id"] for event in page["items"]] == ["6", "7", "8", "9"]
    assert {event["data"]["facts"]["of"] for event in page["items"]} == {"ours"}


def test_whoever_comes_when_too_many_wait_is_answered_at_once(world, settings, monkeypatch):
    settings.REDIS_URL = ""
    monkeypatch.setattr(long_poll, "_places", lambda: threading.BoundedSemaphore(1))
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(long_poll, "_places", lambda: full)
    calls = Calls.of(world.supplier_user)
    began = time.monotonic()

    assert calls.get(PATH, after="now", wait=30).status_code == 200

    assert time.monotonic() - began < 1


@pytest.mark.requirement("R6.3")
@pytest.mark.django_db(transaction=True)
def test_a_long_poll_is_answered_as_soon_as_there_is_something_and_holds_no_connection(now, valkey_url):
    world = make_world(hubs=0)
    calls = Calls.of(world.supplier_user)
    held = []

    def write_later():
        time.sleep(0.6)
        held.append(_connections_left())
        publish([world.supplier.pk], at=now)
        sequencer.sequence_all()
        connection.close()

    writer = threading.Thread(target=write_later)
    with override_settings(REDIS_URL=valkey_url):
        wakeups._client.cache_clear()
        writer.start()
        began = time.monotonic()
        page = calls.get(PATH, after=0, wait=20).json()
        taken = time.monotonic() - began
        writer.join()
    wakeups._client.cache_clear()

    assert [event["id"] for event in page["items"]] == ["1"]
    assert taken < 10
    assert held == [1]  # the writer's own


def _connections_left() -> int:
    """Count them once those of earlier tests have gone: PostgreSQL takes a moment to see that one was closed."""
    ends = time.monotonic() + 5
    while (result := _connections()) > 1 and time.monotonic() < ends:
        time.sleep(0.05)
    return result


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "name", ['Quoted "name"', "Back\\slash", "Größe \u2028 \U0001f4a1", "tab\there", "{}%s"]
)
def test_no_text_breaks_the_envelope_the_database_writes(world, now, name):
    rollout = make_rollout(world, now=now)
    Rollout.objects.filter(pk=rollout.pk).update(name=name)
    data = {"name": name, "nested": {"list": [1, 2.5, None, True]}, "firmware_version": name}
    about = {"at": now, "party_id": world.supplier.pk, "rollout_id": rollout.pk}
    add_entry(**about, guid=world.guid(0), kind=EntryKind.HUB_VERSION_READ, data=data)
    add_entry(**about, guid=None, kind=EntryKind.RULE_RAN, data=data, version_id=world.target.pk)
    sequencer.sequence_all()

    read, ran = Calls.of(world.supplier_user).get(PATH).json()["items"]

    assert read["data"]["rollout"] == {"id": rollout.pk, "name": name}
    assert read["data"]["firmware_version"] == name
    assert read["data"]["facts"] == {each: data[each] for each in ("name", "nested")}
    assert ran["subject"] == f"rollouts/{rollout.pk}"
    assert (ran["data"]["firmware_version"], ran["data"]["facts"]) == ("0C230000", data)


def test_a_moment_is_told_to_the_microsecond(world, now):
    at = now.replace(microsecond=120)
    add_entry(guid=world.guid(0), at=at, party_id=world.supplier.pk, kind=EntryKind.HUB_JOINED)
    sequencer.sequence_all()

    (event,) = Calls.of(world.supplier_user).get(PATH).json()["items"]

    assert event["time"] == "2030-03-04T10:00:00.000120Z"
    assert datetime.fromisoformat(event["time"]) == at
