"""What the page of one rollout shows: from its query to facts, bars, rows and buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.charts import Segment
from portal.kernel.presentation.moments import long_time
from rollouts.queries.dispatch.hours import night_hours, nights_ahead
from rollouts.queries.rollouts.curves import ActivationCurve, activation_curve
from rollouts.queries.rollouts.rollout import RolloutPage, rollout_page
from rollouts.states import ROLLOUT_STEPS, RUNNING_STATUSES, RolloutStatus, RolloutStep
from rollouts.web.governance.card import governance_of
from rollouts.web.presenting import day_urls, from_today
from rollouts.web.wording import (
    DECIDED,
    IF_NOTHING,
    NO_BUTTON,
    SEVERITY_TONES,
    facts,
    joined,
    reason_rows,
    segments,
    step_url,
)

#: How loud each step's button is, and its icon.
_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "notify": ("primary", "megaphone"),
    "start_pilot": ("primary", "flask"),
    "end_pilot": ("primary", "check"),
    "accept_pilot": ("primary", "check-circle"),
    "reopen_pilot": ("secondary", "undo"),
    "reject_pilot": ("warning", "x-circle"),
    "skip_pilot": ("secondary", "rocket"),
    "suspend": ("warning", "pause"),
    "revoke": ("secondary", "revoke"),
}

#: In which tone the reason for a status is told; where none is named it is not news.
_STATUS_TONES: Final[Mapping[RolloutStatus, str]] = {
    RolloutStatus.SUSPENDED: "bad",
    RolloutStatus.PAUSED: "warn",
    RolloutStatus.STOPPED: "bad",
    RolloutStatus.REVOKED: "bad",
    RolloutStatus.PILOT_REVIEW: "info",
    RolloutStatus.COMPLETE: "good",
}


def rollout_context(scope: Scope, rollout_id: int, *, suspend_at: str = "") -> dict[str, Any]:
    """Gather what the page of a rollout shows.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    now = clock.now()
    page = rollout_page(scope, rollout_id, now=now)
    hubs_url = (
        reverse("rollouts:hubs", args=[rollout_id]) if page.flight.status != RolloutStatus.DRAFT else ""
    )
    is_under_way = page.flight.status in RUNNING_STATUSES
    governance = governance_of(scope, rollout_id, page.flight.status)
    return {
        "page": page,
        "scope": scope,
        "now": now,
        "segments": segments(page.progress.states, url=hubs_url),
        "consents": _consents(page, hubs_url),
        "batches": _batches(page, hubs_url),
        "regions": _regions(page, hubs_url),
        "failures": reason_rows(page.progress.failures, url=hubs_url, state="FAILED"),
        "retrying": reason_rows(page.progress.retrying, url=hubs_url, state="MOVING"),
        "withdrawn": reason_rows(page.progress.withdrawn, url=hubs_url, state="WITHDRAWN"),
        "curve": _curve(scope, page, now=now),
        "milestones": [asdict(milestone) for milestone in page.milestones],
        "series": IF_NOTHING,
        "days": (days := from_today(page.plan.days, now=now)),
        "day_urls": day_urls(days, hubs_url=hubs_url, now=now),
        "nights": night_hours(scope, rollout_id=rollout_id, now=now) if is_under_way else None,
        "nights_ahead": nights_ahead(scope, rollout_id=rollout_id, now=now) if is_under_way else (),
        "facts": facts_of(page),
        "status_tone": _STATUS_TONES.get(page.flight.status, "") if page.status_reason else "",
        "governance": governance,
        "severity_tone": SEVERITY_TONES.get(page.flight.severity, "neutral"),
        "steps": step_buttons(page.steps, page, origin=suspend_at),
        "blocked": blocked_steps(page.steps, page),
        **_instructing(scope, page, now=now),
        "may_operate": scope.has(*MAY_OPERATE),
        "decision_url": _decision_url(scope, page),
        "halt": halt_of(page) if scope.is_supplier and page.is_halted else None,
        "parts": parts_of(page, is_governed=governance is not None),
        "hubs_url": hubs_url,
        "crumbs": [{"label": "Rollouts", "url": reverse("rollouts:list")}],
    }


def _instructing(scope: Scope, page: RolloutPage, *, now: datetime) -> dict[str, bool]:
    """Say whether there is anything to instruct or to withdraw, and whether all hubs are settled."""
    flight, moving = page.flight, page.progress.moving
    is_open = scope.is_supplier and scope.has(*MAY_INSTRUCT) and flight.status in RUNNING_STATUSES
    is_in_time = flight.cutoff_at >= now
    return {
        "may_instruct": is_open and is_in_time and moving > 0,
        "may_withdraw": is_open and not is_in_time and flight.has_window and moving > 0,
        "is_settled": is_open and page.progress.total > 0 and not moving,
    }


def _consents(page: RolloutPage, hubs_url: str) -> list[Segment]:
    return [
        Segment(consent, n, f"{hubs_url}?state=MOVING&consent={consent.name}" if hubs_url else "")
        for consent, n in page.plan.consents.items()
        if n > 0
    ]


def _decision_url(scope: Scope, page: RolloutPage) -> str:
    is_board = scope.is_dcc or scope.is_panel
    if not is_board or page.flight.status == RolloutStatus.DRAFT:
        return ""
    return reverse("rollouts:decision", args=[page.flight.id])


