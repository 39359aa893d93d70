"""What happens to rollouts when an entry of the Central Products List changes its status (R1.6)."""

from __future__ import annotations

from datetime import date, datetime

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.versions import check_version
from portal.kernel.working_days import local_day
from rollouts.models import CplEntry, Rollout
from rollouts.reads.catalogue.entries import cpl_entry_values
from rollouts.reads.rollouts.shares import numbers_by_party, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.catalogue.enter import locked_entry
from rollouts.services.rollouts.step import step_taken
from rollouts.states import OPEN_STATUSES, RUNNING_STATUSES, CplStatus, RolloutStatus

LONGEST_REASON = 200


@unit_of_work
def change_cpl_status(
    scope: Scope,
    *,
    cpl_entry_id: int,
    status: CplStatus,
    reason: str,
    expected: str | None = None,
    now: datetime,
) -> list[int]:
    """Record the new status of a CPL entry; return the rollouts that are suspended by it.

    When the firmware of running rollouts is no longer active they are suspended at once, and
    everybody concerned is told why. Becoming active again resumes nothing: that takes a decision.
    `expected` is the `version_of` the `cpl_entry_values` that were read.

    Raises:
        NotPermitted: not for a DCC operator.
        NotFound: there is no such entry.
        EditConflict: the entry is not as `expected`.
        BadInput: there is no reason, or nothing changes.
    """
    scope.check(*MAY_OPERATE)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput(f"Give a reason of at most {LONGEST_REASON} characters.")
    entry = locked_entry(cpl_entry_id)
    check_version(expected, cpl_entry_values(entry))
    if entry.status == status:
        raise BadInput(f"The entry is {CplStatus(status).label.lower()} already.")
    return status_changed(scope, entry, status=status, reason=reason, now=now)


@inside_unit_of_work
def status_changed(
    scope: Scope,
    entry: CplEntry,
    *,
    status: CplStatus,
    reason: str,
    removed_on: date | None = None,
    now: datetime,
) -> list[int]:
    """Give an entry that is held its new status; return the rollouts that are suspended by it."""
    was = entry.status
    entry.status = status
    entry.removed_on = None if status == CplStatus.ACTIVE else removed_on or local_day(now)
    entry.removed_reason = "" if status == CplStatus.ACTIVE else reason
    entry.save(update_fields=["status", "removed_on", "removed_reason"])
    journal.record(
        "cpl-entry.status-changed",
        subject=f"cpl-entry:{entry.pk}",
        by=scope,
        at=now,
        facts={"from": was, "to": status, "reason": reason},
    )
    return [] if status == CplStatus.ACTIVE else _suspend_rollouts(scope, entry, reason=reason, now=now)


@inside_unit_of_work
def _suspend_rollouts(scope: Scope, entry: CplEntry, *, reason: str, now: datetime) -> list[int]:
    suspended = []
    concerned = Rollout.objects.filter(cpl_entry=entry, status__in=OPEN_STATUSES).order_by("pk")
    for rollout_id in concerned.values_list("pk", flat=True):
        rollout = locked_rollout(scope, rollout_id)
        journal.publish_entries(
            EntryKind.CPL_REMOVED,
            parties=numbers_by_party(shares_of(rollout_id)),
            rollout_id=rollout_id,
            at=now,
            data={"name": rollout.name, "firmware_version": entry.firmware_version, "reason": reason},
        )
        if RolloutStatus(rollout.status) in RUNNING_STATUSES:
            why = f"The firmware is no longer active on the Central Products List: {reason}"
            step_taken(scope, rollout, verb="suspend", reason=why, now=now)
            suspended.append(rollout_id)
    return suspended
