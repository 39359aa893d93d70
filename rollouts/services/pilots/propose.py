"""Proposing pilot hubs: DCC draws them by conditions, their Suppliers accept or not with one answer (R2.3).

A hub joins the pilot group once every Supplier responsible for it at that moment has accepted. Nobody learns
who the second one is. Hubs that need nobody's answer join at once: those without a Supplier, and, once the
time for instructions is up or where there was none, those whose time is DCC's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql, tenancy
from portal.kernel.references import reference_of
from portal.kernel.refusals import NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.working_days import local_day
from rollouts import rules
from rollouts.models import Batch, PilotMember, PilotProposal, PilotSubmission, Rollout
from rollouts.reads.rollouts.shares import shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.reads.rules.choosing import HubSelection, choose
from rollouts.rules.criteria import Subject, explain, parse, parse_sample
from rollouts.services.governance.act import the_portal
from rollouts.services.instructions.answer import AnswerOrder
from rollouts.services.instructions.hub_list import HubList
from rollouts.services.instructions.instruct import check_is_open, check_order
from rollouts.services.pilots.join import Joined, join_pilot, move_to_pilot, notify_joined
from rollouts.services.pilots.nominate import OverPilotCap, check_takes_hubs, over_cap
from rollouts.states import BatchKind, InstructionKind, TargetState


class NothingProposed(Refusal):
    """The conditions choose no hub that could join the pilot."""

    code = "nothing_proposed"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as it was made: hubs asked about, Suppliers asked, and hubs that joined at once."""

    proposal_id: int
    asked: int
    suppliers: int
    joined: int
    score: float


@dataclass(frozen=True, slots=True)
class ProposalAnswered:
    """What an answer led to: of the hubs named, those that joined, others' of the proposal included."""

    is_accepted: bool
    hubs: int
    joined: int


