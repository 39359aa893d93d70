"""A mail about notices: what it says at the top, and its notices by the rollout they are about."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from notifications.links import page_beside_update, page_of
from notifications.models import Message
from portal.kernel.lines import one_line
from portal.kernel.presentation.moments import long_date
from portal.kernel.working_days import LONDON

DIGEST_AT: Final = time(7)
"""When the daily mail goes out, London time."""
_WIDTH: Final = 76
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class MailDigest:
    """A mail that has been claimed and is about to be sent; its notices newest first."""

    user_id: int
    address: str
    name: str
    organisation: str
    up_to: int
    messages: tuple[Message, ...]
    more: int = 0
    is_digest: bool = False

    @property
    def many(self) -> int:
        """How many notices it stands for, those it leaves out included."""
        return len(self.messages) + self.more

    @property
    def subject(self) -> str:
        """The notice itself where it is one; else how many, and the loudest of them."""
        if self.many == 1:
            return one_line(self.messages[0].title)
        lead = f"{self.many:,} notices"
        if self.is_digest:
            lead = f"{lead}, {self._days()}"
        return one_line(f"{lead}: {self._loudest().title}")

    @property
    def groups(self) -> Sequence[MailGroup]:
        """The notices by rollout, the latest news first; those about none last."""
        by_rollout: dict[int, list[Message]] = {}
        for message in self.messages:
            by_rollout.setdefault(message.rollout_id or 0, []).append(message)
        return [
            _group(rollout_id, of)
            for rollout_id, of in sorted(by_rollout.items(), key=lambda pair: pair[0] == 0)
        ]

    @property
    def button(self) -> tuple[str, str]:
        """The one thing to do: open what the only notice is about, else the notices; label and address."""
        page = page_of(self.messages[0]) if self.many == 1 else ""
        return ("Open it in the portal", page) if page else ("Open your notices", "/notifications/")

    def _loudest(self) -> Message:
        order = {"bad": 0, "warn": 1}
        return min(self.messages, key=lambda message: order.get(message.tone, 2))

    def _days(self) -> str:
        first, last = (long_date(self.messages[place].at) for place in (-1, 0))
        return last if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class MailLine:
    """One notice under its heading."""

    title: str
    text: str
    at: datetime
    page: str = ""
    """Where it leads, if not to the rollout it stands under."""

    @property
    def wrapped(self) -> str:
        """The text in lines that a plain mail shows as they are."""
        wrapped = (
            textwrap.fill(
                line,
                _WIDTH,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in self.text.splitlines()
        )
        return "\n".join(wrapped)


@dataclass(frozen=True, slots=True)
class MailGroup:
    """The notices about one rollout."""

    rollout_id: int
    heading: str
    lines: tuple[MailLine, ...]

    @property
    def rule(self) -> str:
        """A line under the heading."""
        return "-" * len(self.heading)


def last_digest_time(now: datetime) -> datetime:
    """Return the latest moment at which daily mail was due."""
    here = now.astimezone(LONDON)
    morning = datetime.combine(here.date(), DIGEST_AT, tzinfo=LONDON)
    return (
        morning
        if morning <= here
        else datetime.combine(here.date() - timedelta(days=1), DIGEST_AT, tzinfo=LONDON)
    )


def _group(rollout_id: int, messages: Sequence[Message]) -> MailGroup:
    heading = _heading(rollout_id, messages)
    lines = (
        MailLine(each.title.removesuffix(f": {heading}"), each.text, each.at, page_beside_update(each))
        for each in messages
    )
    return MailGroup(rollout_id, heading, tuple(lines))


def _heading(rollout_id: int, messages: Sequence[Message]) -> str:
    if not rollout_id:
        return "Other notices"
    # A title is "What happened: name of the rollout".
    named = next((message.title for message in messages if ": " in message.title), "")
    return named.partition(": ")[2] or f"Rollout {rollout_id}"
