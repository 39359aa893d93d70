"""Turning what is due into commands, ready and shuffled, once the tallies say that something may be due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from portal.kernel import locks, sql
from portal.kernel.transactions import unit_of_work
from portal.kernel.working_days import local_day, start_of_local_day
from rollouts.models import Batch, Command, CspChannel, Rollout
from rollouts.reads.rollouts.chosen import automatic_if_chosen, is_chosen
from rollouts.rules import activation, pacing
from rollouts.services.dispatch.activation_nights import night_rows
from rollouts.services.dispatch.backoff import is_rested, scanning
from rollouts.services.dispatch.planner_hints import expect_many
from rollouts.states import (
    OPEN_STATUSES,
    RUNNING_STATUSES,
    BatchKind,
    CommandKind,
    CommandStatus,
)

_NEVER: Final = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(slots=True)
class _Outlook:
    """What the tallies, the channels and the waiting commands say before any target is read."""

    settings: pacing.DispatchSettings
    channels: dict[int, CspChannel]
    waiting: dict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))
    """Hubs in ready commands by rollout, region and kind."""
    queued: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    """Ready commands by region and kind."""
    places: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """Rows of plan_outlook by rollout."""
    days: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """Rows of plan_days by rollout."""
    default_through: dict[int, datetime] = field(default_factory=dict)
    """Until which effective time, by region, uninstructed hubs are to be sent their image now."""


@dataclass(slots=True)
class _Scan:
    """What one scan of a rollout's targets looks for."""

    regions: list[int] = field(default_factory=list)
    distribute_rooms: list[int] = field(default_factory=list)
    activate_rooms: list[int] = field(default_factory=list)
    default_throughs: list[datetime] = field(default_factory=list)
    lead_untils: list[datetime] = field(default_factory=list)

    def add(self, region: int, *, distribute: int, activate: int, through: datetime, until: datetime) -> None:
        self.regions.append(region)
        self.distribute_rooms.append(distribute)
        self.activate_rooms.append(activate)
        self.default_throughs.append(through)
        self.lead_untils.append(until)


def plan_due(now: datetime) -> int:
    """Make commands of everything that is due, in every running rollout; return how many.

    One pass at a time; running it again changes nothing, as a hub that waits in a command is not planned
    twice. A large rollout is scanned no more than a twentieth of the time.
    """
    with locks.attempted(locks.LockClass.PLANNER, 0) as is_ours:
        if not is_ours:
            return 0
        rollouts = list(Rollout.objects.filter(status__in=OPEN_STATUSES).order_by("priority", "id"))
        running = [
            rollout
            for rollout in rollouts
            if rollout.status in RUNNING_STATUSES and not rollout.is_rescheduling
        ]
        if not running:
            return 0
        outlook = _look_out([rollout.pk for rollout in rollouts], now=now)
        batches: dict[int, list[Batch]] = defaultdict(list)
        for batch in Batch.objects.filter(rollout__in=running).order_by("id"):
            batches[batch.rollout_id].append(batch)
        return sum(_plan(rollout, batches[rollout.pk], outlook, now=now) for rollout in running)


