"""Confirming the pilot group: within the cap, and with both Suppliers asked (R2.3, R2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput
from portal.kernel.transactions import unit_of_work
from rollouts.models import Batch, PilotMember, PilotSubmission, Rollout
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.instructions.instruct import check_is_open
from rollouts.services.pilots.join import join_pilot, notify_joined
from rollouts.services.pilots.nominate import check_takes_hubs, decide_submissions
from rollouts.states import BatchKind


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What came of confirming: hubs that joined, hubs that could not any more, and the group as it is now."""

    joined: int
    dropped: int
    in_pilot: int
    cap: int


@unit_of_work
def confirm_pilot(
    scope: Scope, *, rollout_id: int, submission_ids: Sequence[int], comment: str = "", now: datetime
) -> Confirmation:
    """Take nominations into the pilot group, and put each Supplier's time on its hubs.

    The cap counts every hub once, whoever nominated it, and is kept under the rollout's lock. A hub
    that can no longer be taken is dropped and counted. A second Supplier of such hubs is told that
    hubs of its own are in the pilot and wait for its answer, never who nominated them.

    Raises:
        NotPermitted: not for a DCC operator.
        NotFound: there is no such rollout, or a nomination is not among its undecided ones.
        InstructionRefused: the rollout is halted or has ended, or its firmware left the CPL.
        NoPilot: the rollout has none, or it takes no more.
        OverPilotCap: the group would grow beyond the cap; nothing is taken.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    check_is_open(rollout)
    check_takes_hubs(rollout)
    pilot = Batch.objects.get(rollout=rollout, kind=BatchKind.PILOT)
    submissions = decide_submissions(
        scope,
        PilotSubmission.objects.filter(rollout=rollout),
        submission_ids,
        PilotSubmission.Status.CONFIRMED,
        now=now,
        comment=comment.strip(),
    )
    members = _movable(rollout, pilot, submissions)
    joined = join_pilot(scope, rollout, pilot, submissions=submissions, members=members, now=now)
    nominated = PilotMember.objects.filter(submission__in=submissions).values("guid").distinct().count()
    taken = {member.guid for member in members}
    done = Confirmation(joined.hubs, nominated - len(taken), joined.in_pilot, rollout.pilot_cap)
    facts = {"joined": done.joined, "dropped": done.dropped, "in_pilot": done.in_pilot}
    journal.record(
        "pilot.confirmed",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={**facts, "comment": comment.strip()},
    )
    notify_joined(rollout, taken, comment=comment.strip(), submissions=submissions, now=now)
    return done


@unit_of_work
def decline_submission(scope: Scope, *, submission_id: int, comment: str, now: datetime) -> None:
    """Decline a nomination, and notify its Supplier of the reason.

    Raises:
        NotPermitted: not for a DCC operator.
        NotFound: there is none that is undecided.
        BadInput: no reason is given.
    """
    scope.check(*MAY_OPERATE)
    if not comment.strip():
        raise BadInput("Say why: the Supplier will read it.")
    submissions = PilotSubmission.objects.all()
    status = PilotSubmission.Status.DECLINED
    for declined in decide_submissions(
        scope, submissions, [submission_id], status, now=now, comment=comment.strip()
    ):
        journal.publish_entries(
            EntryKind.PILOT_CONFIRMED,
            parties=[declined.organisation_id],
            rollout_id=declined.rollout_id,
            at=now,
            data={
                "submission": reference_of(declined.pk, "submission"),
                "hubs": 0,
                "declined": declined.hubs,
                "comment": comment.strip(),
            },
        )


def _movable(rollout: Rollout, pilot: Batch, submissions: Sequence[PilotSubmission]) -> list[Any]:
    return sql.fetch_all(
        "rollouts",
        "movable_members",
        rollout_id=rollout.pk,
        pilot_id=pilot.pk,
        submissions=[submission.pk for submission in submissions],
    )
