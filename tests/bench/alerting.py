"""`alerts`: confirmations of activations, posted over HTTP, until every row of theirs is committed and sequenced."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from portal.kernel import clock, sql
from portal.kernel.guid import format_many
from rollouts.models import Rollout
from tests import scenery
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, rate
from tests.bench.stage import CSP_SECRETS, Stage, wait_until

LINES: Final = 10_000
POSTS_IN_FLIGHT: Final = 4

_ACTIVATING = """
WITH part AS (
    SELECT guid, region,
           (row_number() OVER (PARTITION BY region ORDER BY hashint8extended(guid, 3)) - 1) / 2000 AS part
      FROM {target} WHERE region < 7
), command AS (
    INSERT INTO rollouts_command (rollout_id, kind, status, region, guids, hub_count, cpl_entry_id, due_at, created_at,
                                  claimed_at, left_at, sent_at, attempts, problem)
    SELECT %(rollout)s, 2, 3, region, array_agg(guid), count(*), %(entry)s, %(now)s, %(now)s, %(now)s, %(now)s,
           %(now)s, 1, ''
      FROM part GROUP BY region, part
    RETURNING id, guids
)
UPDATE {target} AS target
   SET state = 50, consent = greatest(consent, 5), attempts = 1, state_at = %(now)s, command_id = sent.id
  FROM (SELECT id, unnest(guids) AS guid FROM command) AS sent
 WHERE target.guid = sent.guid
"""

_BARE = """
WITH kept AS (
    INSERT INTO rollouts_csp_alert (occurred_at, alert_id, guid, batch_id, command_id, code, firmware_version)
    SELECT occurred_at, alert_id, guid, 0, command_id, 4, %(version)s FROM bench_alert
), moved AS (
    UPDATE {target} AS target SET state = 60, state_at = %(now)s
      FROM (SELECT guid, alert_id FROM bench_alert ORDER BY guid) AS said
     WHERE target.rollout_id = %(rollout)s AND target.guid = said.guid
    RETURNING target.guid, said.alert_id
), smi AS (
    UPDATE rollouts_hub AS hub
       SET cpl_entry_id = %(entry)s,
           gpf_cpl_entry_id = CASE WHEN gpf_guid IS NULL THEN gpf_cpl_entry_id ELSE %(entry)s END,
           smi_status = CASE WHEN smi_status = 7 THEN 4 ELSE smi_status END
      FROM moved WHERE hub.guid = moved.guid
    RETURNING hub.guid, hub.gpf_guid, hub.import_supplier_id, hub.gas_supplier_id, moved.alert_id::text AS evidence
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, rollout_id, kind, old_value, new_value, evidence)
    SELECT guid, %(now)s, %(rollout)s, 1, '01170000', %(version)s, evidence FROM smi
     UNION ALL
    SELECT gpf_guid, %(now)s, %(rollout)s, 7, '01170000', %(version)s, evidence FROM smi WHERE gpf_guid IS NOT NULL
), landed AS (
    DELETE FROM rollouts_hub_in_flight AS flight USING moved WHERE flight.guid = moved.guid
)
INSERT INTO events_feed_entry (position, guid, at, party_id, rollout_id, version_id, kind, code)
SELECT %(first)s + row_number() OVER (), guid, %(now)s, party, %(rollout)s, %(entry)s, 3, 0
  FROM (SELECT guid, import_supplier_id AS party FROM smi WHERE import_supplier_id IS NOT NULL
         UNION ALL
        SELECT guid, gas_supplier_id FROM smi
         WHERE gas_supplier_id IS NOT NULL AND gas_supplier_id IS DISTINCT FROM import_supplier_id) AS told
