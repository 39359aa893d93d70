"""What each actor has to do and monitors: dashboard, deadlines, channels, volumes ahead, halts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, TypedDict

from portal.identity.models import OrganisationKind
from portal.rest.schemas import AllowedNames, Count, Example, GuidText
from rollouts.api.enums import (
    HubsByState,
    Id,
    KindName,
    RegionName,
    SeverityName,
    StatusName,
    Version,
    named,
)
from rollouts.api.rollouts.plan_schemas import ForecastDaySchema, forecast_days, region_days
from rollouts.queries.alerts.unmatched import UnmatchedAlertLine
from rollouts.queries.dispatch.channels import ChannelHealth
from rollouts.queries.governance.halts import HaltPreview
from rollouts.queries.rollouts.dashboard import Dashboard, Flight
from rollouts.queries.rollouts.deadlines import NextDate
from rollouts.queries.rollouts.duties import Duty, Outstanding
from rollouts.queries.rollouts.forecast import RegionForecast, ScheduledVolume
from rollouts.services import HaltReport, PublishedNotice
from rollouts.states import RolloutStatus, TargetState


class OpenRolloutSchema(TypedDict):
    """One open rollout with your own numbers."""

    id: Id
    name: Annotated[str, Example("Toshiba 0C230000")]
    model: Annotated[str, Example("Toshiba 433100AC")]
    firmware_version: Version
    status: StatusName
    kind: KindName
    severity: SeverityName
    notified_at: datetime | None
    cutoff_at: datetime
    automatic_at: datetime
    has_supplier_window: bool
    hubs: Count
    activated: Count
    failed: Count
    waiting_for_you: Count
    states: HubsByState


class OutstandingActionSchema(TypedDict):
    """One thing you have to do; no time where none is fixed."""

    duty: Annotated[str, AllowedNames([duty.value for duty in Duty])]
    due_at: datetime | None
    rollout_id: Annotated[int | None, Example(17)]
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    count: Annotated[Count, "Hubs, or what else the duty counts."]
    shared: Annotated[Count, "Of these, hubs with a second Supplier."]


class NextActionSchema(TypedDict):
    """What another actor does next, and by when."""

    rollout_id: Id
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    actor: Annotated[str, AllowedNames(OrganisationKind)]
    what: Annotated[str, Example("DCC ends the pilot")]
    at: datetime | None


class DeadlinesSchema(TypedDict):
    """What you owe, and what the others do next, the earliest first."""

    outstanding: list[OutstandingActionSchema]
    next_dates: list[NextActionSchema]


class DashboardSchema(TypedDict):
    """The dashboard."""

    hubs: Count
    activated: Count
    failed: Count
    waiting_for_you: Count
    rollouts: list[OpenRolloutSchema]
    outstanding: list[OutstandingActionSchema]
    next_dates: list[NextActionSchema]
    days: Annotated[list[ForecastDaySchema], "If you do nothing: what activates when."]
    held: Annotated[Count, "Hubs without a day because their rollouts are halted."]
    volumes: Annotated[
        dict[str, dict[str, int]], Example({"NORTH": {"2027-03-15": 3310}}), "For CSPs and the DCC."
    ]


class ChannelSchema(TypedDict):
    """The channel to one region's CSP."""

    region: RegionName
    csp: Annotated[str, Example("CSP North")]
    state: Annotated[str, AllowedNames(["ok", "resting", "failing", "closed"])]
    capacity_per_second: float
    capacity_per_night: int | None
    paused_until: datetime | None
    failures: int
    last_success_at: datetime | None
    last_problem: Annotated[str, Example("")]
    ready_commands: Count
    ready_hubs: Count
    unsent_commands: Count
    refused_commands: Count
    waiting_since: datetime | None
    sent_hubs: Annotated[Count, "In the last hour."]


class DayShortfallSchema(TypedDict):
    """Hubs of one day whose image would come too late."""

    day: date
    hubs: Count


