"""What will happen to the hubs of a rollout: whose answers are awaited, and what activates when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypedDict

from portal.rest.schemas import Count, Example
from rollouts.api.enums import HubsByConsent, HubsByDay, Id, named
from rollouts.queries.rollouts.progress import ActivationPlan, TimeReason


class WaitingHubsSchema(TypedDict):
    """Hubs of one batch whose time depends on somebody's answer."""

    batch_id: Id
    yours: Annotated[Count, "You have not answered, and nobody else has instructed."]
    yours_after_second: Annotated[Count, "The second Supplier has instructed, you have not answered."]
    second: Annotated[Count, "You have answered, the second Supplier has not."]


class ConsentStatusSchema(TypedDict):
    """The state of consent of your own hubs."""

    rollout_id: Id
    consents: HubsByConsent
    shared: Annotated[Count, "Hubs with a second Supplier."]
    shared_answered: Annotated[Count, "Of these, hubs for which the second Supplier has answered."]
    waiting_for_you: Count
    waiting: list[WaitingHubsSchema]


class ForecastDaySchema(TypedDict):
    """What happens on one day, local time, if you do nothing more."""

    day: date
    hubs: Count
    instructed: Annotated[Count, "By your instruction."]
    second_silent: Annotated[Count, "One Supplier has instructed; the second one's silence decides."]
    default: Annotated[Count, "Because nobody has instructed: the DCC's time."]


class ForecastSchema(TypedDict):
    """If you do nothing: which of your hubs activate when."""

    rollout_id: Id
    days: list[ForecastDaySchema]
    by_region: Annotated[dict[str, dict[str, int]], Example({"NORTH": {"2027-03-15": 3310}})]
    held: Annotated[
        Count, "Hubs without a day because the rollout is halted: their times hold once it resumes."
    ]


def consent_status(rollout_id: int, plan: ActivationPlan) -> ConsentStatusSchema:
    """Return the state of consent."""
    return {
        "rollout_id": rollout_id,
        "consents": named(plan.consents),
        "shared": plan.shared,
        "shared_answered": plan.shared_answered,
        "waiting_for_you": plan.mine,
        "waiting": [
            {
                "batch_id": each.batch_id,
                "yours": each.mine,
                "yours_after_second": each.mine_second,
                "second": each.theirs,
            }
            for each in plan.waiting
        ],
    }


def forecast(rollout_id: int, plan: ActivationPlan) -> ForecastSchema:
    """Return what happens if the viewer does nothing."""
    return {
        "rollout_id": rollout_id,
        "days": forecast_days(plan.days),
        "by_region": {
            region.name: {day.isoformat(): hubs for day, hubs in sorted(days.items())}
            for region, days in plan.by_region.items()
        },
        "held": plan.held,
    }


def forecast_days(days: Mapping[date, Mapping[str, int]]) -> list[ForecastDaySchema]:
    """Return the days, the earliest first."""
    return [
        {
            "day": day,
            "hubs": sum(counts.values()),
            "instructed": counts.get(TimeReason.INSTRUCTED, 0),
            "second_silent": counts.get(TimeReason.SECOND_SILENT, 0),
            "default": counts.get(TimeReason.DEFAULT, 0),
        }
        for day, counts in sorted(days.items())
    ]


def region_days(volumes: Mapping[Any, Mapping[date, int]]) -> dict[str, HubsByDay]:
    """Return volumes by region and day."""
    return {
        region.name: {day.isoformat(): hubs for day, hubs in days.items()} for region, days in volumes.items()
    }
