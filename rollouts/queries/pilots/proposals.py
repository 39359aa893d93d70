"""Who has nominated for a pilot, and what DCC proposes to a Supplier (R2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel import paging, sql
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.refusals import NotFound
from rollouts.models import Batch, PilotSubmission, Rollout
from rollouts.reads.pilots.nominators import NOMINATED, nominators
from rollouts.reads.rollouts.shares import shares_of
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import BatchKind, Region

PAGE_SIZE: Final = 100
MOST_A_PAGE: Final = 1_000
_FIRST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class NominatingSupplier:
    """A Supplier with hubs in a rollout, and whether it has named some for the pilot: for the DCC alone."""

    supplier_id: int
    supplier: str
    hubs: int
    status: str
    """Of its nomination that counts most; blank where there is none."""
    status_label: str
    named: int
    has_nominated: bool
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """What DCC proposes to the viewer, and what has become of it."""

    id: int
    rollout_id: int
    status: str
    proposed_at: datetime
    activate_at: datetime | None
    answer_by: datetime
    comment: str
    """What DCC writes."""
    hubs: int


@dataclass(frozen=True, slots=True)
class ProposedHub:
    """A hub of the viewer that is proposed for the pilot."""

    guid: str
    region: Region
    version: str
    role: str
    has_second_supplier: bool
    is_in_pilot: bool


def nominating_suppliers(scope: Scope, *, rollout_id: int) -> Sequence[NominatingSupplier]:
    """List who has nominated hubs for a pilot and who has not, those with most hubs first.

    Raises:
        NotFound: there is no such rollout, or the organisation is not the DCC.
    """
    if not scope.is_dcc:
        raise NotFound("There is no such rollout.")
    visible_rollout(scope, rollout_id)
    rows = nominators(rollout_id, shares_of(rollout_id).by_supplier)
    names = dict(
        Organisation.objects.filter(pk__in=[row.supplier_id for row in rows]).values_list("pk", "name")
    )
    return [
        NominatingSupplier(
            supplier_id=row.supplier_id,
            supplier=names[row.supplier_id],
            hubs=row.hubs,
            status=row.status.value if row.status else "",
            status_label=str(row.status.label) if row.status else "Has not nominated",
            named=row.named,
            has_nominated=row.status in NOMINATED,
            reminded_at=row.reminded_at,
        )
        for row in rows
    ]


def proposal_card(scope: Scope, *, rollout_id: int, submission_id: int) -> ProposalCard:
    """Return what DCC proposes to the viewer's organisation.

    Raises:
        NotFound: there is no such rollout, or nothing was proposed to this organisation under this id.
    """
    rollout = visible_rollout(scope, rollout_id)
    submission = _proposed_to(scope, rollout, submission_id)
    proposal = submission.proposal
    assert proposal is not None  # noqa: S101 - by the filter
    return ProposalCard(
        id=submission.pk,
        rollout_id=rollout.pk,
        status=submission.status,
        proposed_at=proposal.proposed_at,
        activate_at=submission.activate_at,
        answer_by=rollout.cutoff_at,
        comment=proposal.comment,
        hubs=submission.hubs,
    )


def proposed_hubs(
    scope: Scope, *, rollout_id: int, submission_id: int, after: str = "", size: int = PAGE_SIZE
) -> Page[ProposedHub]:
    """Return a page of the hubs proposed to the viewer's organisation that are still its own.

    Raises:
        NotFound: as for the proposal itself.
        BadCursor: the cursor is damaged.
    """
    rollout = visible_rollout(scope, rollout_id)
    _proposed_to(scope, rollout, submission_id)
    size = max(1, min(size, MOST_A_PAGE))
    place = int(_cursors(scope).decode(after, size=1)[0]) if after else _FIRST
    pilot = Batch.objects.filter(rollout=rollout, kind=BatchKind.PILOT).first()
    rows = sql.fetch_all(
        "rollouts",
        "proposal_hubs",
        rollout_id=rollout.pk,
        submission_id=submission_id,
        pilot_id=pilot.pk if pilot else 0,
        party=scope.organisation_id,
        after=place,
        size=size + 1,
    )
    shown = rows[:size]
    return Page(
        [
            ProposedHub(
                guid=str(Guid.from_db(row.guid)),
                region=Region(row.region),
                version=row.version,
                role=row.role,
                has_second_supplier=row.is_split,
                is_in_pilot=row.is_member,
            )
            for row in shown
        ],
        next=_cursors(scope).encode(shown[-1].guid) if len(rows) > size else None,
    )


def _proposed_to(scope: Scope, rollout: Rollout, submission_id: int) -> PilotSubmission:
    own = PilotSubmission.objects.filter(
        pk=submission_id, rollout=rollout, organisation_id=scope.organisation_id
    )
    submission = own.exclude(proposal=None).select_related("proposal").first()
    if submission is None or not scope.is_supplier:
        raise NotFound("There is no such proposal.")
    return submission


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("proposed-hubs", scope.organisation_id)