class DistributionForecastSchema(TypedDict):
    """Whether a region's distribution will be in time."""

    region: RegionName
    hubs: Count
    hubs_a_day: Count
    starts_at: datetime | None
    done_at: datetime | None
    shortfall: Count
    late_by_day: list[DayShortfallSchema]


class VolumeAheadSchema(TypedDict):
    """How many hubs of one rollout activate in a region on a day, local time, as things stand."""

    day: date
    region: RegionName
    rollout_id: Id
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    is_halted: bool
    to_send: Annotated[Count, "Of them, hubs that still need the image."]
    to_activate: Count
    pilot_starts_at: Annotated[datetime | None, "When the pilot of the rollout is planned to start."]
    pilot_ends_at: datetime | None


class UnmatchedAlertRowSchema(TypedDict):
    """An unmatched alert."""

    id: Id
    csp: Annotated[str, Example("CSP North")]
    guid: GuidText
    code: Annotated[str, Example("CS06_RESPONSE")]
    why: Annotated[str, Example("No rollout of this hub fits it")]
    occurred_at: datetime
    received_at: datetime
    reviewed_at: datetime | None
    reviewed_by: Annotated[str, Example("Priya Shah")]
    review_note: str


class HaltPreviewSchema(TypedDict):
    """How many hubs a halt would touch, by what it would mean for them."""

    rollout_id: Id
    total: Count
    not_begun: Count
    images_on_their_way: Count
    holding_the_image: Count
    recallable: Annotated[Count, "An activation dated ahead is on the hub: it is recalled, which may fail."]
    not_recallable: Annotated[Count, "Told to activate at once: they will, and are reported."]
    activated: Count
    failed: Count
    withdrawn: Count
    overdue: Annotated[
        Count,
        "Of a rollout that stands: their time has passed; once it goes on they activate in the next"
        " activation hours.",
    ]


class HaltedSchema(TypedDict):
    """What a halt found, held back, recalls, and can no longer recall."""

    hubs_by_state: HubsByState
    commands_dropped: Count
    hubs_put_back: Count
    hubs_to_cancel: Count
    hubs_not_recalled: Count
    images_on_their_way: Count


class PublishedSchema(TypedDict):
    """A notice as it was published."""

    hubs: Count
    suppliers: Count
    has_supplier_window: bool


class StepTakenSchema(TypedDict):
    """A step that was taken, and where the rollout stands now."""

    rollout_id: Id
    verb: Annotated[str, Example("suspend")]
    status: Annotated[str, AllowedNames(RolloutStatus)]
    halted: Annotated[HaltedSchema | None, "Of suspend, pause, stop and revoke."]
    published: Annotated[PublishedSchema | None, "Of notify."]


def dashboard(board: Dashboard) -> DashboardSchema:
    """Return the dashboard."""
    return {
        "hubs": board.total,
        "activated": board.activated,
        "failed": board.failed,
        "waiting_for_you": board.waiting_for_viewer,
        "rollouts": [_flight(flight) for flight in board.flights],
        "outstanding": [_outstanding(each) for each in board.outstanding],
        "next_dates": [_next(each) for each in board.next_dates],
        "days": forecast_days(board.days),
        "held": board.held,
        "volumes": region_days(board.volumes),
    }


def deadlines(board: Dashboard) -> DeadlinesSchema:
    """Return what is owed by whom."""
    return {
        "outstanding": [_outstanding(each) for each in board.outstanding],
        "next_dates": [_next(each) for each in board.next_dates],
    }


def channel(health: ChannelHealth) -> ChannelSchema:
    """Return the state of a channel."""
    return {
        "region": health.region.name,
        "csp": health.csp_name,
        "state": health.state,
        "capacity_per_second": health.capacity_per_second,
        "capacity_per_night": health.capacity_per_night,
        "paused_until": health.paused_until,
        "failures": health.failures,
        "last_success_at": health.last_success_at,
        "last_problem": health.last_problem,
        "ready_commands": health.ready_commands,
        "ready_hubs": health.ready_hubs,
        "unsent_commands": health.unsent_commands,
        "refused_commands": health.refused_commands,
        "waiting_since": health.waiting_since,
        "sent_hubs": health.sent_hubs,
    }


