"""What a halt, an end and a decision mean in sentences, from the facts of their entries. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

from notifications.notice_facts import OWN, Data, at, count, hubs, verb
from portal.kernel.presentation.moments import long_date

_MOST_DAYS: Final = 8
_FAILED: Final = ("DISTRIBUTION_FAILED", "VERIFICATION_FAILED", "ACTIVATION_FAILED")
_OUTCOMES: Final = {
    "PROCEED": "proceed as planned",
    "PAUSE": "pause",
    "DELAY": "delay the automatic date",
    "BRING_FORWARD": "bring the automatic date forward",
    "STOP": "stop",
}
_MEANS: Final = {
    "settled": ("already runs the new firmware", "already run the new firmware"),
    "go_on": ("goes on as planned", "go on as planned"),
    "held_back": ("is held back", "are held back"),
    "withdrawn": ("is withdrawn", "are withdrawn"),
    "images_on_their_way": ("is being sent the image", "are being sent the image"),
    "activating": ("is activating", "are activating"),
    "being_recalled_or_activating": (
        "was told to activate: this is recalled where it still can be",
        "were told to activate: this is recalled where it still can be",
    ),
}


def halted(data: Data) -> str:
    """Return what a halt means for a Supplier's own instructions (R5.5)."""
    if not data.get(OWN, True):
        return ""
    sentences = []
    if pending := count(data, "pending"):
        sentences.append(f"Your instructions for {hubs(pending)} are kept but not carried out meanwhile.")
    if on_way := count(data.get("states") or {}, "DISTRIBUTING"):
        sentences.append(f"{hubs(on_way)} may still receive the image, and will not activate.")
    return " ".join(filter(None, [*sentences, _recalled(data)]))


def _recalled(data: Data) -> str:
    number = count(data.get("states") or {}, "ACTIVATING")
    if not number:
        return ""
    were = verb(number, "was", "were")
    return f"{hubs(number)} {were} told to activate: this is recalled where it still can be."


def ended(data: Data) -> str:
    """Return what the end of a rollout means for a Supplier's own instructions."""
    if not data.get(OWN, True):
        return ""
    pending = count(data, "pending")
    void = f"Your instructions for {hubs(pending)} no longer count." if pending else ""
    return " ".join(filter(None, [void, _recalled(data)]))


def came_to(data: Data) -> str:
    """Return what a complete rollout has come to."""
    states = data.get("states") or {}
    failed = sum(count(states, name) for name in _FAILED)
    named = [
        f"{number:,} {words}"
        for number, words in (
            (
                count(states, "ACTIVATED"),
                verb(count(states, "ACTIVATED"), "runs", "run") + " the new firmware",
            ),
            (failed, "failed"),
            (count(states, "NO_CONFIRMATION"), "did not confirm"),
            (count(states, "WITHDRAWN"), "left the rollout"),
        )
        if number
    ]
    return f"Outcome: {'; '.join(named)}." if named else ""


def would_be_overdue(data: Data) -> str:
    """Return how many hubs will go on at night, should the rollout go on."""
    return overdue(data, when="When it goes on, ")


def overdue(data: Data, *, when: str = "") -> str:
    """Return how many hubs go on at night, as their time has passed while the rollout stood."""
    number = count(data, "overdue")
    if not number:
        return ""
    whose = " of yours" if data.get(OWN, True) else ""
    are, their = verb(number, "is", "are"), verb(number, "its", "their")
    activate = verb(number, "it activates", "they activate")
    goes_on = f"{when}{activate} in the next activation hours."
    return (
        f"{hubs(number)}{whose} {are} overdue: {their} time passed while the rollout stood. "
        f"{goes_on[0].upper()}{goes_on[1:]}"
    )


def recommended(data: Data) -> str:
    """Say to the boards what the DCC recommends, and what a new date would be."""
    named = _OUTCOMES.get(str(data.get("outcome")))
    if not named:
        return ""
    new = f", to {at(data, 'automatic_at')}" if data.get("automatic_at") else ""
    return f"DCC recommends: {named}{new}."


def outcome(data: Data) -> str:
    """Say what was decided, and why."""
    given = str(data.get("reason") or "").strip()
    return f"Decided: {given}" if given else ""


def decided(data: Data) -> str:
    """Return what a decision means for hubs and pending instructions, by count and date, and what to do."""
    means = data.get("means") or {}
    whose = "Your hubs" if data.get(OWN, True) else "Hubs"
    named = [
        f"{means[name]:,} {verb(means[name], *words)}" for name, words in _MEANS.items() if means.get(name)
    ]
    sentences = [f"{whose}: {'; '.join(named)}."] if named else []
    if by_day := data.get("instructed_by_day"):
        days = [f"{n:,} on {long_date(date.fromisoformat(day))}" for day, n in by_day.items()]
        later = " and later" if len(days) > _MOST_DAYS else ""
        sentences.append(f"Your instructions pending: {', '.join(days[:_MOST_DAYS])}{later}.")
    if count(data, "open_again"):
        sentences.append(f"{hubs(count(data, 'open_again'))} can be instructed again.")
    if (what := data.get("what_to_do")) and data.get(OWN, True):
        sentences.append(f"What to do: {what}")
    return "\n".join(sentences)


def removed(data: Data) -> str:
    """Say which firmware is no longer active on the CPL, and what that means."""
    version = data.get("firmware_version")
    return (
        f"Firmware {version} is no longer active on the Central Products List. Nothing more is sent or "
        "activated in this rollout; you are told what is decided."
        if version
        else ""
    )


def brought_forward(data: Data) -> str:
    """Say what an earlier date means for one's own instructions, and for hubs without one."""
    number = count(data, "brought_forward")
    activate = verb(number, "activates", "activate")
    own = (
        f"{hubs(number)} of yours had a later time by instruction, and {activate} at the new one. "
        if number
        else ""
    )
    closed = "" if data.get("has_window", True) else "No time is left for instructions."
    return f"{own}{closed}".strip()
