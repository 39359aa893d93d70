"""A web server that is told to stop: whoever waits for news is answered, and goes on at another one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from django.db import connection

from portal.embedded.ports import free_port
from tests.factories import make_world
from tests.integration.clients import client_for, token_for

pytestmark = [pytest.mark.live, pytest.mark.requirement("R6.3"), pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def server(transactional_db, valkey_url, port, tmp_path):
    """Have gunicorn serve as it does in production, on the database of this test."""
    found = connection.settings_dict
    who = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    variables = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{who}@{found['HOST']}:{found['PORT']}/{found['NAME']}",
        "REDIS_URL": valkey_url,
        "PORTAL_VAR": str(tmp_path),
        "SECRET_KEY": "of this test alone " * 4,
        "PLAIN_HTTP": "1",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT),
    }
    words = (f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=4", "--no-control-socket")
    log = (tmp_path / "web.log").open("wb")
    running = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "portal.wsgi", *words], env=variables, stdout=log, stderr=log
    )
    try:
        until = time.monotonic() + 60
        while not _lives(port):
            assert running.poll() is None and time.monotonic() < until, (tmp_path / "web.log").read_text()  # noqa: PT018
            time.sleep(0.2)
        yield running
    finally:
        running.kill()
        running.wait(10)
        log.close()


def _lives(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


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
