"""What a notice says: one table from the kind of a feed entry to its words. Pure.

The words use only what the entry carries, and an entry carries only what its party may know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.events.kinds import EntryKind
from portal.kernel.presentation.numbers import file_size
from portal.kernel.working_days import local_words

Data = Mapping[str, Any]
OWN: Final = "is_own"
"""Told beside the facts of an entry: whether the hubs it counts are the party's own. A Supplier's are."""


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice in words: title, text, and the tone its mark is drawn in."""

    title: str
    text: str = ""
    tone: str = "neutral"


def icon_of(kind: int) -> str:
    """Return the icon of a kind of notice."""
    return next((icon for kinds, icon in _ICONS if kind in kinds), "bell")


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """How one kind of entry is put into words."""

    title: str
    text: Callable[[Data], str] = lambda _data: ""
    tone: str = "info"


def _count(data: Data, *names: str) -> int:
    return next((int(data[name]) for name in names if data.get(name) is not None), 0)


def _hubs(number: int) -> str:
    return "1 hub" if number == 1 else f"{number:,} hubs"


def _own_hubs(data: Data) -> str:
    number = _count(data, "hubs")
    whose = " of yours" if data.get(OWN, True) else ""
    return f"It concerns {_hubs(number)}{whose}." if number else ""


def _reason(data: Data) -> str:
    reason = str(data.get("reason") or data.get("comment") or data.get("commentary") or "").strip()
    return f"Reason given: {reason}" if reason else ""


def _commentary(data: Data) -> str:
    commentary = str(data.get("commentary") or data.get("comment") or data.get("reason") or "").strip()
    return f"DCC writes: {commentary}" if commentary else ""


def _incident(data: Data) -> str:
    title, comment = str(data.get("title") or ""), str(data.get("comment") or "").strip()
    return f"{title}: “{comment}”" if title and comment else str(data.get("reason") or title or comment)


def _answered(data: Data) -> str:
    verb = "has answered for" if data.get("has_answered", True) else "has taken back its answer for"
    words = f"The second Supplier {verb} {_hubs(_count(data, 'hubs'))} it shares with you."
    if not data.get("has_instructed"):
        return words
    at = data.get("activate_at")
    return (
        f"{words} It asks for {local_words(datetime.fromisoformat(at))}."
        if at
        else f"{words} Any time suits it."
    )


_VOIDED: Final = {
    "SUPPLIER_CHANGED": "They have changed their Supplier.",
    "AGREEMENT_LAPSED": "You had agreed with a time of the second Supplier that no longer stands. "
    "Look at its answer, and answer again.",
}


def _voided(data: Data) -> str:
    return _VOIDED.get(str(data.get("reason")), "") or _reason(data)


def _received(data: Data) -> str:
    accepted, rejected = _count(data, "accepted"), _count(data, "rejected")
    accepted_words = f"{_hubs(accepted)} accepted"
    return (
        f"{accepted_words}, {rejected:,} not accepted: see the receipt for each reason."
        if rejected
        else f"{accepted_words}."
    )


_FORMS: Final = {"csv": "CSV file", "xlsx": "workbook (XLSX)"}


def _file(data: Data) -> str:
    form = _FORMS.get(str(data.get("form")), "file")
    holds = f"The {form} holds {_hubs(_count(data, 'hubs'))} ({file_size(_count(data, 'size'))})."
    return f"{holds} It is kept for a day, and only you can fetch it."


def _not_written(data: Data) -> str:
    return str(data.get("reason") or "")


def _both(*parts: Callable[[Data], str]) -> Callable[[Data], str]:
    return lambda data: " ".join(words for words in (part(data) for part in parts) if words)


