"""The CSPs' forward schedule: volumes by region and day, and whether distribution will be in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portal.identity.roles import CSP_ROLES, DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts.models import CspChannel, Rollout
from rollouts.rules import pacing
from rollouts.states import OPEN_STATUSES, RUNNING_STATUSES, Region


@dataclass(frozen=True, slots=True)
class ScheduledVolume:
    """How many hubs of one rollout activate in a region on a day, local time, as things stand."""

    day: date
    region: Region
    rollout_id: int
    rollout_name: str
    is_halted: bool
    to_send: int
    """Of them, hubs that still need the image."""
    to_activate: int
    pilot_starts_at: datetime | None = None
    """When the pilot of the rollout is planned to start, where one is ahead."""
    pilot_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RegionForecast:
    """Whether a region's distribution will be in time, and for how many hubs it will not."""

    region: Region
    hubs: int
    hubs_a_day: int
    starts_at: datetime | None
    done_at: datetime | None
    shortfall: int
    """Hubs whose image would come too late for their time: an action on the DCC."""
    late_by_day: tuple[tuple[date, int], ...]
    is_served: bool = True
    """Whether a CSP carries images there at all; where none does, no capacity would help."""


def forward_schedule(scope: Scope, *, rollout_id: int | None = None) -> tuple[ScheduledVolume, ...]:
    """Return the volumes ahead by day, region and rollout; a CSP sees its own regions.

    Raises:
        NotPermitted: for others than the DCC and CSPs.
    """
    scope.check(*sorted(DCC_ROLES | CSP_ROLES))
    rollouts = _open_rollouts(rollout_id)
    own = _regions_of(scope)
    volumes = [
        ScheduledVolume(
            day=row.effective_day,
            region=Region(row.region),
            rollout_id=row.rollout_id,
            rollout_name=rollouts[row.rollout_id].name,
            is_halted=rollouts[row.rollout_id].status not in RUNNING_STATUSES,
            to_send=int(row.to_send),
            to_activate=int(row.hubs),
            pilot_starts_at=rollouts[row.rollout_id].pilot_starts_at,
            pilot_ends_at=rollouts[row.rollout_id].pilot_ends_at,
        )
        for row in _days(rollouts)
        if own is None or row.region in own
    ]
    return tuple(sorted(volumes, key=lambda volume: (volume.day, volume.region, volume.rollout_id)))


def distribution_forecast(
    scope: Scope, *, now: datetime, instead: CspChannel | None = None
) -> tuple[RegionForecast, ...]:
    """Foretell, per region, when the images of all rollouts will be through, and how many come too late.

    `instead` stands for the stored channel of its region: what other terms would come to.

    Hubs whose consent is still awaited cannot be sent theirs before the cut-off. Hubs in a region without a
    channel count as late altogether.

    Raises:
        NotPermitted: for others than the DCC and CSPs.
    """
    scope.check(*sorted(DCC_ROLES | CSP_ROLES))
    rollouts = _open_rollouts(None)
    work = _work_by_region(_days(rollouts), rollouts)
    channels = {channel.region: channel for channel in CspChannel.objects.order_by("region")}
    if instead is not None:
        channels[instead.region] = instead
    own = _regions_of(scope)
    regions = sorted(region for region in {*channels, *work} if own is None or region in own)
    margin = pacing.DispatchSettings.current().margin
    return tuple(
        _region_forecast(region, channels.get(region), work.get(region, {}), margin=margin, now=now)
        for region in regions
    )


def _region_forecast(
    region: int,
    channel: CspChannel | None,
    work: dict[date, pacing.DistributionWork],
    *,
    margin: timedelta,
    now: datetime,
) -> RegionForecast:
    if channel is None:
        late = {day: each.hubs for day, each in work.items() if each.hubs}
        hubs = sum(late.values())
        by_day = tuple(sorted(late.items()))
        return RegionForecast(Region(region), hubs, 0, None, None, hubs, by_day, is_served=False)
    pace = pacing.Pace.of(
        per_second=channel.capacity_per_second,
        per_night=channel.capacity_per_night,
        hours=pacing.OpenHours.read(channel.distribution_hours),
        distribution_days=channel.distribution_days,
        margin=margin,
    )
    distribution = pacing.forecast(work, pace=pace, now=now)
    return RegionForecast(
        region=Region(region),
        hubs=distribution.hubs,
        hubs_a_day=int(pace.hubs_a_day),
        starts_at=distribution.starts_at,
        done_at=distribution.done_at,
        shortfall=distribution.shortfall,
        late_by_day=tuple(sorted(distribution.late_by_day.items())),
    )


def _work_by_region(
    days: Iterable[Any], rollouts: dict[int, Rollout]
) -> dict[int, dict[date, pacing.DistributionWork]]:
    work: dict[int, dict[date, pacing.DistributionWork]] = defaultdict(dict)
    for row in days:
        day = _due_day(row, rollouts[row.rollout_id])
        before = work[row.region].get(day, pacing.DistributionWork(0))
        cutoffs = [rollouts[row.rollout_id].cutoff_at] if row.waiting else []
        cutoffs += [before.from_at] if before.from_at else []
        work[row.region][day] = pacing.DistributionWork(
            hubs=before.hubs + int(row.to_send),
            waiting=before.waiting + int(row.waiting),
            from_at=max(cutoffs, default=None),
        )
    return work


def _due_day(row: Any, rollout: Rollout) -> date:
    """Return by which day images are wanted.

    Hubs that wait for a second Supplier activate at the first slot after the cut-off, and cannot be sent
    anything before it: theirs is no date that capacity could keep. They have until the automatic time.
    """
    is_slot_after_cutoff = row.waiting and row.effective_day <= local_day(rollout.cutoff_at)
    return local_day(rollout.automatic_at) if is_slot_after_cutoff else row.effective_day


def _days(rollouts: dict[int, Rollout]) -> list[Any]:
    return sql.fetch_all("rollouts", "plan_days", rollouts=sorted(rollouts))


def _open_rollouts(rollout_id: int | None) -> dict[int, Rollout]:
    rollouts = Rollout.objects.filter(status__in=OPEN_STATUSES)
    if rollout_id is not None:
        rollouts = rollouts.filter(pk=rollout_id)
    return {rollout.pk: rollout for rollout in rollouts}


def _regions_of(scope: Scope) -> frozenset[int] | None:
    if not scope.is_csp:
        return None
    own = CspChannel.objects.filter(csp_id=scope.organisation_id).values_list("region", flat=True)
    return frozenset(own)
