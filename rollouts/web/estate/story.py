"""The story of one hub: what its history and the viewer's own feed say, in one line of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.events.kinds import EntryKind
from portal.kernel.presentation.moments import long_time
from rollouts.queries.estate.hubs import HubCard, HubChange, HubEntry
from rollouts.queries.estate.next_step import NextStep
from rollouts.states import FailureCode, HistoryKind

K = EntryKind


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened."""

    at: datetime
    title: str
    text: str
    icon: str
    tone: str
    rollout_id: int | None


#: What an entry of the feed says: title, icon, tone.
ENTRIES: Final[Mapping[EntryKind, tuple[str, str, str]]] = {
    K.HUB_SCHEDULED: ("Scheduled", "calendar", "info"),
    K.HUB_DISTRIBUTED: ("Image on the hub, verified", "on-hub", "info"),
    K.HUB_ACTIVATED: ("Activated", "check-circle", "good"),
    K.HUB_RETRYING: ("Failed, to be tried again", "refresh", "warn"),
    K.HUB_FAILED: ("Failed", "x-circle", "bad"),
    K.HUB_NO_CONFIRMATION: ("No confirmation", "question", "warn"),
    K.HUB_CONSENT: ("Its time is open again", "users", "warn"),
    K.HUB_RESPONSIBILITY_GAINED: ("You became responsible", "user-check", "info"),
    K.HUB_RESPONSIBILITY_LOST: ("You are no longer responsible", "user-off", "neutral"),
    K.HUB_VERSION_READ: ("Firmware version read", "search", "neutral"),
    K.HUB_WITHDRAWN: ("Withdrawn from the rollout", "dash-circle", "neutral"),
    K.HUB_CANCELLED: ("Activation recalled", "ban", "warn"),
    K.HUB_JOINED: ("Joined the rollout", "plus", "info"),
}

#: What a hub waits for, in a sentence.
NEXT: Final[Mapping[NextStep, str]] = {
    NextStep.YOUR_ANSWER: "It waits for your answer.",
    NextStep.AN_ANSWER: "It waits for an answer of its Supplier.",
    NextStep.SECOND_ANSWER: "It waits for the answer of the second Supplier.",
    NextStep.DISTRIBUTION: "The image is sent to it in time for its activation.",
    NextStep.VERIFICATION: "The image is on its way; the hub reports when it has verified it.",
    NextStep.ACTIVATION: "It holds the image and is told to activate it at its time.",
    NextStep.CONFIRMATION: "It was told to activate; its confirmation is awaited.",
    NextStep.CANCELLATION: "Its activation is being recalled.",
    NextStep.RESUMPTION: "Its activation was recalled; it goes on when the rollout resumes.",
}


def story_of(card: HubCard) -> list[StoryLine]:
    """Put history and feed into one order, the latest first."""
    lines = [_of_change(change) for change in card.changes] + [_of_entry(entry) for entry in card.entries]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _of_change(change: HubChange) -> StoryLine:
    is_of_supplier = change.kind in {HistoryKind.IMPORT_SUPPLIER, HistoryKind.GAS_SUPPLIER}
    moved = " → ".join(
        value or ("another" if is_of_supplier else "none") for value in (change.old, change.new)
    )
    text = f"{moved} ({change.evidence})" if change.evidence else moved
    tone = "good" if change.kind in {HistoryKind.VERSION, HistoryKind.GPF_VERSION} else "neutral"
    return StoryLine(change.at, str(change.kind.label), text, "edit", tone, change.rollout_id)


def _of_entry(entry: HubEntry) -> StoryLine:
    title, icon, tone = ENTRIES.get(entry.kind, (entry.kind.public_name, "info", "neutral"))
    notes = [entry.version] if entry.version else []
    if entry.code != FailureCode.NONE:
        notes.append(str(entry.code.label))
    if at := _parse_time(entry.data.get("effective_at")):
        unless = "unless somebody answers, " if entry.kind == K.HUB_CONSENT else ""
        notes.append(f"{unless}to activate {long_time(at)}")
    return StoryLine(entry.at, title, ", ".join(notes), icon, tone, entry.rollout_id)


def _parse_time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else None
