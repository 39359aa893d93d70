"""What a Supplier's standing approval would do with a release: now, or with what was known then (R3.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from portal.events.models import Event
from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts.models.plans import Batch, Rollout
from rollouts.models.selections import ApprovalRuleVersion
from rollouts.reads.rules.choosing import criteria_context
from rollouts.rules.criteria import (
    Criteria,
    Milestones,
    Night,
    NightPlan,
    ReleaseFacts,
    Sql,
    Subject,
    TimePolicy,
    activation_time,
    compile_hub,
    explain_node,
    failing_conditions,
    matches_release,
    parse,
    parse_time_policy,
    plan_nights,
)
from rollouts.states import FAILED_STATES, BatchKind, TargetState

_FAILED: Final = frozenset(state.name for state in FAILED_STATES)


@dataclass(frozen=True, slots=True)
class Approval:
    """What is approved, for which hubs, and when they are to activate."""

    release: Criteria
    hubs: Criteria
    policy: TimePolicy

    @classmethod
    def read(cls, *, release_tree: object, hub_tree: object, time_policy: object) -> Approval:
        """Read three documents.

        Raises:
            InvalidCriteria: with what is wrong with the first of them that cannot be read.
        """
        return cls(
            parse(release_tree, subject=Subject.RELEASE),
            parse(hub_tree, subject=Subject.HUB),
            parse_time_policy(time_policy),
        )

    @classmethod
    def of(cls, version: ApprovalRuleVersion) -> Approval:
        """Read back a saved version."""
        return cls.read(
            release_tree=version.release_tree, hub_tree=version.hub_tree, time_policy=version.time_policy
        )


@dataclass(frozen=True, slots=True)
class RolloutSnapshot:
    """What was known of a rollout at one moment."""

    at: datetime
    release: ReleaseFacts
    milestones: Milestones
    automatic_at: datetime
    cutoff_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalForecast:
    """What an approval does with one rollout, decided at one moment, or why it does nothing."""

    rollout_id: int
    rollout_name: str
    decided_at: datetime
    outcome: str
    """APPROVED, NO_MATCH, WAITING (the pilot has not ended), TOO_LATE, NO_HUBS or NO_NIGHT."""
    failing: Sequence[str] = ()
    """The conditions the release did not meet, in words."""
    hubs: int = 0
    left_over: int = 0
    nights: Sequence[Night] = ()

    @property
    def is_approved(self) -> bool:
        """Return whether the rule instructs any hub."""
        return self.outcome == "APPROVED"


def snapshot_at(rollout: Rollout, at: datetime) -> RolloutSnapshot:
    """Gather what was known of a rollout at a moment, from the facts recorded until then."""
    recorded = Event.objects.filter(
        subject=f"rollout:{rollout.pk}", name__in=_TELLING, happened_at__lte=at
    ).order_by("id")
    events = list(recorded)
    noticed: dict[str, Any] = {}
    for event in events:
        noticed.update({key: event.facts[key] for key in _NOTICED if event.facts.get(key)})
    pilot = _pilot_known(events)
    rate, size = _outcome(pilot.facts) if pilot else (None, None)
    cutoff_at = _parse_time(noticed.get("cutoff_at")) or rollout.cutoff_at
    entry, model = rollout.cpl_entry, rollout.cpl_entry.device_model
    release = ReleaseFacts(
        severity=noticed.get("severity", rollout.severity),
        priority=noticed.get("priority", rollout.priority),
        kind=noticed.get("kind", rollout.kind),
        manufacturer=model.manufacturer,
        model=model.model,
        version=entry.firmware_version,
        consent_policy=noticed.get("consent_policy", rollout.consent_policy),
        pilot_success_rate=rate,
        pilot_size=size,
        days_to_cutoff=(cutoff_at - at).days,
    )
    ended_at = pilot.happened_at if pilot else None
    return RolloutSnapshot(
        at=at,
        release=release,
        milestones=Milestones(rollout.notified_at or at, ended_at),
        automatic_at=_parse_time(noticed.get("automatic_at")) or rollout.automatic_at,
        cutoff_at=cutoff_at,
    )


def forecast(
    organisation_id: int,
    rollout: Rollout,
    approval: Approval,
    *,
    known: RolloutSnapshot,
    is_past: bool = False,
) -> ApprovalForecast:
    """Return what an approval does with a rollout at the moment of `known`.

    Of a past rollout every hub counts that was in it, on the version it had then; of a live one those
    the Supplier has said nothing about.
    """
    outcome, failing = _decided(approval, known)
    plan = NightPlan((), 0)
    hubs = 0
    if not outcome:
        matching = matching_hubs(
            organisation_id, rollout, approval, as_of=local_day(known.at), is_past=is_past
        )
        hubs = sql.rows(sql.statement("rollouts", "count_hubs", matching=matching))[0].n
        plan = nights_of(approval, known, hubs=hubs)
        outcome = "NO_HUBS" if not hubs else "APPROVED" if plan.nights else "NO_NIGHT"
    return ApprovalForecast(
        rollout_id=rollout.pk,
        rollout_name=rollout.name,
        decided_at=known.at,
        outcome=outcome,
        failing=failing,
        hubs=hubs,
        left_over=plan.left_over,
        nights=plan.nights,
    )


def back_test(
    organisation_id: int, rollout: Rollout, approval: Approval, *, now: datetime
) -> ApprovalForecast:
    """Return what an approval would have done with a rollout, had it been enabled from the notice on.

    It is asked at the notice and at each end of a pilot, with what was known at that moment; the first yes
    counts, else the last no.
    """
    moments = [rollout.notified_at or now]
    ends = Event.objects.filter(subject=f"rollout:{rollout.pk}", name="pilot.ended", happened_at__lte=now)
    moments += ends.order_by("id").values_list("happened_at", flat=True)
    latest = None
    for moment in moments:
        latest = forecast(
            organisation_id, rollout, approval, known=snapshot_at(rollout, moment), is_past=True
        )
        if latest.is_approved:
            break
    assert latest is not None  # noqa: S101 - there is always the notice
    return latest


def is_due(approval: Approval, known: RolloutSnapshot) -> bool:
    """Return whether the approval applies to the release now, hubs apart."""
    return not _decided(approval, known)[0]


def nights_of(approval: Approval, known: RolloutSnapshot, *, hubs: int) -> NightPlan:
    """Spread hubs over the nights of the approval's time policy, before DCC's automatic time."""
    return plan_nights(approval.policy, known.milestones, hubs=hubs, now=known.at, until=known.automatic_at)


def matching_hubs(
    organisation_id: int, rollout: Rollout, approval: Approval, *, as_of: date, is_past: bool = False
) -> Sql:
    """Return the statement that selects the `guid` of the Supplier's own safe launch hubs that match."""
    condition = compile_hub(approval.hubs, criteria_context(organisation_id, as_of=as_of))
    unsaid = Sql("true") if is_past else sql.statement("rollouts", "unsaid")
    matching = sql.statement("rollouts", "approvable_hubs", condition=condition, unsaid=unsaid)
    batches = Batch.objects.filter(rollout_id=rollout.pk, kind=BatchKind.SAFE_LAUNCH)
    return Sql(
        matching.text,
        {
            **matching.params,
            "rollout_id": rollout.pk,
            "party_id": organisation_id,
            "batches": list(batches.values_list("pk", flat=True)),
        },
    )


