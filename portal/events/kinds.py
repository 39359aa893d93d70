"""What a feed entry may say. Numbers are stored, names are the public vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import Final


class EntryKind(IntEnum):
    """Kinds below 100 speak of one hub; from 100 on of something coarser."""

    HUB_SCHEDULED = 1
    HUB_DISTRIBUTED = 2
    HUB_ACTIVATED = 3
    HUB_RETRYING = 4
    HUB_FAILED = 5
    HUB_NO_CONFIRMATION = 6
    HUB_CONSENT = 7
    HUB_RESPONSIBILITY_GAINED = 8
    HUB_RESPONSIBILITY_LOST = 9
    HUB_VERSION_READ = 10
    HUB_WITHDRAWN = 11
    HUB_CANCELLED = 12
    HUB_JOINED = 14

    ROLLOUT_NOTIFIED = 100
    ROLLOUT_REVOKED = 102
    RELEASE_NOTE_REVISED = 103
    PILOT_PLANNED = 106
    PILOT_REMINDED = 107
    PILOT_PROPOSED = 108
    PILOT_ANSWERED = 109
    PILOT_SUBMITTED = 110
    PILOT_CONFIRMED = 111
    PILOT_STARTED = 112
    PILOT_PROGRESS = 113
    PILOT_ENDED = 114
    PILOT_ACCEPTED = 115
    SAFE_LAUNCH_OPENED = 116
    PILOT_SKIPPED = 117
    PILOT_PROPOSAL_WITHDRAWN = 118
    INSTRUCTION_RECEIVED = 120
    INSTRUCTION_APPLIED = 121
    SECOND_SUPPLIER_ANSWERED = 122
    INSTRUCTION_VOIDED = 123
    BATCH_ANNOUNCED = 124
    WINDOW_CLOSED = 130
    WINDOW_CLOSING = 131
    ROLLOUT_SUSPENDED = 140
    ROLLOUT_PAUSED = 141
    ROLLOUT_RESUMED = 142
    ROLLOUT_STOPPED = 143
    ROLLOUT_DELAYED = 144
    ROLLOUT_COMPLETED = 145
    ROLLOUT_BROUGHT_FORWARD = 146
    DIGEST = 150
    RULE_RAN = 160
    INCIDENT_RAISED = 170
    DECISION_MADE = 171
    CPL_REMOVED = 172
    INCIDENT_UPDATED = 173
    DECISION_RECOMMENDED = 174
    WEBHOOK_DISABLED = 180
    EXPORT_READY = 190
    EXPORT_FAILED = 191

    @property
    def public_name(self) -> str:
        """The name a CRM sees, e.g. `hub.activated`."""
        return PUBLIC_NAMES[self]

    @property
    def is_about_one_hub(self) -> bool:
        """Return whether an entry of this kind carries a GUID."""
        return self < 100  # noqa: PLR2004 - the boundary the docstring names


def _public_name(kind: EntryKind) -> str:
    words = kind.name.lower()
    noun = next(
        (noun for noun in _NOUNS_OF_TWO_WORDS if words.startswith(f"{noun}_")), words.partition("_")[0]
    )
    return f"{noun}.{words.removeprefix(noun).removeprefix('_') or 'made'}"


_NOUNS_OF_TWO_WORDS: Final = ("release_note", "safe_launch", "second_supplier")


class ActivationCode(IntFlag):
    """What the code of an activation says: when it was, and in which roles its party answers for the hub.

    Entries of an earlier portal name no role.
    """

    AFTER_HALT = 1
    IMPORT = 2
    GAS = 4


PUBLIC_NAMES: Final[Mapping[EntryKind, str]] = {kind: _public_name(kind) for kind in EntryKind}
KINDS_BY_PUBLIC_NAME: Final[Mapping[str, EntryKind]] = {name: kind for kind, name in PUBLIC_NAMES.items()}
