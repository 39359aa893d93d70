"""The sentences of a notice, from the facts of its entry; each needs its fact. Times are local."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from portal.kernel.presentation.moments import long_date, long_time
from portal.kernel.presentation.numbers import file_size

Data = Mapping[str, Any]
OWN: Final = "is_own"
"""Told beside the facts of an entry: whether the hubs it counts are the party's own. A Supplier's are."""

_KINDS: Final = {
    "SEC_RELEASE": "SEC Release",
    "PLANNED": "Planned Maintenance Release",
    "UNPLANNED": "Unplanned Maintenance Release",
}
_MOST_DAYS: Final = 8
_ROLES: Final = {"import": "Import Supplier", "gas": "Gas Supplier", "both": "both"}
_FORMS: Final = {"csv": "CSV file", "xlsx": "workbook (XLSX)"}
_VOIDED: Final = {
    "SUPPLIER_CHANGED": "These hubs have changed their Supplier. Instructions given before no longer count "
    "for them; other hubs are not affected.",
    "AGREEMENT_LAPSED": "You had agreed with a time of the second Supplier that no longer stands. "
    "Look at its answer, and answer again.",
}


def count(data: Data, name: str) -> int:
    """Return a number of the facts; 0 where there is none."""
    return int(data.get(name) or 0)


def hubs(number: int) -> str:
    """Return how many hubs."""
    return "1 hub" if number == 1 else f"{number:,} hubs"


def at(data: Data, name: str) -> str:
    """Return a moment of the facts in local time; blank where there is none."""
    given = data.get(name)
    return long_time(datetime.fromisoformat(str(given))) if given else ""


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
    shared = f" {split:,} {'has' if split == 1 else 'have'} a second Supplier." if split else ""
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
    return f"Instruct until {at(data, 'cutoff_at')}. {automatic}"


def late_notice(data: Data) -> str:
    """Return why a notice comes later than to others."""
    because = {"JOINED": "now qualify for it", "GAINED": "have become yours"}.get(str(data.get("since")))
    return f"The rollout is under way: these hubs {because}." if because else ""


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
    for name, words in (("automatic_at", "Automatic activation"), ("cutoff_at", "Instruct until")):
        if not data.get(name):
            continue
        before = at(data, f"{name}_before")
        now = at(data, name)
        sentences.append(
            f"{words}: {now}, before: {before}." if before and before != now else f"{words}: {now}."
        )
    return "\n".join(sentences)


def brought_forward(data: Data) -> str:
    """Say what an earlier date means for one's own instructions, and for hubs without one."""
    number = count(data, "brought_forward")
    own = (
        f"{hubs(number)} of yours had a later time by instruction, and activate at the new one. "
        if number
        else ""
    )
    closed = "" if data.get("has_window", True) else "No time is left for instructions."
    return f"{own}{closed}".strip()


def batch(data: Data) -> str:
    """Return which batch it is about."""
    return f"Batch: {data['batch_name']}." if data.get("batch_name") else ""


def halted(data: Data) -> str:
    """Return what a halt means for a Supplier's own instructions (R5.5)."""
    if not data.get(OWN, True):
        return ""
    sentences = []
    if pending := count(data, "pending"):
        sentences.append(f"Your instructions for {hubs(pending)} are kept but not carried out meanwhile.")
    states = data.get("states") or {}
    if on_way := count(states, "DISTRIBUTING"):
        sentences.append(f"{hubs(on_way)} may still receive the image, and will not activate.")
    if activating := count(states, "ACTIVATING"):
        sentences.append(f"{hubs(activating)} were told to activate: this is recalled where it still can be.")
    return " ".join(sentences)


def ended(data: Data) -> str:
    """Return what the end of a rollout means for a Supplier's own instructions."""
    pending = count(data, "pending") if data.get(OWN, True) else 0
    return f"Your instructions for {hubs(pending)} no longer count." if pending else ""


