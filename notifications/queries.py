"""Reading the inbox: pages by keyset, unread ones marked, never another organisation's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from notifications.links import page_of
from notifications.models import Message, Reader, ReadMark
from notifications.notice_texts import icon_of
from portal.events.naming import rollout_names
from portal.identity.scope import Scope
from portal.kernel import paging
from portal.kernel.references import NotAReference
from portal.kernel.refusals import NotFound

_MOST_UNREAD = 99
_LOOKED_THROUGH = 500


@dataclass(frozen=True, slots=True)
class InboxNotice:
    """One notice as a page shows it."""

    id: str
    title: str
    text: str
    at: datetime
    tone: str
    icon: str
    url: str
    is_unread: bool
    rollout_id: int | None = None
    is_rollout_muted: bool = False


def inbox(
    scope: Scope, *, cursor: str = "", size: int = 30, rollout_id: int | None = None
) -> paging.Page[InboxNotice]:
    """Return what the organisation and this person were told, newest first; mark what they have not read.

    Of one rollout it looks through the organisation's last 500 notices.
    """
    reader = _reader(scope)
    own = Message.objects.of(scope.organisation_id, scope.user_id)
    messages = own.annotate(is_opened=Exists(_opened(scope).filter(message_id=OuterRef("id"))))
    if rollout_id is not None:
        latest = own.order_by("-id").values("pk")[:_LOOKED_THROUGH]
        messages = messages.filter(pk__in=latest, rollout_id=rollout_id)
    if cursor:
        (before,) = _cursors(scope).decode(cursor, size=1)
        messages = messages.filter(id__lt=before)
    rows = list(messages.order_by("-id")[: size + 1])
    more = _cursors(scope).encode(rows[size - 1].pk) if len(rows) > size else None
    items = [_notice(message, seen=reader.seen_id, reader=reader) for message in rows[:size]]
    return paging.Page(items=items, next=more)


def recent_of(scope: Scope, rollout_id: int, *, size: int) -> list[InboxNotice]:
    """Return the newest notices of one rollout, from among the organisation's last 500; none is marked."""
    messages = Message.objects.of(scope.organisation_id, scope.user_id).order_by("-id")
    rows = Message.objects.filter(pk__in=messages.values("pk")[:_LOOKED_THROUGH], rollout_id=rollout_id)
    return [_notice(message, seen=message.pk) for message in rows.order_by("-id")[:size]]


def unread(scope: Scope) -> int:
    """Count what this person has neither opened nor marked as seen, up to 99."""
    reader = _reader(scope)
    own = Message.objects.of(scope.organisation_id, scope.user_id).not_muted_by(reader)
    newer = own.filter(id__gt=reader.seen_id)
    unopened = newer.filter(~Exists(_opened(scope).filter(message_id=OuterRef("id"))))
    return len(unopened.order_by("-id").values_list("id", flat=True)[:_MOST_UNREAD])


def message_of(scope: Scope, ident: str) -> Message:
    """Return one notice of the organisation or this person.

    Raises:
        NotFound: there is no such notice, or not for this person.
    """
    try:
        own = Message.objects.of(scope.organisation_id, scope.user_id)
        message = own.filter(pk=Message.key_of(ident)).first()
    except NotAReference:
        message = None
    if message is None:
        raise NotFound("There is no such notice.")
    return message


def preferences(scope: Scope) -> Reader:
    """Return when this person wants mail, and what they have muted."""
    return _reader(scope)


def preferences_document(reader: Reader) -> dict[str, Any]:
    """Write down what a person has chosen: what versions are made of."""
    return {"mail": reader.mail, "kinds": reader.muted_kinds, "rollouts": reader.muted_rollouts}


def rollouts_heard_of(scope: Scope) -> dict[int, str]:
    """Name the rollouts of the organisation's last 500 notices, and those this person has muted."""
    messages = Message.objects.of(scope.organisation_id, scope.user_id).order_by("-id")
    recent = messages.values_list("rollout_id", flat=True)[:_LOOKED_THROUGH]
    return dict(rollout_names({*(each for each in recent if each), *_reader(scope).muted_rollouts}))


def _opened(scope: Scope) -> QuerySet[ReadMark]:
    return ReadMark.objects.filter(user_id=scope.user_id or 0)


def _reader(scope: Scope) -> Reader:
    person = scope.user_id or 0
    return Reader.objects.filter(user_id=person).first() or Reader(user_id=person)


def _notice(message: Message, *, seen: int, reader: Reader | None = None) -> InboxNotice:
    is_opened = getattr(message, "is_opened", False)
    is_muted = reader is not None and reader.has_muted(message)
    return InboxNotice(
        id=message.ident,
        title=message.title,
        text=message.text,
        at=message.at,
        tone=message.tone,
        icon=icon_of(message.kind),
        url=page_of(message),
        is_unread=message.pk > seen and not is_opened and not is_muted,
        rollout_id=message.rollout_id,
        is_rollout_muted=reader is not None and message.rollout_id in reader.muted_rollouts,
    )


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("notices", scope.organisation_id)