K = EntryKind
TEMPLATES: Final[dict[EntryKind, NoticeTemplate]] = {
    K.ROLLOUT_NOTIFIED: NoticeTemplate("New firmware: {name}", _own_hubs),
    K.ROLLOUT_REVISED: NoticeTemplate("Notice revised: {name}", _own_hubs),
    K.ROLLOUT_REVOKED: NoticeTemplate("Notice revoked: {name}", _both(_reason, _own_hubs), "bad"),
    K.RELEASE_NOTE_REVISED: NoticeTemplate(
        "Release Note revised: {name}", lambda data: str(data.get("summary") or "")
    ),
    K.PILOT_SUBMITTED: NoticeTemplate("Pilot hubs nominated: {name}", _own_hubs),
    K.PILOT_CONFIRMED: NoticeTemplate("Pilot nomination decided: {name}", _both(_own_hubs, _reason)),
    K.PILOT_STARTED: NoticeTemplate("Pilot started: {name}", _own_hubs),
    K.PILOT_PROGRESS: NoticeTemplate("Pilot progress: {name}", _commentary),
    K.PILOT_ENDED: NoticeTemplate("Pilot ended: {name}", _commentary),
    K.PILOT_ACCEPTED: NoticeTemplate("Pilot accepted: {name}", _commentary, "good"),
    K.SAFE_LAUNCH_OPENED: NoticeTemplate("Safe launch opened: {name}", _own_hubs, "good"),
    K.INSTRUCTION_RECEIVED: NoticeTemplate("Instruction {instruction} received", _received, "good"),
    K.INSTRUCTION_APPLIED: NoticeTemplate("Instruction {instruction} applied", _received, "good"),
    K.SECOND_SUPPLIER_ANSWERED: NoticeTemplate("A second Supplier has answered: {name}", _answered),
    K.INSTRUCTION_VOIDED: NoticeTemplate("Instructions voided: {name}", _both(_own_hubs, _voided), "warn"),
    K.BATCH_ANNOUNCED: NoticeTemplate("A batch has its own date: {name}", _own_hubs),
    K.WINDOW_CLOSED: NoticeTemplate("The window for instructions has closed: {name}", _own_hubs),
    K.ROLLOUT_SUSPENDED: NoticeTemplate("Suspended: {name}", _both(_reason, _own_hubs), "bad"),
    K.ROLLOUT_PAUSED: NoticeTemplate("Paused: {name}", _both(_reason, _own_hubs), "warn"),
    K.ROLLOUT_RESUMED: NoticeTemplate("Resumed: {name}", _both(_reason, _own_hubs), "good"),
    K.ROLLOUT_STOPPED: NoticeTemplate("Stopped: {name}", _both(_reason, _own_hubs), "bad"),
    K.ROLLOUT_DELAYED: NoticeTemplate("Dates moved: {name}", _both(_reason, _own_hubs), "warn"),
    K.ROLLOUT_COMPLETED: NoticeTemplate("Complete: {name}", _own_hubs, "good"),
    K.DIGEST: NoticeTemplate("Your hubs: {name}", lambda data: str(data.get("text") or "")),
    K.RULE_RAN: NoticeTemplate("Approval rule ran: {name}", _both(_own_hubs, _reason)),
    K.INCIDENT_RAISED: NoticeTemplate("Incident raised: {name}", _incident, "warn"),
    K.INCIDENT_UPDATED: NoticeTemplate("Incident updated: {name}", _incident),
    K.DECISION_RECOMMENDED: NoticeTemplate("To be confirmed: {name}", _reason, "warn"),
    K.DECISION_MADE: NoticeTemplate("Decision: {name}", _both(_reason, _own_hubs)),
    K.WEBHOOK_DISABLED: NoticeTemplate("Webhook disabled: {name}", _reason, "warn"),
    K.EXPORT_READY: NoticeTemplate("Your file of the estate is ready", _file, "good"),
    K.EXPORT_FAILED: NoticeTemplate("Your file of the estate was not written", _not_written, "bad"),
    K.CPL_REMOVED: NoticeTemplate("Removed from the Central Products List: {name}", _reason, "bad"),
}

_ICONS: Final[tuple[tuple[frozenset[EntryKind], str], ...]] = (
    (frozenset({K.ROLLOUT_NOTIFIED, K.ROLLOUT_REVISED, K.BATCH_ANNOUNCED}), "megaphone"),
    (frozenset({K.RELEASE_NOTE_REVISED}), "file"),
    (
        frozenset({K.PILOT_SUBMITTED, K.PILOT_CONFIRMED, K.PILOT_STARTED, K.PILOT_PROGRESS, K.PILOT_ENDED}),
        "flask",
    ),
    (frozenset({K.PILOT_ACCEPTED, K.ROLLOUT_COMPLETED}), "check-circle"),
    (frozenset({K.SAFE_LAUNCH_OPENED, K.ROLLOUT_RESUMED}), "rocket"),
    (frozenset({K.INSTRUCTION_RECEIVED, K.INSTRUCTION_APPLIED}), "calendar"),
    (frozenset({K.INSTRUCTION_VOIDED, K.ROLLOUT_REVOKED, K.CPL_REMOVED}), "ban"),
    (frozenset({K.SECOND_SUPPLIER_ANSWERED}), "users"),
    (frozenset({K.WINDOW_CLOSED, K.ROLLOUT_DELAYED}), "clock"),
    (frozenset({K.ROLLOUT_SUSPENDED, K.ROLLOUT_PAUSED}), "pause"),
    (frozenset({K.ROLLOUT_STOPPED}), "stop"),
    (frozenset({K.RULE_RAN}), "rule"),
    (frozenset({K.INCIDENT_RAISED, K.INCIDENT_UPDATED}), "alert"),
    (frozenset({K.DECISION_RECOMMENDED, K.DECISION_MADE}), "shield"),
    (frozenset({K.WEBHOOK_DISABLED}), "webhook"),
    (frozenset({K.EXPORT_READY, K.EXPORT_FAILED}), "download"),
)


def notice_text(kind: EntryKind, data: Data, *, rollout_name: str = "") -> NoticeText:
    """Put one entry into words; what a template needs and the entry lacks is left out."""
    template = TEMPLATES.get(kind) or NoticeTemplate(
        kind.public_name.replace(".", " ").replace("_", " ").capitalize()
    )
    name = str(data.get("name") or rollout_name or "")
    title = template.title.format_map({"name": name, "instruction": data.get("instruction", "")})
    return NoticeText(title=title.rstrip(": "), text=template.text(data), tone=template.tone)
