"""What a notice says: one table from the kind of a feed entry to its words. Pure.

The words use only what the entry carries, and an entry carries only what its party may know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from notifications import decision_facts as decision
from notifications import notice_facts as say
from notifications import pilot_facts as pilot
from notifications.notice_facts import Data
from portal.events.kinds import EntryKind


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


K = EntryKind
TEMPLATES: Final[dict[EntryKind, NoticeTemplate]] = {
    K.ROLLOUT_NOTIFIED: NoticeTemplate(
        "New firmware: {name}", say.lines(say.notice, say.own_hubs, say.second_asked, say.late_notice)
    ),
    K.ROLLOUT_REVOKED: NoticeTemplate(
        "Notice revoked: {name}", say.lines(say.reason, say.own_hubs, decision.ended), "bad"
    ),
    K.RELEASE_NOTE_REVISED: NoticeTemplate("Release Note revised: {name}", say.note),
    K.PILOT_PLANNED: NoticeTemplate("Dates of the pilot: {name}", pilot.planned),
    K.PILOT_REMINDED: NoticeTemplate("Nominate pilot hubs: {name}", pilot.wanted, "warn"),
    K.PILOT_PROPOSED: NoticeTemplate(
        "DCC proposes pilot hubs: {name}", say.lines(pilot.proposed, say.commentary), "warn"
    ),
    K.PILOT_PROPOSAL_WITHDRAWN: NoticeTemplate("Pilot proposal withdrawn: {name}", pilot.withdrawn),
    K.PILOT_ANSWERED: NoticeTemplate("Pilot proposal answered: {name}", pilot.answered),
    K.PILOT_SUBMITTED: NoticeTemplate("Pilot hubs nominated: {name}", pilot.nominated),
    K.PILOT_CONFIRMED: NoticeTemplate("Pilot hubs decided: {name}", say.lines(pilot.decided, say.commentary)),
    K.PILOT_STARTED: NoticeTemplate("Pilot started: {name}", say.lines(say.commentary, pilot.standing)),
    K.PILOT_PROGRESS: NoticeTemplate(
        "Pilot progress: {name}", say.lines(say.commentary, pilot.standing, pilot.outcome)
    ),
    K.PILOT_ENDED: NoticeTemplate(
        "Pilot ended: {name}", say.lines(say.commentary, pilot.standing, pilot.outcome)
    ),
    K.PILOT_ACCEPTED: NoticeTemplate(
        "Pilot accepted: {name}", say.lines(say.commentary, pilot.standing), "good"
    ),
    K.PILOT_SKIPPED: NoticeTemplate(
        "On without a pilot: {name}", say.lines(say.commentary, say.own_hubs, pilot.skipped), "warn"
    ),
    K.SAFE_LAUNCH_OPENED: NoticeTemplate(
        "Safe launch opened: {name}", say.lines(say.batch, say.reason, say.own_hubs), "good"
    ),
    K.INSTRUCTION_RECEIVED: NoticeTemplate(
        "Instruction {instruction} received: {name}", say.received, "good"
    ),
    K.INSTRUCTION_APPLIED: NoticeTemplate("Instruction {instruction} applied: {name}", say.received, "good"),
    K.SECOND_SUPPLIER_ANSWERED: NoticeTemplate("A second Supplier has answered: {name}", say.answered),
    K.INSTRUCTION_VOIDED: NoticeTemplate("Answers no longer count: {name}", say.voided, "warn"),
    K.BATCH_ANNOUNCED: NoticeTemplate(
        "A batch has its own date: {name}", say.lines(say.batch, say.own_hubs, say.moved, say.without_window)
    ),
    K.WINDOW_CLOSING: NoticeTemplate("Answer before the cut-off: {name}", say.closing, "warn"),
    K.WINDOW_CLOSED: NoticeTemplate(
        "The window for instructions has closed: {name}", say.lines(say.closed, say.own_hubs)
    ),
    K.ROLLOUT_SUSPENDED: NoticeTemplate(
        "Suspended: {name}", say.lines(say.reason, say.own_hubs, decision.halted), "bad"
    ),
    K.ROLLOUT_PAUSED: NoticeTemplate(
        "Paused: {name}", say.lines(say.reason, say.own_hubs, decision.halted), "warn"
    ),
    K.ROLLOUT_RESUMED: NoticeTemplate(
        "Resumed: {name}", say.lines(say.reason, say.own_hubs, decision.overdue), "good"
    ),
    K.ROLLOUT_STOPPED: NoticeTemplate(
        "Stopped: {name}", say.lines(say.reason, say.own_hubs, decision.ended), "bad"
    ),
    K.ROLLOUT_DELAYED: NoticeTemplate(
        "Dates moved: {name}", say.lines(say.moved, say.reason, say.own_hubs, decision.overdue), "warn"
    ),
    K.ROLLOUT_BROUGHT_FORWARD: NoticeTemplate(
        "Date brought forward: {name}",
        say.lines(say.moved, decision.brought_forward, say.reason, say.own_hubs, decision.overdue),
        "warn",
    ),
    K.ROLLOUT_COMPLETED: NoticeTemplate(
        "Complete: {name}", say.lines(say.own_hubs, decision.came_to), "good"
    ),
    K.DIGEST: NoticeTemplate("Your hubs yesterday: {name}", say.digest),
    K.RULE_RAN: NoticeTemplate("Approval rule ran: {name}", say.rule_ran),
    K.INCIDENT_RAISED: NoticeTemplate("Incident raised: {name}", say.incident_raised, "warn"),
    K.INCIDENT_UPDATED: NoticeTemplate("Incident updated: {name}", say.incident),
    K.DECISION_RECOMMENDED: NoticeTemplate(
        "To be confirmed: {name}",
        say.lines(decision.recommended, say.reason, decision.would_be_overdue),
        "warn",
    ),
    K.DECISION_MADE: NoticeTemplate(
        "Decision: {name}", say.lines(decision.outcome, decision.overdue, decision.decided)
    ),
    K.WEBHOOK_DISABLED: NoticeTemplate("Webhook disabled: {name}", say.webhook, "warn"),
    K.EXPORT_READY: NoticeTemplate("Your file of the estate is ready", say.file, "good"),
    K.EXPORT_FAILED: NoticeTemplate(
        "Your file of the estate was not written", lambda data: str(data.get("reason") or ""), "bad"
    ),
    K.CPL_REMOVED: NoticeTemplate(
        "Removed from the Central Products List: {name}", say.lines(decision.removed, say.reason), "bad"
    ),
}

_ICONS: Final[tuple[tuple[frozenset[EntryKind], str], ...]] = (
    (frozenset({K.ROLLOUT_NOTIFIED, K.BATCH_ANNOUNCED}), "megaphone"),
    (frozenset({K.RELEASE_NOTE_REVISED}), "file"),
    (
        frozenset(
            {
                K.PILOT_PLANNED,
                K.PILOT_REMINDED,
                K.PILOT_PROPOSED,
                K.PILOT_PROPOSAL_WITHDRAWN,
                K.PILOT_ANSWERED,
                K.PILOT_SUBMITTED,
                K.PILOT_CONFIRMED,
                K.PILOT_STARTED,
                K.PILOT_PROGRESS,
                K.PILOT_ENDED,
            }
        ),
        "flask",
    ),
    (frozenset({K.PILOT_ACCEPTED, K.ROLLOUT_COMPLETED}), "check-circle"),
    (frozenset({K.SAFE_LAUNCH_OPENED, K.PILOT_SKIPPED, K.ROLLOUT_RESUMED}), "rocket"),
    (frozenset({K.INSTRUCTION_RECEIVED, K.INSTRUCTION_APPLIED}), "calendar"),
    (frozenset({K.INSTRUCTION_VOIDED, K.ROLLOUT_REVOKED, K.CPL_REMOVED}), "ban"),
    (frozenset({K.SECOND_SUPPLIER_ANSWERED}), "users"),
    (frozenset({K.WINDOW_CLOSING, K.WINDOW_CLOSED, K.ROLLOUT_DELAYED, K.ROLLOUT_BROUGHT_FORWARD}), "clock"),
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
