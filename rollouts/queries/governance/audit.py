"""The audit trail: the facts of the journal, the newest first, and whether its chain is intact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from portal.events.models import Event
from portal.identity.models import Organisation, User
from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel import paging
from portal.kernel.working_days import start_of_local_day
from rollouts.models import Incident, Rollout
from rollouts.queries.governance.evidence import ChainProof, chain_proof
from rollouts.states import Region

_AT_A_TIME: Final = 2_000
_MOST_NAMED: Final = 50


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
    about: str = ""
    """What people call the subject, where the portal knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFilter:
    """Filter of facts; an empty member does not filter."""

    name: str = ""
    """How the name of the fact begins."""
    subject: str = ""
    """A subject such as `rollout:12`, or a part of what people call it: a rollout, an incident, a person."""
    actor: str = ""
    """A part of the name of who did it."""
    since: date | None = None
    until: date | None = None
    """The first and the last day, local time."""


def audit_trail(
    scope: Scope, *, wanted: FactFilter | None = None, cursor: str = "", size: int = 50
) -> paging.Page[Fact]:
    """Return a page of facts, the newest first.

    Raises:
        NotPermitted: for others than the DCC.
        BadCursor: the cursor is damaged.
    """
    scope.check(*sorted(DCC_ROLES))
    events = _events(wanted or FactFilter())
    if cursor:
        events = events.filter(pk__lt=_cursors(scope).decode(cursor, size=1)[0])
    rows = list(events[: size + 1])
    more = _cursors(scope).encode(rows[size - 1].pk) if len(rows) > size else None
    return paging.Page(_facts(rows[:size]), next=more)


def every_fact(scope: Scope, *, wanted: FactFilter) -> Iterator[Fact]:
    """Yield all facts, the newest first, some thousands a statement: for files.

    Raises:
        NotPermitted: for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    return _every(_events(wanted))


def check_chain(scope: Scope) -> ChainProof:
    """Verify the whole chain: reads every fact there is.

    Raises:
        NotPermitted: for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    return chain_proof()


def _every(events: QuerySet[Event]) -> Iterator[Fact]:
    rows = list(events[:_AT_A_TIME])
    while rows:
        yield from _facts(rows)
        rows = list(events.filter(pk__lt=rows[-1].pk)[:_AT_A_TIME])


def _events(wanted: FactFilter) -> QuerySet[Event]:
    events = Event.objects.order_by("-id")
    if wanted.subject:
        events = events.filter(subject__in=_subjects(wanted.subject))
    if wanted.name:
        events = events.filter(name__startswith=wanted.name)
    if wanted.actor:
        events = events.filter(_done_by(wanted.actor))
    if wanted.since:
        events = events.filter(happened_at__gte=start_of_local_day(wanted.since))
    if wanted.until:
        events = events.filter(happened_at__lt=start_of_local_day(wanted.until + timedelta(days=1)))
    return events


def _done_by(text: str) -> Q:
    organisations = Organisation.objects.filter(name__icontains=text).values("pk")
    by = Q(actor_name__icontains=text) | Q(organisation_id__in=organisations)
    return by | Q(actor_name="", actor_id=None) if "portal" in text.lower() else by


def _subjects(text: str) -> list[str]:
    if ":" in text:
        return [text]
    named: tuple[tuple[str, QuerySet[Any]], ...] = (
        ("rollout", Rollout.objects.filter(name__icontains=text)),
        ("incident", Incident.objects.filter(Q(reference__iexact=text) | Q(title__icontains=text))),
        ("person", User.objects.filter(Q(name__icontains=text) | Q(email__iexact=text))),
        ("organisation", Organisation.objects.filter(name__icontains=text)),
    )
    return [
        f"{kind}:{pk}"
        for kind, rows in named
        for pk in rows.order_by("-pk").values_list("pk", flat=True)[:_MOST_NAMED]
    ] or [text]


def _facts(rows: Sequence[Event]) -> list[Fact]:
    organisations = dict(Organisation.objects.values_list("pk", "name"))
    names = _names(rows, organisations)
    return [
        Fact(
            id=row.pk,
            position=row.position,
            name=row.name,
            subject=row.subject,
            organisation=organisations.get(row.organisation_id, ""),
            actor=row.actor_name,
            at=row.happened_at,
            facts=row.facts,
            hash=bytes(row.hash or b"").hex(),
            about=names.get(row.subject) or _own_name(row.facts),
        )
        for row in rows
    ]


def _names(rows: Iterable[Event], organisations: Mapping[int, str]) -> dict[str, str]:
    """Name rollouts, incidents, people, organisations and regions, in a statement each."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        kind, _, number = row.subject.partition(":")
        if number.isdecimal():
            wanted.setdefault(kind, set()).add(int(number))
    known = {
        "rollout": dict(Rollout.objects.filter(pk__in=wanted.get("rollout", ())).values_list("pk", "name")),
        "incident": dict(
            Incident.objects.filter(pk__in=wanted.get("incident", ())).values_list("pk", "reference")
        ),
        "person": dict(User.objects.filter(pk__in=wanted.get("person", ())).values_list("pk", "name")),
        "organisation": organisations,
        "channel": {int(region): str(region.label) for region in Region},
    }
    return {
        f"{kind}:{pk}": known[kind].get(pk, "") for kind, pks in wanted.items() if kind in known for pk in pks
    }


def _own_name(facts: Mapping[str, Any]) -> str:
    return next((str(facts[name]) for name in ("name", "title", "version", "model") if facts.get(name)), "")


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("audit", scope.organisation_id)
