"""Pages that follow the stream by their cookie, and how many may follow it at a time."""

from __future__ import annotations

import base64
import threading
import time

import httpx
import pytest

from notifications.stream import app, reading
from portal.accounts.sessions import end_sessions
from portal.identity.models import ApiClient
from tests.integration.clients import client_for, token_for
from tests.integration.streaming import FEED, NEVER, SOON, bearer, following, publish, session_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.hubs(0), pytest.mark.usefixtures("broker")]


@pytest.mark.requirement("R6.4")
def test_a_page_is_told_that_something_changed_at_most_once_a_second(world, url):
    with following(f"{url}/stream", Cookie=session_of(world.supplier_user)) as stream:
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(12):
            publish(world.supplier)
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
    publish(world.supplier)
    time.sleep(1.2)  # until the server has heard of it

    with following(f"{url}/stream?since={rendered}", Cookie=cookie) as stream:
        message = stream.next()
    time.sleep(1.1)
    with following(f"{url}/stream", Cookie=cookie, Last_Event_ID=message.id) as stream:
        publish(world.supplier)
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
        publish(world.supplier)

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


def test_a_bound_token_follows_on_connections_with_its_certificate_alone(world, url, settings):
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    mine, theirs = (f":{base64.b64encode(name).decode()}:" for name in (b"mine", b"theirs"))
    made = client_for(world.supplier_user)
    ApiClient.objects.update(binds_tokens=True)
    token = token_for(made, Client_Cert=mine)

    with following(f"{url}{FEED}?after=0", Authorization=f"Bearer {token}", Client_Cert=mine) as stream:
        publish(world.supplier)
        assert stream.next().event == "entry"
    for shown in ({}, {"Client-Cert": theirs}):
        answer = httpx.get(url + FEED, headers={"Authorization": f"Bearer {token}", **shown}, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
