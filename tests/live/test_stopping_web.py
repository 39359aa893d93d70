"""A web server that is told to stop: whoever waits for news is answered, and goes on at another one."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from tests.factories import make_world
from tests.integration.clients import client_for, token_for

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


def test_a_long_poll_is_answered_when_the_server_stops(server, port):
    world = make_world(hubs=0)
    headers = {"Authorization": f"Bearer {token_for(client_for(world.supplier_user))}"}
    answers: list[httpx.Response] = []

    def poll() -> None:
        where = f"http://127.0.0.1:{port}/api/v1/events?after=now&wait=30"
        answers.append(httpx.get(where, headers=headers, timeout=40, trust_env=False))

    waiting = threading.Thread(target=poll)
    waiting.start()
    time.sleep(2)
    began = time.monotonic()
    server.terminate()
    server.wait(20)
    taken = time.monotonic() - began
    waiting.join(10)

    assert [(answer.status_code, answer.json()["items"]) for answer in answers] == [(200, [])]
    assert taken < 8
