"""The figures a recommendation rests on, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.kernel.presentation.moments import long_time
from portal.kernel.presentation.numbers import count_of
from rollouts.states import FAILED_STATES, TargetState
from rollouts.web.governance.rates import percent
from rollouts.web.wording import facts


def figure_facts(figures: Mapping[str, Any]) -> list[dict[str, object]]:
    """List the figures as they stood when it was recommended; nothing before that."""
    if not figures:
        return []
    states: Mapping[str, int] = figures.get("states", {})
    failed = sum(states.get(state.name, 0) for state in FAILED_STATES)
    return facts(
        ("Hubs", f"{figures.get('hubs', 0):,}"),
        ("Run the new firmware", f"{states.get(TargetState.ACTIVATED.name, 0):,}"),
        ("Failed or not confirmed", f"{failed:,}"),
        ("Failure rate", rate_words(figures.get("failures"))),
        (
            "Incidents",
            f"{figures.get('incidents', 0):,}, naming {count_of(figures.get('hubs_in_incidents', 0), 'hub')}",
        ),
        ("Halt rule", _rule_words(figures.get("halt_rule"))),
        ("Automatic activation", _time_words(figures.get("automatic_at"))),
        ("Cut-off", _time_words(figures.get("cutoff_at"))),
    )


def rate_words(rate: Mapping[str, Any] | None) -> str:
    """Write a rate as evidence carries it: share, interval, sample."""
    if not rate or not rate.get("sample"):
        return "no hub has settled"
    interval = f"95%: {100 * rate['lower']:.1f} to {percent(rate['upper'])}"
    return f"{percent(rate['share'])} ({rate['hits']:,} of {rate['sample']:,}; {interval})"


def _rule_words(trip: Mapping[str, Any] | None) -> str:
    if not trip:
        return ""
    return f"“{trip['name']}” tripped: {rate_words(trip['rate'])}, limit {percent(trip['threshold'])}"


def _time_words(text: str | None) -> str:
    return long_time(datetime.fromisoformat(text)) if text else ""
