"""The forward schedule: how many hubs activate, and how many images are to go out, by region and day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.kernel import clock
from portal.kernel.spreadsheets import stream_csv
from portal.kernel.working_days import is_working_day, local_day
from rollouts.queries.rollouts.forecast import (
    RegionForecast,
    ScheduledVolume,
    distribution_forecast,
    forward_schedule,
)
from rollouts.states import Region
from rollouts.web.guards import for_people, scope_of
from rollouts.web.presenting import day_url
from rollouts.web.rollouts.views import download

_HEADER: Final = (
    "day",
    "region",
    "rollout",
    "halted",
    "hubs_to_activate",
    "images_still_to_send",
    "pilot_starts_at",
    "pilot_ends_at",
)
_MEASURES: Final = {"activate": "Hubs to activate", "send": "Images still to send"}
_SHOWN_DAYS: Final = 92


@dataclass(frozen=True, slots=True)
class ScheduleDay:
    """One day of the calendar: a number a region, all of them, and what would come too late."""

    on: date
    is_free: bool
    """A weekend or a bank holiday."""
    cells: Sequence[int]
    total: int
    late: int
    urls: Sequence[str]
    """Where the hubs of each cell are listed; empty where they are not."""
    url: str
    """Where all of them are."""

    @property
    def listed(self) -> list[tuple[int, str]]:
        """Each number with its list."""
        return list(zip(self.cells, self.urls, strict=True))


@dataclass(frozen=True, slots=True)
class ScheduleRollout:
    """What one rollout comes to."""

    rollout_id: int
    name: str
    is_halted: bool
    to_activate: int
    to_send: int
    first: date
    last: date
    pilot_starts_at: datetime | None
    pilot_ends_at: datetime | None


@require_GET
@for_people
def schedule(request: PortalRequest) -> HttpResponse:
    """Show the volumes ahead as a calendar, for all rollouts or for one."""
    scope, now = scope_of(request), clock.now()
    every = forward_schedule(scope)
    rollout_text = request.GET.get("rollout", "")
    wanted = int(rollout_text) if rollout_text.isdecimal() else None
    held = sum(each.to_activate for each in every if each.is_halted and wanted is None)
    volumes = [
        each for each in every if (each.rollout_id == wanted if wanted is not None else not each.is_halted)
    ]
    measure = request.GET.get("of", "")
    measure = measure if measure in _MEASURES else "activate"
    forecasts = distribution_forecast(scope, now=now) if wanted is None else ()
    late = _late_by_day(volumes, [each for each in forecasts if each.is_served])
    regions, rollouts = sorted({each.region for each in volumes}), _rollouts(every)
    days = _days(volumes, regions, measure=measure, late=late, rollout_id=wanted, now=now)
    context = {
        "scope": scope,
        "regions": [str(region.label) for region in regions],
        "days": days[:_SHOWN_DAYS],
        "left_out": len(days) - len(days[:_SHOWN_DAYS]),
        "top": max((cell for day in days for cell in day.cells), default=0),
        "totals": [sum(column) for column in zip(*(day.cells for day in days), strict=True)],
        "total": sum(day.total for day in days),
        "measure": measure,
        "tabs": [
            {"label": label, "url": _url(key, wanted), "current": key == measure}
            for key, label in _MEASURES.items()
        ],
        "words": _MEASURES[measure],
        "held": held,
        "rollouts": rollouts,
        "chosen": next((row for row in rollouts if row.rollout_id == wanted), None),
        "late": sum(late.values()),
        "unserved": [each for each in forecasts if not each.is_served and each.hubs],
        "today": local_day(now),
    }
    return render(request, "rollouts/dispatch/schedule.html", context)


@require_GET
@for_people
def schedule_csv(request: PortalRequest) -> HttpResponseBase:
    """Return the schedule as a file: a line a day, region and rollout."""
    rows = (
        (
            volume.day.isoformat(),
            str(volume.region.label),
            volume.rollout_name,
            "yes" if volume.is_halted else "no",
            volume.to_activate,
            volume.to_send,
            volume.pilot_starts_at.isoformat() if volume.pilot_starts_at else "",
            volume.pilot_ends_at.isoformat() if volume.pilot_ends_at else "",
        )
        for volume in forward_schedule(scope_of(request))
    )
    return download(stream_csv(rows, header=_HEADER, with_mark=True), "forward-schedule.csv", "text/csv")


def _days(
    volumes: Sequence[ScheduledVolume],
    regions: Sequence[Region],
    *,
    measure: str,
    late: Mapping[date, int],
    rollout_id: int | None,
    now: datetime,
) -> list[ScheduleDay]:
    counted: defaultdict[date, Counter[Region]] = defaultdict(Counter)
    for volume in volumes:
        counted[volume.day][volume.region] += volume.to_send if measure == "send" else volume.to_activate
    return [
        ScheduleDay(
            on=day,
            is_free=not is_working_day(day),
            cells=[counts[region] for region in regions],
            total=counts.total(),
            late=late.get(day, 0),
            urls=[
                _list_url(day, region, measure=measure, rollout_id=rollout_id, now=now) for region in regions
            ],
            url=_list_url(day, None, measure=measure, rollout_id=rollout_id, now=now),
        )
        for day, counts in sorted(counted.items())
        if counts.total()
    ]


def _list_url(
    day: date, region: Region | None, *, measure: str, rollout_id: int | None, now: datetime
) -> str:
    if measure != "activate" or (rollout_id is None and day < local_day(now)):
        return ""  # those still to be sent, and those overdue of all rollouts, are in no one list
    if rollout_id is None:
        return day_url(day, region)
    within = {"region": str(int(region))} if region else {}
    query = {"state": "MOVING", **within, "activates_from": day.isoformat(), "activates_to": day.isoformat()}
    return f"{reverse('rollouts:hubs', args=[rollout_id])}?{urlencode(query)}"


def _late_by_day(volumes: Sequence[ScheduledVolume], forecasts: Sequence[RegionForecast]) -> Counter[date]:
    late: Counter[date] = Counter()
    known = {volume.day for volume in volumes}
    for forecast in forecasts:
        for day, hubs in forecast.late_by_day:
            if day in known:
                late[day] += hubs
    return late


def _rollouts(volumes: Sequence[ScheduledVolume]) -> list[ScheduleRollout]:
    by_rollout: defaultdict[int, list[ScheduledVolume]] = defaultdict(list)
    for volume in volumes:
        by_rollout[volume.rollout_id].append(volume)
    rows = [
        ScheduleRollout(
            rollout_id=rollout_id,
            name=parts[0].rollout_name,
            is_halted=parts[0].is_halted,
            to_activate=sum(part.to_activate for part in parts),
            to_send=sum(part.to_send for part in parts),
            first=min(part.day for part in parts),
            last=max(part.day for part in parts),
            pilot_starts_at=parts[0].pilot_starts_at,
            pilot_ends_at=parts[0].pilot_ends_at,
        )
        for rollout_id, parts in by_rollout.items()
    ]
    return sorted(rows, key=lambda row: (row.first, row.name))


def _url(measure: str, rollout: int | None) -> str:
    return f"?of={measure}" + (f"&rollout={rollout}" if rollout is not None else "")
