"""Examples of every kind of notice: the facts its sender gives, as one party gets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal.events.kinds import EntryKind as K

_IT = "4F7QK2M9XT0BZ"

_AUTOMATIC: Final = {"automatic_at": "2027-04-15T01:00:00+00:00", "cutoff_at": "2027-03-15T02:00:00+00:00"}
_MOVED: Final = {
    "automatic_at": "2027-06-15T01:00:00+00:00",
    "cutoff_at": "2027-05-15T01:00:00+00:00",
    "automatic_at_before": "2027-04-15T01:00:00+00:00",
    "cutoff_at_before": "2027-03-15T02:00:00+00:00",
}
_NOTICE: Final = {
    "manufacturer": "Toshiba",
    "model": "433100AC",
    "firmware_version": "0C230000",
    "from_versions": ["0C210000", "0C220000"],
    "kind": "PLANNED",
    "severity": "MAJOR",
    "priority": "P2",
    "release_note_url": "https://dcc.example/release-notes/433100AC-0C230000",
    "has_window": True,
    "is_all_at_once": False,
    "pilot_starts_at": "2027-01-25T09:00:00+00:00",
    **_AUTOMATIC,
}
_OWN: Final = {
    "hubs": 1204,
    "roles": {"import": 1000, "gas": 200, "both": 4},
    "split": 37,
    "pending": 640,
    "states": {"SCHEDULED": 640, "DISTRIBUTING": 5, "ACTIVATING": 12, "ACTIVATED": 90},
}
_ALL: Final = {"hubs": 2_400_000}
_PILOT: Final = {"own_pilot": {"hubs": 60, "states": {"ACTIVATED": 57}}}
_OUTCOME: Final = {"pilot_percent": {"activated": 90, "failed": 0}}
_INCIDENT: Final = {
    "reference": "INC-7Q2M-41",
    "incident": _IT,
    "title": "Meters and displays lost after the new firmware",
}
_DECIDED: Final = {
    "means": {"settled": 90, "go_on": 1, "held_back": 1102, "being_recalled_or_activating": 12},
    "instructed_by_day": {"2027-02-01": 400, "2027-02-02": 240},
}
_IT = "4F7QK2M9XT0BZ"


@dataclass(frozen=True, slots=True)
class NoticeExample:
    """One entry as one party gets it."""

    reader: str
    facts: Mapping[str, Any]

    @property
    def is_own(self) -> bool:
        """Whether the hubs counted are the reader's own."""
        return self.reader.startswith("a Supplier")


def _supplier(facts: Mapping[str, Any], of: str = "") -> NoticeExample:
    return NoticeExample(f"a Supplier{of}", facts)


def _csp(facts: Mapping[str, Any]) -> NoticeExample:
    return NoticeExample("a CSP", facts)


def _dcc(facts: Mapping[str, Any]) -> NoticeExample:
    return NoticeExample("the DCC", facts)


def _panel(facts: Mapping[str, Any]) -> NoticeExample:
    return NoticeExample("the Panel", facts)


