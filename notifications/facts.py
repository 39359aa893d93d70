"""What the facts of an entry may be, kind by kind: one meaning a name, whatever the kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, TypedDict

from portal.events.kinds import EntryKind as K
from portal.rest.schemas import Example, Schema, name_schema, sparse_reference

Counts = dict[str, int]

#: Every fact there is: its type, and what it says.
MEMBERS: Final[Mapping[str, Any]] = {
    "accepted": Annotated[int, "Hubs that were accepted."],
    "activate_at": Annotated[datetime | None, "The time that is asked for; null: any."],
    "activated": Annotated[int, "Hubs of yours activated on that day."],
    "at_a_suppliers_time": Annotated[int, "Defaulted hubs with the time one of two Suppliers asked for."],
    "at_once": Annotated[bool, "It was applied as it was received."],
    "automatic_at": Annotated[datetime | None, "When hubs activate that nobody instructs."],
    "automatic_at_before": Annotated[datetime | None, "The same, until now."],
    "awaiting_you": Annotated[int, "Hubs that wait for your answer."],
    "awaiting_your_answer": Annotated[int, "Hubs of the pilot that wait for your answer."],
    "batch": Annotated[int, "The number of the batch."],
    "batch_name": Annotated[str | None, "The batch; null: the whole rollout."],
    "brought_forward": Annotated[
        int, "Hubs of yours with a later time by instruction, which is no longer possible."
    ],
    "category": Annotated[int, "The category of the incident, 1 to 5."],
    "channel": Annotated[str, "How it came: `PORTAL`, `REST`, `XML`, `RULE`, `PILOT`.", Example("REST")],
    "comment": Annotated[str, "What somebody wrote about it."],
    "commentary": Annotated[str, "What DCC says about the pilot."],
    "complete": Annotated[int, "Hubs of yours that were settled by answers."],
    "consent": Annotated[str, "What is agreed, or awaited: a `ConsentName`.", Example("COMPLETE")],
    "consent_policy": Annotated[str, "What the silence of a second Supplier means.", Example("VOLUNTARY")],
    "cutoff_at": Annotated[datetime | None, "Until when you can answer."],
    "cutoff_at_before": Annotated[datetime | None, "The same, until now."],
    "day": Annotated[date, "The local day it is about."],
    "decision": Annotated[int, "The number of the decision."],
    "declined": Annotated[int, "Nominated hubs that were not taken."],
    "defaulted": Annotated[int, "Hubs of yours that nobody settled in time."],
    "effective_at": Annotated[datetime, "When the hub activates if nobody does anything more."],
    "ends_at": Annotated[datetime | None, "When the pilot is planned to end."],
    "ends_at_before": Annotated[datetime | None, "The same, until now."],
    "failed": Annotated[Counts, "Hubs of yours that failed on that day, by reason."],
    "figures": Annotated[str, "The figures behind a halt, in words."],
    "file": Annotated[str, "The file, as addresses have it.", Example("4F7QK2M9XT0BZ")],
    "firmware_version": Annotated[str, "The version.", Example("0C230000")],
    "form": Annotated[str, "`csv`, `xlsx`.", Example("csv")],
    "from": Annotated[str, "The status of the rollout before.", Example("SAFE_LAUNCH")],
    "from_versions": Annotated[list[str], "The versions it can be applied to.", Example(["0C220000"])],
    "goes_on": Annotated[bool | None, "Whether the rollout goes on with new dates."],
    "halt_rules": Annotated[
        list[dict[str, Any]], "The halt rules that tripped, with their figures.", Example([])
    ],
    "han_impact": Annotated[str, "Which devices in the home are affected.", Example("SOME_DEVICES")],
    "has_answered": Annotated[bool, "False: it has taken its answer back."],
    "has_instructed": Annotated[bool, "It asks for a time, or for any."],
    "has_pilot": Annotated[bool, "A pilot is planned."],
    "has_window": Annotated[bool, "You can still answer."],
    "hubs": Annotated[int, "How many hubs it is about: yours, or those you may count.", Example(1204)],
    "incident": Annotated[str, "The incident, as addresses have it.", Example("4F7QK2M9XT0BZ")],
    "instructed_by_day": Annotated[Counts, "Hubs of yours by the day they are instructed for."],
    "instruction": Annotated[
        str, "The reference of your own instruction it is about.", Example("I-7K2M9QX4TB")
    ],
    "instructions": Annotated[list[str], "The references of the instructions that were given.", Example([])],
    "instructions_in_force": Annotated[int, "How many instructions of yours stand."],
    "is_accepted": Annotated[bool, "The proposal was accepted."],
    "is_all_at_once": Annotated[bool, "Hubs are not spread over nights."],
    "is_high_priority": Annotated[bool, "It is dealt with before others."],
    "joined": Annotated[int, "Hubs that have joined the pilot."],
    "kind": Annotated[str, "Of an instruction or a release, such as `INSTRUCT`.", Example("INSTRUCT")],
    "left_over": Annotated[int, "Hubs the rule did not instruct for, as there was no room."],
    "lines": Annotated[int, "Lines of the list."],
    "manufacturer": Annotated[str, "Who makes the hubs.", Example("Toshiba")],
    "means": Annotated[Counts, "What it means for your hubs, in numbers."],
    "model": Annotated[str, "The hub model.", Example("433100AC")],
    "name": Annotated[str, "The rollout, or whatever else it is about.", Example("Toshiba 0C230000")],
    "nominated": Annotated[int, "Hubs you nominated."],
    "not_confirmed": Annotated[int, "Hubs of yours that did not confirm on that day."],
    "open_again": Annotated[int, "Hubs of yours whose answer is awaited again."],
    "outcome": Annotated[str, "What was decided, such as `DELAY`.", Example("DELAY")],
    "overdue": Annotated[int, "Hubs whose time passed while the rollout stood."],
    "own_pilot": Annotated[
        dict[str, Any], "Your own hubs in the pilot: `hubs`, and `states`.", Example({"hubs": 60})
    ],
    "pending": Annotated[int, "Hubs of yours that are not settled."],
    "person": Annotated[str, "Whose file it is.", Example("4F7QK2M9XT0BZ")],
    "pilot": Annotated[
        dict[str, Any], "All hubs of the pilot, for DCC and the Panel.", Example({"hubs": 300})
    ],
    "pilot_cap": Annotated[int, "At most so many hubs."],
    "pilot_ends_at": Annotated[datetime | None, "When the pilot is planned to end."],
    "pilot_percent": Annotated[
        Counts, "The outcome of the whole pilot, in tenths.", Example({"activated": 90})
    ],
    "pilot_starts_at": Annotated[datetime | None, "When the pilot is planned to start."],
    "previous_version": Annotated[str, "The version it ran before.", Example("0C220000")],
    "priority": Annotated[str, "The priority of the release.", Example("P2")],
    "reason": Annotated[str, "Why, in words; of `instruction.voided` a code."],
    "reference": Annotated[str, "The reference of the incident.", Example("INC-7Q2M41XX")],
    "regions": Annotated[Counts, "Hubs by region, for a CSP."],
    "rejected": Annotated[int, "Lines that were not accepted."],
    "release_note_url": Annotated[str, "Where the Release Note is."],
    "resolve_by": Annotated[datetime | None, "Until when the incident is to be resolved."],
    "respond_by": Annotated[datetime | None, "Until when the incident is to be answered."],
    "revision": Annotated[int, "The number of the revision."],
    "role": Annotated[str, "`import`, `gas` or `both`.", Example("both")],
    "roles": Annotated[Counts, "Your hubs by your role.", Example({"both": 1000, "import": 200, "gas": 4})],
    "rollout": Annotated[str, "The name of the rollout.", Example("Toshiba 0C230000")],
    "rule": Annotated[str, "The name of the rule."],
    "score": Annotated[float, "How well the nominated hubs stand for all: 0 to 1."],
    "severity": Annotated[str, "The severity of the release.", Example("MAJOR")],
    "since": Annotated[str, "`GAINED` or `JOINED`: for hubs that came later.", Example("GAINED")],
    "size": Annotated[int, "Bytes."],
    "split": Annotated[int, "Hubs of yours that have a second Supplier."],
    "starts_at": Annotated[datetime | None, "When the pilot is planned to start."],
    "starts_at_before": Annotated[datetime | None, "The same, until now."],
    "states": Annotated[Counts, "Hubs by state.", Example({"ACTIVATED": 90})],
    "status": Annotated[str, "Of what it is about, after it.", Example("APPLIED")],
    "still_needed": Annotated[list[str], "Whose signatures are still needed.", Example([])],
    "submission": Annotated[str, "The nomination, as addresses have it.", Example("4F7QK2M9XT0BZ")],
    "summary": Annotated[str, "What is new in it."],
    "supplier": Annotated[str, "For DCC alone: which Supplier."],
    "suppliers": Annotated[int, "For DCC and the Panel: how many Suppliers."],
    "title": Annotated[str, "What the incident is about."],
    "to": Annotated[str, "The status of the rollout from now on.", Example("PAUSED")],
    "url": Annotated[str, "Where it is."],
    "version": Annotated[int, "Of the rule, or of the wording of a decision."],
    "webhook": Annotated[str, "The webhook, as addresses have it.", Example("4F7QK2M9XT0BZ")],
    "what_to_do": Annotated[str, "What is to be done about it."],
    "working_days": Annotated[int, "Working days that are left."],
}

_OWN: Final = "hubs states roles split pending instructions_in_force regions suppliers"
_STEP: Final = f"name from to reason decision outcome {_OWN}"
_DATES: Final = "automatic_at cutoff_at automatic_at_before cutoff_at_before has_window"
_NOTICE: Final = (
    "manufacturer model firmware_version from_versions kind severity priority release_note_url"
    " automatic_at cutoff_at has_window is_all_at_once consent_policy has_pilot pilot_starts_at pilot_ends_at"
)
_PILOT: Final = f"{_STEP} commentary pilot pilot_percent own_pilot"
_DECIDED: Final = (
    "name decision outcome status reason what_to_do means instructed_by_day open_again brought_forward"
    f" overdue {_OWN}"
)
_RECEIPT: Final = "instruction kind channel activate_at lines status accepted rejected at_once"

#: The facts of each kind; what is not named here has none.
FACTS: Final[Mapping[K, str]] = {
    K.HUB_SCHEDULED: "effective_at consent instruction",
    K.HUB_CONSENT: "effective_at consent instruction",
    K.HUB_ACTIVATED: "previous_version",
    K.HUB_RESPONSIBILITY_GAINED: "role",
    K.HUB_RESPONSIBILITY_LOST: "role",
    K.ROLLOUT_NOTIFIED: f"{_STEP} since {_NOTICE}",
    K.ROLLOUT_REVOKED: _STEP,
    K.RELEASE_NOTE_REVISED: "name revision url summary",
    K.PILOT_PLANNED: "name starts_at ends_at starts_at_before ends_at_before",
    K.PILOT_REMINDED: "name hubs split cutoff_at automatic_at pilot_cap",
    K.PILOT_PROPOSED: "name submission hubs split comment activate_at automatic_at cutoff_at",
    K.PILOT_PROPOSAL_WITHDRAWN: "name submission hubs",
    K.PILOT_ANSWERED: "name supplier submission is_accepted hubs joined comment",
    K.PILOT_SUBMITTED: "name submission hubs rejected score supplier",
    K.PILOT_CONFIRMED: "name submission hubs nominated split awaiting_your_answer declined comment",
    K.PILOT_STARTED: _PILOT,
    K.PILOT_PROGRESS: _PILOT,
    K.PILOT_ENDED: _PILOT,
    K.PILOT_ACCEPTED: _PILOT,
    K.PILOT_SKIPPED: _PILOT,
    K.SAFE_LAUNCH_OPENED: f"{_PILOT} batch batch_name",
    K.INSTRUCTION_RECEIVED: _RECEIPT,
    K.INSTRUCTION_APPLIED: _RECEIPT,
    K.SECOND_SUPPLIER_ANSWERED: "hubs has_answered has_instructed activate_at",
    K.INSTRUCTION_VOIDED: "rollout reason hubs",
    K.BATCH_ANNOUNCED: f"name batch batch_name {_DATES} {_OWN}",
    K.WINDOW_CLOSING: "name hubs working_days cutoff_at automatic_at",
    K.WINDOW_CLOSED: "name batch_name hubs complete defaulted at_a_suppliers_time cutoff_at automatic_at",
    K.ROLLOUT_SUSPENDED: f"{_STEP} figures halt_rules {_PILOT}",
    K.ROLLOUT_PAUSED: _STEP,
    K.ROLLOUT_RESUMED: f"{_STEP} overdue",
    K.ROLLOUT_STOPPED: _STEP,
    K.ROLLOUT_DELAYED: f"{_DECIDED} {_DATES}",
    K.ROLLOUT_COMPLETED: _STEP,
    K.ROLLOUT_BROUGHT_FORWARD: f"{_DECIDED} {_DATES}",
    K.DIGEST: "name day activated failed not_confirmed awaiting_you",
    K.RULE_RAN: "rule version rollout hubs left_over instructions reason",
    K.INCIDENT_RAISED: (
        "name incident reference category is_high_priority title han_impact hubs respond_by resolve_by reason"
    ),
    K.INCIDENT_UPDATED: "name incident reference status title comment reason",
    K.DECISION_RECOMMENDED: "name decision version outcome reason automatic_at goes_on still_needed overdue",
    K.DECISION_MADE: f"{_DECIDED} automatic_at cutoff_at",
    K.CPL_REMOVED: "name firmware_version reason",
    K.WEBHOOK_DISABLED: "webhook name reason",
    K.EXPORT_READY: "file person form hubs size",
    K.EXPORT_FAILED: "file person form reason",
}


def facts_of(kind: K) -> tuple[str, ...]:
    """Return the names of the facts an entry of a kind may have, each once."""
    return tuple(dict.fromkeys(FACTS.get(kind, "").split()))


def facts_schema() -> Schema:
    """Describe facts of any kind: every member there is, none of them in every kind."""
    return sparse_reference(
        _shape("EventFactsSchema", tuple(MEMBERS), "Facts by kind: see `EventFactsByKind`.")
    )


def facts_by_kind(prefix: str) -> Schema:
    """Describe the facts of each kind, by the name the kind has."""
    properties = {
        prefix + kind.public_name: sparse_reference(
            _shape(f"{_camel(kind.name)}FactsSchema", facts_of(kind), f"The facts of `{kind.public_name}`.")
        )
        for kind in K
    }
    return name_schema(
        "EventFactsByKind",
        {"type": "object", "description": "Which facts an event of a type has.", "properties": properties},
    )


def _shape(name: str, members: tuple[str, ...], words: str) -> type:
    make: Any = TypedDict
    shape: type = make(name, {member: MEMBERS[member] for member in members})
    shape.__doc__ = words
    return shape


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
