"""The triage board: what failed, what incidents name, what is explained, group by group (R5.2).

Counts come from tallies; only versions are counted by a scan, since no tally knows them. Every rate shows its
sample and its Wilson interval at 95 %.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db.models import Sum

from portal.identity.models import Organisation
from portal.identity.roles import DCC_ROLES, PANEL_ROLES
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts.models import Batch, CplEntry, EstateTally, Rollout
from rollouts.reads.governance.known_issues import active_issues, explained_by
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.rules.rates import Rate
from rollouts.states import ELIGIBLE_SMI_STATUSES, FAILED_STATES, OPEN_STATUSES, Region, TargetState
from rollouts.states.governing import COUNTED_INCIDENTS

_ACTIVATED: Final = TargetState.ACTIVATED


class GroupBy(StrEnum):
    """What a board is grouped by."""

    MODEL = "model"
    VERSION = "version"
    REGION = "region"
    BATCH = "batch"
    SUPPLIER = "supplier"


@dataclass(slots=True)
class _Sums:
    """What is added up for one group."""

    states: Counter[int] = field(default_factory=Counter)
    known: int = 0
    incidents: set[int] = field(default_factory=set)
    named: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """Hubs in incidents by (upgraded by then, devices lost)."""


@dataclass(frozen=True, slots=True)
class TriageGroup:
    """A row of the board. Rates of an empty sample have no share."""

    key: int
    label: str
    hubs: int
    upgraded: int
    failed: int
    failures: Rate
    """Of the settled hubs."""
    unexplained: Rate
    """Without those that known issues explain."""
    incidents: int
    hubs_in_incidents: int
    incident_rate: Rate
    """Of the upgraded hubs, those named since."""
    han_rate: Rate
    """Of the upgraded hubs, those named since with devices lost."""
    baseline: Rate
    """Of the hubs not yet upgraded, those named all the same."""


@dataclass(frozen=True, slots=True)
class RateComparison:
    """One measure for upgraded hubs, and for hubs of the same model not yet upgraded."""

    name: str
    upgraded: Rate
    not_upgraded: Rate

    @property
    def is_apart(self) -> bool:
        """Return whether the two intervals do not meet: the difference is hardly chance."""
        upgraded, other = self.upgraded, self.not_upgraded
        return bool(upgraded.sample and other.sample) and (
            upgraded.lower > other.upper or other.lower > upgraded.upper
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Upgraded hubs against hubs of the same model that are not, and the failures of the upgrade itself."""

    rollout_id: int
    measures: tuple[RateComparison, ...]
    failures: Rate
    unexplained: Rate


def triage_board(
    scope: Scope, *, rollout_id: int | None = None, by: GroupBy = GroupBy.REGION, now: datetime
) -> list[TriageGroup]:
    """Return the board of a rollout, or, by model, of all that are open; the worst groups first.

    Raises:
        NotPermitted: for others than the DCC and the Panel.
        NotFound: there is no such rollout.
    """
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    if rollout_id is not None:
        rollouts = [visible_rollout(scope, rollout_id)]
    else:
        open_rollouts = Rollout.objects.filter(status__in=OPEN_STATUSES)
        rollouts = list(open_rollouts.select_related("cpl_entry__device_model"))
        by = GroupBy.MODEL
    sums: defaultdict[int, _Sums] = defaultdict(_Sums)
    for rollout in rollouts:
        _add(sums, rollout, by, now=now)
    labels = _labels(by, rollouts)
    groups = [_group(key, labels.get(key, "—"), each) for key, each in sums.items()]
    return sorted(groups, key=lambda row: (-row.failures.lower, -row.incident_rate.lower, row.label))


def comparison(scope: Scope, *, rollout_id: int, now: datetime) -> Comparison:
    """Compare upgraded hubs with hubs of the same model that are not upgraded.

    Raises:
        NotPermitted: for others than the DCC and the Panel.
        NotFound: there is no such rollout.
    """
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    rollout = visible_rollout(scope, rollout_id)
    sums: defaultdict[int, _Sums] = defaultdict(_Sums)
    _add(sums, rollout, GroupBy.MODEL, now=now)
    model_sums = sums[rollout.cpl_entry.device_model_id]
    upgraded, others = model_sums.states[_ACTIVATED], _not_upgraded(rollout)
    fallen = sql.fetch_one(
        "rollouts",
        "out_of_service",
        rollout_id=rollout.pk,
        since=rollout.notified_at or rollout.created_at,
    )
    measures = (
        RateComparison(
            "incidents",
            _rate(_named(model_sums, upgraded=True), upgraded),
            _rate(_named(model_sums, upgraded=False), others),
        ),
        RateComparison(
            "devices lost",
            _rate(model_sums.named[True, True], upgraded),
            _rate(model_sums.named[False, True], others),
        ),
        RateComparison("out of service", _rate(fallen.upgraded, upgraded), _rate(fallen.others, others)),
    )
    group = _group(0, "", model_sums)
    return Comparison(rollout.pk, measures, group.failures, group.unexplained)


