"""The stream: every entry in order for systems, a sign a second for pages, and only for those who still may."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import httpx
import pytest
from django.db import connection
from django.test import Client

from notifications.stream import app, feeds, reading
from portal.accounts.clients import revoke_client
from portal.accounts.sessions import end_sessions
from portal.events import naming, retention, sequencer, wakeups
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.identity.api_scopes import ApiScope
from portal.kernel.transactions import unit_of_work
from tests.factories import make_world
from tests.integration.clients import client_for, token_for
from tests.integration.streaming import following, streaming

pytestmark = [pytest.mark.requirement("R6.3"), pytest.mark.django_db(transaction=True)]
FEED = "/api/v1/events/stream"


@pytest.fixture(autouse=True)
def _broker(settings, valkey_url):
    settings.REDIS_URL = valkey_url
    settings.FEED_FOLLOWERS = []
    settings.EVENT_SUBSCRIBERS = []
    wakeups._client.cache_clear()
    naming.forget_names()
    yield
    wakeups._client.cache_clear()


@pytest.fixture
def world(transactional_db):
    return make_world(hubs=0)


@pytest.fixture
def url(world):
    with streaming() as address:
        yield address


@unit_of_work
def _tell(parties, times, kind):
    for number in range(times):
        publish_entries(kind, parties=parties, at=datetime.now(UTC), data={"n": number})


def say(party, *, times=1, kind=EntryKind.RULE_RAN):
    _tell([party.pk], times, kind)
    sequencer.sequence_all(seconds=20)


def bearer(user, *scopes):
    return f"Bearer {token_for(client_for(user, *scopes))}"


def session_of(user):
    client = Client()
    client.force_login(user)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def test_entries_arrive_in_order_as_soon_as_they_have_their_places(world, url):
    with following(url + FEED, Authorization=bearer(world.supplier_user)) as stream:
        time.sleep(0.3)
        began = time.monotonic()
        say(world.supplier, times=3)
        messages = stream.take(3)
        taken = time.monotonic() - began

    assert [(each.id, each.event) for each in messages] == [("1", "entry"), ("2", "entry"), ("3", "entry")]
    assert [each.data["data"]["facts"]["n"] for each in messages] == [0, 1, 2]
    assert messages[0].data["type"] == "portal.rule.ran"
    assert taken < 0.9


def test_whoever_comes_back_goes_on_after_the_last_entry_it_has_had(world, url):
    say(world.supplier, times=5)
    token = bearer(world.supplier_user)

    with following(url + FEED, Authorization=token, Last_Event_ID="2") as stream:
        again = stream.take(3)
    with following(f"{url}{FEED}?after=4", Authorization=token) as stream:
        say(world.supplier)
        last = stream.take(2)

    assert [each.id for each in again] == ["3", "4", "5"]
    assert [each.id for each in last] == ["5", "6"]


def test_one_that_fell_far_behind_catches_up_without_a_gap(world, url, monkeypatch):
    monkeypatch.setattr(feeds, "PAGE", 40)
    say(world.supplier, times=100)

    with following(f"{url}{FEED}?after=0", Authorization=bearer(world.supplier_user)) as stream:
        messages = stream.take(60)
        say(world.supplier, times=20)
        messages += stream.take(60)

    assert [int(each.id) for each in messages] == list(range(1, 121))


def test_kinds_can_be_chosen_and_the_place_still_moves_on(world, url, monkeypatch):
    monkeypatch.setattr(app, "HEARTBEAT_SECONDS", 0.2)
    token = bearer(world.supplier_user)
    with following(f"{url}{FEED}?kinds=rollout.paused", Authorization=token) as stream:
        time.sleep(0.1)
        say(world.supplier, times=3)
        say(world.supplier, kind=EntryKind.ROLLOUT_PAUSED)
        say(world.supplier, times=2)
        message = [stream.next()]
        while message[-1].id != "6":
            message.append(stream.next())

    entries = [each for each in message if each.event == "entry"]
    assert [each.data["type"] for each in entries] == ["portal.rollout.paused"]
    assert {each.event for each in message} == {"entry", "head"}


def test_nobody_sees_the_entries_of_another(world, url):
    with following(f"{url}{FEED}?after=0", Authorization=bearer(world.other_user)) as stream:
        time.sleep(0.2)
        say(world.supplier, times=2)
        say(world.other)
        message = stream.next()

    assert message.data["source"].endswith(f"/feeds/{world.other.pk}")
    assert message.id == "1"


def test_everybody_who_follows_sees_everything(world, url):
    token = bearer(world.supplier_user)
    seen: list[list[str]] = []

    def follow():
        with following(f"{url}{FEED}?after=0", Authorization=token) as stream:
            seen.append([each.id for each in stream.take(30)])

    threads = [threading.Thread(target=follow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        say(world.supplier, times=3)
    for thread in threads:
        thread.join(20)

    assert seen == [[str(number) for number in range(1, 31)]] * 8


def test_a_stranger_is_told_why_not(url):
    strangers = [
        ({}, 401, "not_authenticated"),
        ({"Authorization": "Bearer nonsense"}, 401, "invalid_token"),
        ({"Cookie": "portal_session=nonsense"}, 401, "not_authenticated"),
        ({"Origin": "https://elsewhere.example"}, 403, "not_permitted"),
        ({"Host": "elsewhere.example"}, 422, "bad_input"),
    ]
    for headers, status, code in strangers:
        for path in (FEED, "/stream"):
            answer = httpx.get(url + path, headers=headers, trust_env=False)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_needs_the_scope_and_a_cursor_has_to_be_one(world, url):
    token = bearer(world.supplier_user, ApiScope.ESTATE_READ)
    mine = {"Authorization": bearer(world.supplier_user)}

    def code(path, headers):
        answer = httpx.get(url + path, headers=headers, trust_env=False)
        return answer.status_code, answer.json()["code"]

    assert code(FEED, {"Authorization": token}) == (403, "insufficient_scope")
    assert code(f"{FEED}?after=x", mine) == (422, "bad_cursor")
    assert code(f"{FEED}?after=9", mine) == (422, "cursor_ahead")
    assert code(f"{FEED}?kinds=hub.exploded", mine) == (422, "invalid_input")
    assert code("/nothing", mine) == (404, "not_found")
    assert httpx.post(url + FEED, trust_env=False).status_code == 405


def test_a_cursor_that_is_too_old_is_told_so(world, url, settings):
    settings.FEED_KEPT_MONTHS = 1
    say(world.supplier, times=3)
    retention.keep_feed(now=datetime(2035, 6, 2, tzinfo=UTC))

    answer = httpx.get(
        f"{url}{FEED}?after=1", headers={"Authorization": bearer(world.supplier_user)}, trust_env=False
    )

    assert (answer.status_code, answer.json()["oldest"]) == (410, 3)


NEVER, SOON = 3_600.0, 0.5


@pytest.mark.parametrize("looks_every", [SOON, NEVER], ids=["at the next look", "as soon as it is said"])
def test_a_revoked_client_is_cut_off(world, url, monkeypatch, looks_every):
    monkeypatch.setattr(app, "CHECKED_EVERY", looks_every)
    made = client_for(world.supplier_user)
    with following(url + FEED, Authorization=f"Bearer {token_for(made)}") as stream:
        say(world.supplier)
        assert stream.next().id == "1"
        revoke_client(world.as_supplier, made.client_id, now=datetime.now(UTC))
        with pytest.raises(EOFError):
            stream.next()


@pytest.mark.requirement("R6.4")
def test_a_page_is_told_that_something_changed_at_most_once_a_second(world, url):
    with following(f"{url}/stream", Cookie=session_of(world.supplier_user)) as stream:
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(12):
            say(world.supplier)
            time.sleep(0.1)
        first, second = stream.take(2)
        taken = time.monotonic() - began

    assert (first.event, second.event) == ("changed", "changed")
    assert first.data["head"] < second.data["head"] <= 12
    assert int(second.id) - int(first.id) >= 990
    assert taken < 4


@pytest.mark.requirement("R6.4")
def test_a_page_is_told_at_once_of_what_happened_since_it_was_rendered(world, url):
    cookie = session_of(world.supplier_user)
    rendered = int(time.time() * 1000)
    say(world.supplier)
    time.sleep(1.2)  # until the server has heard of it

    with following(f"{url}/stream?since={rendered}", Cookie=cookie) as stream:
        message = stream.next()
    time.sleep(1.1)
    with following(f"{url}/stream", Cookie=cookie, Last_Event_ID=message.id) as stream:
        say(world.supplier)
        again = stream.next()

    assert message.data == {"head": 1}
    assert again.data == {"head": 2}


@pytest.mark.requirement("R6.4")
def test_pages_of_the_dcc_follow_every_supplier_and_those_of_a_supplier_only_their_own(world, url):
    time.sleep(1.2)  # of what was before its start the server knows nothing
    with (
        following(f"{url}/stream", Cookie=session_of(world.operator_user)) as dcc,
        following(f"{url}/stream", timeout=2, Cookie=session_of(world.other_user)) as other,
    ):
        time.sleep(0.2)
        say(world.supplier)

        assert dcc.next().event == "changed"
        with pytest.raises(httpx.ReadTimeout):
            other.next()


def test_a_page_of_the_portal_on_another_port_may_follow_with_its_cookie(world, url, settings):
    settings.STREAM_PAGES = ["http://127.0.0.1:8000"]
    cookie = session_of(world.supplier_user)

    with following(f"{url}/stream", Cookie=cookie, Origin="http://127.0.0.1:8000") as stream:
        headers = stream.response.headers
    preflight = httpx.options(url + FEED, headers={"Origin": "http://127.0.0.1:8000"}, trust_env=False)

    assert headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:8000"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("looks_every", [SOON, NEVER], ids=["at the next look", "as soon as it is said"])
def test_whoever_has_been_logged_out_is_cut_off(world, url, monkeypatch, looks_every):
    monkeypatch.setattr(app, "CHECKED_EVERY", looks_every)
    with following(f"{url}/stream", Cookie=session_of(world.supplier_user)) as stream:
        world.supplier_user.is_active = False
        world.supplier_user.save(update_fields=["is_active"])
        end_sessions(world.supplier_user)
        with pytest.raises(EOFError):
            stream.take(10)


def test_a_stream_without_news_shows_that_it_lives(world, url, monkeypatch):
    monkeypatch.setattr(app, "HEARTBEAT_SECONDS", 0.2)
    with following(url + FEED, Authorization=bearer(world.supplier_user)) as stream:
        lines = [next(stream.lines) for _ in range(4)]

    assert lines[0].startswith("retry: ")
    assert ": still here" in lines


def test_an_organisation_follows_so_many_streams_whatever_clients_it_makes(world, url, settings):
    settings.STREAM_CLIENTS_OF_ORGANISATION = 1
    with following(url + FEED, Authorization=bearer(world.supplier_user)):
        own = httpx.get(url + FEED, headers={"Authorization": bearer(world.supplier_user)}, trust_env=False)
        with following(url + FEED, Authorization=bearer(world.other_user)):
            pass
    assert (own.status_code, own.json()["code"]) == (429, "too_many_streams")


def test_thousands_of_parameters_are_refused(world, url):
    answer = httpx.get(
        f"{url}{FEED}?{'a=&' * 6_000}",
        headers={"Authorization": bearer(world.supplier_user)},
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


def test_only_so_many_are_let_in(world, url, settings):
    settings.STREAM_CLIENTS_OF_ONE = 1
    token = bearer(world.supplier_user)
    with following(url + FEED, Authorization=token):
        time.sleep(0.2)
        second = httpx.get(url + FEED, headers={"Authorization": token}, trust_env=False)
        settings.STREAM_CLIENTS = 1
        third = httpx.get(url + FEED, headers={"Authorization": bearer(world.other_user)}, trust_env=False)

    assert (second.status_code, second.json()["code"]) == (429, "too_many_streams")
    assert (third.status_code, third.json()["code"], third.headers["Retry-After"]) == (503, "no_room", "5")


def test_many_who_come_at_once_are_counted_one_by_one(world, url, settings, monkeypatch):
    settings.STREAM_CLIENTS_OF_ONE = 3
    slow = reading.position_of

    def place_of(*args):
        time.sleep(0.2)  # all of them are let in before the first one follows
        return slow(*args)

    monkeypatch.setattr(reading, "position_of", place_of)
    token, ends, result = bearer(world.supplier_user), threading.Event(), []

    def follow():
        headers = {"Authorization": token}
        with httpx.stream("GET", url + FEED, headers=headers, timeout=20, trust_env=False) as answer:
            result.append(answer.status_code)
            ends.wait(10)

    threads = [threading.Thread(target=follow) for _ in range(12)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 10
    while len(result) < len(threads) and time.monotonic() < until:
        time.sleep(0.05)
    ends.set()
    for thread in threads:
        thread.join(10)

    assert sorted(result) == [200] * 3 + [429] * 9


@pytest.mark.requirement("R3.3")
def test_the_last_id_of_another_party_shows_nothing_of_its_feed(world, url):
    say(world.other, times=5)
    say(world.supplier, times=2)
    token = bearer(world.supplier_user)

    ahead = httpx.get(url + FEED, headers={"Authorization": token, "Last-Event-ID": "5"}, trust_env=False)
    say(world.supplier, times=5)
    with following(url + FEED, Authorization=token, Last_Event_ID="5") as stream:
        messages = stream.take(2)

    assert (ahead.status_code, ahead.json()["code"], ahead.json()["head"]) == (422, "cursor_ahead", 2)
    assert [(each.id, each.data["source"].rpartition("/")[2]) for each in messages] == [
        ("6", str(world.supplier.pk)),
        ("7", str(world.supplier.pk)),
    ]


@pytest.mark.parametrize("last", ["-1", "1e3", "0x1", "9" * 19, "é", "\u0661"])
def test_a_last_id_that_is_none_is_refused(world, url, last):
    answer = httpx.get(
        f"{url}{FEED}",
        headers=[(b"Authorization", bearer(world.supplier_user).encode()), (b"Last-Event-ID", last.encode())],
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_without_a_broker_entries_are_only_slower(world, settings):
    settings.REDIS_URL = ""
    with streaming() as url, following(url + FEED, Authorization=bearer(world.supplier_user)) as stream:
        time.sleep(0.2)
        say(world.supplier)

        assert stream.next().id == "1"


def test_the_process_says_that_it_lives(url):
    assert httpx.get(f"{url}/livez", trust_env=False).text == "alive\n"
    connection.close()
