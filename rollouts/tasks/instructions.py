"""Messages about instructions: apply what was received, and approve what standing rules approve."""

from __future__ import annotations

from celery import shared_task

from portal.kernel.clock import now
from rollouts import services


@shared_task(name="rollouts.tasks.apply_instruction")
def apply_instruction(*, instruction_id: int, **_later: object) -> None:
    """Apply what is left of a long instruction; the row says where to go on."""
    services.apply_instruction(instruction_id=instruction_id, now=now())


@shared_task(name="rollouts.tasks.run_approval_rules")
def run_approval_rules(**_later: object) -> None:
    """Apply the rules that are on to the rollouts they suit; each run is kept, and none is repeated."""
    services.run_approval_rules(now=now())
