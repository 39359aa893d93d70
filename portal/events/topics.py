"""Kinds of events as people choose among them: by topic, each with a name and a line of explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.events.kinds import EntryKind

K = EntryKind


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind of event in plain words."""

    kind: EntryKind
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """Kinds of events that belong together."""

    name: str
    title: str
    kinds: Sequence[KindWords]


def _topic(name: str, title: str, kinds: Mapping[EntryKind, tuple[str, str]]) -> Topic:
    return Topic(name, title, tuple(KindWords(kind, *words) for kind, words in kinds.items()))


#: All kinds, each in one topic; the first topic is about single hubs, of which people are sent no notices.
TOPICS: Final[Sequence[Topic]] = (
    _topic(
        "hubs",
        "Hubs, one by one",
        {
            K.HUB_JOINED: ("Hub joined a rollout", "One of your hubs became eligible after the notice."),
            K.HUB_CONSENT: (
                "Consent changed",
                "What the hub waits for has changed.",
            ),
            K.HUB_SCHEDULED: ("Hub scheduled", "Its activation time is set, or has changed."),
            K.HUB_DISTRIBUTED: ("Image on the hub", "The hub has received and verified the image."),
            K.HUB_ACTIVATED: ("Hub activated", "The hub confirmed that it runs the new firmware."),
            K.HUB_RETRYING: ("Hub tried again", "An attempt failed and another one follows."),
            K.HUB_FAILED: ("Hub failed", "The hub failed for good, with the reason."),
            K.HUB_NO_CONFIRMATION: (
                "No confirmation",
                "No alert and no reading confirmed the firmware.",
            ),
            K.HUB_CANCELLED: (
                "Activation cancelled",
                "A scheduled activation was taken back.",
            ),
            K.HUB_WITHDRAWN: ("Hub left a rollout", "The hub is no longer eligible, with the reason."),
            K.HUB_VERSION_READ: ("Version read", "A reading of the firmware version was answered."),
            K.HUB_RESPONSIBILITY_GAINED: ("Hub gained", "You became a Supplier of this hub."),
            K.HUB_RESPONSIBILITY_LOST: ("Hub lost", "You are no longer a Supplier of this hub."),
        },
    ),
    _topic(
        "rollouts",
        "Rollouts",
        {
            K.ROLLOUT_NOTIFIED: (
                "Rollout published",
                "A rollout that concerns you, with its dates.",
            ),
            K.RELEASE_NOTE_REVISED: ("Release Note revised", "DCC published another revision."),
            K.BATCH_ANNOUNCED: (
                "Batch announced",
                "Some hubs get a date and cut-off of their own.",
            ),
            K.SAFE_LAUNCH_OPENED: ("Safe launch opened", "Hubs outside the pilot may activate."),
            K.DIGEST: ("Daily summary", "How yesterday went with your hubs of a rollout."),
            K.ROLLOUT_COMPLETED: ("Rollout complete", "Every hub has reached its final state."),
            K.ROLLOUT_REVOKED: ("Rollout revoked", "DCC withdrew the notice. Pending instructions are void."),
        },
    ),
    _topic(
        "pilots",
        "Pilots",
        {
            K.PILOT_PLANNED: ("Pilot planned", "The planned dates of a pilot were set or changed."),
            K.PILOT_REMINDED: ("Reminder to nominate", "DCC asks for pilot hubs."),
            K.PILOT_SUBMITTED: ("Hubs nominated", "A Supplier nominated hubs for the pilot."),
            K.PILOT_PROPOSED: (
                "Hubs proposed",
                "DCC proposes pilot hubs of yours. It needs your answer.",
            ),
            K.PILOT_ANSWERED: ("Proposal answered", "A proposal of pilot hubs was accepted or declined."),
            K.PILOT_PROPOSAL_WITHDRAWN: ("Proposal withdrawn", "DCC took back a proposal of pilot hubs."),
            K.PILOT_CONFIRMED: ("Nominations decided", "DCC confirmed or declined pilot hubs."),
            K.PILOT_STARTED: ("Pilot started", "Pilot hubs may activate."),
            K.PILOT_PROGRESS: ("Pilot progress", "Success and failure in the pilot so far."),
            K.PILOT_ENDED: ("Pilot ended", "The outcome, with DCC's commentary. The review follows."),
            K.PILOT_ACCEPTED: ("Pilot accepted", "DCC accepted the outcome of the pilot."),
            K.PILOT_SKIPPED: ("Rollout without pilot", "DCC goes on without a pilot, with the reason."),
        },
    ),
    _topic(
        "instructions",
        "Instructions and consent",
        {
            K.WINDOW_CLOSING: ("Cut-off soon", "A reminder before the last day to instruct."),
            K.WINDOW_CLOSED: (
                "Cut-off passed",
                "Instructions are closed, and what follows.",
            ),
            K.INSTRUCTION_RECEIVED: ("Instruction received", "The receipt of an instruction."),
            K.INSTRUCTION_APPLIED: (
                "Instruction processed",
                "A large instruction was applied, with counts.",
            ),
            K.INSTRUCTION_VOIDED: ("Instruction void", "An instruction no longer counts, with the reason."),
            K.SECOND_SUPPLIER_ANSWERED: ("Second Supplier answered", "What it means for the hubs you share."),
            K.RULE_RAN: ("Approval rule applied", "A standing rule instructed hubs for you."),
        },
    ),
    _topic(
        "halts",
        "Halts and decisions",
        {
            K.ROLLOUT_SUSPENDED: ("Rollout suspended", "Sending has stopped at once, pending a decision."),
            K.ROLLOUT_PAUSED: (
                "Rollout paused",
                "Confirmed: nothing is sent until it resumes.",
            ),
            K.ROLLOUT_RESUMED: ("Rollout resumed", "Sending goes on."),
            K.ROLLOUT_STOPPED: ("Rollout stopped", "Confirmed: the rollout ends here."),
            K.ROLLOUT_DELAYED: ("Rollout delayed", "Automatic date and cut-off are later."),
            K.ROLLOUT_BROUGHT_FORWARD: (
                "Rollout brought forward",
                "Automatic date and cut-off are earlier.",
            ),
            K.DECISION_RECOMMENDED: (
                "Decision recommended",
                "DCC recommends what happens next.",
            ),
            K.DECISION_MADE: (
                "Decision confirmed",
                "The outcome, and what it means for you.",
            ),
            K.CPL_REMOVED: ("Firmware left the Products List", "The rollout of this firmware is suspended."),
        },
    ),
    _topic(
        "incidents",
        "Incidents",
        {
            K.INCIDENT_RAISED: ("Incident raised", "A problem with upgraded hubs was reported."),
            K.INCIDENT_UPDATED: (
                "Incident updated",
                "It was answered, resolved, reopened or closed.",
            ),
        },
    ),
    _topic(
        "systems",
        "Files and systems",
        {
            K.EXPORT_READY: ("File ready", "A file that you ordered can be fetched."),
            K.EXPORT_FAILED: ("File not made", "A file that you ordered could not be made."),
            K.WEBHOOK_DISABLED: ("Webhook disabled", "Your system has not answered for too long."),
        },
    ),
)

#: Kinds that no person can mute: they take a choice away, put an end to something, or leave little time.
URGENT_KINDS: Final = frozenset(
    {
        K.ROLLOUT_NOTIFIED,
        K.ROLLOUT_REVOKED,
        K.WINDOW_CLOSING,
        K.INSTRUCTION_VOIDED,
        K.ROLLOUT_SUSPENDED,
        K.ROLLOUT_PAUSED,
        K.ROLLOUT_RESUMED,
        K.ROLLOUT_STOPPED,
        K.ROLLOUT_DELAYED,
        K.ROLLOUT_BROUGHT_FORWARD,
        K.CPL_REMOVED,
        K.WEBHOOK_DISABLED,
    }
)
#: Kinds that a person may mute.
MUTABLE_KINDS: Final = frozenset(
    kind for kind in EntryKind if not kind.is_about_one_hub and kind not in URGENT_KINDS
)
