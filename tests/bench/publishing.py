"""`publish`: targets created, with tallies, feed and report ready."""

from __future__ import annotations

from portal.kernel import clock, sql
from rollouts import services
from rollouts.models import TallyState
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, rate
from tests.bench.stage import Stage

_BARE = """
INSERT INTO bench_target (guid, effective_at, state_at, rollout_id, batch_id, import_supplier_id, gas_supplier_id,
                          from_cpl_entry_id, region, consent, state)
SELECT guid, %(at)s, %(at)s, 1, 1, import_supplier_id, gas_supplier_id, cpl_entry_id, region, 1, 10
  FROM rollouts_hub
 WHERE device_model_id = %(model)s AND cpl_entry_id = ANY(%(entries)s) AND smi_status IN (4, 7) AND region <> 8
"""


def measure(stage: Stage) -> list[Figure]:
    """Publish the same rollout several times; the bare side fills and keys a table with the same rows."""
    who = estate.people()
    ours, bare = Seconds(), Seconds()
    hubs = 0
    for _ in range(stage.runs(5)):
        estate.forget_rollouts()
        now = clock.now()
        rollout_id = estate.draft(who, now=now)
        estate.settle()
        with ours.timed():
            notice = services.notify_rollout(who.as_operator, rollout_id=rollout_id, now=now)
        hubs = notice.hubs
        assert hubs == estate.count(
            "SELECT count(*) FROM rollouts_target WHERE rollout_id = %(id)s", id=rollout_id
        )
        assert hubs == sum(TallyState.objects.filter(rollout_id=rollout_id).values_list("n", flat=True))
        assert estate.count("SELECT count(*) FROM events_feed_outbox") >= notice.suppliers
        assert _bare(rollout_id, bare) == hubs
    return [rate("publish", "targets/s", rows=hubs, ours=ours, bare=bare, ratio_at_most=1.5)]


def _bare(rollout_id: int, seconds: Seconds) -> int:
    entry = sql.rows(
        "SELECT e.device_model_id, e.allowed_predecessor_ids FROM rollouts_rollout r"
        " JOIN rollouts_cplentry e ON e.id = r.cpl_entry_id WHERE r.id = %(id)s",
        {"id": rollout_id},
    )[0]
    params = {
        "at": clock.now(),
        "model": entry.device_model_id,
        "entries": entry.allowed_predecessor_ids,
    }
    estate.drop(["bench_target"])
    with estate.bare() as raw:
        with seconds.timed():
            raw.execute(
                "CREATE TABLE bench_target (LIKE rollouts_target INCLUDING DEFAULTS) WITH (fillfactor = 70)"
            )
            written = raw.execute(_BARE, params).rowcount
            raw.execute("ALTER TABLE bench_target ADD PRIMARY KEY (rollout_id, guid)")
            raw.commit()
        raw.execute("DROP TABLE bench_target")
        raw.commit()
    return written
