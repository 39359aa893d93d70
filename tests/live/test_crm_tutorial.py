"""The tutorial of docs/how-to/connect-a-crm, copied and run: its blocks, in its order, with a reader's own values."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifications.webhooks import delivering, managing
from portal.embedded.ports import free_port
from portal.events import naming, sequencer, wakeups
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from rollouts.models import Instruction
from tests.factories import make_rollout, make_world
from tests.integration.clients import client_for
from tests.integration.streaming import streaming
from tests.libraries import generator

pytestmark = [
    pytest.mark.live,
    pytest.mark.requirement("R6.2", "R6.3"),
    pytest.mark.django_db(transaction=True),
]
HOME = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "connect-a-crm"
SECONDS = 120


@pytest.fixture
def world(transactional_db, settings, valkey_url):
    settings.REDIS_URL = valkey_url
    settings.FEED_FOLLOWERS = []
    settings.EVENT_SUBSCRIBERS = []
    wakeups._client.cache_clear()
    naming.forget_names()
    yield make_world(hubs=20)
    wakeups._client.cache_clear()
    naming.forget_names()


def blocks() -> list[str]:
    """The blocks of commands, in the order of the page."""
    return re.findall(r"```sh\n(.*?)```", (HOME / "README.md").read_text(), re.DOTALL)


class Reader:
    """Somebody who copies block after block into a shell, with values of their own in the places for them."""

    def __init__(self, home: Path, values: dict[str, str]) -> None:
        self.home = home
        self.values = values
        self.said: list[str] = []
        """What was typed to begin with: directories and variables last from block to block."""

    def copied(self, block: str) -> str:
        for place, value in self.values.items():
            block = block.replace(place, value)
        return block

    def script(self, line: str) -> list[str]:
        return ["sh", "-ec", "\n".join([*self.said, f"exec {line}" if line else "true"])]

    def take(self, block: str) -> list[str]:
        """Type what lasts; return the commands that are left to be run."""
        commands = []
        for line in self.copied(block).splitlines():
            lasts = line.startswith(("export ", "cd "))
            (self.said if lasts else commands).append(line.partition("   #")[0])
        return [line for line in commands if line.strip()]

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        library = str(generator().python())
        return {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "PYTHONPATH": library}

    def run(self, line: str) -> str:
        done = subprocess.run(
            self.script(line),
            cwd=self.home,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, line: str) -> Iterator[Running]:
        """Have a command run that goes on until Ctrl-C."""
        log = self.home / "output"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.script(line),
                cwd=self.home,
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                # Where the tests run in the background, Ctrl-C is ignored from birth on.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            )
        try:
            yield Running(process, log)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(SECONDS)


class Running:
    """A command that goes on."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log

    def says(self, text: str) -> None:
        """Wait until it has said something."""
        ends = time.monotonic() + SECONDS
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < ends, self.log.read_text()
            time.sleep(0.05)


@pytest.fixture
def reader(world, live_server, tmp_path) -> Iterator[Reader]:
    """A reader with a copy of the folder and access to a portal."""
    shutil.copytree(
        HOME,
        tmp_path / "docs" / "how-to" / "connect-a-crm",
        ignore=shutil.ignore_patterns("__pycache__", "*.sqlite*"),
    )
    made = client_for(world.supplier_user)
    with streaming() as stream_url:
        yield Reader(
            tmp_path,
            {
                "http://127.0.0.1:8000": live_server.url,
                "http://127.0.0.1:8001": stream_url,
                "CRM_CLIENT_ID=...": f"CRM_CLIENT_ID={made.client_id}",
                "CRM_CLIENT_SECRET=...": f"CRM_CLIENT_SECRET={made.secret}",
            },
        )


def happen(world, number: int, kind: EntryKind = EntryKind.HUB_ACTIVATED, **more: object) -> None:
    about = {"guid": world.guid(number), "version_id": world.target.pk, **more}
    FeedOutbox.objects.create(at=datetime.now(UTC), party_id=world.supplier.pk, kind=kind, **about)
    sequencer.sequence_all()


def test_whoever_copies_the_commands_gets_what_the_page_promises(world, reader):
    access, mirrored, followed, called, ruled = blocks()
    port = free_port()
    webhook = managing.create_webhook(
        world.as_supplier, name="CRM", url=f"http://127.0.0.1:{port}/", now=datetime.now(UTC)
    )
    reader.values |= {"whsec_...": webhook.secret, "9000": str(port)}

    assert reader.take(access) == []
    (mirror,) = reader.take(mirrored)
    poll, stream = reader.take(followed)
    (receive,) = reader.take(called)
    (rule,) = reader.take(ruled)

    assert "16 hubs mirrored" in reader.run(mirror)
    assert "16 hubs mirrored" in reader.run(mirror), "again it goes on where it stopped"
    for number, line in enumerate((poll, stream)):
        with reader.running(line) as running:
            running.says("hubs mirrored")
            happen(world, number)
            running.says(f"{number + 1} portal.hub.activated")
    with reader.running(receive) as running:
        running.says("hubs mirrored")
        happen(world, 2)
        delivering.deliver_due(seconds=5, lanes=1)
        running.says("3 portal.hub.activated")

    rollout = make_rollout(world, now=datetime.now(UTC), status="NOTIFIED")
    with reader.running(rule) as running:
        running.says("hubs mirrored")
        happen(world, 0, EntryKind.ROLLOUT_NOTIFIED, rollout_id=rollout.pk, guid=None, data={"name": "x"})
        running.says("portal.rollout.notified")
        ends = time.monotonic() + SECONDS
        while not Instruction.objects.exists() and time.monotonic() < ends:
            time.sleep(0.1)

    assert Instruction.objects.get().channel == "REST"
    assert "16 hubs, 4 events" in reader.run("python -m crm show")
