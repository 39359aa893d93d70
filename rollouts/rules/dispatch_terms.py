"""The terms a rollout is dispatched by and those of a way to a CSP, and what makes sense of them.

Values in, answer out: no database and no clock. Hours are local time, leads hours, distribution days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from portal.kernel.refusals import BadInput
from rollouts.rules.activation import AT_LEAST
from rollouts.rules.criteria.timing import DAYS
from rollouts.rules.pacing import LONGEST_LEAD

PACE_FIELDS: Final = ("lead_hours", "distribution_hours", "activation_hours", "ramp")
CHANNEL_FIELDS: Final = (
    "capacity_per_second",
    "capacity_per_night",
    "distribution_hours",
    "lead_hours",
    "distribution_days",
)
LONGEST_DISTRIBUTION: Final = 90
MOST_A_SECOND: Final = 1_000_000
MOST_HUBS: Final = 100_000_000
STEEPEST: Final = 10
_ANCHOR: Final = date(2024, 1, 1)  # any day: only the distance of two times of day matters
_LONGEST: Final = LONGEST_LEAD / timedelta(hours=1)


def check_hours(hours: Mapping[str, Any] | None, *, name: str) -> None:
    """Check hours of a night: at least one, on at least one day; none is allowed.

    Raises:
        BadInput: they make no sense.
    """
    if hours is None:
        return
    days = hours.get("days")
    if days is not None and (not days or set(days) - set(DAYS)):
        raise BadInput(f"The {name} need at least one day: {', '.join(DAYS)}.")
    try:
        opens, closes = (datetime.combine(_ANCHOR, time.fromisoformat(hours[end])) for end in ("from", "to"))
    except (KeyError, TypeError, ValueError) as unread:
        raise BadInput(f"The {name} run from one time of day to another, such as 22:00 to 06:00.") from unread
    length = (closes - opens) % timedelta(days=1) or timedelta(days=1)
    if length < AT_LEAST:
        raise BadInput(f"The {name} must be at least an hour: fewer would bring many hubs down at once.")


def check_pace(terms: Mapping[str, Any]) -> None:
    """Check the terms of a rollout; a term of none is that of the channels, or no limit.

    Raises:
        BadInput: one makes no sense.
    """
    _check_lead(terms.get("lead_hours"))
    check_hours(terms.get("distribution_hours"), name="distribution hours")
    check_hours(terms.get("activation_hours"), name="activation hours")
    ramp = terms.get("ramp")
    if ramp is None:
        return
    if not 1 <= ramp.get("per_hour", 0) <= MOST_HUBS:
        raise BadInput("A ramp begins with at least one hub an hour.")
    if not 1 <= ramp.get("factor", 1) <= STEEPEST:
        raise BadInput(f"A ramp multiplies by 1 to {STEEPEST} each hour.")


def check_channel(terms: Mapping[str, Any]) -> None:
    """Check the terms of a way to a CSP.

    Raises:
        BadInput: one makes no sense.
    """
    if not 0 < terms["capacity_per_second"] <= MOST_A_SECOND:
        raise BadInput("A channel takes more than no hub a second.")
    per_night = terms.get("capacity_per_night")
    if per_night is not None and not 1 <= per_night <= MOST_HUBS:
        raise BadInput("A channel takes at least one hub a night; leave it blank for no limit.")
    check_hours(terms.get("distribution_hours"), name="distribution hours")
    if terms["lead_hours"] is None:
        raise BadInput("Say how long before its time an activation is sent.")
    _check_lead(terms["lead_hours"])
    if not 0 <= terms["distribution_days"] <= LONGEST_DISTRIBUTION:
        raise BadInput(f"A distribution takes at most {LONGEST_DISTRIBUTION} days.")


def _check_lead(hours: float | None) -> None:
    if hours is not None and not 0 < hours <= _LONGEST:
        raise BadInput(f"An activation is sent at most {_LONGEST:g} hours before its time.")
