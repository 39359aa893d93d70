"""Ticks of governance: halt rules, delays that go on, and phases that open."""

from __future__ import annotations

from celery import shared_task

from portal.kernel import clock
from portal.recurring.resting import TickTask
from portal.recurring.ringing import ring
from rollouts import services


@shared_task(base=TickTask, name="rollouts.tasks.tick_governance")
def tick_governance(**_later: object) -> bool:
    """Ring for each kind of work, which is done by tasks of its own; what it leads to wakes this one."""
    ring(dispatch_halt_rules)
    ring(dispatch_delays)
    ring(open_phases)
    return False


@shared_task(name="rollouts.tasks.dispatch_halt_rules")
def dispatch_halt_rules(**_later: object) -> None:
    """Look at halt rules where something has settled."""
    services.evaluate_halt_rules(clock.now())


@shared_task(name="rollouts.tasks.dispatch_delays")
def dispatch_delays(**_later: object) -> None:
    """Settle the hubs of delayed rollouts again."""
    services.finish_delays(clock.now())


@shared_task(name="rollouts.tasks.open_phases")
def open_phases(**_later: object) -> None:
    """Open the phases that are due, and fold what settled long ago."""
    now = clock.now()
    services.open_due_phases(now)
    services.fold_settled(now)