@unit_of_work
def propose_pilot(
    scope: Scope,
    *,
    rollout_id: int,
    tree: object,
    sample: Mapping[str, Any] | None = None,
    supplier_id: int | None = None,
    activate_at: datetime | None = None,
    comment: str = "",
    now: datetime,
) -> Proposed:
    """Draw hubs for the pilot, of one Supplier or of all, and ask their Suppliers.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout, or no hubs of this Supplier in it.
        InstructionRefused, NoPilot: the rollout is halted or over, or its pilot takes no more hubs.
        InvalidCriteria: the conditions or the sample cannot be read.
        RuleBroken: the time is past, or not earlier than the automatic one.
        OverPilotCap, NothingProposed: more hubs than there is room for, or none.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    _check_takes_proposal(rollout, supplier_id, activate_at, now=now)
    criteria = parse(tree, subject=Subject.HUB)
    choice = choose(
        scope,
        rollout_id=rollout.pk,
        criteria=criteria,
        sample=parse_sample(sample) if sample is not None else None,
        as_of=local_day(now),
        listed=rollout.pilot_cap + 1,
        supplier_id=supplier_id,
    )
    free, awaiting = _sorted_out(rollout, choice, now=now)
    pilot = Batch.objects.get(rollout=rollout, kind=BatchKind.PILOT)
    _check_room(rollout, pilot, hubs=len(free) + len(awaiting))
    proposal = PilotProposal.objects.create(
        rollout=rollout,
        proposed_at=now,
        proposed_by_id=scope.user_id,
        activate_at=activate_at,
        criteria=criteria.document,
        sample=dict(sample) if sample is not None else None,
        comment=comment.strip(),
        hubs=len(free) + len(awaiting),
    )
    joined = _join_at_once(scope, rollout, pilot, proposal, free, now=now) if free else Joined(0, 0)
    parties = _ask(rollout, proposal, awaiting, now=now) if awaiting else {}
    done = Proposed(proposal.pk, len(awaiting), len(parties), joined.hubs, choice.score)
    _record_proposal(scope, rollout, proposal, done, says=explain(criteria), now=now)
    notify_joined(rollout, set(free), comment=proposal.comment, now=now)
    return done


@unit_of_work
def answer_proposal(
    scope: Scope, *, submission_id: int, accepts: bool, comment: str = "", now: datetime
) -> ProposalAnswered:
    """Accept or do not accept, with one answer, that the hubs named take part in the pilot.

    Accepting counts as the Supplier's instruction of these hubs, received now. A hub it shares waits for the
    second Supplier's answer.

    Raises:
        NotPermitted: not somebody who chooses hubs for a Supplier.
        NotFound: nothing was proposed to this organisation under this id, or it has been answered.
        InstructionRefused, NoPilot, RuleBroken, OverPilotCap: as for a nomination and its confirmation.
    """
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier answers a proposal.")
    scope.check(*MAY_INSTRUCT)
    own = PilotSubmission.objects.filter(
        pk=submission_id, organisation_id=scope.organisation_id, status=PilotSubmission.Status.PROPOSED
    )
    unlocked = own.first()
    if unlocked is None:
        raise NotFound("There is no such proposal, or it has been answered.")
    rollout = locked_rollout(scope, unlocked.rollout_id)
    submission = own.select_related("proposal").first()
    if submission is None or submission.proposal is None:
        raise NotFound("There is no such proposal, or it has been answered.")
    check_is_open(rollout)
    check_takes_hubs(rollout)
    submission.decided_at, submission.user_id = now, scope.user_id
    submission.comment = comment.strip()
    if not accepts:
        submission.status = PilotSubmission.Status.REFUSED
        submission.save(update_fields=["status", "decided_at", "user_id", "comment"])
        _notify_answer(scope, rollout, submission, joined=0, now=now)
        return ProposalAnswered(is_accepted=False, hubs=submission.hubs, joined=0)
    members = submission.members.values_list("guid", flat=True)
    order = AnswerOrder(scope.organisation_id, InstructionKind.INSTRUCT, submission.activate_at, now)
    check_order(rollout, order, HubList.from_stored(list(members)))
    submission.status, submission.submitted_at = PilotSubmission.Status.ACCEPTED, now
    submission.save(update_fields=["status", "decided_at", "submitted_at", "user_id", "comment"])
    with tenancy.crossing():  # whether the second Supplier has accepted decides; it instructs its hubs, too
        joined = _join_agreed(rollout, submission.proposal, now=now)
    _notify_answer(scope, rollout, submission, joined=joined, now=now)
    return ProposalAnswered(is_accepted=True, hubs=submission.hubs, joined=joined)


@unit_of_work
def withdraw_proposed(scope: Scope, *, submission_id: int, now: datetime) -> None:
    """Take back what was proposed to a Supplier and it has not answered; it is told. Hubs that joined stay.

    Raises:
        NotPermitted: not a DCC operator.
        NotFound: nothing was proposed under this id, or it has been answered.
    """
    scope.check(*MAY_OPERATE)
    waiting = PilotSubmission.objects.filter(pk=submission_id, status=PilotSubmission.Status.PROPOSED)
    unlocked = waiting.first()
    if unlocked is None:
        raise NotFound("There is no such proposal, or it has been answered.")
    rollout = locked_rollout(scope, unlocked.rollout_id)
    withdrawn = PilotSubmission.Status.WITHDRAWN
    if not waiting.update(status=withdrawn, decided_at=now, decided_by_id=scope.user_id):
        raise NotFound("There is no such proposal, or it has been answered.")
    facts = {"submission": unlocked.pk, "hubs": unlocked.hubs}
    journal.record(
        "pilot.proposal-withdrawn",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={**facts, "supplier": unlocked.organisation_id},
    )
    journal.publish_entries(
        EntryKind.PILOT_PROPOSAL_WITHDRAWN,
        parties=[unlocked.organisation_id],
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, **facts},
    )


def _check_takes_proposal(
    rollout: Rollout, supplier_id: int | None, activate_at: datetime | None, *, now: datetime
) -> None:
    check_is_open(rollout)
    check_takes_hubs(rollout)
    if supplier_id is not None and supplier_id not in shares_of(rollout.pk).by_supplier:
        raise NotFound("This Supplier has no hubs in this rollout.")
    if activate_at is not None:
        rules.check_requested_at(activate_at, automatic_at=rollout.automatic_at, received_at=now)


def _record_proposal(
    scope: Scope, rollout: Rollout, proposal: PilotProposal, done: Proposed, *, says: str, now: datetime
) -> None:
    journal.record(
        "pilot.proposed",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={
            "proposal": proposal.pk,
            "asked": done.asked,
            "suppliers": done.suppliers,
            "joined": done.joined,
            "comment": proposal.comment,
            "says": says,
            "score": round(done.score, 4),
        },
    )


def _sorted_out(rollout: Rollout, choice: HubSelection, *, now: datetime) -> tuple[list[int], list[int]]:
    """Split the hubs drawn into those that need nobody's answer and those to be asked about."""
    if choice.chosen > rollout.pilot_cap:
        raise over_cap(rollout, hubs=choice.chosen, in_pilot=0)
    rows = sql.fetch_all("rollouts", "proposable_hubs", rollout_id=rollout.pk, guids=list(choice.guids))
    free = [row.guid for row in rows if row.is_free]
    can_answer = rules.is_in_time(now, cutoff_at=rollout.cutoff_at)
    awaiting = [row.guid for row in rows if row.has_supplier and not row.is_free and can_answer]
    if not free and not awaiting:
        raise NothingProposed("The conditions choose no hub that could still join the pilot.")
    return free, awaiting


def _check_room(rollout: Rollout, pilot: Batch, *, hubs: int) -> None:
    share = shares_of(rollout.pk, batch_id=pilot.pk).total
    waiting = sql.fetch_one("rollouts", "proposed_now", rollout_id=rollout.pk, pilot_id=pilot.pk).hubs
    taken = share.hubs - share.count(TargetState.WITHDRAWN) + waiting
    if taken + hubs > rollout.pilot_cap:
        raise over_cap(rollout, hubs=hubs, in_pilot=taken)


