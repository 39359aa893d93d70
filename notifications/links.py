"""Where a notice leads. The pages belong to other areas, met by the names of their addresses alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.urls import NoReverseMatch, reverse

from notifications.models import Message
from portal.events.kinds import EntryKind
from portal.kernel.references import number_of

K = EntryKind
_OF_EXPORTS: Final = frozenset({K.EXPORT_READY, K.EXPORT_FAILED})
_OF_INCIDENTS: Final = frozenset({K.INCIDENT_RAISED, K.INCIDENT_UPDATED})

#: The page of the one thing a notice is about; of all others it is the receipt of an instruction.
_OF_ONE: Final[Mapping[int, str]] = {
    K.EXPORT_READY: "rollouts:estate-file",
    **dict.fromkeys(_OF_INCIDENTS, "rollouts:incident"),
}
#: Where a notice leads that is about neither one thing nor a rollout.
_OF_NONE: Final[Mapping[int, str]] = {
    K.EXPORT_FAILED: "rollouts:estate-files",
    K.WEBHOOK_DISABLED: "notifications:webhooks",
    K.DECISION_RECOMMENDED: "rollouts:business-rules",
    K.DECISION_MADE: "rollouts:business-rules",
}
#: The list of what a notice is about, narrowed to its rollout.
_LISTS: Final[Mapping[int, tuple[str, str]]] = {
    K.RULE_RAN: ("rollouts:instructions", ""),
    **dict.fromkeys(_OF_INCIDENTS, ("rollouts:incidents", "&status=all")),
}


def about(kind: EntryKind, data: Mapping[str, Any]) -> str:
    """Name what an entry is about, where that is not its rollout: an instruction, an incident, a file."""
    if kind in _OF_EXPORTS:
        return str(data.get("file") or "") if kind == K.EXPORT_READY else ""
    if kind in _OF_INCIDENTS:
        return str(data.get("incident") or "")
    given = data.get("instructions") or []
    only = given[0] if isinstance(given, list) and len(given) == 1 else ""
    return str(data.get("instruction") or only)


def reader_of(kind: EntryKind, data: Mapping[str, Any]) -> int | None:
    """Name the one person a notice is for; none = everybody of the organisation."""
    person = data.get("person") if kind in _OF_EXPORTS else None
    return number_of(person, "person") if isinstance(person, str) else person


def page_of(message: Message) -> str:
    """Return the address of what a notice is about, blank where it has no page."""
    try:
        return _page(message)
    except NoReverseMatch:
        return ""


def page_beside_update(message: Message) -> str:
    """Return that address where it is another than the page of the rollout."""
    page = page_of(message)
    return "" if page == _update(message.rollout_id) else page


def _page(message: Message) -> str:
    if message.about:
        return reverse(_OF_ONE.get(message.kind, "rollouts:receipt"), args=[message.about])
    if message.rollout_id is None:
        return reverse(_OF_NONE[message.kind]) if message.kind in _OF_NONE else ""
    if message.kind in _LISTS:
        name, more = _LISTS[message.kind]
        return f"{reverse(name)}?rollout={message.rollout_id}{more}"
    if message.kind == K.DECISION_RECOMMENDED:
        return reverse("rollouts:decision", args=[message.rollout_id])
    return _update(message.rollout_id)


def _update(rollout_id: int | None) -> str:
    return "" if rollout_id is None else reverse("rollouts:detail", args=[rollout_id])