EXAMPLES: Final[Mapping[K, tuple[NoticeExample, ...]]] = {
    K.ROLLOUT_NOTIFIED: (
        _supplier({**_NOTICE, **_OWN}),
        _supplier(
            {**_NOTICE, "hubs": 1, "roles": {"import": 1}, "since": "GAINED"}, ", for a hub it gained later"
        ),
        _supplier(
            {**_NOTICE, **_OWN, "has_window": False, "pilot_starts_at": None}, ", of an urgent release"
        ),
        _csp({**_NOTICE, **_ALL}),
    ),
    K.ROLLOUT_REVOKED: (_supplier({"reason": "The manufacturer has withdrawn the image.", **_OWN}),),
    K.RELEASE_NOTE_REVISED: (
        _supplier(
            {
                "revision": 2,
                "url": "https://dcc.example/release-notes/433100AC-0C230000/2",
                "summary": "A known issue with prepayment top-ups is added.",
            }
        ),
    ),
    K.PILOT_PLANNED: (
        _supplier(
            {
                "starts_at": "2027-02-01T09:00:00+00:00",
                "starts_at_before": "2027-01-25T09:00:00+00:00",
                "ends_at": "2027-02-15T17:00:00+00:00",
                "ends_at_before": None,
            }
        ),
    ),
    K.PILOT_REMINDED: (_supplier({"hubs": 1204, "split": 37, "pilot_cap": 300, **_AUTOMATIC}),),
    K.PILOT_PROPOSED: (
        _supplier(
            {"hubs": 25, "split": 1, "activate_at": None, "comment": "One in each region.", **_AUTOMATIC}
        ),
    ),
    K.PILOT_PROPOSAL_WITHDRAWN: (_supplier({"submission": _IT, "hubs": 25}),),
    K.PILOT_ANSWERED: (
        _dcc({"supplier": "Ambergate Energy", "is_accepted": True, "hubs": 25, "joined": 24, "comment": ""}),
        _dcc(
            {
                "supplier": "Elmsworth Energy",
                "is_accepted": False,
                "hubs": 1,
                "joined": 0,
                "comment": "We have no staff for calls in that week.",
            }
        ),
    ),
    K.PILOT_SUBMITTED: (
        _supplier({"submission": _IT, "hubs": 60, "rejected": 2, "score": 0.94}),
        _dcc({"submission": _IT, "hubs": 60, "rejected": 2, "score": 0.94, "supplier": "Ambergate Energy"}),
    ),
    K.PILOT_CONFIRMED: (
        _supplier({"hubs": 60, "nominated": 62, "split": 3, "awaiting_your_answer": 0, "comment": ""}),
        _supplier(
            {"hubs": 1, "split": 1, "awaiting_your_answer": 1, "comment": ""},
            ", second to the one that nominated",
        ),
        _supplier({"hubs": 0, "declined": 62, "comment": "All are in one region."}, ", declined"),
    ),
    K.PILOT_STARTED: (_supplier({**_OWN, "own_pilot": {"hubs": 60, "states": {}}, "commentary": ""}),),
    K.PILOT_PROGRESS: (
        _supplier({**_PILOT, **_OUTCOME, "commentary": "As expected; two hubs are out of reach."}),
    ),
    K.PILOT_ENDED: (
        _supplier(
            {**_OWN, **_PILOT, **_OUTCOME, "commentary": "No impact on Home Area Networks was reported."}
        ),
        _supplier({**_OWN, **_OUTCOME, "commentary": "No impact was reported."}, " without a hub in it"),
    ),
    K.PILOT_ACCEPTED: (_supplier({**_OWN, **_PILOT, "commentary": "Accepted."}),),
    K.PILOT_SKIPPED: (
        _supplier({**_OWN, "commentary": "Nobody has nominated hubs, and none were accepted."}),
    ),
    K.SAFE_LAUNCH_OPENED: (
        _supplier(_OWN),
        _supplier(
            {
                **_OWN,
                "batch_name": "Wave 2",
                "reason": "“Wave 1” has succeeded, and soaked as long as was asked.",
            },
            ", of a batch",
        ),
    ),
    K.INSTRUCTION_RECEIVED: (
        _supplier(
            {
                "instruction": "I-4K7P-22",
                "kind": "INSTRUCT",
                "activate_at": "2027-02-20T02:00:00+00:00",
                "lines": 652,
                "status": "APPLIED",
                "accepted": 640,
                "rejected": 12,
            }
        ),
        _supplier(
            {
                "instruction": "I-9D3X-05",
                "kind": "INSTRUCT",
                "activate_at": None,
                "lines": 250_000,
                "status": "RECEIVED",
                "accepted": 0,
                "rejected": 0,
            },
            ", of a long list",
        ),
    ),
    K.INSTRUCTION_APPLIED: (
        _supplier({"instruction": "I-9D3X-05", "lines": 250_000, "accepted": 249_112, "rejected": 888}),
    ),
    K.SECOND_SUPPLIER_ANSWERED: (
        _supplier(
            {
                "hubs": 37,
                "has_answered": True,
                "has_instructed": True,
                "activate_at": "2027-02-20T02:00:00+00:00",
            }
        ),
        _supplier(
            {"hubs": 1, "has_answered": False, "has_instructed": False, "activate_at": None},
            ", answer taken back",
        ),
    ),
    K.INSTRUCTION_VOIDED: (
        _supplier({"reason": "AGREEMENT_LAPSED", "hubs": 37}),
        _supplier({"reason": "SUPPLIER_CHANGED", "hubs": 1}, ", of a hub it lost"),
    ),
    K.BATCH_ANNOUNCED: (
        _supplier(
            {
                **_OWN,
                "batch_name": "Wave 1",
                "has_window": True,
                "automatic_at": "2027-03-20T02:00:00+00:00",
                "cutoff_at": "2027-02-20T02:00:00+00:00",
                "automatic_at_before": _AUTOMATIC["automatic_at"],
                "cutoff_at_before": _AUTOMATIC["cutoff_at"],
            }
        ),
    ),
    K.WINDOW_CLOSING: (
        _supplier({"hubs": 564, "working_days": 7, **_AUTOMATIC}),
        _supplier({"hubs": 1, "working_days": 1, **_AUTOMATIC}, ", the day before"),
    ),
    K.WINDOW_CLOSED: (
        _supplier(
            {
                "batch_name": None,
                "hubs": 1204,
                "complete": 640,
                "defaulted": 564,
                "at_a_suppliers_time": 12,
                **_AUTOMATIC,
            }
        ),
    ),
    K.ROLLOUT_SUSPENDED: (
        _supplier({"reason": "Activations fail far more often than in the pilot.", **_OWN}),
        _csp({"reason": "Activations fail far more often than in the pilot.", **_ALL}),
    ),
    K.ROLLOUT_PAUSED: (_supplier({"reason": "Until the manufacturer has looked into it.", **_OWN}),),
    K.ROLLOUT_RESUMED: (_supplier({"reason": "The cause is found.", **_OWN, "overdue": 1}),),
    K.ROLLOUT_STOPPED: (_supplier({"reason": "A mended version follows.", **_OWN}),),
    K.ROLLOUT_DELAYED: (
        _supplier(
            {**_MOVED, "reason": "Delay. The manufacturer needs two months.", **_OWN, "has_window": True}
        ),
    ),
    K.ROLLOUT_BROUGHT_FORWARD: (
        _supplier(
            {
                "automatic_at": "2027-03-30T01:00:00+00:00",
                "cutoff_at": "2027-02-28T02:00:00+00:00",
                "automatic_at_before": _AUTOMATIC["automatic_at"],
                "cutoff_at_before": _AUTOMATIC["cutoff_at"],
                "reason": "Bring forward. The pilot is well.",
                "brought_forward": 1,
                "has_window": True,
                **_OWN,
            }
        ),
        _csp(
            {
                "automatic_at": "2027-03-30T01:00:00+00:00",
                "cutoff_at": "2027-02-28T02:00:00+00:00",
                "automatic_at_before": _AUTOMATIC["automatic_at"],
                "cutoff_at_before": _AUTOMATIC["cutoff_at"],
                "reason": "Bring forward. The pilot is well.",
                "has_window": True,
                **_ALL,
            }
        ),
    ),
    K.ROLLOUT_COMPLETED: (
        _supplier(
            {
                **_OWN,
                "states": {
                    "ACTIVATED": 1180,
                    "ACTIVATION_FAILED": 15,
                    "DISTRIBUTION_FAILED": 5,
                    "NO_CONFIRMATION": 1,
                },
            }
        ),
    ),
    K.DIGEST: (
        _supplier(
            {
                "day": "2027-02-20",
                "activated": 621,
                "failed": {"Hub discarded the image": 3},
                "not_confirmed": 2,
                "awaiting_you": 1,
            }
        ),
    ),
    K.RULE_RAN: (
        _supplier(
            {"rule": "Maintenance at night", "version": 3, "hubs": 560, "left_over": 40, "instructions": []}
        ),
    ),
    K.INCIDENT_RAISED: (
        _dcc(
            {
                **_INCIDENT,
                "reason": "INC-7Q2M-41, category 2: Meters and displays lost after the new firmware",
                "category": 2,
                "is_high_priority": True,
                "han_impact": "SOME_DEVICES",
                "hubs": 31,
                "respond_by": "2027-01-11T09:50:00+00:00",
                "resolve_by": "2027-01-12T09:30:00+00:00",
            }
        ),
    ),
    K.INCIDENT_UPDATED: (
        _supplier({**_INCIDENT, "name": "INC-7Q2M-41", "status": "RESOLVED"}),
        _supplier(
            {
                **_INCIDENT,
                "name": "INC-7Q2M-41",
                "status": "INVESTIGATING",
                "comment": "Which displays are they?",
            },
            ", of a comment",
        ),
    ),
    K.DECISION_RECOMMENDED: (
        _panel(
            {
                "decision": 5,
                "version": 2,
                "outcome": "DELAY",
                "automatic_at": _MOVED["automatic_at"],
                "reason": "The manufacturer needs two months.",
                "overdue": 1204,
            }
        ),
        _panel(
            {
                "name": "Who must sign",
                "decision": 6,
                "version": 2,
                "reason": "The Sub-Committee meets monthly.",
            }
        ),
    ),
    K.DECISION_MADE: (
        _supplier(
            {
                "outcome": "PAUSE",
                "reason": "Pause. Devices are lost in one home in eight.",
                "what_to_do": "Nothing for now. Your instructions are kept; you are told when it goes on.",
                **_DECIDED,
            }
        ),
        _csp(
            {
                "outcome": "PAUSE",
                "reason": "Pause. Devices are lost in one home in eight.",
                "what_to_do": "Nothing for now. Your instructions are kept; you are told when it goes on.",
                "means": {"settled": 90_000, "held_back": 2_300_000},
            }
        ),
        _dcc(
            {
                "outcome": "STOP",
                "status": "REJECTED",
                "reason": "Rejected: the evidence is of one region alone.",
            }
        ),
    ),
    K.CPL_REMOVED: (_supplier({"firmware_version": "0C230000", "reason": "Certificate withdrawn."}),),
    K.WEBHOOK_DISABLED: (
        _supplier({"webhook": _IT, "name": "CRM", "reason": "Nothing could be delivered for 5 days."}),
    ),
    K.EXPORT_READY: (
        _supplier({"file": _IT, "person": _IT, "form": "xlsx", "hubs": 480_000, "size": 21_400_000}),
    ),
    K.EXPORT_FAILED: (
        _supplier(
            {
                "person": _IT,
                "form": "csv",
                "reason": "The file could not be written; 3 tries were made. Order it again.",
            }
        ),
    ),
}