def overdue(data: Data) -> str:
    """Return how many hubs go on at night, as their time has passed while the rollout stood."""
    number = count(data, "overdue")
    if not number:
        return ""
    whose = " of yours" if data.get(OWN, True) else ""
    are, their = ("is", "its") if number == 1 else ("are", "their")
    activate = "it activates" if number == 1 else "they activate"
    return (
        f"{hubs(number)}{whose} {are} overdue: {their} time passed while the rollout stood. When it goes on,"
        f" {activate} in the next activation hours."
    )


_MEANS: Final = {
    "settled": "already run the new firmware",
    "go_on": "go on as planned",
    "held_back": "are held back",
    "withdrawn": "are withdrawn",
    "images_on_their_way": "are being sent the image",
    "activating": "are activating",
    "being_recalled_or_activating": "were told to activate: this is recalled where it still can be",
}


def decided(data: Data) -> str:
    """Return what a decision means for hubs and pending instructions, by count and date, and what to do."""
    means = data.get("means") or {}
    whose = "Your hubs" if data.get(OWN, True) else "Hubs"
    named = [f"{means[name]:,} {words}" for name, words in _MEANS.items() if means.get(name)]
    sentences = [f"{whose}: {'; '.join(named)}."] if named else []
    if by_day := data.get("instructed_by_day"):
        days = [f"{n:,} on {long_date(date.fromisoformat(day))}" for day, n in by_day.items()]
        later = " and later" if len(days) > _MOST_DAYS else ""
        sentences.append(f"Your instructions pending: {', '.join(days[:_MOST_DAYS])}{later}.")
    if count(data, "open_again"):
        sentences.append(f"{hubs(count(data, 'open_again'))} can be instructed again.")
    if what := data.get("what_to_do"):
        sentences.append(f"What to do: {what}")
    return "\n".join(sentences)


def answered(data: Data) -> str:
    """Return what a second Supplier has answered, never who it is."""
    verb = "has answered for" if data.get("has_answered", True) else "has taken back its answer for"
    words = f"The second Supplier {verb} {hubs(count(data, 'hubs'))} it shares with you."
    if not data.get("has_instructed"):
        return words
    wanted = at(data, "activate_at")
    return f"{words} It asks for {wanted}." if wanted else f"{words} Any time suits it."


def voided(data: Data) -> str:
    """Return why instructions no longer count."""
    return _VOIDED.get(str(data.get("reason")), "") or reason(data)


def closed(data: Data) -> str:
    """Return what became of the hubs of a window that has closed."""
    sentences = (
        [f"The time for instructions ended at {at(data, 'cutoff_at')}."] if data.get("cutoff_at") else []
    )
    if defaulted := count(data, "defaulted"):
        sentences.append(
            f"{hubs(defaulted)} nobody settled activate at DCC's time, {at(data, 'automatic_at')}."
        )
    return " ".join(sentences)


def incident(data: Data) -> str:
    """Return what an incident is about."""
    title, comment = str(data.get("title") or ""), str(data.get("comment") or "").strip()
    return f"{title}: “{comment}”" if title and comment else str(data.get("reason") or title or comment)


def received(data: Data) -> str:
    """Return how many hubs of an instruction were taken."""
    accepted, rejected = count(data, "accepted"), count(data, "rejected")
    accepted_words = f"{hubs(accepted)} accepted"
    return (
        f"{accepted_words}, {rejected:,} not accepted: see the receipt for each reason."
        if rejected
        else f"{accepted_words}."
    )


def rule_ran(data: Data) -> str:
    """Return what an approval rule did."""
    named = f"Rule “{data['rule']}”, version {data.get('version')}. " if data.get("rule") else ""
    left = (
        f" {count(data, 'left_over'):,} were left out: more than a night takes."
        if data.get("left_over")
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
        sentences.append(f"{hubs(waiting)} wait for your answer.")
    return " ".join(sentences)


def closing(data: Data) -> str:
    """Return what is still to be answered before a cut-off."""
    left = count(data, "working_days")
    days = "1 working day" if left == 1 else f"{left} working days"
    return (
        f"{hubs(count(data, 'hubs'))} of yours wait for your answer. Instruct within {days}, until "
        f"{at(data, 'cutoff_at')}. Without an instruction they activate at DCC's time, "
        f"{at(data, 'automatic_at')}."
    )
