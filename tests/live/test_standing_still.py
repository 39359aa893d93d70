"""Faults that others have had: whatever stands still is named within seconds, and goes on by itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psutil
import psycopg
import pytest
import redis
import structlog

from portal.embedded import valkey
from portal.embedded.processes import Program, Supervisor, python
from portal.kernel import sql
from portal.recurring import runs
from portal.recurring.periods import Period
from tests.live.conftest import serving, variables_of
from tests.live.losing import lossy_way

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

SKEWED = """
import datetime, sys, time_machine
time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds={seconds}), tick=True).start()
from celery.__main__ import main
sys.exit(main())
"""
LONGEST = 60
log = structlog.get_logger(__name__)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[valkey.ValkeyServer]:
    """Have a broker that this test may stop."""
    with valkey.running(tmp_path / "valkey") as server:
        yield server


@contextmanager
def celery(url: str, home: Path, *queues: str, seconds_ahead: float = 0, **more: str) -> Iterator[Supervisor]:
    """Have beat ring, and a worker for some queues, whose clock may be ahead."""
    variables = variables_of(url, home, **more)
    words = ("--app=portal", "--quiet")
    worker = ("worker", f"--queues={','.join(queues)}", "--concurrency=1", "--loglevel=WARNING")
    with Supervisor(home / "log", say=print) as supervisor:
        supervisor.start(
            Program("worker", python("-c", SKEWED.format(seconds=seconds_ahead), *words, *worker), variables)
        )
        supervisor.start(Program("beat", python("-m", "celery", *words, "beat", "--pidfile="), variables))
        yield supervisor


def until(is_so: Callable[[], Any], *, because: Callable[[], str] = str) -> float:
    """Wait until something is so; return how many seconds it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < LONGEST, because()
        time.sleep(0.2)
    return time.monotonic() - began


def beats(queue: str) -> Callable[[], bool]:
    """Return a question: does this queue keep up?"""
    name = runs.heartbeat_of(queue)
    return lambda: runs.silences([name]).get(name, 99) < 5


def process_of(supervisor: Supervisor, name: str) -> Any:
    return next(each.process for each in supervisor._kept if each.program.name == name)


def check(port: int, name: str) -> str:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30, trust_env=False)
    except httpx.TransportError:
        return "no answer"
    return answer.json()["checks"].get(name, "unknown")


def test_a_frozen_worker_is_named_and_goes_on(broker, port, tmp_path):
    with serving(broker.url, port, tmp_path), celery(broker.url, tmp_path, "dispatch") as supervisor:
        until(lambda: check(port, "queue_dispatch") == "ok")
        worker = process_of(supervisor, "worker")

        os.killpg(worker.pid, signal.SIGSTOP)
        seen = until(lambda: check(port, "queue_dispatch").startswith("silent for"))
        os.killpg(worker.pid, signal.SIGCONT)
        well = until(lambda: check(port, "queue_dispatch") == "ok")

    log.info("measured", seen=seen, well=well)


def test_a_worker_whose_clock_is_ahead_works_as_any_other(broker, tmp_path):
    with celery(broker.url, tmp_path, "relay", seconds_ahead=3_600) as supervisor:
        until(beats("relay"), because=(supervisor.logs / "worker.log").read_text)
        time.sleep(4)

        assert beats("relay")()


def test_a_worker_outlives_its_broker(broker, tmp_path):
    with celery(broker.url, tmp_path, "relay") as supervisor:
        until(beats("relay"))
        processes = [process_of(supervisor, name) for name in ("worker", "beat")]
        at_work = psutil.Process(processes[0].pid).children()[0]
        at_work.suspend()
        time.sleep(10)  # messages are taken that nobody acknowledges

        broker.stop()
        at_work.resume()
        time.sleep(8)
        broker.restart()
        with redis.Redis.from_url(broker.url) as client:
            until(lambda: len(client.client_list()) > 2)
        broker.stop()  # again, while they connect
        time.sleep(3)
        broker.restart()
        well = until(beats("relay"), because=(supervisor.logs / "worker.log").read_text)

        assert [process.poll() for process in processes] == [None, None]
    assert "nrecoverable" not in (supervisor.logs / "worker.log").read_text()
    log.info("measured", well=well)


def test_what_fell_due_while_beat_was_away_is_done_when_it_is_back(broker, tmp_path):
    task = "rollouts.tasks.make_months"
    runs.claim_due({task: Period(3600)})
    sql.run("UPDATE recurring_lastrun SET done_at = done_at - interval '2 hours'")

    with celery(broker.url, tmp_path, "relay", "reports") as supervisor:
        until(lambda: runs.silences([task])[task] < 60, because=(supervisor.logs / "worker.log").read_text)


def test_a_database_that_takes_no_writes_is_named_and_gone_back_to(broker, port, tmp_path, database_urls):
    def demote(to: str) -> None:
        with psycopg.connect(database_urls.admin, autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {to}")
            admin.execute("SELECT pg_reload_conf()")

    with serving(broker.url, port, tmp_path, DATABASE_POOL_SIZE="4"):
        until(lambda: check(port, "database") == "ok")
        try:
            demote("on")
            seen = until(lambda: check(port, "database") == "read-only")
        finally:
            demote("off")
        well = until(lambda: check(port, "database") == "ok")

    log.info("measured", seen=seen, well=well)


def test_a_database_lost_without_a_word_is_named_and_found_again(broker, port, tmp_path):
    address = urlsplit(variables_of(broker.url, tmp_path)["DATABASE_URL"])
    with lossy_way(address.hostname or "", address.port or 0) as way:
        who = address.netloc.rpartition("@")[0]
        url = urlunsplit(address._replace(netloc=f"{who}@127.0.0.1:{way.port}"))
        with (
            serving(broker.url, port, tmp_path, DATABASE_URL=url, DATABASE_POOL_SIZE="4"),
            celery(broker.url, tmp_path, "relay", DATABASE_URL=url) as supervisor,
        ):
            until(lambda: check(port, "database") == "ok")
            until(beats("relay"))
            worker = process_of(supervisor, "worker")

            way.lose()
            seen = until(lambda: check(port, "database") not in {"ok", "no answer"})
            way.find()
            well = until(lambda: check(port, "database") == "ok")
            worked = until(beats("relay"), because=(supervisor.logs / "worker.log").read_text)

            assert worker.poll() is None
    log.info("measured", seen=seen, well=well, worked=worked)
