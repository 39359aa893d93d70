"""Joining the pilot group: within its cap, each Supplier's time put on its hubs (R2.3, R2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models import Batch, PilotSubmission, Rollout
from rollouts.reads.rollouts.shares import shares_of
from rollouts.services.instructions.answer import AnswerOrder
from rollouts.services.instructions.hub_list import HubList
from rollouts.services.instructions.instruct import Author, give_instruction
from rollouts.services.pilots.nominate import over_cap
from rollouts.states import BatchKind, Channel, InstructionKind, TargetState


@dataclass(frozen=True, slots=True)
class Joined:
    """How many hubs have joined the pilot group, and how many are in it now."""

    hubs: int
    in_pilot: int


@inside_unit_of_work
def join_pilot(
    scope: Scope,
    rollout: Rollout,
    pilot: Batch,
    *,
    submissions: Sequence[PilotSubmission],
    members: Sequence[Any],
    now: datetime,
) -> Joined:
    """Move hubs into the pilot group and give their Suppliers' instructions; the caller holds the rollout.

    `members` are rows of `submission_id`, `guid` and `is_member`. The cap counts every hub once, whoever
    named it.

    Raises:
        OverPilotCap: the group would grow beyond the cap; nothing is taken.
    """
    joining = sorted({member.guid for member in members if not member.is_member})
    joined = move_to_pilot(rollout, pilot, joining)
    for submission in submissions:
        guids = [member.guid for member in members if member.submission_id == submission.pk]
        if guids:
            _instruct(scope, rollout, submission, guids, now=now)
    return joined


@inside_unit_of_work
def move_to_pilot(rollout: Rollout, pilot: Batch, joining: Sequence[int]) -> Joined:
    """Move hubs into the pilot group, within its cap; the caller holds the rollout.

    Raises:
        OverPilotCap: the group would grow beyond the cap; nothing is taken.
    """
    share = shares_of(rollout.pk, batch_id=pilot.pk).total
    in_pilot = share.hubs - share.count(TargetState.WITHDRAWN)
    if in_pilot + len(joining) > rollout.pilot_cap:
        raise over_cap(rollout, hubs=len(joining), in_pilot=in_pilot)
    sql.execute(
        "rollouts",
        "move_to_batch",
        rollout_id=rollout.pk,
        batch_id=pilot.pk,
        guids=list(joining),
        automatic_at=pilot.automatic_at or rollout.automatic_at,
    )
    return Joined(len(joining), in_pilot + len(joining))


def _instruct(
    scope: Scope, rollout: Rollout, submission: PilotSubmission, guids: list[int], *, now: datetime
) -> None:
    """Put a Supplier's time on the hubs it named, as received when it named them."""
    author = Author(
        organisation_id=submission.organisation_id,
        channel=Channel.PILOT,
        user_id=submission.user_id,
        name="Pilot nomination",
        rule_version_id=submission.rule_version_id,
    )
    order = AnswerOrder(
        submission.organisation_id,
        InstructionKind.INSTRUCT,
        submission.activate_at,
        submission.submitted_at,
        group=BatchKind.PILOT,
    )
    give_instruction(
        scope, rollout=rollout, author=author, order=order, source=HubList.from_stored(guids), now=now
    )


def notify_joined(
    rollout: Rollout,
    guids: Iterable[int],
    *,
    comment: str,
    submissions: Iterable[PilotSubmission] = (),
    now: datetime,
) -> None:
    """Publish to each Supplier how many hubs of its own joined the pilot group, and how many it nominated."""
    rows = sql.fetch_all("rollouts", "pilot_by_supplier", rollout_id=rollout.pk, guids=sorted(guids))
    own: dict[int, dict[str, Any]] = {
        row.party: {"hubs": row.hubs, "split": row.split, "awaiting_your_answer": row.awaited} for row in rows
    }
    for submission in submissions:
        mine = own.setdefault(submission.organisation_id, {"hubs": 0, "split": 0, "awaiting_your_answer": 0})
        mine["nominated"] = mine.get("nominated", 0) + submission.hubs
    if own:
        journal.publish_entries(
            EntryKind.PILOT_CONFIRMED,
            parties=own,
            rollout_id=rollout.pk,
            at=now,
            data={"name": rollout.name, "comment": comment},
            data_by_party=own,
        )
