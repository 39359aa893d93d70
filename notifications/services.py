"""Telling people: notices into the inbox exactly once, mail at least once and never in a storm.

The sequencer shows each coarse entry of the feed here in its own transaction. Mail is
made from what a person has not been mailed yet, many notices to a mail, so that bulk
work of any size costs one mail.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, OuterRef, Q, Subquery
from django.template.loader import render_to_string

from notifications import links
from notifications.mails import MailDigest, last_digest_time
from notifications.models import Message, MessageQuerySet, Reader, ReadMark
from notifications.notice_facts import OWN
from notifications.notice_texts import notice_text
from notifications.queries import message_of, preferences_document
from portal.events.kinds import EntryKind
from portal.events.naming import rollout_names
from portal.events.sequencer import CoarseEntry
from portal.events.topics import MUTABLE_KINDS
from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.scope import Scope
from portal.kernel.references import NotAReference
from portal.kernel.refusals import BadInput
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from portal.kernel.versions import check_version

log = structlog.get_logger(__name__)
GATHER = timedelta(minutes=2)
"""How long notices are gathered before a mail goes out."""
AGAIN = timedelta(minutes=5)
_MOST_IN_A_MAIL = 40
MOST_MUTED = 500
"""So many rollouts a person may mute."""
_NEWEST_DUE = (
    Message.objects.of(OuterRef("user__organisation_id"), OuterRef("user_id"))
    .not_muted_by_reader()
    .order_by("-id")
)


@inside_unit_of_work
def fan_out(entries: Sequence[CoarseEntry]) -> None:
    """Write the notices of some feed entries; a repeated entry writes nothing."""
    notices = []
    names = rollout_names(
        entry.rollout_id for entry in entries if entry.rollout_id and "name" not in entry.data
    )
    suppliers = _suppliers_among(entries)
    for entry in entries:
        if entry.kind == EntryKind.INSTRUCTION_APPLIED and entry.data.get("at_once"):
            continue  # for people it was said when it was received
        data = {**entry.data, OWN: entry.party_id in suppliers}
        words = notice_text(entry.kind, data, rollout_name=names.get(entry.rollout_id or 0, ""))
        notices.append(
            Message(
                organisation_id=entry.party_id,
                position=entry.position,
                kind=entry.kind,
                rollout_id=entry.rollout_id,
                user_id=links.reader_of(entry.kind, entry.data),
                about=links.about(entry.kind, entry.data),
                at=entry.at,
                title=words.title[:200],
                text=words.text,
                tone=words.tone,
            )
        )
    Message.objects.bulk_create(notices, ignore_conflicts=True)


@unit_of_work
def mark_seen(scope: Scope, *, up_to: str) -> None:
    """Remember that this person has seen the notices up to one; never backwards.

    Raises:
        BadInput: no notice is called so.
    """
    try:
        key = Message.key_of(up_to)
    except NotAReference as unknown:
        raise BadInput("This is the id of no notice.") from unknown
    if scope.user_id is None:
        return
    reader, _ = Reader.objects.get_or_create(user_id=scope.user_id, defaults={"mailed_id": _newest()})
    if Reader.objects.filter(pk=reader.pk, seen_id__lt=key).update(seen_id=key):
        ReadMark.objects.filter(user_id=scope.user_id, message_id__lte=key).delete()


@unit_of_work
def open_notice(scope: Scope, *, ident: str) -> str:
    """Remember that this person has read one notice; return the address of what it is about.

    Raises:
        NotFound: there is no such notice, or not for this person.
    """
    message = message_of(scope, ident)
    is_seen = Reader.objects.filter(pk=scope.user_id, seen_id__gte=message.pk).exists()
    if scope.user_id is not None and not is_seen:
        ReadMark.objects.bulk_create(
            [ReadMark(user_id=scope.user_id, message_id=message.pk)], ignore_conflicts=True
        )
    return links.page_of(message)


@unit_of_work
def prefer(
    scope: Scope,
    *,
    mail: str | None = None,
    muted_kinds: Collection[EntryKind] | None = None,
    muted_rollouts: Collection[int] | None = None,
    expected: str | None = None,
    now: datetime,
) -> None:
    """Set when this person wants mail, and of what they want to hear nothing; None leaves it as it is.

    Whoever wanted none is mailed what comes from now on. `expected` is the `version_of` what was chosen
    before.

    Raises:
        BadInput: an urgent kind is to be muted, too many rollouts, or one this person was never told of.
        EditConflict: the person has chosen otherwise meanwhile.
    """
    if scope.user_id is None:
        return
    reader = _held_reader(scope.user_id, now=now)
    check_version(expected, preferences_document(reader))
    if mail is not None and reader.mail != mail:
        if reader.mail == Reader.Mail.NEVER:
            reader.mailed_id = max(reader.mailed_id, _newest())
        # A daily mail comes in the morning, not the moment it is asked for.
        reader.mail, reader.mailed_at = Reader.Mail(mail), now
    _change(scope, reader, muted_kinds=muted_kinds, muted_rollouts=muted_rollouts)


@unit_of_work
def mute_rollout(scope: Scope, *, rollout_id: int, is_muted: bool, now: datetime) -> None:
    """Mute a rollout for this person, or hear of it again.

    Raises:
        BadInput: too many rollouts are muted, or this person was never told of it.
    """
    if scope.user_id is None:
        return
    reader = _held_reader(scope.user_id, now=now)
    muted = set(reader.muted_rollouts)
    _change(scope, reader, muted_rollouts=muted | {rollout_id} if is_muted else muted - {rollout_id})


@inside_unit_of_work
def _held_reader(user_id: int, *, now: datetime) -> Reader:
    Reader.objects.get_or_create(user_id=user_id, defaults={"mailed_id": _newest(), "mailed_at": now})
    return Reader.objects.select_for_update().get(pk=user_id)


@inside_unit_of_work
def _change(
    scope: Scope,
    reader: Reader,
    *,
    muted_kinds: Collection[EntryKind] | None = None,
    muted_rollouts: Collection[int] | None = None,
) -> None:
    _check_mutable(muted_kinds or ())
    if muted_rollouts is not None and len(muted_rollouts) > MOST_MUTED:
        raise BadInput(f"At most {MOST_MUTED} rollouts can be muted.")
    own = Message.objects.of(scope.organisation_id, scope.user_id)
    _check_heard_of(own, set(muted_rollouts or ()) - set(reader.muted_rollouts))
    if not own.not_muted_by(reader).filter(id__gt=reader.mailed_id).exists():
        reader.mailed_id = max(reader.mailed_id, _newest())  # what was muted until now is not mailed later
    if muted_kinds is not None:
        reader.muted_kinds = sorted(int(kind) for kind in set(muted_kinds))
    if muted_rollouts is not None:
        reader.muted_rollouts = sorted(set(muted_rollouts))
    reader.save(update_fields=["mail", "mailed_id", "mailed_at", "muted_kinds", "muted_rollouts"])


def _check_mutable(kinds: Collection[EntryKind]) -> None:
    if urgent := sorted(set(kinds) - MUTABLE_KINDS):
        raise BadInput(f"This kind cannot be muted: {urgent[0].public_name}.")


def _check_heard_of(own: MessageQuerySet, rollout_ids: Collection[int]) -> None:
    known = own.filter(rollout_id__in=rollout_ids).values_list("rollout_id", flat=True).distinct()
    if set(rollout_ids) - set(known):
        raise BadInput("You have had no notice about one of these rollouts.")


def deliver_mail(*, now: datetime, most: int = 200) -> int:
    """Send the mail that is due, at most so many; return how many went out."""
    enrol_readers()
    sent = 0
    while sent < most and (letter := claim_mail(now=now)):
        try:
            sent += _send(letter, now=now)
        except Exception:  # one letter that cannot be written stops no other; it is tried again
            log.exception("mail.broken", user_id=letter.user_id)
    return sent


@unit_of_work
def enrol_readers() -> int:
    """Create a reader for each person who has none: they start with an empty inbox, and no mail of before."""
    newest = _newest()
    missing = User.objects.filter(is_active=True, reader=None).values_list("id", flat=True)
    readers = [Reader(user_id=user_id, mailed_id=newest, seen_id=newest) for user_id in missing]
    return len(Reader.objects.bulk_create(readers, ignore_conflicts=True))


@unit_of_work
def claim_mail(*, now: datetime) -> MailDigest | None:
    """Take the next person who has notices waiting; None when nobody has any that are due."""
    readers = (
        Reader.objects.select_related("user__organisation")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(user__is_active=True)
        .filter(Q(claimed_at=None) | Q(claimed_at__lt=now - AGAIN))
        .filter(
            Q(mail=Reader.Mail.SOON)
            | Q(mail=Reader.Mail.DAILY, mailed_at=None)
            | Q(mail=Reader.Mail.DAILY, mailed_at__lt=last_digest_time(now))
        )
        .annotate(newest=Subquery(_NEWEST_DUE.filter(at__lte=now - GATHER).values("id")[:1]))
        .filter(newest__gt=F("mailed_id"))
        .order_by("user_id")
    )
    reader = readers.first()
    if reader is None:
        return None
    own = Message.objects.of(reader.user.organisation_id, reader.user_id)
    waiting = own.not_muted_by(reader).filter(id__gt=reader.mailed_id)
    messages = tuple(waiting.order_by("-id")[: _MOST_IN_A_MAIL + 1])
    Reader.objects.filter(pk=reader.pk).update(claimed_at=now, attempts=F("attempts") + 1)
    more = waiting.count() - _MOST_IN_A_MAIL if len(messages) > _MOST_IN_A_MAIL else 0
    return MailDigest(
        user_id=reader.user_id,
        address=reader.user.email,
        name=reader.user.name,
        organisation=reader.user.organisation.name,
        up_to=messages[0].pk,
        messages=messages[:_MOST_IN_A_MAIL],
        more=more,
        is_digest=reader.mail == Reader.Mail.DAILY,
    )


def _suppliers_among(entries: Sequence[CoarseEntry]) -> set[int]:
    parties = {entry.party_id for entry in entries}
    known = Organisation.objects.filter(pk__in=parties, kind=OrganisationKind.SUPPLIER)
    return set(known.values_list("pk", flat=True))


def _newest() -> int:
    return Message.objects.order_by("-id").values_list("id", flat=True).first() or 0


@outside_unit_of_work
def _send(letter: MailDigest, *, now: datetime) -> int:
    context = {"letter": letter, "portal_url": settings.PORTAL_URL}
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("notifications/email/notices.txt", context),
        to=[letter.address],
        # Nobody's absence is announced to us, and no machine answers.
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )
    mail.attach_alternative(render_to_string("notifications/email/notices.html", context), "text/html")
    try:
        mail.send()
    except OSError as problem:
        log.warning("mail.failed", user_id=letter.user_id, problem=str(problem))
        return 0
    _settle(letter, now=now)
    return 1


@unit_of_work
def _settle(letter: MailDigest, *, now: datetime) -> None:
    Reader.objects.filter(pk=letter.user_id, mailed_id__lt=letter.up_to).update(
        mailed_id=letter.up_to, mailed_at=now, claimed_at=None, attempts=0
    )
