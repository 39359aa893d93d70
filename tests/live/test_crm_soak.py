"""The worked client of docs/how-to/connect-a-crm, run against a portal under load: nothing lost, nothing invented."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection

from notifications.webhooks import delivering, managing
from portal.events import feed, naming, sequencer, wakeups
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.guid import Guid
from portal.kernel.transactions import unit_of_work
from rollouts.models import Hub, Instruction, Rollout
from tests.factories import make_rollout, make_world
from tests.integration.clients import client_for
from tests.integration.streaming import streaming
from tests.libraries import python_library

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
]
HOME = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "connect-a-crm"
WRITERS, COMMITS, A_COMMIT = 4, 40, 10


@pytest.fixture
def crm(monkeypatch):
    python_library()
    monkeypatch.syspath_prepend(str(HOME))
    names = ("mirror", "following", "receiver", "rule")
    yield SimpleNamespace(**{name: importlib.import_module(f"crm.{name}") for name in names})
    for name in [name for name in sys.modules if name.partition(".")[0] == "crm"]:
        del sys.modules[name]


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


@pytest.fixture
def system(world, live_server, crm):
    """Make the client's access: `system()` opens another one, as after a restart."""
    made = client_for(world.supplier_user)
    opened = []

    def open_one(stream_url):
        portal = python_library().Portal
        opened.append(portal(live_server.url, made.client_id, made.secret, stream_url=stream_url))
        return opened[-1]

    with streaming() as stream_url:
        yield lambda: open_one(stream_url)
        for each in opened:
            each.close()


@unit_of_work
def commit(world, *, writer, number, pause):
    """Write some entries and hold them back for a while: later writers commit before."""
    FeedOutbox.objects.bulk_create(
        FeedOutbox(
            guid=world.guid((writer + place) % 9),
            at=datetime.now(UTC),
            party_id=party,
            version_id=world.target.pk,
            kind=EntryKind.HUB_ACTIVATED,
            data={"from": [writer, number, place]},
        )
        for place in range(A_COMMIT)
        for party in (world.supplier.pk, world.other.pk)
    )
    time.sleep(pause)


def write(world, writer):
    for number in range(COMMITS):
        commit(world, writer=writer, number=number, pause=0.001 if (writer + number) % 3 else 0.03)
    connection.close()


class Loop:
    """Something that is done again and again in a thread of its own, until the block ends."""

    def __init__(self, act, *, pause=0.02):
        self.until = threading.Event()
        self.failures = []
        self.thread = threading.Thread(target=self._run, args=(act, pause))

    def _run(self, act, pause):
        try:
            while not self.until.wait(pause):
                act()
        except Exception as failure:  # noqa: BLE001 - told by the test
            self.failures.append(failure)
        finally:
            connection.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.until.set()
        self.thread.join(20)
        assert not self.failures


def wait_for(holds, *, seconds):
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.05)


class Both:
    """Keeps what the webhook brings in its own mirror, and in the one that all ways share."""

    def __init__(self, mirrors):
        self.mirrors = mirrors

    def take(self, events, *, way):
        self.mirrors["all"].take(events, way=way)
        return self.mirrors["webhook"].take(events, way=way)


@contextmanager
def receiving(world, crm, mirrors):
    """Have the client's receiver called by a webhook."""
    secrets: list[str] = []
    receiver = crm.receiver.server(Both(mirrors), secrets, port=0, on_events=lambda _: None)
    serving = threading.Thread(target=receiver.serve_forever)
    serving.start()
    url = f"http://127.0.0.1:{receiver.server_port}/"
    now = datetime.now(UTC)
    secrets.append(managing.create_webhook(world.as_supplier, name="CRM", url=url, now=now).secret)
    yield
    receiver.shutdown()
    serving.join()
    receiver.server_close()


@contextmanager
def following(world, system, crm, mirrors):
    """Follow by poll and by stream, each into its own mirror and into the one that all ways share."""
    until = threading.Event()
    more = {"until": until, "on_events": lambda _: None, "wait": 1}
    ways = [("poll", "poll"), ("poll", "all"), ("stream", "stream"), ("stream", "all")]
    threads = [
        threading.Thread(
            target=crm.following.follow, args=(system(), mirrors[name]), kwargs={**more, "by": way}
        )
        for way, name in ways
    ]
    for thread in threads:
        thread.start()
    yield
    until.set()
    commit(world, writer=0, number=COMMITS, pause=0)  # the last word: it wakes who waits
    for thread in threads:
        thread.join(10)