def _decided(approval: Approval, known: RolloutSnapshot) -> tuple[str, tuple[str, ...]]:
    """Return the outcome that needs no look at the hubs; nothing where the approval applies."""
    if not matches_release(approval.release, known.release):
        failing = failing_conditions(approval.release, known.release)
        return "NO_MATCH", tuple(explain_node(condition) for condition in failing)
    if known.at > known.cutoff_at:
        return "TOO_LATE", ()
    if activation_time(approval.policy, known.milestones, now=known.at) is None:
        return "WAITING", ()
    return "", ()


_TELLING: Final = ("rollout.notified", "rollout.delayed", "pilot.ended", "pilot.reopened")
_NOTICED: Final = ("severity", "priority", "kind", "consent_policy", "automatic_at", "cutoff_at")


def _pilot_known(facts: Sequence[Event]) -> Event | None:
    """Find the end of the pilot that stood at the time."""
    pilot_events = [event for event in facts if event.name.startswith("pilot.")]
    return pilot_events[-1] if pilot_events and pilot_events[-1].name == "pilot.ended" else None


def _parse_time(written: object) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else None


def _outcome(facts: Mapping[str, Any]) -> tuple[float | None, int | None]:
    """Read the success rate (in percent of the settled) and the size of a pilot from its closing fact."""
    states = facts.get("pilot", {}).get("states", {})
    size = sum(n for state, n in states.items() if state != TargetState.WITHDRAWN.name)
    activated = states.get(TargetState.ACTIVATED.name, 0)
    settled = activated + sum(n for state, n in states.items() if state in _FAILED)
    return (100 * activated / settled if settled else None), (size or None)
