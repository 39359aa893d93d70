"""gunicorn as it serves in production, on the database of a test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from django.core.cache import cache
from django.db import connection

from portal.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_call_counts_yet() -> None:
    """Begin a test with no call of an earlier one counted against the limits of a minute."""
    cache.clear()


@pytest.fixture
def port() -> int:
    """A port of this machine that nobody uses."""
    return free_port()


@pytest.fixture
def server(
    transactional_db: None, valkey_url: str, port: int, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Have gunicorn serve; a body has two seconds to arrive."""
    with serving(valkey_url, port, tmp_path) as running:
        yield running


def variables_of(valkey_url: str, tmp_path: Path, **more: str) -> dict[str, str]:
    """Return what a process on the database of the test finds in its environment."""
    connection_settings = connection.settings_dict
    who = quote(connection_settings["USER"]) + (
        f":{quote(connection_settings['PASSWORD'])}" if connection_settings["PASSWORD"] else ""
    )
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql://{who}@{connection_settings['HOST']}:{connection_settings['PORT']}/{connection_settings['NAME']}",
        "REDIS_URL": valkey_url,
        "PORTAL_VAR": str(tmp_path),
        "SECRET_KEY": "of this test alone " * 4,
        "PLAIN_HTTP": "1",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT),
        **more,
    }


@contextmanager
def serving(
    valkey_url: str, port: int, tmp_path: Path, *, name: str = "web", **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Have gunicorn serve the database of the test for the length of a block."""
    usual = {"BODY_SECONDS": "2", "PORTAL_URL": f"http://127.0.0.1:{port}"}
    variables = variables_of(valkey_url, tmp_path, **{**usual, **more})
    words = (f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=4", "--no-control-socket")
    log_file = tmp_path / f"{name}.log"
    log = log_file.open("wb")
    running = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "portal.wsgi", *words], env=variables, stdout=log, stderr=log
    )
    try:
        until = time.monotonic() + 60
        while not _lives(port):
            assert running.poll() is None and time.monotonic() < until, log_file.read_text()  # noqa: PT018
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