def write_all(world):
    writers = [threading.Thread(target=write, args=(world, number)) for number in range(WRITERS)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()


@pytest.mark.requirement("R4.7", "R6.3")
def test_by_poll_stream_and_webhook_at_once_nothing_is_lost_while_writers_commit_out_of_order(
    world, system, crm
):
    mirrors = {way: crm.mirror.Mirror(":memory:") for way in ("poll", "stream", "webhook", "all")}
    for mirror in mirrors.values():
        crm.following.mirror_estate(system(), mirror)
    total = WRITERS * COMMITS * A_COMMIT
    began = time.monotonic()
    with (
        receiving(world, crm, mirrors),
        Loop(sequencer.sequence_all),
        Loop(lambda: delivering.deliver_due(seconds=1, lanes=1)),
        following(world, system, crm, mirrors),
    ):
        write_all(world)
        wait_for(lambda: all(len(m.positions()) >= total for m in mirrors.values()), seconds=20)
        taken = time.monotonic() - began

    truth = list(range(1, total + 1))
    had = {way: mirror.positions()[:total] == truth for way, mirror in mirrors.items()}
    assert had == dict.fromkeys(mirrors, True)
    assert [mirrors[way].repeated for way in ("poll", "stream", "webhook")] == [0, 0, 0]
    assert mirrors["all"].repeated >= 2 * total - A_COMMIT
    assert feed.gaps() == 0
    updated = {str(Guid.from_db(world.guid(number))) for number in range(9)}
    versions = mirrors["all"].versions()
    assert {guid for guid in versions if versions[guid] == "0C230000"} == updated
    assert taken < 30
    for mirror in mirrors.values():
        mirror.close()


def test_the_client_goes_on_after_a_restart_and_instructs_once(world, system, crm, now, tmp_path):
    rollout = make_rollout(world, now=datetime.now(UTC), status="NOTIFIED")
    state = tmp_path / "crm.sqlite"
    portal, mirror = system(), crm.mirror.Mirror(state)
    hubs = crm.following.mirror_estate(portal, mirror)
    FeedOutbox.objects.create(
        at=datetime.now(UTC),
        party_id=world.supplier.pk,
        rollout_id=rollout.pk,
        kind=EntryKind.ROLLOUT_NOTIFIED,
        data={"name": rollout.name},
    )
    sequencer.sequence_all()
    batch = next(python_library().follow(portal, mirror.cursor("poll")))
    mirror.take(batch.events, way="poll", position=batch.position)
    mirror.close()  # it crashed before its rule was applied

    again = crm.mirror.Mirror(state)
    instructed = crm.rule.apply(system(), again, regions={"CENTRAL"})
    repeated = crm.rule.apply(system(), again, regions={"CENTRAL"})

    assert crm.following.mirror_estate(system(), again) == hubs == 16
    assert again.position("poll") == 1
    assert (instructed, repeated) == (11, 0)
    assert (again.undecided(), again.unsent()) == ([], [])
    again.close()


def test_after_a_crash_between_key_and_answer_what_was_decided_is_sent_whatever_has_become_of_the_estate(
    world, system, crm, tmp_path
):
    rollout = make_rollout(world, now=datetime.now(UTC), status="NOTIFIED")
    mirror = crm.mirror.Mirror(tmp_path / "crm.sqlite")
    crm.following.mirror_estate(system(), mirror)
    crm.rule.learn_of_rollouts(system(), mirror)
    ((rollout_id, news),) = mirror.undecided()
    guids = [str(Guid.from_db(world.guid(number))) for number in range(3)]
    mirror.decide(rollout_id, news, key="k-1", guids=guids)
    system().instruct(rollout_id, guids, key="k-1")  # it arrived, and then the client was killed
    Hub.objects.filter(guid=world.guid(2)).update(
        import_supplier_id=world.other.pk, gas_supplier_id=world.other.pk
    )

    instructed = [crm.rule.apply(system(), mirror, regions={"CENTRAL"}) for _ in range(2)]

    assert (rollout_id, instructed) == (rollout.pk, [3, 0])
    assert Instruction.objects.count() == 1
    mirror.close()


def test_a_rollout_that_was_notified_before_it_began_is_instructed_and_one_that_refuses_holds_up_nothing(
    world, system, crm, tmp_path
):
    halted = make_rollout(world, now=datetime.now(UTC), status="NOTIFIED")
    mirror = crm.mirror.Mirror(tmp_path / "crm.sqlite")
    crm.following.mirror_estate(system(), mirror)
    mirror.note_rollouts([halted.pk])
    mirror.decide(halted.pk, 0, key="k-1", guids=[str(Guid.from_db(world.guid(0)))])
    Rollout.objects.filter(pk=halted.pk).update(status="PAUSED", stood_at="NOTIFIED")
    make_rollout(world, now=datetime.now(UTC), status="NOTIFIED")

    crm.rule.learn_of_rollouts(system(), mirror)
    instructed = crm.rule.apply(system(), mirror, regions={"CENTRAL"})

    assert instructed == 11
    assert list(Instruction.objects.values_list("rollout_id", flat=True)) != [halted.pk]
    assert (mirror.undecided(), mirror.unsent()) == ([], [])
    mirror.close()
