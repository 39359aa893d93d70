"""The stream of entries: every entry in order, and only for those who still may."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import httpx
import pytest
from django.db import connection

from notifications.stream import app, feeds
from portal.accounts.clients import revoke_client
from portal.events import retention
from portal.events.kinds import EntryKind
from portal.identity.api_scopes import ApiScope
from tests.integration.clients import client_for, token_for
from tests.integration.streaming import FEED, NEVER, SOON, bearer, following, publish, publish_of, streaming

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.hubs(0), pytest.mark.usefixtures("broker")]


@pytest.mark.requirement("R6.3")
def test_entries_arrive_in_order_as_soon_as_they_have_their_places(world, url):
    with following(url + FEED, Authorization=bearer(world.supplier_user)) as stream:
        time.sleep(0.3)
        began = time.monotonic()
        publish(world.supplier, times=3)
        messages = stream.take(3)
        taken = time.monotonic() - began

    assert [(each.id, each.event) for each in messages] == [("1", "entry"), ("2", "entry"), ("3", "entry")]
    assert [each.data["data"]["facts"]["n"] for each in messages] == [0, 1, 2]
    assert messages[0].data["type"] == "portal.rule.ran"
    assert taken < 0.9


@pytest.mark.requirement("R6.3")
def test_whoever_comes_back_goes_on_after_the_last_entry_it_has_had(world, url):
    publish(world.supplier, times=5)
    token = bearer(world.supplier_user)

    with following(url + FEED, Authorization=token, Last_Event_ID="2") as stream:
        again = stream.take(3)
    with following(f"{url}{FEED}?after=4", Authorization=token) as stream:
        publish(world.supplier)
        last = stream.take(2)

    assert [each.id for each in again] == ["3", "4", "5"]
    assert [each.id for each in last] == ["5", "6"]


@pytest.mark.requirement("R6.3")
def test_one_that_fell_far_behind_catches_up_without_a_gap(world, url, monkeypatch):
    monkeypatch.setattr(feeds, "PAGE", 40)
    publish(world.supplier, times=100)

    with following(f"{url}{FEED}?after=0", Authorization=bearer(world.supplier_user)) as stream:
        messages = stream.take(60)
        publish(world.supplier, times=20)
        messages += stream.take(60)

    assert [int(each.id) for each in messages] == list(range(1, 121))


@pytest.mark.requirement("R6.3")
def test_kinds_can_be_chosen_and_the_place_still_moves_on(world, url, monkeypatch):
    monkeypatch.setattr(app, "HEARTBEAT_SECONDS", 0.2)
    token = bearer(world.supplier_user)
    with following(f"{url}{FEED}?kinds=rollout.paused", Authorization=token) as stream:
        time.sleep(0.1)
        publish(world.supplier, times=3)
        publish(world.supplier, kind=EntryKind.ROLLOUT_PAUSED)
        publish(world.supplier, times=2)
        message = [stream.next()]
        while message[-1].id != "6":
            message.append(stream.next())

    entries = [each for each in message if each.event == "entry"]
    assert [each.data["type"] for each in entries] == ["portal.rollout.paused"]
    assert {each.event for each in message} == {"entry", "head"}


@pytest.mark.requirement("R6.3")
def test_one_rollout_can_be_chosen_and_the_place_still_moves_on(world, url, monkeypatch):
    monkeypatch.setattr(app, "HEARTBEAT_SECONDS", 0.2)
    mine, theirs = (bearer(user) for user in (world.supplier_user, world.other_user))
    publish_of(world.supplier, 17, 18, None, 17, 18)
    with (
        following(f"{url}{FEED}?after=0&rollout_id=17", Authorization=mine) as stream,
        following(f"{url}{FEED}?after=0&rollout_id=17", Authorization=theirs) as strange,
    ):
        message = [stream.next()]
        while message[-1].id != "5":
            message.append(stream.next())
        nothing = strange.next()

    assert [each.id for each in message if each.event == "entry"] == ["1", "4"]
    assert (nothing.event, nothing.id) == ("head", "0")


@pytest.mark.requirement("R6.3")
def test_nobody_sees_the_entries_of_another(world, url):
    with following(f"{url}{FEED}?after=0", Authorization=bearer(world.other_user)) as stream:
        time.sleep(0.2)
        publish(world.supplier, times=2)
        publish(world.other)
        message = stream.next()

    assert message.data["source"].endswith(f"/feeds/{world.other.pk}")
    assert message.id == "1"


@pytest.mark.requirement("R6.3")
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
        publish(world.supplier, times=3)
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
    assert code(f"{FEED}?rollout_id=x", mine) == (422, "invalid_input")
    assert code(f"{FEED}?rollout_id=1&rollout_id=2", mine) == (422, "invalid_input")
    assert code("/nothing", mine) == (404, "not_found")
    assert httpx.post(url + FEED, trust_env=False).status_code == 405


@pytest.mark.requirement("R6.3")
def test_a_cursor_that_is_too_old_is_told_so(world, url, settings):
    settings.FEED_KEPT_MONTHS = 1
    publish(world.supplier, times=3)
    retention.keep_feed(now=datetime(2035, 6, 2, tzinfo=UTC))

    answer = httpx.get(
        f"{url}{FEED}?after=1", headers={"Authorization": bearer(world.supplier_user)}, trust_env=False
    )

    assert (answer.status_code, answer.json()["oldest"]) == (410, 3)


@pytest.mark.parametrize("looks_every", [SOON, NEVER], ids=["at the next look", "as soon as it is said"])
def test_a_revoked_client_is_cut_off(world, url, monkeypatch, looks_every):
    monkeypatch.setattr(app, "CHECKED_EVERY", looks_every)
    made = client_for(world.supplier_user)
    with following(url + FEED, Authorization=f"Bearer {token_for(made)}") as stream:
        publish(world.supplier)
        assert stream.next().id == "1"
        revoke_client(world.as_supplier, made.client_id, now=datetime.now(UTC))
        with pytest.raises(EOFError):
            stream.next()


def test_a_stream_without_news_shows_that_it_lives(world, url, monkeypatch):
    monkeypatch.setattr(app, "HEARTBEAT_SECONDS", 0.2)
    with following(url + FEED, Authorization=bearer(world.supplier_user)) as stream:
        lines = [next(stream.lines) for _ in range(4)]

    assert lines[0].startswith("retry: ")
    assert ": still here" in lines


@pytest.mark.requirement("R6.3")
def test_the_last_id_of_another_party_shows_nothing_of_its_feed(world, url):
    publish(world.other, times=5)
    publish(world.supplier, times=2)
    token = bearer(world.supplier_user)

    ahead = httpx.get(url + FEED, headers={"Authorization": token, "Last-Event-ID": "5"}, trust_env=False)
    publish(world.supplier, times=5)
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


@pytest.mark.requirement("R6.3")
def test_without_a_broker_entries_are_only_slower(world, settings):
    settings.REDIS_URL = ""
    with streaming() as url, following(url + FEED, Authorization=bearer(world.supplier_user)) as stream:
        time.sleep(0.2)
        publish(world.supplier)

        assert stream.next().id == "1"


def test_the_process_says_that_it_lives(url):
    assert httpx.get(f"{url}/livez", trust_env=False).text == "alive\n"
    connection.close()
