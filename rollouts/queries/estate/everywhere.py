"""Searching everywhere at once: hubs, rollouts, incidents and instructions that the viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid, GuidProblem, read
from rollouts.models import Incident, Instruction, Rollout
from rollouts.queries.estate.estate import HubRow, estate_page
from rollouts.queries.estate.keyset import LONGEST_WALK, EstateFilter
from rollouts.queries.estate.searching import NotSearchable, gpfs_like
from rollouts.reads.governance.incidents import visible_incidents
from rollouts.reads.rollouts.visibility import visible_rollouts

SHORTEST: Final = 2
MOST_OF_A_KIND: Final = 6
"""So many are shown of each kind; who wants more types more, or opens the list."""


@dataclass(frozen=True, slots=True)
class HubMatches:
    """The first hubs that match, and whether there are more; `problem` says why none could be looked for."""

    hubs: Sequence[HubRow] = ()
    has_more: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class GpfMatch:
    """A GPF whose GUID begins so, and its hub."""

    gpf_guid: str
    guid: str


@dataclass(frozen=True, slots=True)
class SearchResults:
    """What a text stands for."""

    beginning: HubMatches = HubMatches()
    """The hub with this GUID or GPF, or hubs whose GUIDs begin so."""
    ending: HubMatches = HubMatches()
    gpfs: Sequence[GpfMatch] = ()
    rollouts: Sequence[Rollout] = ()
    incidents: Sequence[Incident] = ()
    instructions: Sequence[Instruction] = ()
    is_whole_guid: bool = False

    def __len__(self) -> int:
        parts = (self.rollouts, self.incidents, self.instructions)
        return len(self.beginning.hubs) + len(self.ending.hubs) + len(self.gpfs) + sum(map(len, parts))


def search_everywhere(scope: Scope, text: str) -> SearchResults:
    """Find what a text may mean to this organisation; a foreign hub and an unknown one read the same."""
    text = text.strip()
    if len(text) < SHORTEST:
        return SearchResults()
    is_whole = not isinstance(read(text), GuidProblem)
    return SearchResults(
        beginning=_hubs(scope, text) if is_whole or not scope.is_csp else HubMatches(),
        ending=HubMatches() if is_whole else _hubs(scope, f"*{text}"),
        gpfs=[] if is_whole else _gpfs(scope, text),
        rollouts=_rollouts(scope, text),
        incidents=[] if scope.is_csp else _incidents(scope, text),
        instructions=_instructions(scope, text) if scope.is_supplier else [],
        is_whole_guid=is_whole,
    )


def _hubs(scope: Scope, text: str) -> HubMatches:
    # No index has the regions of a CSP: of those a beginning could walk through the whole estate.
    if scope.is_panel:
        return HubMatches()
    try:
        page = estate_page(scope, filters=EstateFilter(search=text), size=MOST_OF_A_KIND)
    except NotSearchable as refusal:
        return HubMatches(problem=refusal.message)
    return HubMatches(page.items, page.next is not None)


def _gpfs(scope: Scope, text: str) -> list[GpfMatch]:
    bounds = gpfs_like(text) if scope.is_supplier or scope.is_dcc else None
    if bounds is None:
        return []
    rows = sql.fetch_all(
        "rollouts",
        "gpfs_like",
        first=bounds[0],
        last=bounds[1],
        party=scope.organisation_id if scope.is_supplier else None,
        bound=LONGEST_WALK,
        size=MOST_OF_A_KIND,
    )
    return [GpfMatch(str(Guid.from_db(row.gpf_guid)), str(Guid.from_db(row.guid))) for row in rows]


def _rollouts(scope: Scope, text: str) -> list[Rollout]:
    named = Q(name__icontains=text) | Q(cpl_entry__firmware_version__istartswith=text)
    return list(visible_rollouts(scope).filter(named).order_by("-pk")[:MOST_OF_A_KIND])


def _incidents(scope: Scope, text: str) -> list[Incident]:
    named = (
        Q(reference__startswith=text.upper())
        | Q(title__icontains=text)
        | Q(service_desk_reference__istartswith=text)
    )
    return list(visible_incidents(scope).filter(named).order_by("-pk")[:MOST_OF_A_KIND])


def _instructions(scope: Scope, text: str) -> list[Instruction]:
    own = Instruction.objects.filter(organisation_id=scope.organisation_id)
    named = Q(reference__startswith=text.upper()) | Q(name__icontains=text)
    wanted = own.filter(named).select_related("rollout")
    shown = wanted.only("reference", "name", "received_at", "rollout__name")
    return list(shown.order_by("-pk")[:MOST_OF_A_KIND])
