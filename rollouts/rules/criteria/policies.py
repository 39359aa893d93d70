"""From a JSON document to a time policy, and back to English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from rollouts.rules.criteria.hashing import MAX_SEED
from rollouts.rules.criteria.reading import CriteriaProblem, InvalidCriteria
from rollouts.rules.criteria.timing import DAYS, ActivationHours, Milestone, TimePolicy

MAX_POLICY_DAYS: Final = 730
MAX_PER_NIGHT: Final = 20_000_000

_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_DAY_NAMES: Final = dict(
    zip(DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)


def parse_time_policy(document: object) -> TimePolicy:
    """Read a time policy.

    Raises:
        InvalidCriteria: with every problem of the document.
    """
    if not isinstance(document, Mapping):
        raise InvalidCriteria(
            [CriteriaProblem("", "Give an object with after, days and, if you like, a window.")]
        )
    problems = _strangers(document, {"after", "days", "window", "per_night", "seed"}, path="")
    after = document.get("after")
    if after not in tuple(Milestone):
        problems.append(CriteriaProblem("/after", "Choose notice or pilot_end."))
    problems += _number(document.get("days"), "/days", 0, MAX_POLICY_DAYS)
    per_night = document.get("per_night")
    if per_night is not None:
        problems += _number(per_night, "/per_night", 1, MAX_PER_NIGHT)
    problems += _number(document.get("seed", 0), "/seed", 0, MAX_SEED)
    window = document.get("window")
    if window is not None:
        problems += _window_problems(window)
    if problems:
        raise InvalidCriteria(problems)
    return TimePolicy(
        after=Milestone(document["after"]),
        days=document["days"],
        window=None if window is None else _window(window),
        per_night=per_night,
        seed=document.get("seed", 0),
    )


def explain_policy(policy: TimePolicy) -> str:
    """Return a time policy in one English sentence."""
    milestone = "the notice" if policy.after is Milestone.NOTICE else "the end of the pilot"
    days = "" if not policy.days else f"{policy.days} day{'s' * (policy.days != 1)} after "
    text = f"{days or 'From '}{milestone}"
    if policy.window:
        named = [_DAY_NAMES[day] for day in policy.window.days]
        on = "every day" if len(named) == len(DAYS) else f"on {', '.join(named)}"
        text += f", {on} from {policy.window.opens:%H:%M} to {policy.window.closes:%H:%M} (London time)"
    if policy.per_night:
        text += f", at most {policy.per_night:,} hubs a night"
    return f"{text}."


def _window_problems(window: object) -> list[CriteriaProblem]:
    if not isinstance(window, Mapping):
        return [CriteriaProblem("/window", "Give an object with days, from and to; or leave it out.")]
    problems = _strangers(window, {"days", "from", "to"}, path="/window")
    days = window.get("days")
    if not isinstance(days, list | tuple) or not days or any(day not in DAYS for day in days):
        problems.append(CriteriaProblem("/window/days", f"List at least one of {', '.join(DAYS)}."))
    for end in ("from", "to"):
        written = window.get(end)
        if not isinstance(written, str) or not _CLOCK.fullmatch(written):
            problems.append(
                CriteriaProblem(f"/window/{end}", "Give a time of day as HH:MM, from 00:00 to 23:59.")
            )
    if window.get("from") == window.get("to"):
        problems.append(
            CriteriaProblem("/window/to", "Give another time than from; leave the window out for any time.")
        )
    return problems


def _window(window: Mapping[str, Any]) -> ActivationHours:
    return ActivationHours(
        days=tuple(day for day in DAYS if day in window["days"]),
        opens=time.fromisoformat(window["from"]),
        closes=time.fromisoformat(window["to"]),
    )


def _number(value: object, path: str, low: int, high: int) -> list[CriteriaProblem]:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return []
    return [CriteriaProblem(path, f"Give a whole number from {low} to {high:,}.")]


def _strangers(document: Mapping[Any, Any], allowed: set[str], *, path: str) -> list[CriteriaProblem]:
    return [
        CriteriaProblem(f"{path}/{str(key)[:40]}", "Remove this: it means nothing here.")
        for key in document
        if key not in allowed
    ]
