"""Collecting the evidence on a rollout: figures, incidents, decisions, and their audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal.events.models import Event
from portal.events.sequencer import broken_links
from portal.identity.models import Organisation
from portal.identity.roles import DCC_ROLES, PANEL_ROLES
from portal.identity.scope import Scope
from portal.kernel import sql
from rollouts.models import Decision, Incident, IncidentHub, Rollout
from rollouts.queries.governance.decisions import (
    AfterHalt,
    DecisionPage,
    RuleLine,
    Trip,
    after_halt,
    decision_page,
    halt_rules,
    halt_trips,
)
from rollouts.queries.governance.triage import Comparison, GroupBy, TriageGroup, comparison, triage_board
from rollouts.reads.governance.evidence import figures_of
from rollouts.reads.rollouts.visibility import visible_rollout


@dataclass(frozen=True, slots=True)
class SettledDay:
    """How many hubs settled on a day."""

    day: date
    activated: int
    failed: int


@dataclass(frozen=True, slots=True)
class Link:
    """A fact about the rollout, and its place in the hash chain of the whole journal."""

    position: int | None
    name: str
    subject: str
    actor: str
    at: datetime
    facts: Mapping[str, Any]
    hash: str
    previous_hash: str


@dataclass(frozen=True, slots=True)
class ChainProof:
    """That the journal is intact, or where it is not: every link was verified when this was made."""

    head: int
    head_hash: str
    broken: tuple[int, ...]
    unsequenced: int

    @property
    def is_intact(self) -> bool:
        """Return whether every link fits."""
        return not self.broken

    @property
    def words(self) -> str:
        """Return the result."""
        if self.broken:
            return (
                f"BROKEN: {len(self.broken)} facts do not fit the chain, first at position {self.broken[0]}."
            )
        return f"Intact: all {self.head:,} facts of the journal fit the chain, up to {self.head_hash[:16]}…"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything, as it stood at one moment."""

    rollout: Rollout
    taken_at: datetime
    taken_by: str
    figures: Mapping[str, Any]
    days: Sequence[SettledDay]
    groups: Mapping[GroupBy, Sequence[TriageGroup]]
    comparison: Comparison
    rules: Sequence[RuleLine]
    trips: Sequence[Trip]
    incidents: Sequence[Incident]
    named_hubs: Sequence[tuple[str, int]]
    """Pairs of an incident's reference and a GUID, in database form."""
    raisers: Mapping[int, str]
    decisions: Sequence[DecisionPage]
    after_halt: AfterHalt
    links: Sequence[Link]
    chain: ChainProof


def collect(scope: Scope, *, rollout_id: int, now: datetime) -> Evidence:
    """Collect the evidence on a rollout; reads much, writes nothing.

    Raises:
        NotPermitted: for others than the DCC and the Panel.
        NotFound: there is no such rollout.
    """
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    rollout = visible_rollout(scope, rollout_id)
    incidents = list(Incident.objects.filter(rollout=rollout).order_by("id"))
    decided = Decision.objects.filter(rollout=rollout).order_by("id").values_list("id", flat=True)
    decisions = [decision_page(scope, each) for each in decided]
    return Evidence(
        rollout=rollout,
        taken_at=now,
        taken_by=scope.name,
        figures=figures_of(rollout),
        days=_days(rollout),
        groups={
            by: triage_board(scope, rollout_id=rollout.pk, by=by, now=now)
            for by in GroupBy
            if by is not GroupBy.MODEL
        },
        comparison=comparison(scope, rollout_id=rollout.pk, now=now),
        rules=halt_rules(scope, rollout_id=rollout.pk, now=now),
        trips=halt_trips(scope, rollout_id=rollout.pk),
        incidents=incidents,
        named_hubs=_named_hubs(incidents),
        raisers=dict(Organisation.objects.values_list("pk", "name")),
        decisions=decisions,
        after_halt=after_halt(scope, rollout_id=rollout.pk),
        links=_links(rollout, incidents, decisions),
        chain=chain_proof(),
    )


def _days(rollout: Rollout) -> list[SettledDay]:
    rows = sql.fetch_all("rollouts", "settled_by_day", rollout_id=rollout.pk)
    return [SettledDay(row.day, int(row.activated), int(row.failed)) for row in rows]


def _named_hubs(incidents: Sequence[Incident]) -> list[tuple[str, int]]:
    named = IncidentHub.objects.filter(incident__in=incidents).order_by("incident_id", "guid")
    return list(named.values_list("incident__reference", "guid"))


def _links(rollout: Rollout, incidents: Sequence[Incident], decisions: Sequence[DecisionPage]) -> list[Link]:
    subjects = [f"rollout:{rollout.pk}"]
    subjects += [f"incident:{incident.pk}" for incident in incidents]
    subjects += [f"decision:{page.line.id}" for page in decisions]
    return [
        Link(
            position=event.position,
            name=event.name,
            subject=event.subject,
            actor=event.actor_name,
            at=event.happened_at,
            facts=event.facts,
            hash=bytes(event.hash or b"").hex(),
            previous_hash=bytes(event.previous_hash or b"").hex(),
        )
        for event in Event.objects.filter(subject__in=subjects).order_by("id")
    ]


def chain_proof() -> ChainProof:
    """Verify every link of the journal."""
    last = Event.objects.exclude(position=None).order_by("-position").first()
    return ChainProof(
        head=(last.position or 0) if last else 0,
        head_hash=bytes(last.hash or b"").hex() if last else "",
        broken=tuple(broken_links()),
        unsequenced=Event.objects.filter(position=None).count(),
    )
