"""The package of clients/typescript against the running portal, as a program on Node uses it: its own tests, run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection

from notifications.webhooks import delivering
from portal.events import naming, sequencer, wakeups
from portal.kernel.guid import Guid
from tests.factories import make_rollout, make_world
from tests.integration.clients import client_for
from tests.integration.streaming import streaming
from tests.libraries import CLIENTS
from tests.live.conftest import serving

LIBRARY = CLIENTS / "typescript"
NODE = shutil.which("node") or ""
pytestmark = [
    pytest.mark.live,
    pytest.mark.requirement("R6.2"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not NODE or not (LIBRARY / "dist" / "lib").exists(),
        reason="no Node here, or the package is not built: make clients",
    ),
]
SECONDS = 180


@pytest.fixture
def world(transactional_db, settings, valkey_url, fresh_cache):
    settings.REDIS_URL = valkey_url
    settings.FEED_FOLLOWERS = []
    settings.EVENT_SUBSCRIBERS = []
    settings.WEBHOOK_NETWORKS_INSIDE = ["127.0.0.0/8"]
    wakeups._client.cache_clear()
    naming.forget_names()
    yield make_world()
    wakeups._client.cache_clear()
    naming.forget_names()


def test_what_the_package_promises_holds_against_a_portal(world, settings, valkey_url, port, tmp_path):
    rollout = make_rollout(world, now=datetime.now(UTC))
    made = client_for(world.supplier_user)
    variables = {"WEBHOOK_NETWORKS_INSIDE": "127.0.0.0/8", "SECRET_KEY": settings.SECRET_KEY}
    with serving(valkey_url, port, tmp_path, **variables), streaming() as stream_url, worker():
        done = subprocess.run(
            [NODE, "--test", "--test-concurrency=1", "--test-timeout=60000", "test/portal.test.mjs"],
            cwd=LIBRARY,
            env={
                "PATH": os.environ["PATH"],
                "PORTAL_URL": f"http://127.0.0.1:{port}",
                "STREAM_URL": stream_url,
                "CLIENT_ID": made.client_id,
                "CLIENT_SECRET": made.secret,
                "ROLLOUT_ID": str(rollout.pk),
                "GUIDS": ",".join(str(Guid.from_db(world.guid(number))) for number in (0, 1, 17, 2, 3, 4)),
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@contextmanager
def worker():
    """Have events sequenced and delivered for the length of a block."""
    ends = threading.Event()
    thread = threading.Thread(target=_sequence_and_deliver, args=(ends,))
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(20)


def _sequence_and_deliver(ends: threading.Event) -> None:
    while not ends.wait(0.2):
        sequencer.sequence_all()
        delivering.deliver_due(seconds=1, lanes=1)
    connection.close()