@inside_unit_of_work
def _join_at_once(
    scope: Scope,
    rollout: Rollout,
    pilot: Batch,
    proposal: PilotProposal,
    guids: Sequence[int],
    *,
    now: datetime,
) -> Joined:
    """Take hubs whose time is DCC's; the pilot group has that time where it has none."""
    if pilot.automatic_at is None and not rules.is_in_time(now, cutoff_at=rollout.cutoff_at):
        pilot.automatic_at = proposal.activate_at or now
        pilot.cutoff_at, pilot.window_closed_at = rules.one_month_before(pilot.automatic_at), now
        pilot.save(update_fields=["automatic_at", "cutoff_at", "window_closed_at"])
    drawn = PilotSubmission.objects.create(
        rollout=rollout,
        proposal=proposal,
        organisation_id=scope.organisation_id,
        user_id=scope.user_id,
        activate_at=proposal.activate_at,
        submitted_at=now,
        decided_at=now,
        decided_by_id=scope.user_id,
        status=PilotSubmission.Status.CONFIRMED,
        hubs=len(guids),
    )
    PilotMember.objects.bulk_create(
        [PilotMember(submission=drawn, guid=guid, rollout_id=rollout.pk) for guid in guids], batch_size=10_000
    )
    return move_to_pilot(rollout, pilot, guids)


@inside_unit_of_work
def _ask(
    rollout: Rollout, proposal: PilotProposal, guids: Sequence[int], *, now: datetime
) -> dict[int, dict[str, Any]]:
    """Name each Supplier its own hubs, and ask it."""
    rows = sql.fetch_all("rollouts", "pilot_by_supplier", rollout_id=rollout.pk, guids=list(guids))
    submissions = PilotSubmission.objects.bulk_create(
        PilotSubmission(
            rollout=rollout,
            proposal=proposal,
            organisation_id=row.party,
            activate_at=proposal.activate_at,
            submitted_at=now,
            status=PilotSubmission.Status.PROPOSED,
            hubs=row.hubs,
        )
        for row in rows
    )
    sql.execute(
        "rollouts", "propose_members", rollout_id=rollout.pk, proposal_id=proposal.pk, guids=list(guids)
    )
    own = {
        row.party: {
            "submission": reference_of(submission.pk, "submission"),
            "hubs": row.hubs,
            "split": row.split,
        }
        for row, submission in zip(rows, submissions, strict=True)
    }
    journal.publish_entries(
        EntryKind.PILOT_PROPOSED,
        parties=own,
        rollout_id=rollout.pk,
        at=now,
        data={
            "name": rollout.name,
            "comment": proposal.comment,
            "activate_at": proposal.activate_at.isoformat() if proposal.activate_at else None,
            "cutoff_at": rollout.cutoff_at.isoformat(),
        },
        data_by_party=own,
    )
    return own


@inside_unit_of_work
def _join_agreed(rollout: Rollout, proposal: PilotProposal, *, now: datetime) -> int:
    """Let the hubs join that all their Suppliers have accepted, each Supplier's time put on them."""
    pilot = Batch.objects.get(rollout=rollout, kind=BatchKind.PILOT)
    members = sql.fetch_all(
        "rollouts",
        "agreed_members",
        rollout_id=rollout.pk,
        proposal_id=proposal.pk,
        pilot_id=pilot.pk,
    )
    accepted = proposal.submissions.filter(status=PilotSubmission.Status.ACCEPTED).order_by("pk")
    try:
        # The portal gives the instructions: one Supplier does not do it for another.
        joined = join_pilot(
            the_portal(), rollout, pilot, submissions=list(accepted), members=members, now=now
        )
    except OverPilotCap as full:
        # How much room there is would count the hubs of others.
        raise OverPilotCap("The pilot group has no room for these hubs any more.") from full
    notify_joined(rollout, {member.guid for member in members}, comment=proposal.comment, now=now)
    return joined.hubs


def _notify_answer(
    scope: Scope, rollout: Rollout, submission: PilotSubmission, *, joined: int, now: datetime
) -> None:
    facts = {
        "submission": reference_of(submission.pk, "submission"),
        "is_accepted": submission.status == PilotSubmission.Status.ACCEPTED,
        "hubs": submission.hubs,
        "joined": joined,
        "comment": submission.comment,
    }
    journal.record("pilot.answered", subject=f"rollout:{rollout.pk}", by=scope, at=now, facts=facts)
    boards = Organisation.objects.filter(kind=OrganisationKind.DCC).values_list("pk", flat=True)
    journal.publish_entries(
        EntryKind.PILOT_ANSWERED,
        parties=list(boards),
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, "supplier": scope.organisation_name, **facts},
    )
