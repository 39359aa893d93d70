"""The sentences of a notice, from the facts of its entry; each needs its fact. Times are local."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from portal.kernel.presentation.moments import deadline_time, long_date, long_time
from portal.kernel.presentation.numbers import file_size

Data = Mapping[str, Any]
OWN: Final = "is_own"
"""Told beside the facts of an entry: whether the hubs it counts are the party's own. A Supplier's are."""

_KINDS: Final = {
    "SEC_RELEASE": "SEC Release",
    "PLANNED": "Planned Maintenance Release",
    "UNPLANNED": "Unplanned Maintenance Release",
}
_ROLES: Final = {"import": "Import Supplier", "gas": "Gas Supplier", "both": "both"}
_BEING_READ: Final = frozenset({"RECEIVED", "APPLYING"})
_FORMS: Final = {"csv": "CSV file", "xlsx": "workbook (XLSX)"}
_IMPACTS: Final = {
    "NONE": "no device of the Home Area Network is affected",
    "SOME_DEVICES": "some devices of the Home Area Network are lost",
    "ALL_DEVICES": "all devices of the Home Area Network are lost",
    "UNKNOWN": "what it means for the Home Area Network is not known yet",
}
_STATUSES: Final = {
    "ACKNOWLEDGED": "acknowledged",
    "INVESTIGATING": "under investigation",
    "RESOLVED": "resolved",
    "CLOSED": "closed",
    "MERGED": "handled with another incident",
    "WITHDRAWN": "withdrawn",
}


def count(data: Data, name: str) -> int:
    """Return a number of the facts; 0 where there is none."""
    return int(data.get(name) or 0)


def hubs(number: int) -> str:
    """Return how many hubs."""
    return "1 hub" if number == 1 else f"{number:,} hubs"


def verb(number: int, alone: str, many: str) -> str:
    """Return the form of a verb, or of another word, that goes with so many."""
    return alone if number == 1 else many


def at(data: Data, name: str) -> str:
    """Return a moment of the facts in local time; blank where there is none."""
    given = data.get(name)
    return long_time(datetime.fromisoformat(str(given))) if given else ""


def until(data: Data, name: str) -> str:
    """Return a deadline of the facts in local time; blank where there is none."""
    given = data.get(name)
    return deadline_time(datetime.fromisoformat(str(given))) if given else ""


def lines(*parts: Callable[[Data], str]) -> Callable[[Data], str]:
    """Put several things a notice says under each other."""
    return lambda data: "\n".join(words for words in (part(data) for part in parts) if words)


def own_hubs(data: Data) -> str:
    """Return how many hubs it concerns, and in which roles of a Supplier."""
    number = count(data, "hubs")
    if not number:
        return ""
    if not data.get(OWN, True):
        return f"It concerns {hubs(number)}."
    roles = data.get("roles") or {}
    named = [f"{roles[role]:,} as {words}" for role, words in _ROLES.items() if roles.get(role)]
    of_which = f": {', '.join(named)}" if named else ""
    split = count(data, "split")
    shared = f" {split:,} {verb(split, 'has', 'have')} a second Supplier." if split else ""
    return f"It concerns {hubs(number)} of yours{of_which}.{shared}"


def second_asked(data: Data) -> str:
    """Return the sentence that second Suppliers are asked too, where there are any and time to answer."""
    return (
        "The second Supplier of a hub is asked too." if data.get("split") and data.get("has_window") else ""
    )


def reason(data: Data) -> str:
    """Return why, as whoever did it wrote."""
    given = str(data.get("reason") or data.get("comment") or data.get("commentary") or "").strip()
    return f"Reason given: {given}" if given else ""


def commentary(data: Data) -> str:
    """Return what DCC writes."""
    given = str(data.get("commentary") or data.get("comment") or data.get("reason") or "").strip()
    return f"DCC writes: {given}" if given else ""


def notice(data: Data) -> str:
    """Return what a notice of new firmware must say (R1.1)."""
    if not data.get("model"):
        return ""
    named = f"{data.get('manufacturer', '')} {data['model']}".strip()
    before = ", ".join(data.get("from_versions") or [])
    versions = f"from {before} to {data.get('firmware_version')}" if before else data.get("firmware_version")
    kind = _KINDS.get(str(data.get("kind")), str(data.get("kind", "")))
    sentences = [
        f"Hub model {named}: {versions}.",
        f"{kind}, severity {str(data.get('severity', '')).lower()}, priority {data.get('priority', '')}.",
        dates(data),
    ]
    if data.get("pilot_starts_at"):
        sentences.append(f"The pilot is planned to start on {at(data, 'pilot_starts_at')}.")
    if url := data.get("release_note_url"):
        sentences.append(f"Release Note: {url}")
    return "\n".join(sentences)


def dates(data: Data) -> str:
    """Return until when Suppliers may instruct, and when hubs activate without them."""
    automatic = f"Automatic activation: {at(data, 'automatic_at')}."
    if not data.get("has_window", True):
        is_spread = data.get("is_all_at_once") is False
        spread = " Hubs activate in the hours of activation from then on." if is_spread else ""
        return f"There is no time for instructions. {automatic}{spread}"
    who = "Instruct" if data.get(OWN, True) else "Suppliers instruct"
    return f"{who} until {until(data, 'cutoff_at')}. {automatic}"


def late_notice(data: Data) -> str:
    """Return why a notice comes later than to others."""
    because = {"JOINED": "because they now qualify for it", "GAINED": "because they have become yours"}
    why = because.get(str(data.get("since")))
    return f"The rollout is under way. You are told of these hubs now {why}." if why else ""


def note(data: Data) -> str:
    """Return which revision of the Release Note there is, what is new in it, and where."""
    number = data.get("revision")
    sentences = [
        f"Revision {number}: {data.get('url', '')}" if number else "",
        str(data.get("summary") or ""),
    ]
    return "\n".join(words for words in sentences if words)


def moved(data: Data) -> str:
    """Return old and new dates."""
    sentences = []
    who = "Instruct until" if data.get(OWN, True) else "Suppliers instruct until"
    for name, words, write in (("automatic_at", "Automatic activation", at), ("cutoff_at", who, until)):
        if not data.get(name):
            continue
        before = write(data, f"{name}_before")
        now = write(data, name)
        sentences.append(
            f"{words}: {now}, before: {before}." if before and before != now else f"{words}: {now}."
        )
    return "\n".join(sentences)


def batch(data: Data) -> str:
    """Return which batch it is about."""
    return f"Batch: {data['batch_name']}." if data.get("batch_name") else ""


def without_window(data: Data) -> str:
    """Say of a batch that its time leaves none for instructions."""
    return "" if data.get("has_window", True) else "There is no time for instructions."


def answered(data: Data) -> str:
    """Return what a second Supplier has answered, never who it is."""
    did = "has answered for" if data.get("has_answered", True) else "has taken back its answer for"
    words = f"The second Supplier {did} {hubs(count(data, 'hubs'))} it shares with you."
    if not data.get("has_instructed"):
        return words
    wanted = at(data, "activate_at")
    return f"{words} It asks for {wanted}." if wanted else f"{words} Any time suits it."


def voided(data: Data) -> str:
    """Return for how many hubs which answers no longer count, and why."""
    number = count(data, "hubs")
    if data.get("reason") == "SUPPLIER_CHANGED":
        return (
            f"{hubs(number)} {verb(number, 'has', 'have')} another Supplier now in your place. What you had "
            f"answered for {verb(number, 'it', 'them')} no longer counts; your other hubs are not affected."
        )
    return (
        f"You had agreed with the second Supplier's time for {hubs(number)}. That time no longer stands: "
        "look at its answer, and answer again."
    )


def closed(data: Data) -> str:
    """Return what became of the hubs of a window that has closed."""
    of = f" for “{data['batch_name']}”" if data.get("batch_name") else ""
    sentences = (
        [f"The time for instructions{of} ended at {at(data, 'cutoff_at')}."] if data.get("cutoff_at") else []
    )
    singly = count(data, "at_a_suppliers_time")
    if left := count(data, "defaulted") - singly:
        sentences.append(
            f"{hubs(left)} not settled by then {verb(left, 'activates', 'activate')} "
            f"at DCC's time, {at(data, 'automatic_at')}."
        )
    if singly:
        sentences.append(
            f"{hubs(singly)} that one of two Suppliers instructed {verb(singly, 'activates', 'activate')} "
            "at that time, or in the next activation hours where it has passed."
        )
    return " ".join(sentences)


def incident_raised(data: Data) -> str:
    """Return what an incident is about, how bad it is, and by when the DCC answers."""
    number, impact = count(data, "hubs"), _IMPACTS.get(str(data.get("han_impact")))
    named = f"{hubs(number)} named{f'; {impact}' if impact else ''}." if number else ""
    times = (
        f"DCC responds by {until(data, 'respond_by')}, and resolves it by {until(data, 'resolve_by')}."
        if data.get("respond_by")
        else ""
    )
    priority = "High priority." if data.get("is_high_priority") else ""
    facts = " ".join(filter(None, [priority, named, times]))
    return "\n".join(filter(None, [str(data.get("reason") or data.get("title") or ""), facts]))


def incident(data: Data) -> str:
    """Return what has become of an incident."""
    title, comment = str(data.get("title") or ""), str(data.get("comment") or "").strip()
    status = _STATUSES.get(str(data.get("status")))
    stands = f"It is {status}." if status and not comment else ""
    words = f"{title}: “{comment}”" if title and comment else title or comment
    return "\n".join(filter(None, [words, stands]))


def received(data: Data) -> str:
    """Return how many hubs of an instruction were taken; of a long one, that it is being read."""
    wanted = f"To activate at {at(data, 'activate_at')}." if data.get("activate_at") else ""
    if data.get("status") in _BEING_READ:
        lines_are = verb(count(data, "lines"), "line is", "lines are")
        words = (
            f"{count(data, 'lines'):,} {lines_are} being checked and applied. You are told once that is done."
        )
        return f"{words} {wanted}".strip()
    accepted, rejected = count(data, "accepted"), count(data, "rejected")
    words = f"{hubs(accepted)} accepted"
    words += f", {rejected:,} not accepted: see the receipt for each reason." if rejected else "."
    return f"{words} {wanted}".strip()


def webhook(data: Data) -> str:
    """Say why a webhook is no longer called, and how it goes on."""
    given = str(data.get("reason") or "").strip()
    return f"{given}\nNothing is lost: once you switch it on again, it goes on where it stopped.".strip()


def rule_ran(data: Data) -> str:
    """Return what an approval rule did."""
    named = f"Rule “{data['rule']}”, version {data.get('version')}. " if data.get("rule") else ""
    left = (
        f" {hubs(over)} {verb(over, 'was', 'were')} left out: more than a night takes."
        if (over := count(data, "left_over"))
        else ""
    )
    return f"{named}{hubs(count(data, 'hubs'))} instructed.{left}"


def file(data: Data) -> str:
    """Return what a file of the estate holds."""
    form = _FORMS.get(str(data.get("form")), "file")
    holds = f"The {form} holds {hubs(count(data, 'hubs'))} ({file_size(count(data, 'size'))})."
    return f"{holds} It is kept for a day, and only you can fetch it."


def digest(data: Data) -> str:
    """Summarise a day of one's hubs: activated, failed by reason, not confirmed, awaiting an answer."""
    sentences = [f"{long_date(date.fromisoformat(data['day']))}:"] if data.get("day") else []
    sentences.append(f"{count(data, 'activated'):,} activated.")
    if failed := data.get("failed"):
        sentences.append("Failed: " + ", ".join(f"{n:,} ({why})" for why, n in failed.items()) + ".")
    if silent := count(data, "not_confirmed"):
        sentences.append(f"{silent:,} not confirmed.")
    if waiting := count(data, "awaiting_you"):
        sentences.append(f"{hubs(waiting)} {verb(waiting, 'waits', 'wait')} for your answer.")
    return " ".join(sentences)


def closing(data: Data) -> str:
    """Return what is still to be answered before a cut-off."""
    left = count(data, "working_days")
    days = "1 working day" if left == 1 else f"{left} working days"
    number = count(data, "hubs")
    wait = verb(number, "waits", "wait")
    return (
        f"{hubs(number)} of yours {wait} for your answer. "
        f"Answer within {days}, until {until(data, 'cutoff_at')}. "
        f"A hub that nobody instructs activates at DCC's time, {at(data, 'automatic_at')}."
    )