def distribution_forecast(forecast: RegionForecast) -> DistributionForecastSchema:
    """Return whether a region's distribution will be in time."""
    return {
        "region": forecast.region.name,
        "hubs": forecast.hubs,
        "hubs_a_day": forecast.hubs_a_day,
        "starts_at": forecast.starts_at,
        "done_at": forecast.done_at,
        "shortfall": forecast.shortfall,
        "late_by_day": [{"day": day, "hubs": hubs} for day, hubs in forecast.late_by_day],
    }


def volume(ahead: ScheduledVolume) -> VolumeAheadSchema:
    """Return a volume ahead."""
    return {
        "day": ahead.day,
        "region": ahead.region.name,
        "rollout_id": ahead.rollout_id,
        "rollout_name": ahead.rollout_name,
        "is_halted": ahead.is_halted,
        "to_send": ahead.to_send,
        "to_activate": ahead.to_activate,
        "pilot_starts_at": ahead.pilot_starts_at,
        "pilot_ends_at": ahead.pilot_ends_at,
    }


def unmatched_alert(alert: UnmatchedAlertLine) -> UnmatchedAlertRowSchema:
    """Return an unmatched alert."""
    return {
        "id": alert.id,
        "csp": alert.csp,
        "guid": alert.guid,
        "code": alert.code,
        "why": alert.why,
        "occurred_at": alert.occurred_at,
        "received_at": alert.received_at,
        "reviewed_at": alert.reviewed_at,
        "reviewed_by": alert.reviewed_by,
        "review_note": alert.review_note,
    }


def halt_preview(counts: HaltPreview) -> HaltPreviewSchema:
    """Return what a halt would touch."""
    return {
        "rollout_id": counts.rollout_id,
        "total": counts.total,
        "not_begun": counts.not_begun,
        "images_on_their_way": counts.images_on_their_way,
        "holding_the_image": counts.holding_the_image,
        "recallable": counts.recallable,
        "not_recallable": counts.not_recallable,
        "activated": counts.activated,
        "failed": counts.failed,
        "withdrawn": counts.withdrawn,
        "overdue": counts.overdue,
    }


def halted(report: HaltReport) -> HaltedSchema:
    """Return what a halt has done."""
    return {
        "hubs_by_state": named({TargetState(state): hubs for state, hubs in report.hubs_by_state.items()}),
        "commands_dropped": report.commands_dropped,
        "hubs_put_back": report.hubs_put_back,
        "hubs_to_cancel": report.hubs_to_cancel,
        "hubs_not_recalled": report.hubs_not_recalled,
        "images_on_their_way": report.images_on_their_way,
    }


def published(notice: PublishedNotice) -> PublishedSchema:
    """Return a notice as it was published."""
    return {
        "hubs": notice.hubs,
        "suppliers": notice.suppliers,
        "has_supplier_window": notice.has_window,
    }


def _flight(flight: Flight) -> OpenRolloutSchema:
    return {
        "id": flight.id,
        "name": flight.name,
        "model": flight.model,
        "firmware_version": flight.version,
        "status": flight.status.value,
        "kind": flight.kind,
        "severity": flight.severity,
        "notified_at": flight.notified_at,
        "cutoff_at": flight.cutoff_at,
        "automatic_at": flight.automatic_at,
        "has_supplier_window": flight.has_window,
        "hubs": flight.total,
        "activated": flight.activated,
        "failed": flight.failed,
        "waiting_for_you": flight.waiting_for_viewer,
        "states": named(flight.states),
    }


def _outstanding(each: Outstanding) -> OutstandingActionSchema:
    return {
        "duty": each.duty.value,
        "due_at": each.due_at,
        "rollout_id": each.rollout_id,
        "rollout_name": each.rollout_name,
        "count": each.count,
        "shared": each.shared,
    }


def _next(each: NextDate) -> NextActionSchema:
    return {
        "rollout_id": each.rollout_id,
        "rollout_name": each.rollout_name,
        "actor": each.actor.value,
        "what": each.what,
        "at": each.at,
    }
