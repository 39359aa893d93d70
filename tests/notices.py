"""What people are told, as they read it: the page of the reference that is made from the examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from portal.events.kinds import EntryKind as K
from tests.notice_examples import EXAMPLES

_NAME: Final = "Toshiba 0C230000"
_AT: Final = datetime(2027, 1, 11, 9, 30, tzinfo=UTC)


def page() -> str:
    """Write every notice as its receiver reads it, and the mail it comes in."""
    lines = [
        "# What people are told\n",
        "Every kind of notice as it stands in the inbox and in a mail, from examples of the facts in its event. Where a kind",
        "says other things to other readers, each is here. Kinds about one hub go to the [feed](events.md) alone: nobody is",
        "sent a mail for a hub.\n",
        *_notices(),
        "## Of one hub\n",
        "What the page of a hub says of each kind about one hub.\n",
        "| kind | in the story of the hub |",
        "|---|---|",
        *_of_one_hub(),
        "",
        "## The mail\n",
        "Notices are gathered: a mail a morning, or one for what came within two minutes.\n",
        *_mail(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _of_one_hub() -> Iterator[str]:
    from rollouts.web.estate.story import ENTRIES

    yield from (f"| `{kind.public_name}` | {title} |" for kind, (title, _icon, _tone) in ENTRIES.items())


def _notices() -> Iterator[str]:
    from notifications.notice_facts import OWN
    from notifications.notice_texts import notice_text

    for kind, examples in EXAMPLES.items():
        yield f"## {kind.public_name}\n"
        for example in examples:
            words = notice_text(kind, {**example.facts, OWN: example.is_own}, rollout_name=_NAME)
            yield f"To {example.reader}:\n"
            yield "```text"
            yield words.title
            yield from ([words.text] if words.text else [])
            yield "```\n"


def _mail() -> Iterator[str]:
    from django.template.loader import render_to_string

    from notifications.mails import MailDigest
    from notifications.models import Message
    from notifications.notice_facts import OWN
    from notifications.notice_texts import notice_text

    def message(kind: K, place: int) -> Message:
        example = EXAMPLES[kind][0]
        words = notice_text(kind, {**example.facts, OWN: example.is_own}, rollout_name=_NAME)
        rollout = None if kind == K.EXPORT_READY else 17
        return Message(
            kind=kind,
            rollout_id=rollout,
            at=_AT.replace(minute=place),
            title=words.title,
            text=words.text,
            tone=words.tone,
        )

    for kinds in ([K.ROLLOUT_SUSPENDED], [K.WINDOW_CLOSING, K.DIGEST, K.EXPORT_READY]):
        letter = MailDigest(
            user_id=1,
            address="analyst@ambergate.example",
            name="Asha Patel",
            organisation="Ambergate Energy",
            up_to=1,
            messages=tuple(message(kind, 30 - place) for place, kind in enumerate(kinds)),
            is_digest=len(kinds) > 1,
        )
        context = {"letter": letter, "portal_url": "https://portal.example"}
        body = render_to_string("notifications/email/notices.txt", context)
        yield "```text"
        yield f"Subject: {letter.subject}\n"
        yield body.strip()
        yield "```\n"