"""


#: Each answers with the number of hubs that were confirmed.
_PROOFS = (
    "SELECT count(*) FROM rollouts_target WHERE rollout_id = %(id)s AND state = 60",
    "SELECT coalesce(sum(n), 0)::bigint FROM rollouts_tally_state WHERE rollout_id = %(id)s AND state = 60",
    "SELECT count(*) FROM rollouts_hub WHERE cpl_entry_id = %(entry)s",
    "SELECT count(*) FROM rollouts_hub_history WHERE kind = 1",
    """
    SELECT told.n + nobody.n
      FROM (SELECT count(DISTINCT guid) AS n FROM events_feed_entry WHERE kind = 3) AS told,
           (SELECT count(*) AS n FROM rollouts_target
             WHERE rollout_id = %(id)s AND state = 60 AND consent = 6) AS nobody
    """,
)


def measure(stage: Stage) -> list[Figure]:
    """Confirm every hub of a rollout, by the portal and by bare SQL on two connections in turns."""
    who = estate.people()
    ours, bare = Seconds(), Seconds()
    hubs = 0
    with stage.running(stage.web(), *stage.workers("worker-live"), stage.beat()) as programs:
        stage.wait_for_web(programs)
        stage.wait_for_workers(programs, "worker-live")
        for _ in range(stage.runs(3)):
            rollout = activating(who)
            content = _hubs_of(rollout)
            hubs = len(content)
            _bare(rollout, content, bare)
            rollout = activating(who)
            content = _hubs_of(rollout)
            _wait_for_relay()
            _post_all(stage, rollout, content, ours)
    return [rate("alerts", "alerts/s", rows=hubs, ours=ours, bare=bare, at_least=20_000)]


def activating(who: estate.People) -> Rollout:
    """Publish afresh, and let every hub that can answer stand where its confirmation is awaited."""
    rollout = estate.publish(who)
    params = {"rollout": rollout.pk, "entry": rollout.cpl_entry_id, "now": clock.now()}
    with scenery.unguarded():
        moved = sql.run(_ACTIVATING.format(target=f"rollouts_target_{rollout.pk}"), params)
    sql.run(
        "INSERT INTO rollouts_hub_in_flight SELECT guid, rollout_id FROM rollouts_target"
        " WHERE rollout_id = %(rollout)s AND state = 50",
        params,
    )
    assert moved > 0
    sql.run("VACUUM ANALYZE rollouts_hub_in_flight, rollouts_command")
    estate.settle()
    return rollout


def _hubs_of(rollout: Rollout) -> list[Any]:
    return sql.rows(
        "SELECT guid, command_id FROM rollouts_target WHERE rollout_id = %(id)s AND state = 50"
        " ORDER BY hashint8extended(guid, 11)",
        {"id": rollout.pk},
    )


def _wait_for_relay() -> None:
    # The tick of the sequencer finds the outbox of the publication: when that is empty, beat ticks.
    wait_until(lambda: not estate.count("SELECT count(*) FROM events_feed_outbox"), within=60)
    time.sleep(1)


def _post_all(stage: Stage, rollout: Rollout, activated: Sequence[Any], seconds: Seconds) -> None:
    before = clock.now()
    bodies = [
        _body(activated[at : at + LINES], rollout.cpl_entry.firmware_version, before)
        for at in range(0, len(activated), LINES)
    ]
    headers = {"Authorization": f"Bearer {CSP_SECRETS['central']}", "Content-Type": "application/x-ndjson"}
    with (
        httpx.Client(base_url=stage.url, headers=headers, timeout=60) as client,
        ThreadPoolExecutor(POSTS_IN_FLIGHT) as pool,
        seconds.timed(),
    ):
        answers = list(pool.map(lambda body: client.post("/csp/v1/alerts", content=body), bodies))
        assert all(answer.status_code == 202 for answer in answers)
        wait_until(_is_all_told, within=600, every=0.05)
    _check(rollout, len(activated))


def _is_all_told() -> bool:
    waiting = sql.rows(
        "SELECT EXISTS (SELECT FROM rollouts_csp_alert_batch WHERE applied_at IS NULL)"
        "    OR (SELECT id FROM events_feed_outbox ORDER BY id LIMIT 1) IS NOT NULL AS is_waiting"
    )
    return not waiting[0].is_waiting


def _check(rollout: Rollout, hubs: int) -> None:
    params = {"id": rollout.pk, "entry": rollout.cpl_entry_id}
    for query in _PROOFS:
        assert estate.count(query, **params) == hubs, query
    assert not estate.count("SELECT count(*) FROM rollouts_hub_in_flight")


def _body(activated: Sequence[Any], version: str, before: datetime) -> bytes:
    return b"".join(
        b'{"alert_id":"%s","command_id":%d,"guid":"%s","code":"CS06_RESPONSE","firmware_version":"%s",'
        b'"reason":"SUCCESS","occurred_at":"%s"}\n'
        % (
            str(uuid.uuid4()).encode(),
            row.command_id,
            text.encode(),
            version.encode(),
            (before - timedelta(milliseconds=number)).isoformat(timespec="milliseconds").encode(),
        )
        for number, (row, text) in enumerate(
            zip(activated, format_many([row.guid for row in activated]), strict=True)
        )
    )


def _bare(rollout: Rollout, activated: Sequence[Any], seconds: Seconds) -> None:
    now = clock.now()
    blocks = [
        "".join(
            f"{uuid.uuid4()}\t{(now - timedelta(milliseconds=n)).isoformat()}\t{row.guid}\t{row.command_id}\n"
            for n, row in enumerate(activated[at : at + LINES])
        ).encode()
        for at in range(0, len(activated), LINES)
    ]
    waiting = list(enumerate(blocks))
    params = {
        "rollout": rollout.pk,
        "entry": rollout.cpl_entry_id,
        "version": rollout.cpl_entry.firmware_version,
        "now": now,
    }
    text = _BARE.format(target=f"rollouts_target_{rollout.pk}")
    with estate.bare() as each, estate.bare() as two:
        for raw in (each, two):
            raw.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
            raw.execute(
                "CREATE TEMPORARY TABLE bench_alert (alert_id uuid, occurred_at timestamptz, guid bigint,"
                " command_id bigint) ON COMMIT DELETE ROWS"
            )
            raw.commit()

        def work(raw: Any) -> None:
            while waiting:
                place, block = waiting.pop()
                estate.copy_binary(raw, "COPY bench_alert FROM STDIN", block)
                raw.execute(text, {**params, "first": place * 2 * LINES})
                raw.commit()

        with seconds.timed():
            threads = [threading.Thread(target=work, args=(raw,)) for raw in (each, two)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(activated) == estate.count(
        "SELECT count(*) FROM rollouts_target WHERE rollout_id = %(id)s AND state = 60", id=rollout.pk
    )
