"""What the passing of time brings about: windows that close, instructions nobody rang for."""

from __future__ import annotations

from celery import shared_task

from portal.kernel.clock import now
from rollouts import services
from rollouts.tasks.instructions import apply_instruction, run_approval_rules


@shared_task(name="rollouts.tasks.tick_deadlines")
def tick_deadlines(**_later: object) -> None:
    """Ring for each thing that is due; the work itself is done by tasks of its own."""
    moment = now()
    for rollout_id in services.rollouts_to_close(now=moment):
        close_window.apply_async(kwargs={"rollout_id": rollout_id})
    for instruction_id in services.waiting_instructions():
        apply_instruction.apply_async(kwargs={"instruction_id": instruction_id})
    run_approval_rules.apply_async()


@shared_task(name="rollouts.tasks.close_window")
def close_window(*, rollout_id: int, **_later: object) -> None:
    """Close the windows of a rollout that have passed."""
    services.close_window(rollout_id=rollout_id, now=now())
