"""The demonstration's mailbox: mail is kept in files, for everybody to read, and leaves no machine."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage as OutgoingMail
from django.core.mail.backends.base import BaseEmailBackend

_KEPT: Final = 300
_NAME: Final = re.compile(r"[0-9]{19}-[0-9a-f]{32}")


class MailboxBackend(BaseEmailBackend):
    """Keep each mail as a file; the newest 300 of them."""

    def send_messages(self, email_messages: Sequence[OutgoingMail]) -> int:
        """Write the mails down, and return how many."""
        place = _place()
        place.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            name = f"{time.time_ns():019d}-{uuid.uuid4().hex}"
            (place / f"{name}.part").write_bytes(mail.message().as_bytes())
            (place / f"{name}.part").rename(place / f"{name}.eml")
        for old in sorted(place.glob("*.eml"))[:-_KEPT]:
            old.unlink(missing_ok=True)
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as a page shows it."""

    name: str
    subject: str
    sender: str
    recipient: str
    at: datetime
    text: str
    html: str


def mails(*, recipient: str = "") -> list[Mail]:
    """Return the mails that were sent, newest first; those to one address alone, if one is given."""
    every = [_mail(path) for path in sorted(_place().glob("*.eml"), reverse=True)]
    return [mail for mail in every if recipient.lower() in mail.recipient.lower()]


def mail_of(name: str) -> Mail | None:
    """Return the mail of a name, if there is one."""
    path = _place() / f"{name}.eml"
    return _mail(path) if _NAME.fullmatch(name) and path.exists() else None


def _mail(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(
        name=path.stem,
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        at=datetime.fromtimestamp(int(path.stem[:19]) / 1e9, UTC),
        text=_content(message, "plain"),
        html=_content(message, "html"),
    )


def _content(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _place() -> Path:
    return Path(settings.VAR_DIR) / "mail"
