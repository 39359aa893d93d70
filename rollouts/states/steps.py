"""The table of steps a rollout takes: who may take which, from where, and what is recorded."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from portal.identity.roles import MAY_CONFIRM, MAY_OPERATE, Role
from rollouts.states.words import RolloutStatus

S = RolloutStatus
RUNNING_STATUSES: Final = frozenset({S.NOTIFIED, S.PILOT, S.PILOT_REVIEW, S.SAFE_LAUNCH})
HALTED_STATUSES: Final = frozenset({S.SUSPENDED, S.PAUSED})
ENDED_STATUSES: Final = frozenset({S.COMPLETE, S.STOPPED, S.REVOKED})
OPEN_STATUSES: Final = RUNNING_STATUSES | HALTED_STATUSES
NOMINATION_STATUSES: Final = frozenset({S.NOTIFIED, S.PILOT})
"""Where Suppliers may nominate hubs for the pilot group, and the DCC may confirm them."""


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """One row of the table of rollout steps; a target of None means back to where it was halted."""

    verb: str
    label: str
    sources: AbstractSet[RolloutStatus]
    target: RolloutStatus | None
    roles: AbstractSet[Role]
    fact: str
    remembers: bool = False
    with_pilot: bool | None = None
    by_portal: bool = False

    def is_open_to(self, *roles: Role, at: RolloutStatus, has_pilot: bool | None = None) -> bool:
        """Return whether one of these roles may take this step from where the rollout stands."""
        suits_pilot = None in (self.with_pilot, has_pilot) or self.with_pilot == has_pilot
        return suits_pilot and at in self.sources and not self.roles.isdisjoint(roles)

    def lands_at(self, *, remembered: RolloutStatus | None = None) -> RolloutStatus:
        """Name the status after the step.

        Raises:
            ValueError: the step goes back to a remembered status, and none is given.
        """
        landing = self.target or remembered
        if landing is None:
            raise ValueError(f"{self.verb} needs the status in which the rollout was halted")
        return landing


def _table(*steps: RolloutStep) -> dict[str, RolloutStep]:
    return {step.verb: step for step in steps}


# `by_portal` marks what the portal may do by itself: halt rules suspend, the last settled hub completes.
# fmt: off
ROLLOUT_STEPS: Final = _table(
    RolloutStep("notify", "Publish the notice", {S.DRAFT}, S.NOTIFIED, MAY_OPERATE, "rollout.notified"),
    RolloutStep("start_pilot", "Start the pilot", {S.NOTIFIED}, S.PILOT, MAY_OPERATE, "pilot.started",
         with_pilot=True),
    RolloutStep("skip_pilot", "Go on without a pilot", {S.NOTIFIED}, S.SAFE_LAUNCH, MAY_OPERATE,
         "pilot.skipped", with_pilot=True),
    RolloutStep("end_pilot", "End the pilot", {S.PILOT}, S.PILOT_REVIEW, MAY_OPERATE, "pilot.ended"),
    RolloutStep("accept_pilot", "Accept the pilot", {S.PILOT_REVIEW}, S.SAFE_LAUNCH, MAY_OPERATE,
         "pilot.accepted"),
    RolloutStep("reopen_pilot", "Run the pilot again", {S.PILOT_REVIEW}, S.PILOT, MAY_OPERATE,
         "pilot.reopened"),
    RolloutStep("reject_pilot", "Reject the pilot", {S.PILOT_REVIEW}, S.SUSPENDED, MAY_OPERATE,
         "pilot.rejected", remembers=True),
    RolloutStep("open_safe_launch", "Open the safe launch", {S.NOTIFIED}, S.SAFE_LAUNCH, MAY_OPERATE,
         "rollout.safe-launch-opened", with_pilot=False, by_portal=True),
    RolloutStep("suspend", "Suspend at once", RUNNING_STATUSES, S.SUSPENDED, MAY_OPERATE, "rollout.suspended",
         remembers=True, by_portal=True),
    RolloutStep("pause", "Pause", RUNNING_STATUSES | {S.SUSPENDED}, S.PAUSED, MAY_CONFIRM, "rollout.paused",
         remembers=True),
    RolloutStep("resume", "Resume", HALTED_STATUSES, None, MAY_CONFIRM, "rollout.resumed"),
    RolloutStep("stop", "Stop completely", OPEN_STATUSES, S.STOPPED, MAY_CONFIRM, "rollout.stopped"),
    RolloutStep("revoke", "Revoke the notice", OPEN_STATUSES, S.REVOKED, MAY_OPERATE, "rollout.revoked"),
    RolloutStep("complete", "Complete", {S.SAFE_LAUNCH}, S.COMPLETE, MAY_OPERATE, "rollout.completed",
         by_portal=True),
)
# fmt: on

ALLOWED_ROLLOUT_MOVES: Final = frozenset(
    (source, landing)
    for step in ROLLOUT_STEPS.values()
    for source in step.sources
    for landing in ({step.target} if step.target else RUNNING_STATUSES)
)


def open_steps(*roles: Role, at: RolloutStatus, has_pilot: bool | None = None) -> tuple[RolloutStep, ...]:
    """Return the steps these roles may take now: the buttons to draw."""
    return tuple(s for s in ROLLOUT_STEPS.values() if s.is_open_to(*roles, at=at, has_pilot=has_pilot))


def remembered_status(
    step: RolloutStep, *, at: RolloutStatus, remembered: RolloutStatus | None
) -> RolloutStatus | None:
    """Name what a rollout must remember after the step: where it ran when it was first halted.

    A pause that confirms a suspension keeps what the suspension remembered.
    """
    if not step.remembers:
        return None
    return remembered if at in HALTED_STATUSES else at
