"""Lists of hubs as people send them, and keeping one between its check and its submission."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.cache import cache

from portal.identity.scope import Scope
from portal.kernel.guid import lines_of
from portal.kernel.spreadsheets import read_guid_column
from portal.kernel.spreadsheets.files import is_workbook, read_all, text_of
from rollouts.services import HubList

_KEPT_SECONDS: Final = 2 * 60 * 60


@dataclass(frozen=True, slots=True)
class Sent:
    """A list as it was sent: its bytes and the name of its file, if it was one."""

    data: bytes
    file_name: str = ""

    @property
    def hubs(self) -> HubList:
        """Read the list.

        Raises:
            FileRefused: it cannot be read at all.
        """
        if not self.file_name:
            return HubList.from_text(self.data)
        column = read_guid_column(self.data)
        spelt = b"" if is_workbook(self.data) else lines_of(text_of(self.data).encode())
        return HubList.from_parsed(
            column.parsed, text=spelt, digest=hashlib.sha256(self.data).digest(), file_name=self.file_name
        )


def sent(file: Any, pasted: str) -> Sent | None:
    """Take the file, else what was pasted, else nothing.

    Raises:
        FileRefused: the file is empty or too large.
    """
    if file is not None:
        return Sent(read_all(file), file.name or "list")
    return Sent(pasted.encode()) if pasted.strip() else None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person is about to submit, as it was checked."""

    organisation_id: int
    rollout_id: int
    kind: str
    activate_at: datetime | None
    name: str
    source: str
    batch_id: int | None = None
    sent: Sent | None = None
    rule: dict[str, Any] | None = None


def keep(draft: Draft) -> str:
    """Keep a draft for some hours; return the token that brings it back."""
    token = secrets.token_urlsafe(18)
    kept: dict[str, Any] = {name: getattr(draft, name) for name in Draft.__slots__ if name != "sent"}
    if draft.sent is not None:
        kept["sent"] = (zlib.compress(draft.sent.data, 1), draft.sent.file_name)
    cache.set(_key(token), kept, _KEPT_SECONDS)
    return token


def kept(scope: Scope, token: str, *, rollout_id: int) -> Draft | None:
    """Bring back a draft of this organisation for this update; None when it is gone."""
    found = cache.get(_key(token)) if token else None
    if found is None:
        return None
    data, name = found.pop("sent", (None, ""))
    draft = Draft(**found, sent=Sent(zlib.decompress(data), name) if data is not None else None)
    is_own = draft.organisation_id == scope.organisation_id and draft.rollout_id == rollout_id
    return draft if is_own else None


def _key(token: str) -> str:
    return f"list-to-submit:{hashlib.sha256(token.encode()).hexdigest()}"
