"""What duties, reasons and numbers are called on pages, and where they lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from portal.kernel.presentation.charts import Segment
from portal.kernel.presentation.day_columns import Series
from portal.kernel.presentation.numbers import count_of
from rollouts.queries.rollouts.available import PossibleAct
from rollouts.queries.rollouts.duties import Duty, Outstanding
from rollouts.queries.rollouts.progress import TimeReason
from rollouts.states import ROLLOUT_STEPS, FailureCode, Severity, TargetState

#: Colours of "what happens if I do nothing", in the order of the stack.
IF_NOTHING: Final = (
    Series(TimeReason.INSTRUCTED.value, "By instruction", "yours"),
    Series(TimeReason.SECOND_SILENT.value, "Unless the second Supplier answers", "waiting"),
    Series(TimeReason.DEFAULT.value, "By default, at DCC's date", "default"),
)

SEVERITY_TONES: Final[Mapping[str, str]] = {
    Severity.CRITICAL: "bad",
    Severity.MAJOR: "warn",
    Severity.MINOR: "neutral",
}


@dataclass(frozen=True, slots=True)
class DueItem:
    """An outstanding action as the list shows it."""

    title: str
    text: str
    due_at: datetime | None
    url: str
    verb: str
    count: str


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    text: str
    verb: str
    address: str
    counts: str = ""


_WORDS: Final[Mapping[Duty, _Words]] = {
    Duty.INSTRUCT: _Words(
        "Instruct your hubs: {name}",
        "Nobody has instructed these hubs. If you do nothing they activate at DCC's date.",
        "Instruct",
        "rollouts:instruct",
        "hub",
    ),
    Duty.ANSWER_SECOND: _Words(
        "Answer for shared hubs: {name}",
        "The second Supplier of these hubs has instructed, and waits for your answer.",
        "Answer",
        "rollouts:instruct",
        "hub",
    ),
    Duty.NOMINATE: _Words(
        "Choose pilot hubs: {name}",
        "The pilot group holds up to {count:,} hubs of all Suppliers together.",
        "Choose hubs",
        "rollouts:pilot",
    ),
    Duty.ANSWER_PROPOSAL: _Words(
        "Accept or decline pilot hubs: {name}",
        "DCC proposes hubs of yours for the pilot. A shared hub takes part once both Suppliers accept.",
        "Answer",
        "rollouts:pilot",
        "hub",
    ),
    Duty.PUBLISH: _Words(
        "Publish the notice: {name}", "A draft: only DCC sees it so far.", "Preview", "rollouts:preview"
    ),
    Duty.ADD_NOTE: _Words(
        "Publish the Release Note: {name}",
        "A Maintenance Release needs its Release Note as soon as possible.",
        "Add it",
        "rollouts:release-notes",
    ),
    Duty.DECIDE_NOMINATIONS: _Words(
        "Decide on pilot nominations: {name}",
        "Suppliers have nominated hubs for the pilot.",
        "Decide",
        "rollouts:pilot",
        "nomination",
    ),
    Duty.START_PILOT: _Words(
        "Start the pilot: {name}", "The pilot group is confirmed.", "Start", "rollouts:pilot", "hub"
    ),
    Duty.END_PILOT: _Words(
        "End the pilot: {name}",
        "Its hubs are settled, or its planned end has come. Say how it went. The review follows.",
        "End it",
        "rollouts:pilot",
        "hub",
    ),
    Duty.MEND_PILOT: _Words(
        "No pilot has run: {name}",
        "The safe launch waits for it, and holds the hubs back after the automatic time. Start it with the "
        "hubs there are, propose some, or go on without a pilot.",
        "Decide",
        "rollouts:pilot",
        "hub",
    ),
    Duty.REVIEW_PILOT: _Words(
        "Decide on the pilot: {name}",
        "The safe launch waits for this review; after the automatic time it holds the hubs back.",
        "Review",
        "rollouts:pilot",
        "hub",
    ),
    Duty.OPEN_GATE: _Words(
        "Open the gate of a batch: {name}",
        "Hubs behind a shut gate do not activate, even once their automatic time has passed.",
        "Look at the gates",
        "rollouts:phases",
        "hub",
    ),
    Duty.CONFIRM: _Words(
        "Confirm what happens next: {name}",
        "DCC has recommended a decision and needs your signature.",
        "Decide",
        "rollouts:decision",
        "hub",
    ),
    Duty.RECOMMEND: _Words(
        "Recommend what happens next: {name}",
        "The rollout is under review. The Panel confirms what you recommend.",
        "Review",
        "rollouts:decision",
        "hub",
    ),
    Duty.ANSWER_INCIDENTS: _Words(
        "Answer incidents: {name}",
        "A Supplier has reported a problem and waits for an answer.",
        "Answer",
        "rollouts:triage-of",
        "incident",
    ),
    Duty.RESOLVE_INCIDENTS: _Words(
        "Resolve incidents: {name}",
        "They are answered but not resolved.",
        "See them",
        "rollouts:triage-of",
        "incident",
    ),
    Duty.CHECK_RESOLVED: _Words(
        "Check what DCC has resolved",
        "Check your homes. Close these incidents, or reopen them.",
        "See them",
        "rollouts:incidents",
        "incident",
    ),
    Duty.REVIEW_UNMATCHED: _Words(
        "Review unmatched alerts",
        "Alerts that match no command of the portal.",
        "Review",
        "rollouts:unmatched",
        "alert",
    ),
    Duty.MEND_SHORTFALL: _Words(
        "Images would come too late: {regions}",
        "At the present capacity {places} would get the image too late. Agree on more capacity, or move the"
        " automatic date.",
        "Agree on capacity",
        "rollouts:channels",
        "hub",
    ),
    Duty.PLACE_HUBS: _Words(
        "Hubs that no CSP serves: region {regions}",
        "No image can be sent to {places}. Correct their region in the inventory; they then continue by"
        " themselves.",
        "See which",
        "rollouts:channels",
        "hub",
    ),
}


def due_item(item: Outstanding) -> DueItem:
    """Word an outstanding action."""
    words = _WORDS[item.duty]
    url = reverse(words.address, args=[item.rollout_id] if item.rollout_id is not None else [])
    regions = joined(str(region.label) for region in item.places)
    places = joined(f"{count_of(n, 'hub')} in {region.label}" for region, n in item.places.items())
    return DueItem(
        title=words.title.format(name=item.rollout_name, regions=regions),
        text=words.text.format(count=item.count, places=places),
        due_at=item.due_at,
        url=url,
        verb=words.verb,
        count=count_of(item.count, words.counts) if words.counts and item.count else "",
    )


@dataclass(frozen=True, slots=True)
class ActWords:
    """Something the viewer may do about a rollout: its words, where it is done, until when."""

    label: str
    url: str
    until: datetime | None
    count: int = 0


_DEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "INSTRUCT": ("Instruct", "rollouts:instruct"),
    "ANSWER_SECOND": ("Answer for shared hubs", "rollouts:instruct"),
    "CHANGE": ("Change or withdraw", "rollouts:instruct"),
    "NOMINATE": ("Choose pilot hubs", "rollouts:pilot"),
}


#: Steps the portal takes by itself.
NO_BUTTON: Final = frozenset({"complete", "open_safe_launch"})
#: Steps that only a confirmed decision takes.
DECIDED: Final = frozenset({"pause", "resume", "stop"})


def act_words(possible: Iterable[PossibleAct], *, rollout_id: int) -> list[ActWords]:
    """Word what may be done about a rollout; steps of the table lead to the page that takes them."""
    words = []
    for act in possible:
        if act.what in _DEEDS:
            label, address = _DEEDS[act.what]
            words.append(ActWords(label, reverse(address, args=[rollout_id]), act.until, act.hubs))
        elif act.what in ROLLOUT_STEPS and act.what not in NO_BUTTON | DECIDED:
            words.append(ActWords(ROLLOUT_STEPS[act.what].label, step_url(rollout_id, act.what), act.until))
    return words


def step_url(rollout_id: int, verb: str) -> str:
    """Return where a step is taken."""
    if verb == "notify":
        return reverse("rollouts:preview", args=[rollout_id])
    if verb in DECIDED:
        return reverse("rollouts:decision", args=[rollout_id])
    return reverse("rollouts:step", args=[rollout_id, verb])


def segments(states: Mapping[TargetState, int], *, url: str = "") -> list[Segment]:
    """Turn counts into the segments of a state bar; each leads to the list behind it."""
    return [
        Segment(state, n, f"{url}?state={state.name}" if url else "") for state, n in states.items() if n > 0
    ]


def reason_rows(
    reasons: Mapping[FailureCode, int], *, url: str = "", state: str = "", more: str = ""
) -> list[dict[str, object]]:
    """Turn counts by reason into the rows of a chart, the most frequent first; each leads to its hubs."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [
        {
            "label": str(code.label) if code else "No reason given",
            "count": n,
            "url": f"{url}?state={state}&code={int(code)}{more}" if url else "",
        }
        for code, n in ordered
        if n > 0
    ]


def facts(*pairs: tuple[str, object], **notes: str) -> list[dict[str, object]]:
    """Turn labels and values into the facts of a list, those without a value left out."""
    return [
        {"label": label, "value": value, "note": notes.get(label.lower().replace(" ", "_"), "")}
        for label, value in pairs
        if value is not None and value != ""
    ]


def joined(words: Iterable[str]) -> str:
    """Join a few words as people do: a, b and c."""
    listed: Sequence[str] = list(words)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
