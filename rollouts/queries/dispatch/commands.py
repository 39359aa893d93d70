"""The commands that were sent for one hub, as far as the one who asks may know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid, GuidProblem, read
from portal.kernel.guid.value import OFFSET
from portal.kernel.refusals import NotFound
from rollouts.models import Rollout
from rollouts.queries.estate.hubs import hub_row, place_rows
from rollouts.queries.estate.searching import hub_of
from rollouts.states import AlertCode, CommandKind, CommandStatus, FailureCode, RolloutStatus, failure_code

MOST_COMMANDS: Final = 100
READINGS_KEPT: Final = timedelta(days=400)
"""Readings somebody asked for are looked for as far back as this."""


@dataclass(frozen=True, slots=True)
class HubCommand:
    """One command that named the hub. What the last five say is for the DCC and the CSP alone."""

    kind: CommandKind
    status: CommandStatus
    rollout_id: int | None
    rollout_name: str
    version: str
    execute_at: datetime | None
    due_at: datetime
    sent_at: datetime | None
    recalled_at: datetime | None
    answered_at: datetime | None
    answer: AlertCode | None
    reason: FailureCode
    number: int | None = None
    hubs: int | None = None
    attempts: int = 0
    problem: str = ""
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class HubCommands:
    """A hub in its one spelling, and its commands, the latest first."""

    guid: str
    commands: Sequence[HubCommand]


def hub_commands(scope: Scope, *, guid: str, now: datetime) -> HubCommands:
    """List the commands that named a hub, by its GUID or that of its GPF, in any spelling.

    A Supplier sees those of rollouts in which it answers for the hub now, readings by the portal, and those
    it asked for itself. Commands are lists of hubs without an index: this reads those of the hub's rollouts
    in its region, some ten milliseconds a million hubs.

    Raises:
        NotFound: there is no such hub, or not for this organisation.
    """
    wanted = read(guid)
    asked_guid = 0 if isinstance(wanted, GuidProblem) else wanted - OFFSET
    hub_guid = hub_of(asked_guid)
    hub = hub_row(scope, hub_guid)
    if hub is None or isinstance(wanted, GuidProblem):
        raise NotFound("There is no such hub in your estate.")
    rows = sql.fetch_all(
        "rollouts",
        "hub_commands",
        guid=hub_guid,
        region=hub.region,
        rollouts=_rollouts_with(scope, hub),
        since=now - READINGS_KEPT,
        is_supplier=scope.is_supplier,
        party=scope.organisation_id,
        size=MOST_COMMANDS,
    )
    return HubCommands(str(Guid.from_db(hub_guid)), [_command(scope, row) for row in rows])


def _rollouts_with(scope: Scope, hub: Any) -> list[int]:
    published = Rollout.objects.exclude(status=RolloutStatus.DRAFT).filter(
        cpl_entry__device_model_id=hub.device_model_id
    )
    rows = place_rows(scope, hub.guid, rollouts=sorted(published.values_list("pk", flat=True)))
    return [row.rollout_id for row in rows]


def _command(scope: Scope, row: Any) -> HubCommand:
    seen = {
        "kind": CommandKind(row.kind),
        "status": CommandStatus(row.status),
        "rollout_id": row.rollout_id,
        "rollout_name": row.rollout_name or "",
        "version": row.version or "",
        "execute_at": row.execute_at,
        "due_at": row.due_at,
        "sent_at": row.sent_at,
        "recalled_at": row.recalled_at,
        "answered_at": row.answered_at,
        "answer": AlertCode(row.code) if row.code in AlertCode.values else None,
        "reason": failure_code(row.reason),
    }
    if scope.is_supplier:
        return HubCommand(**seen)
    return HubCommand(
        **seen,
        number=row.id,
        hubs=row.hub_count,
        attempts=row.attempts,
        problem=row.problem,
        asked_by=(row.asked_by or "") if scope.is_dcc else "",
    )