def halt_of(page: RolloutPage) -> dict[str, Any]:
    """Count a Supplier's hubs by what a halt means for them."""
    states = {state.name: n for state, n in page.progress.states.items()}
    return {
        "word": "paused" if page.flight.status == RolloutStatus.PAUSED else "suspended",
        "states": states,
        "on_way": states.get("DISTRIBUTING", 0) + states.get("DISTRIBUTED", 0),
        "recalled": states.get("ACTIVATING", 0) + states.get("CANCELLING", 0),
    }


def parts_of(page: RolloutPage, *, is_governed: bool) -> list[tuple[str, str]]:
    """Name the parts that a rollout's page has, in their order: the id of each, and its words."""
    is_published = page.flight.notified_at is not None
    has_pilot = page.has_pilot or page.pilot_skipped_at is not None
    parts = (
        ("overview", "Overview", is_published),
        ("hubs", "Hubs", True),
        ("about", "About", True),
        ("batches", "Batches", True),
        ("pilot", "Pilot", has_pilot),
        ("consent", "Consent", any(n > 0 for n in page.plan.consents.values())),
        ("incidents", "Incidents and decisions", is_governed),
        ("notes", "Release Note", True),
        ("activity", "Activity", is_published),
    )
    return [(part, words) for part, words, is_shown in parts if is_shown]


def _curve(scope: Scope, page: RolloutPage, *, now: datetime) -> ActivationCurve | None:
    if page.flight.notified_at is None or not page.progress.total:
        return None
    return activation_curve(
        scope,
        page.flight.id,
        progress=page.progress,
        plan=page.plan,
        notified_at=page.flight.notified_at,
        automatic_at=page.flight.automatic_at,
        is_halted=page.flight.status not in RUNNING_STATUSES,
        now=now,
    )


def suspend_origin(request: HttpRequest) -> str:
    """Return the address of the reserved port for suspending, which no load on this one closes."""
    if not settings.SUSPEND_PORT:
        return ""
    return f"{request.scheme}://{request.get_host().partition(':')[0]}:{settings.SUSPEND_PORT}"


def step_buttons(
    steps: Sequence[RolloutStep], page: RolloutPage, *, origin: str = ""
) -> list[dict[str, Any]]:
    """Draw the buttons of the steps that are open; those that touch hubs say how many."""
    buttons = []
    for step in steps:
        if step.verb in NO_BUTTON | DECIDED or why_not(step.verb, page):
            continue
        tone, icon = _LOOKS.get(step.verb, ("secondary", ""))
        count = _touched(step.verb, page)
        buttons.append(
            {
                "label": ROLLOUT_STEPS[step.verb].label,
                "url": (origin if step.verb == "suspend" else "") + step_url(page.flight.id, step.verb),
                "tone": tone,
                "icon": icon,
                "count": count,
            }
        )
    return buttons


def why_not(verb: str, page: RolloutPage) -> str:
    """Return why a step that the rollout's status allows would come to nothing; empty where it would not."""
    if verb == "start_pilot" and not (page.pilot and page.pilot.total):
        return "No hub is in the pilot group. Confirm nominations or propose hubs first."
    return ""


def blocked_steps(steps: Sequence[RolloutStep], page: RolloutPage) -> list[dict[str, str]]:
    """Name the steps that cannot succeed yet, each with the reason and the page where that is changed."""
    pilot_url = reverse("rollouts:pilot", args=[page.flight.id])
    return [
        {"label": ROLLOUT_STEPS[step.verb].label, "why": why, "url": pilot_url}
        for step in steps
        if (why := why_not(step.verb, page))
    ]


def _touched(verb: str, page: RolloutPage) -> int | None:
    if verb in {"suspend", "revoke"}:
        return page.progress.moving
    if verb in {"start_pilot", "end_pilot"} and page.pilot is not None:
        return page.pilot.total
    if verb in {"accept_pilot", "skip_pilot"}:
        return page.progress.moving
    return None


def _batches(page: RolloutPage, hubs_url: str) -> list[dict[str, Any]]:
    return [
        {
            "batch": batch,
            "segments": segments(batch.states),
            "url": f"{hubs_url}?batch={batch.id}" if hubs_url else "",
        }
        for batch in page.batches
    ]


def _regions(page: RolloutPage, hubs_url: str) -> list[dict[str, Any]]:
    return [
        {
            "label": str(region.label),
            "segments": segments(states),
            "url": f"{hubs_url}?region={int(region)}" if hubs_url else "",
        }
        for region, states in page.progress.by_region.items()
        if sum(states.values()) > 0
    ]


def _pilot_words(page: RolloutPage) -> str:
    if page.pilot_skipped_at:
        return f"none: DCC went on without one on {long_time(page.pilot_skipped_at)}"
    return f"up to {page.pilot_cap:,} hubs" if page.has_pilot else "none"


def facts_of(page: RolloutPage) -> list[dict[str, object]]:
    """List what a rollout is."""
    flight = page.flight
    note = page.notes[0] if page.notes else None
    rows = facts(
        ("Hub model", flight.model),
        ("Firmware", flight.version),
        ("From", joined(page.predecessors)),
        ("Release", page.kind),
        ("Severity", page.severity),
        ("Priority", page.priority),
        ("Consent", str(page.consent_policy.label)),
        ("Pilot", _pilot_words(page)),
        (
            "Unreachable hubs",
            f"tried until {long_time(page.unreachable_until)}" if page.unreachable_until else "",
        ),
    )
    url = reverse("rollouts:release-notes", args=[flight.id])
    words = f"Revision {note.revision}, {long_time(note.published_at)}" if note else "Not yet published"
    return [*rows, {"label": "Release Note", "value": words, "url": url}]
