"""Messages about instructions: apply what was received, approve by rules, close windows that have passed."""

from __future__ import annotations

from celery import shared_task

from portal.kernel.clock import now
from portal.recurring.ringing import ring
from rollouts import services


@shared_task(name="rollouts.tasks.apply_instruction")
def apply_instruction(*, instruction_id: int, **_later: object) -> None:
    """Apply what is left of a long instruction; the row says where to go on."""
    services.apply_instruction(instruction_id=instruction_id, now=now())


@shared_task(name="rollouts.tasks.run_approval_rules")
def run_approval_rules(**_later: object) -> None:
    """Apply the rules that are on to the rollouts they suit; each run is kept, and none is repeated."""
    services.run_approval_rules(now=now())


@shared_task(name="rollouts.tasks.tick_deadlines")
def tick_deadlines(**_later: object) -> None:
    """Ring for each thing that is due; the work itself is done by tasks of its own."""
    at = now()
    for rollout_id in services.rollouts_to_close(now=at):
        ring(close_window, rollout_id=rollout_id)
    for instruction_id in services.waiting_instructions():
        ring(apply_instruction, instruction_id=instruction_id)
    ring(run_approval_rules)


@shared_task(name="rollouts.tasks.close_window")
def close_window(*, rollout_id: int, **_later: object) -> None:
    """Close the windows of a rollout that have passed."""
    services.close_window(rollout_id=rollout_id, now=now())
