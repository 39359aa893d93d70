"""Nominating hubs for the pilot: a Supplier's list, or what its rule chooses (R2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.spreadsheets import NotRead
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.working_days import local_day
from rollouts.models import PilotMember, PilotSubmission, Rollout, SelectionRuleVersion
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.reads.rules.choosing import HubSelection, choose, judge_choice
from rollouts.rules.criteria import Subject, parse, parse_sample
from rollouts.services.instructions.answer import AnswerOrder, judge_answers
from rollouts.services.instructions.hub_list import HubList, in_order, spelt_lines
from rollouts.services.instructions.instruct import check_is_open, check_order
from rollouts.states import (
    NOMINATION_STATUSES,
    InstructionKind,
    RejectionReason,
    RolloutStatus,
)

KEPT_LINES: Final = 50_000


class NoPilot(Refusal):
    """The rollout has no pilot, or its pilot takes no more hubs."""

    code = "no_pilot"


class OverPilotCap(Refusal):
    """More hubs than the pilot group has room for."""

    code = RejectionReason.OVER_PILOT_CAP.value


class NothingNominated(Refusal):
    """None of the hubs can be in the pilot; `facts` say why."""

    code = "nothing_nominated"


@dataclass(frozen=True, slots=True)
class Nomination:
    """What became of a list of hubs for the pilot: the receipt."""

    submission_id: int
    hubs: int
    rejected: Sequence[Mapping[str, Any]]
    score: float
    not_read: Sequence[NotRead] = ()


@unit_of_work
def submit_pilot(
    scope: Scope,
    *,
    rollout_id: int,
    source: HubList | None = None,
    rule_version_id: int | None = None,
    activate_at: datetime | None = None,
    received_at: datetime | None = None,
    now: datetime,
) -> Nomination:
    """Nominate hubs, listed or chosen by a saved rule, with the time they are wanted at (blank: any).

    Lines that cannot be taken are listed with their reasons, the others go on. Nothing moves until
    the DCC confirms; the time counts as instructed when this was received.

    Raises:
        NotPermitted, NotFound: not a Supplier's chooser of hubs; no such rollout or rule for it.
        NoPilot: the rollout has none, or it takes no more.
        InstructionRefused, rules.RuleBroken: the rollout is halted, it is too late, or the time cannot be.
        OverPilotCap, NothingNominated: more hubs than the whole group may hold, or none.
    """
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier nominates hubs.")
    scope.check(*MAY_INSTRUCT)
    received_at = received_at or now
    rollout = visible_rollout(scope, rollout_id)
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    rollout.refresh_from_db(fields=["status", "automatic_at", "cutoff_at", "has_pilot", "pilot_cap"])
    check_is_open(rollout)
    check_takes_hubs(rollout)
    hubs = _listed(scope, rollout, source, rule_version_id, now=now)
    order = AnswerOrder(scope.organisation_id, InstructionKind.INSTRUCT, activate_at, received_at)
    check_order(rollout, order, hubs)
    guids, refused = _judged(rollout, order, hubs, now=now)
    if len(guids) > rollout.pilot_cap:
        raise over_cap(rollout, hubs=len(guids), in_pilot=0)
    choice = judge_choice(scope, rollout_id=rollout_id, guids=guids, as_of=local_day(now))
    submission = PilotSubmission.objects.create(
        rollout=rollout,
        organisation_id=scope.organisation_id,
        user_id=scope.user_id,
        rule_version_id=rule_version_id,
        activate_at=activate_at,
        submitted_at=received_at,
        hubs=len(guids),
        rejected=refused,
        not_read=hubs.not_read_documents,
        score=choice.score,
        breakdown={"chosen": choice.chosen_by, "eligible": choice.eligible_by},
    )
    PilotMember.objects.bulk_create(
        [PilotMember(submission=submission, guid=guid, rollout_id=rollout_id) for guid in guids],
        batch_size=10_000,
    )
    _notify_submitted(scope, rollout, submission, choice, now=now)
    return Nomination(submission.pk, len(guids), refused, choice.score, hubs.not_read)


@unit_of_work
def withdraw_submission(scope: Scope, *, submission_id: int, now: datetime) -> None:
    """Take back a nomination that has not been decided.

    Raises:
        NotPermitted: not for somebody who chooses hubs for a Supplier.
        NotFound: there is none of this organisation that is undecided.
    """
    scope.check(*MAY_INSTRUCT)
    own = PilotSubmission.objects.filter(organisation_id=scope.organisation_id)
    decide_submissions(scope, own, [submission_id], PilotSubmission.Status.WITHDRAWN, now=now)


def check_takes_hubs(rollout: Rollout) -> None:
    """Refuse more hubs where there is no pilot, or its review has begun.

    Raises:
        NoPilot: there is none, or it takes no more.
    """
    if not rollout.has_pilot:
        raise NoPilot("This rollout has no pilot.")
    if RolloutStatus(rollout.status) not in NOMINATION_STATUSES:
        raise NoPilot("The pilot takes no more hubs.")


def _listed(
    scope: Scope, rollout: Rollout, source: HubList | None, rule_version_id: int | None, *, now: datetime
) -> HubList:
    if source is not None and rule_version_id is None:
        return source
    if source is not None or rule_version_id is None:
        raise BadInput("Give either a list of hubs or a saved rule.")
    version = SelectionRuleVersion.objects.filter(
        pk=rule_version_id, rule__organisation_id=scope.organisation_id
    ).first()
    if version is None:
        raise NotFound("There is no such rule.")
    choice = choose(
        scope,
        rollout_id=rollout.pk,
        criteria=parse(version.tree, subject=Subject.HUB),
        sample=parse_sample(version.sample) if version.sample else None,
        as_of=local_day(now),
        listed=rollout.pilot_cap,
    )
    if choice.chosen > rollout.pilot_cap:
        raise over_cap(rollout, hubs=choice.chosen, in_pilot=0)
    if not choice.chosen:
        raise NothingNominated("The rule chooses none of your hubs in this rollout.")
    return HubList.from_stored(choice.guids)


def _judged(
    rollout: Rollout, order: AnswerOrder, hubs: HubList, *, now: datetime
) -> tuple[list[int], list[dict[str, Any]]]:
    """Split a list into the hubs that can be in the pilot, and the lines that cannot, by line."""
    outcome = judge_answers(rollout, order, guids=hubs.guids, lines=hubs.lines, now=now)
    missed = {guid for guid, *_ in outcome.missed}
    lines = in_order([*hubs.refused, *spelt_lines(outcome.missed, hubs.text, hubs.sheets)], hubs.sheets)
    refused = [line.document for line in lines[:KEPT_LINES]]
    guids = [guid for guid in hubs.guids.tolist() if guid not in missed]
    if not guids:
        raise NothingNominated(
            "None of these hubs can be in the pilot. See the reason of each.", facts={"rejected": refused}
        )
    return guids, refused


def over_cap(rollout: Rollout, *, hubs: int, in_pilot: int) -> OverPilotCap:
    """Word the refusal of more hubs than there is room for."""
    room = max(rollout.pilot_cap - in_pilot, 0)
    return OverPilotCap(
        f"The pilot group holds {rollout.pilot_cap:,} hubs at most: there is room for {room:,}, "
        f"and {hubs:,} were named.",
        facts={"cap": rollout.pilot_cap, "room": room, "asked": hubs},
    )


@inside_unit_of_work
def decide_submissions(
    scope: Scope,
    submissions: QuerySet[PilotSubmission],
    ids: Sequence[int],
    status: PilotSubmission.Status,
    *,
    now: datetime,
    comment: str = "",
) -> list[PilotSubmission]:
    """Decide undecided submissions, and write it down; each is decided once.

    Raises:
        NotFound: one of them is not there, or has been decided.
    """
    undecided = submissions.select_for_update(no_key=True).filter(
        pk__in=ids, status=PilotSubmission.Status.SUBMITTED
    )
    submissions_ = list(undecided.order_by("pk"))
    if not submissions_ or len(submissions_) != len(set(ids)):
        raise NotFound("There is no such nomination, or it has been decided.")
    PilotSubmission.objects.filter(pk__in=ids).update(
        status=status, decided_at=now, decided_by_id=scope.user_id, comment=comment
    )
    for submission in submissions_:
        journal.record(
            f"pilot-submission.{status.value.lower()}",
            subject=f"rollout:{submission.rollout_id}",
            by=scope,
            at=now,
            facts={"submission": submission.pk, "hubs": submission.hubs, "comment": comment},
        )
    return submissions_


def _notify_submitted(
    scope: Scope, rollout: Rollout, submission: PilotSubmission, choice: HubSelection, *, now: datetime
) -> None:
    facts = {
        "submission": reference_of(submission.pk, "submission"),
        "hubs": submission.hubs,
        "rejected": len(submission.rejected),
        "score": round(choice.score, 4),
    }
    journal.record("pilot.submitted", subject=f"rollout:{rollout.pk}", by=scope, at=now, facts=facts)
    boards = Organisation.objects.filter(kind=OrganisationKind.DCC).values_list("pk", flat=True)
    named = {board: {"supplier": scope.organisation_name} for board in boards}
    journal.publish_entries(
        EntryKind.PILOT_SUBMITTED,
        parties=[scope.organisation_id, *named],
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, **facts},
        data_by_party=named,
    )
