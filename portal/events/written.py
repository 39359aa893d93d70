"""Entries of a feed as they leave, whatever the form: CloudEvents, or the messages of another area.

Which messages there are besides CloudEvents is another area's; the settings name what writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from portal.identity.scope import Scope
from portal.kernel.guid import Guid


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """One entry as it leaves; `text` is JSON, or XML of one message or several."""

    position: int
    kind: int
    text: str
    rollout_id: int | None = None


@dataclass(frozen=True, slots=True)
class WrittenSlice:
    """Some entries in order. Everything up to `position` has been read: it is where to go on."""

    entries: Sequence[WrittenEntry]
    position: int
    head: int


class FeedMessages(Protocol):
    """Entries of a feed as messages to a User ID of the organisation."""

    content_type: str

    def user_ids(self, scope: Scope) -> Sequence[Guid]:
        """List the User IDs of the organisation that messages are written to; none where there are none."""

    def written_after(self, scope: Scope, user_id: Guid, position: int | None, *, size: int) -> WrittenSlice:
        """Return the messages after a position; entries that are none for this User ID are left out.

        Raises:
            CursorExpired, CursorAhead: the position is none to go on from.
        """

    def response_to(self, scope: Scope, number: int) -> bytes:
        """Write the response to a request of the organisation's, or for the DCC of any, once there is one.

        Raises:
            NotFound: there is none, or it is another's.
        """

    def page(self, entries: Sequence[WrittenEntry], *, position: int, head: int) -> bytes:
        """Write messages as the body of one call."""


def feed_messages() -> FeedMessages:
    """Return what writes entries as messages."""
    messages: FeedMessages = import_string(settings.FEED_MESSAGES)
    return messages
