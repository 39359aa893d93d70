"""Planning when the pilot starts and ends: dates that everybody concerned is told, and can plan by (R2.4)."""

from __future__ import annotations

from datetime import datetime

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.transactions import unit_of_work
from portal.kernel.versions import check_version
from rollouts import rules
from rollouts.models import Rollout
from rollouts.reads.rollouts.drafts import pilot_plan_values
from rollouts.reads.rollouts.shares import numbers_by_party, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.instructions.instruct import check_is_open
from rollouts.services.pilots.nominate import check_takes_hubs


@unit_of_work
def plan_pilot(
    scope: Scope,
    *,
    rollout_id: int,
    starts_at: datetime | None,
    ends_at: datetime | None,
    expected: str | None = None,
    now: datetime,
) -> Rollout:
    """Set when the pilot is planned to start and to end, and tell everybody concerned; none is not planned.

    `expected` is the `version_of` the `pilot_plan_values` the dates were made from.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout.
        EditConflict: the dates are not as `expected`.
        InstructionRefused, NoPilot: the rollout is halted or over, or has no pilot ahead or running.
        RuleBroken: PILOT_DATES, an end before its start or after the automatic time, or a date past.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    check_version(expected, pilot_plan_values(rollout))
    check_is_open(rollout)
    check_takes_hubs(rollout)
    rules.check_pilot_dates(
        starts_at,
        ends_at,
        automatic_at=rollout.automatic_at,
        after=None if rollout.pilot_started_at else now,
    )
    before = {"starts_at_before": rollout.pilot_starts_at, "ends_at_before": rollout.pilot_ends_at}
    rollout.pilot_starts_at, rollout.pilot_ends_at = starts_at, ends_at
    rollout.save(update_fields=["pilot_starts_at", "pilot_ends_at"])
    dates = {**before, "starts_at": starts_at, "ends_at": ends_at}
    facts = {name: moment.isoformat() if moment else None for name, moment in dates.items()}
    journal.record("pilot.planned", subject=f"rollout:{rollout.pk}", by=scope, at=now, facts=facts)
    parties = numbers_by_party(shares_of(rollout.pk))
    journal.publish_entries(
        EntryKind.PILOT_PLANNED,
        parties=parties,
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, **facts},
    )
    return rollout