def _look_out(rollout_ids: list[int], *, now: datetime) -> _Outlook:
    outlook = _Outlook(
        settings=pacing.DispatchSettings.current(),
        channels={channel.region: channel for channel in CspChannel.objects.order_by("region")},
    )
    for row in sql.fetch_all("rollouts", "ready_commands"):
        outlook.waiting[row.rollout_id, row.region, row.kind] += row.hubs
        outlook.queued[row.region, row.kind] += row.commands
    for row in sql.fetch_all("rollouts", "plan_outlook", rollouts=rollout_ids):
        outlook.places[row.rollout_id].append(row)
    volumes: dict[int, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in sql.fetch_all("rollouts", "plan_days", rollouts=rollout_ids):
        outlook.days[row.rollout_id].append(row)
        volumes[row.region][row.effective_day] += row.to_send
    for region, channel in outlook.channels.items():
        starts = pacing.distribution_starts(volumes[region], pace=_pace_of(channel, outlook.settings))
        due = [day for day, start in starts.items() if start <= now]
        outlook.default_through[region] = _midnight_after(max(due)) if due else _NEVER
    return outlook


def _pace_of(channel: CspChannel, settings: pacing.DispatchSettings) -> pacing.Pace:
    return pacing.Pace.of(
        per_second=channel.capacity_per_second,
        per_night=channel.capacity_per_night,
        hours=pacing.OpenHours.read(channel.distribution_hours),
        distribution_days=channel.distribution_days,
        margin=settings.margin,
    )


def _plan(rollout: Rollout, batches: Iterable[Batch], outlook: _Outlook, *, now: datetime) -> int:
    to_distribute, to_activate = _open_batches(rollout.status, batches)
    if not to_activate:  # what may be distributed may be activated
        return 0
    scan = _scan_for(rollout, outlook, to_distribute=to_distribute, to_activate=to_activate, now=now)
    key, seen = f"plan:{rollout.pk}", (outlook.places[rollout.pk], outlook.days[rollout.pk])
    if not scan.regions or not is_rested(key, seen=seen):  # see Note [Resting between scans]
        return 0
    with scanning(key, seen=seen):
        planned = _write_commands(
            rollout,
            scan,
            to_distribute=to_distribute,
            to_activate=to_activate,
            size=int(rollout.dispatch_settings.get("command_size") or outlook.settings.command_size),
            now=now,
        )
    for row in planned:
        outlook.queued[row.region, row.kind] += 1
    return len(planned)


def _open_batches(status: str, batches: Iterable[Batch]) -> tuple[list[int], list[int]]:
    to_distribute, to_activate = [], []
    for batch in batches:
        is_pilot = batch.kind == BatchKind.PILOT
        if pacing.may_distribute(status, is_pilot=is_pilot, gate_open=batch.gate_open):
            to_distribute.append(batch.pk)
        if pacing.may_activate(status, is_pilot=is_pilot, gate_open=batch.gate_open):
            to_activate.append(batch.pk)
    return to_distribute, to_activate


def _scan_for(
    rollout: Rollout, outlook: _Outlook, *, to_distribute: list[int], to_activate: list[int], now: datetime
) -> _Scan:
    scan = _Scan()
    hours = pacing.OpenHours.read(rollout.dispatch_settings.get("distribution_hours"))
    left = _ramp_left(rollout, now=now) if hours.is_open(now) else 0
    for region, channel in outlook.channels.items():
        until = now + pacing.lead(_lead_hours(rollout, channel))
        through = outlook.default_through[region]
        distribute = 0
        if left > 0 and pacing.OpenHours.read(channel.distribution_hours).is_open(now):
            unplanned = _unplanned(rollout.pk, region, CommandKind.DISTRIBUTE, to_distribute, outlook)
            if unplanned > 0 and _has_images_due(rollout.pk, region, outlook, through=through):
                distribute = min(_room(region, CommandKind.DISTRIBUTE, outlook), left)
                left -= min(distribute, unplanned)
        activate = 0
        if _unplanned(
            rollout.pk, region, CommandKind.ACTIVATE, to_activate, outlook
        ) > 0 and _has_activations_due(rollout.pk, region, outlook, until=until):
            activate = _room(region, CommandKind.ACTIVATE, outlook)
        if distribute or activate:
            scan.add(region, distribute=distribute, activate=activate, through=through, until=until)
    return scan


def _lead_hours(rollout: Rollout, channel: CspChannel) -> float:
    return float(rollout.dispatch_settings.get("lead_hours") or channel.lead_hours)


def _ramp_left(rollout: Rollout, *, now: datetime) -> int:
    ramp = pacing.Ramp.read(rollout.dispatch_settings.get("ramp"))
    if ramp is None:
        return 2**31
    # A rollout that resumes begins its ramp again: what was halted goes on with care.
    since = rollout.status_at or rollout.created_at
    begun = Command.objects.filter(
        rollout_id=rollout.pk,
        kind=CommandKind.DISTRIBUTE,
        created_at__gte=ramp.hour_begun(since=since, now=now),
    ).exclude(status=CommandStatus.DROPPED)
    return ramp.allowance(since=since, now=now) - sum(begun.values_list("hub_count", flat=True))


def _unplanned(rollout_id: int, region: int, kind: CommandKind, batches: list[int], outlook: _Outlook) -> int:
    stands = sum(
        row.scheduled if kind == CommandKind.DISTRIBUTE else row.distributed
        for row in outlook.places[rollout_id]
        if row.region == region and row.batch_id in batches
    )
    return int(stands) - outlook.waiting[rollout_id, region, kind]


def _room(region: int, kind: CommandKind, outlook: _Outlook) -> int:
    settings = outlook.settings
    return max(settings.ready_ahead - outlook.queued[region, kind], 0) * settings.command_size


def _has_images_due(rollout_id: int, region: int, outlook: _Outlook, *, through: datetime) -> bool:
    return any(
        row.asked > 0 or (row.to_send > row.waiting and row.effective_day < local_day(through))
        for row in outlook.days[rollout_id]
        if row.region == region
    )


def _has_activations_due(rollout_id: int, region: int, outlook: _Outlook, *, until: datetime) -> bool:
    return any(
        row.to_activate > 0 and row.effective_day <= local_day(until)
        for row in outlook.days[rollout_id]
        if row.region == region
    )


@unit_of_work
def _write_commands(
    rollout: Rollout,
    scan: _Scan,
    *,
    to_distribute: list[int],
    to_activate: list[int],
    size: int,
    now: datetime,
) -> list[Any]:
    # The rollout's row is left alone: a scan of millions must not hold back a Suspend. What is planned
    # meanwhile is never claimed, as claims look at the status again.
    params: Mapping[str, object] = {
        "rollout_id": rollout.pk,
        "cpl_entry_id": rollout.cpl_entry_id,
        "regions": scan.regions,
        "distribute_rooms": scan.distribute_rooms,
        "activate_rooms": scan.activate_rooms,
        "default_throughs": scan.default_throughs,
        "lead_untils": scan.lead_untils,
        "distribute_batches": to_distribute,
        "activate_batches": to_activate,
        "size": size,
        "seed": rollout.pk,
        "now": now,
        "automatic_at": automatic_if_chosen(rollout),
        "chosen_since": now - activation.GRACE,
        **night_rows(rollout, now=now).params,
    }
    expect_many()
    automatic_at = "coalesce(batch.automatic_at, %(automatic_at)s::timestamptz)"
    chosen = is_chosen("target", automatic_at=automatic_at)
    return sql.rows(sql.statement("rollouts", "plan_commands", is_chosen=chosen), params)


def _midnight_after(day: date) -> datetime:
    return start_of_local_day(day + timedelta(days=1))