def _add(sums: defaultdict[int, _Sums], rollout: Rollout, by: GroupBy, *, now: datetime) -> None:
    for row in _state_rows(rollout, by):
        for key in _keys(row, rollout, by):
            sums[key].states[row.state] += int(row.hubs)
    statuses = sorted(COUNTED_INCIDENTS)
    for row in sql.fetch_all("rollouts", "triage_incidents", rollout_id=rollout.pk, statuses=statuses):
        for key in _keys(row, rollout, by):
            sums[key].named[row.is_upgraded, row.lost_devices] += row.hubs
            sums[key].incidents.update(row.incidents)
    issues = active_issues(rollout.pk)
    if not issues:
        return
    known = explained_by(issues, as_of=local_day(now))
    for row in sql.rows(sql.statement("rollouts", "triage_known", known=known), {"rollout_id": rollout.pk}):
        for key in _keys(row, rollout, by):
            sums[key].known += row.hubs


def _state_rows(rollout: Rollout, by: GroupBy) -> list[Any]:
    name = "triage_versions" if by is GroupBy.VERSION else "triage_tallies"
    return sql.fetch_all("rollouts", name, rollout_id=rollout.pk)


def _keys(row: Any, rollout: Rollout, by: GroupBy) -> Iterable[int]:
    """Name the groups a row counts in: one, but for hubs that two Suppliers share."""
    match by:
        case GroupBy.MODEL:
            return (rollout.cpl_entry.device_model_id,)
        case GroupBy.VERSION:
            return (row.version_id,)
        case GroupBy.REGION:
            return (row.region,)
        case GroupBy.BATCH:
            return (row.batch_id,)
        case GroupBy.SUPPLIER:
            return {row.import_id, row.gas_id} - {0} or {0}


def _labels(by: GroupBy, rollouts: Iterable[Rollout]) -> Mapping[Hashable, str]:
    match by:
        case GroupBy.MODEL:
            models = (rollout.cpl_entry.device_model for rollout in rollouts)
            return {model.pk: str(model) for model in models}
        case GroupBy.VERSION:
            return dict(CplEntry.objects.values_list("pk", "firmware_version"))
        case GroupBy.REGION:
            return {region.value: region.label for region in Region}
        case GroupBy.BATCH:
            return dict(Batch.objects.filter(rollout__in=list(rollouts)).values_list("pk", "name"))
        case GroupBy.SUPPLIER:
            return {0: "No Supplier", **dict(Organisation.objects.values_list("pk", "name"))}


def _group(key: int, label: str, sums: _Sums) -> TriageGroup:
    failed = sum(sums.states[state] for state in FAILED_STATES)
    upgraded = sums.states[_ACTIVATED]
    live = sums.states.total() - sums.states[TargetState.WITHDRAWN]
    known = min(sums.known, failed)
    return TriageGroup(
        key=key,
        label=label,
        hubs=live,
        upgraded=upgraded,
        failed=failed,
        failures=Rate(failed, failed + upgraded),
        unexplained=Rate(failed - known, failed + upgraded - known),
        incidents=len(sums.incidents),
        hubs_in_incidents=sums.named.total(),
        incident_rate=_rate(_named(sums, upgraded=True), upgraded),
        han_rate=_rate(sums.named[True, True], upgraded),
        baseline=_rate(_named(sums, upgraded=False), live - upgraded),
    )


def _named(sums: _Sums, *, upgraded: bool) -> int:
    return sums.named[upgraded, True] + sums.named[upgraded, False]


def _rate(hits: int, sample: int) -> Rate:
    # A hub may leave the sample after it was named: it is not more than the whole.
    return Rate(min(int(hits), max(sample, 0)), max(sample, 0))


def _not_upgraded(rollout: Rollout) -> int:
    """Count the hubs of the model in service that do not run the new version."""
    counted = EstateTally.objects.filter(
        device_model_id=rollout.cpl_entry.device_model_id,
        smi_status__in=[int(status) for status in ELIGIBLE_SMI_STATUSES],
    ).exclude(cpl_entry_id=rollout.cpl_entry_id)
    return int(counted.aggregate(hubs=Sum("n"))["hubs"] or 0)
