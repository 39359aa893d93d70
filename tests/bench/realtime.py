"""`realtime`: entries of a feed read a second, streams one process holds, and how soon a client knows of an alert."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from portal.embedded.ports import free_port
from portal.embedded.processes import Program, python
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.identity.models import User
from portal.kernel import clock, sql
from portal.kernel.guid import format_many
from portal.kernel.transactions import unit_of_work
from tests.bench import alerting, estate
from tests.bench.figures import Figure, Seconds, percentile, rate
from tests.bench.stage import CSP_SECRETS, Stage, wait_until

ENTRIES: Final = 100_000
PAGE: Final = 5_000
CLIENTS: Final = 2_000
ALERTS: Final = 200
FEED: Final = "/api/v1/events/stream"
_SHARE: Final = 0.95
_SOON: Final = 1_000.0
_FILL: Final = """
INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
SELECT guid, now(), %(party)s, NULL, cpl_entry_id, 3, 0 FROM rollouts_hub LIMIT %(entries)s
"""
_BARE: Final = """
SELECT position, kind, at, guid, version_id FROM events_feed_entry
 WHERE party_id = %s AND position > %s ORDER BY position LIMIT %s
"""


def measure(stage: Stage) -> list[Figure]:
    """Read a long feed by page, then hold streams open, then follow alerts to a client."""
    who = estate.people()
    return [_reading(stage, who.analyst), _holding(stage, who.analyst), _following(stage, who)]


def _reading(stage: Stage, user: User) -> Figure:
    party = user.organisation_id
    begin = _head(party)
    sql.run(_FILL, {"party": party, "entries": ENTRIES})
    sequencer.sequence_all(seconds=600)
    entries = _head(party) - begin
    ours, bare = Seconds(), Seconds()
    with stage.running(stage.web()) as programs:
        stage.wait_for_web(programs)
        for _ in range(stage.runs(3)):
            with bare.timed(), estate.bare() as raw:
                assert _read_bare(raw, party, begin) == entries
            with ours.timed():
                assert _read(stage, user, begin) == entries
    return rate("feed_read", "entries/s", rows=entries, ours=ours, bare=bare)


def _read(stage: Stage, user: User, position: int) -> int:
    seen = 0
    with httpx.Client(base_url=stage.url, cookies=estate.session_of(user), timeout=60) as client:
        while True:
            answer = client.get("/api/v1/events", params={"after": position, "limit": PAGE})
            page = orjson.loads(answer.raise_for_status().content)
            if not page["items"]:
                return seen
            seen += len(page["items"])
            position = page["position"]


def _read_bare(raw: Any, party: int, position: int) -> int:
    seen = 0
    while rows := raw.execute(_BARE, [party, position, PAGE]).fetchall():
        seen += len(rows)
        position = rows[-1][0]
    return seen


def _holding(stage: Stage, user: User) -> Figure:
    port = free_port()
    with stage.running(_stream(stage, port)) as programs:
        programs.wait_for("stream", lambda: _lives(port), within=60)
        reached, seconds = asyncio.run(_hold(port, user))
        memory = _memory_of(port)
    note = f"one entry reached all in {seconds:.2f} s; {memory:.0f} MB"
    wanted = f"{CLIENTS:,}"
    return Figure(
        "sse_clients", reached, "clients", 1, reach=wanted, is_reached=reached == CLIENTS, note=note
    )


async def _hold(port: int, user: User) -> tuple[int, float]:
    """Open the streams, let one entry happen, and count whom it reaches."""
    cookie = "; ".join(f"{c.name}={c.value}" for c in (await asyncio.to_thread(estate.session_of, user)).jar)
    head = f"GET {FEED} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    gate = asyncio.Semaphore(100)

    async def opened() -> asyncio.StreamReader:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
            stored.append(writer)
            return reader

    async def read_event(reader: asyncio.StreamReader) -> bool:
        try:
            await asyncio.wait_for(reader.readuntil(b"event: entry"), 60)
        except (TimeoutError, asyncio.IncompleteReadError):
            return False
        return True

    stored: list[asyncio.StreamWriter] = []
    readers = await asyncio.gather(*(opened() for _ in range(CLIENTS)))
    await asyncio.sleep(1)
    began = time.perf_counter()
    waiting = [asyncio.create_task(read_event(reader)) for reader in readers]
    await asyncio.to_thread(_happen, user.organisation_id)
    reached = sum(await asyncio.gather(*waiting))
    seconds = time.perf_counter() - began
    for writer in stored:
        writer.close()
    return reached, seconds


def _following(stage: Stage, who: estate.People) -> Figure:
    rollout = alerting.activating(who)
    party = who.analyst.organisation_id
    rows = sql.rows(
        "SELECT guid, command_id FROM rollouts_target WHERE rollout_id = %(id)s AND state = 50"
        " AND %(party)s IN (import_supplier_id, gas_supplier_id) LIMIT %(most)s",
        {"id": rollout.pk, "party": party, "most": ALERTS},
    )
    port = free_port()
    sent: dict[str, float] = {}
    arrived: dict[str, float] = {}
    programs = [stage.web(), *stage.workers("worker-live"), stage.beat(), _stream(stage, port)]
    with stage.running(*programs) as running:
        stage.wait_for_web(running)
        running.wait_for("stream", lambda: _lives(port), within=60)
        wait_until(lambda: not estate.count("SELECT count(*) FROM events_feed_outbox"), within=120)
        listener = threading.Thread(target=_listen, args=(port, who.analyst, arrived, len(rows)))
        listener.start()
        time.sleep(2)
        _post_one_by_one(stage, rollout.cpl_entry.firmware_version, rows, sent)
        listener.join(60)
    delays = [(arrived[guid] - at) * 1000 for guid, at in sent.items() if guid in arrived]
    value = percentile(delays, _SHARE)
    is_reached = value <= _SOON and len(delays) == len(rows)
    note = f"{len(delays)} of {len(rows)} alerts; median {percentile(delays, 0.5):.0f} ms"
    return Figure(
        "alert_to_client",
        value,
        "ms p95",
        len(rows),
        reach=f"≤ {_SOON:g} ms",
        is_reached=is_reached,
        note=note,
    )


def _post_one_by_one(stage: Stage, version: str, alerts: list[Any], sent: dict[str, float]) -> None:
    headers = {"Authorization": f"Bearer {CSP_SECRETS['central']}", "Content-Type": "application/x-ndjson"}
    now: datetime = clock.now()
    with httpx.Client(base_url=stage.url, headers=headers, timeout=60) as client:
        for row, guid in zip(alerts, format_many([row.guid for row in alerts]), strict=True):
            body = alerting._body([row], version, now)
            sent[guid] = time.perf_counter()
            assert client.post("/csp/v1/alerts", content=body).status_code == 202
            time.sleep(0.05)


def _listen(port: int, user: User, arrived: dict[str, float], number: int) -> None:
    address = f"http://127.0.0.1:{port}{FEED}?kinds=hub.activated"
    with httpx.stream("GET", address, cookies=estate.session_of(user), timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith('data: {"specversion"'):
                arrived[orjson.loads(line[6:])["subject"]] = time.perf_counter()
                if len(arrived) >= number:
                    return


@unit_of_work
def _write(party: int) -> None:
    publish_entries(EntryKind.DIGEST, parties=[party], at=clock.now(), data={})


def _happen(party: int) -> None:
    _write(party)
    sequencer.sequence_all()


def _stream(stage: Stage, port: int) -> Program:
    words = ("portal.asgi:application", f"--port={port}", "--lifespan=on", "--timeout-graceful-shutdown=2")
    most = str(CLIENTS + 1)
    own = {**stage.variables, "STREAM_CLIENTS_OF_ONE": most, "STREAM_CLIENTS_OF_ORGANISATION": most}
    return Program("stream", python("-m", "uvicorn", *words, "--no-access-log", "--log-level=warning"), own)


def _lives(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _memory_of(port: int) -> float:
    mark = f"--port={port}".encode()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (each / "cmdline").read_bytes():
                return int((each / "statm").read_text().split()[1]) * 4096 / 1e6
        except OSError:
            continue
    return 0.0


def _head(party: int) -> int:
    rows = sql.rows("SELECT position FROM events_feed_head WHERE party_id = %(party)s", {"party": party})
    return int(rows[0].position) if rows else 0
