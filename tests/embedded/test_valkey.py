"""The embedded Valkey answers only who knows the password, and comes back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.embedded import valkey


def test_it_answers_and_keeps_its_address_when_it_died(tmp_path):
    with valkey.running(tmp_path) as server:
        url = server.url
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
        server.restart()

        with redis.Redis.from_url(url) as client:
            assert client.ping()


def test_nobody_is_let_in_without_the_password(valkey_url):
    port = valkey_url.rpartition(":")[2].removesuffix("/0")

    with (
        redis.Redis(port=int(port), retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_the_list_of_processes_does_not_show_the_password(tmp_path):
    with valkey.running(tmp_path) as server:
        shown = Path("/proc", str(server._process.pid), "cmdline").read_bytes()

        assert server._password.encode() not in shown
