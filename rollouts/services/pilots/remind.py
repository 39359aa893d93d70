"""Reminding Suppliers that have nominated no hubs for a pilot (R2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import Refusal
from portal.kernel.transactions import unit_of_work
from rollouts import rules
from rollouts.models import PilotReminder, Rollout
from rollouts.reads.pilots.nominators import NOMINATED, nominators
from rollouts.reads.rollouts.shares import Share, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.instructions.instruct import check_is_open
from rollouts.services.pilots.nominate import check_takes_hubs

REMINDED_AT_MOST: Final = timedelta(days=1)
"""A Supplier is reminded at most once in this time, however often the button is pressed."""


class NobodyToRemind(Refusal):
    """Every Supplier has nominated, or was reminded a moment ago."""

    code = "nobody_to_remind"
    status = 409


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many Suppliers were reminded."""

    suppliers: int


@unit_of_work
def remind_to_nominate(
    scope: Scope, *, rollout_id: int, supplier_ids: Sequence[int] | None = None, now: datetime
) -> Reminded:
    """Remind Suppliers that have not nominated, or some of them, by notice and mail; written down.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout.
        InstructionRefused, NoPilot: the rollout is halted or over, or its pilot takes no more hubs.
        RuleBroken: the time for nominations is up.
        NobodyToRemind: they have all nominated, or were reminded within a day.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    check_is_open(rollout)
    check_takes_hubs(rollout)
    rules.check_received(now, cutoff_at=rollout.cutoff_at)
    shares = shares_of(rollout.pk).by_supplier
    parties = [
        each.supplier_id
        for each in nominators(rollout.pk, shares)
        if each.status not in NOMINATED
        and (each.reminded_at is None or each.reminded_at <= now - REMINDED_AT_MOST)
        and (supplier_ids is None or each.supplier_id in supplier_ids)
    ]
    if not parties:
        raise NobodyToRemind("Every Supplier has nominated, or was reminded within the last day.")
    PilotReminder.objects.bulk_create(
        PilotReminder(rollout=rollout, organisation_id=party, reminded_at=now, reminded_by_id=scope.user_id)
        for party in parties
    )
    _notify(scope, rollout, parties, shares, now=now)
    return Reminded(len(parties))


def _notify(
    scope: Scope, rollout: Rollout, parties: Sequence[int], shares: Mapping[int, Share], *, now: datetime
) -> None:
    journal.record(
        "pilot.reminded",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={"suppliers": list(parties)},
    )
    own = {party: {"hubs": shares[party].hubs, "split": shares[party].split} for party in parties}
    journal.publish_entries(
        EntryKind.PILOT_REMINDED,
        parties=own,
        rollout_id=rollout.pk,
        at=now,
        data={
            "name": rollout.name,
            "cutoff_at": rollout.cutoff_at.isoformat(),
            "automatic_at": rollout.automatic_at.isoformat(),
            "pilot_cap": rollout.pilot_cap,
        },
        data_by_party=own,
    )
