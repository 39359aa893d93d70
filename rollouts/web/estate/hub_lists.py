"""Lists of hubs as people send them, and keeping one between its check and its submission."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from django.core.cache import cache

from portal.identity.scope import Scope
from portal.kernel.quotas import is_within
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.files import read_all
from rollouts.services import HubList

Int64s: TypeAlias = npt.NDArray[np.int64]
_KEPT_SECONDS: Final = 2 * 60 * 60
_MOST_OF_ONE: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SubmittedList:
    """A list as it was sent: its bytes and the name of its file, if it was one."""

    data: bytes
    file_name: str = ""

    @property
    def hubs(self) -> HubList:
        """Read the list.

        Raises:
            FileRefused: it cannot be read at all.
        """
        return HubList.from_text(self.data, file_name=self.file_name)


def submitted_list(file: Any, pasted: str) -> SubmittedList | None:
    """Take the file, else what was pasted, else nothing.

    Raises:
        FileRefused: the file is empty or too large.
    """
    if file is not None:
        return SubmittedList(read_all(file), file.name or "list")
    return SubmittedList(pasted.encode()) if pasted.strip() else None


@dataclass(frozen=True, slots=True, eq=False)
class InstructionDraft:
    """What a person is about to submit, as it was checked."""

    organisation_id: int
    rollout_id: int
    kind: str
    activate_at: datetime | None
    name: str
    source: str
    batch_id: int | None = None
    times: list[list[Any]] | None = None
    """Of an agreement: the times that were shown, each with its hubs. A list, as it is kept as JSON."""
    selected: str = ""
    """The token of the selection it was made from."""
    soon: int = 0
    """How many hubs were said to activate within a day of the check."""
    sent: SubmittedList | None = None
    chosen: Int64s | None = None
    """Hubs the portal chose by what was said of them: those that were checked, and no others."""

    @property
    def hubs(self) -> HubList:
        """Return the list that was checked.

        Raises:
            FileRefused: it cannot be read at all.
        """
        if self.sent is not None:
            return self.sent.hubs
        return HubList.from_stored(self.chosen if self.chosen is not None else [])


def keep_draft(draft: InstructionDraft) -> str:
    """Keep a draft for some hours; return the token that brings it back.

    Raises:
        BadInput: the organisation has as much waiting as it may.
    """
    token = secrets.token_urlsafe(18)
    document: dict[str, Any] = {
        name: getattr(draft, name) for name in InstructionDraft.__slots__ if name not in {"sent", "chosen"}
    }
    if draft.sent is not None:
        document["sent"] = (zlib.compress(draft.sent.data, 1), draft.sent.file_name)
    if draft.chosen is not None:
        document["chosen"] = _packed(draft.chosen)
    size = sum(len(each) for each in (document.get("chosen"), document.get("sent", (b"",))[0]) if each)
    _check_room(draft.organisation_id, size)
    cache.set(_key(token), document, _KEPT_SECONDS)
    return token


@dataclass(frozen=True, slots=True, eq=False)
class SelectedHubs:
    """Hubs that somebody of an organisation has selected in a list."""

    organisation_id: int
    guids: Int64s


def keep_selection(selection: SelectedHubs) -> str:
    """Keep selected hubs for some hours; return the token that brings them back.

    Raises:
        BadInput: the organisation has as much waiting as it may.
    """
    token, packed = secrets.token_urlsafe(18), _packed(selection.guids)
    _check_room(selection.organisation_id, len(packed))
    cache.set(_key(token), {"organisation_id": selection.organisation_id, "selected": packed}, _KEPT_SECONDS)
    return token


def restore_selection(scope: Scope, token: str) -> SelectedHubs | None:
    """Bring back hubs somebody of this organisation selected; None when they are gone."""
    document = cache.get(_key(token)) if token else None
    if document is None or document["organisation_id"] != scope.organisation_id or "selected" not in document:
        return None
    return SelectedHubs(scope.organisation_id, _unpacked(document["selected"]))


def restore_draft(scope: Scope, token: str, *, rollout_id: int) -> InstructionDraft | None:
    """Bring back a draft of this organisation for this rollout; None when it is gone."""
    document = cache.get(_key(token)) if token else None
    if document is None or "rollout_id" not in document:
        return None
    data, name = document.pop("sent", (None, ""))
    steps = document.pop("chosen", None)
    draft = InstructionDraft(
        **document,
        sent=SubmittedList(zlib.decompress(data), name) if data is not None else None,
        chosen=_unpacked(steps) if steps is not None else None,
    )
    is_own = draft.organisation_id == scope.organisation_id and draft.rollout_id == rollout_id
    return draft if is_own else None


def _key(token: str) -> str:
    return f"list-to-submit:{hashlib.sha256(token.encode()).hexdigest()}"


def _check_room(organisation_id: int, size: int) -> None:
    if not is_within(f"lists:{organisation_id}", size + 1_000, most=_MOST_OF_ONE, seconds=_KEPT_SECONDS):
        raise BadInput(
            "Your organisation has too many lists that are not submitted. Submit some, or try later."
        )


def _packed(guids: Int64s) -> bytes:
    # Sorted numbers differ by little: their differences take a fraction of the room.
    return zlib.compress(np.diff(guids, prepend=np.int64(0)).tobytes(), 1)


def _unpacked(steps: bytes) -> Int64s:
    return np.cumsum(np.frombuffer(zlib.decompress(steps), dtype=np.int64))
