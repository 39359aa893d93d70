"""`stop`: from the click to the answered button under full dispatch; what leaves after the answer is 0."""

from __future__ import annotations

import time

from django.core.cache import cache

from portal.embedded.ports import free_port
from portal.kernel import clock, sql
from rollouts import services
from rollouts.models import Command, CspChannel, Rollout
from rollouts.services import HaltReport
from rollouts.states import CommandKind, CommandStatus
from tests.bench import estate
from tests.bench.dispatching import _DUE, _PER_SECOND, _TICKED
from tests.bench.figures import Figure, Seconds, duration
from tests.bench.stage import Stage, wait_until

_MOVING = (CommandKind.DISTRIBUTE, CommandKind.ACTIVATE)
_LISTENED = 3.0


def measure(stage: Stage) -> list[Figure]:
    """Suspend, and revoke, while every hub of a rollout is being sent its image."""
    who = estate.people()
    CspChannel.objects.update(capacity_per_second=_PER_SECOND, tokens=_PER_SECOND)
    silent = f"http://127.0.0.1:{free_port()}"
    figures = []
    for verb in ("suspend", "revoke"):
        seconds, after = Seconds(), 0
        for _ in range(stage.runs(3)):
            rollout = estate.publish(who)
            with stage.running(
                stage.simulator(portal_url=silent), *stage.workers("worker-dispatch"), stage.beat()
            ) as programs:
                stage.wait_for_simulator(programs)
                stage.wait_for_workers(programs, "worker-dispatch")
                cache.delete(_TICKED)
                wait_until(lambda: cache.get(_TICKED) is not None, within=60)
                after += _stop(who, rollout, verb, seconds)
        figures.append(duration(f"stop ({verb})", ours=seconds, at_most=2.0, note=f"{after} left after it"))
        assert after == 0, f"{after} commands left after the answer"
    return figures


def _stop(who: estate.People, rollout: Rollout, verb: str, seconds: Seconds) -> int:
    params = {"at": rollout.cutoff_at, "now": clock.now()}
    sql.run(_DUE.format(target=f"rollouts_target_{rollout.pk}"), params)
    moving = Command.objects.filter(rollout_id=rollout.pk, kind__in=_MOVING)
    wait_until(lambda: moving.filter(status=CommandStatus.SENT).exists(), within=300)
    with seconds.timed():
        report = services.halt(
            who.as_operator, rollout_id=rollout.pk, verb=verb, reason="Measured.", now=clock.now()
        )
    answered_at = clock.now()
    assert isinstance(report, HaltReport)
    time.sleep(_LISTENED)
    return moving.filter(left_at__gt=answered_at).count()
