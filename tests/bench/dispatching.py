"""`dispatch`: from due to accepted by the simulated CSPs, through the planner, claims and Celery."""

from __future__ import annotations

import httpx
from django.core.cache import cache

from portal.embedded.ports import free_port
from portal.kernel import clock, sql
from portal.recurring.resting import wake_ticks
from rollouts.models import CspChannel, Rollout
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, rate
from tests.bench.stage import CSP_TOKEN, Stage, wait_until

_DUE = """
UPDATE {target} SET state = 20, consent = 4, import_answer = 1, import_time = %(at)s, effective_at = %(at)s,
       answered_at = %(now)s
 WHERE region < 7
"""
_PER_SECOND = 1_000_000
#: What the tick of dispatch leaves in the cache when it has come round.
_TICKED = "dispatch-follow-up"


def measure(stage: Stage) -> list[Figure]:
    """Let every hub of a rollout become due at once; what they answer is held back until it is over."""
    who = estate.people()
    CspChannel.objects.update(capacity_per_second=_PER_SECOND, tokens=_PER_SECOND)
    ours = Seconds()
    hubs = 0
    # Nobody listens there: only commands are measured, and the simulator keeps its alerts.
    silent = f"http://127.0.0.1:{free_port()}"
    for _ in range(stage.runs(3)):
        rollout = estate.publish(who)
        with stage.running(
            stage.simulator(portal_url=silent), *stage.workers("worker-dispatch"), stage.beat()
        ) as programs:
            stage.wait_for_simulator(programs)
            stage.wait_for_workers(programs, "worker-dispatch")
            cache.delete(_TICKED)
            wait_until(lambda: cache.get(_TICKED) is not None, within=60)
            hubs = _dispatch(stage, rollout, ours)
    return [rate("dispatch", "hubs/s", rows=hubs, ours=ours, at_least=10_000)]


def _dispatch(stage: Stage, rollout: Rollout, seconds: Seconds) -> int:
    now = clock.now()
    target = f"rollouts_target_{rollout.pk}"
    hubs = sql.run(_DUE.format(target=target), {"at": rollout.cutoff_at, "now": now})
    wake_ticks()  # as the feed entries of instructions would
    with seconds.timed():
        wait_until(
            lambda: (
                estate.count(
                    "SELECT coalesce(sum(hub_count), 0)::bigint FROM rollouts_command WHERE status = 3"
                )
                >= hubs
            ),
            within=300 + hubs / 1000,
        )
    assert hubs == estate.count(f"SELECT count(*) FROM {target} WHERE state = 30")
    assert hubs == estate.count("SELECT count(*) FROM rollouts_hub_in_flight")
    stats = httpx.get(
        f"http://127.0.0.1:{stage.simulator_port}/stats", headers={"Authorization": f"Bearer {CSP_TOKEN}"}
    ).json()
    assert stats["taken"]["hubs"] == hubs, stats
    return hubs
