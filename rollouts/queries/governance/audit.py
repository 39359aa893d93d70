"""The audit trail: the facts of the journal, the newest first, and whether its chain is intact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events.models import Event
from portal.identity.models import Organisation
from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel import paging
from rollouts.queries.governance.evidence import ChainProof, chain_proof


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: what happened to what, by whom, when, and its place in the chain."""

    id: int
    position: int | None
    """None until the sequencer has given it one."""
    name: str
    subject: str
    organisation: str
    actor: str
    at: datetime
    facts: Mapping[str, Any]
    hash: str


def audit_trail(
    scope: Scope, *, subject: str = "", name: str = "", cursor: str = "", size: int = 50
) -> paging.Page[Fact]:
    """Return a page of facts, the newest first; about one subject, or of a kind, where that is asked.

    Raises:
        NotPermitted: for others than the DCC.
        BadCursor: the cursor is damaged.
    """
    scope.check(*sorted(DCC_ROLES))
    events = Event.objects.order_by("-id")
    if subject:
        events = events.filter(subject=subject)
    if name:
        events = events.filter(name__startswith=name)
    if cursor:
        events = events.filter(pk__lt=_cursors(scope).decode(cursor, size=1)[0])
    rows = list(events[: size + 1])
    names = dict(Organisation.objects.values_list("pk", "name"))
    more = _cursors(scope).encode(rows[size - 1].pk) if len(rows) > size else None
    return paging.Page([_fact(row, names) for row in rows[:size]], next=more)


def check_chain(scope: Scope) -> ChainProof:
    """Verify the whole chain: reads every fact there is.

    Raises:
        NotPermitted: for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    return chain_proof()


def _fact(row: Event, names: Mapping[int, str]) -> Fact:
    return Fact(
        id=row.pk,
        position=row.position,
        name=row.name,
        subject=row.subject,
        organisation=names.get(row.organisation_id, ""),
        actor=row.actor_name,
        at=row.happened_at,
        facts=row.facts,
        hash=bytes(row.hash or b"").hex(),
    )


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("audit", scope.organisation_id)
