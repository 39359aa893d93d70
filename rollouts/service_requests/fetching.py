"""What a User fetches: responses and alerts, in the order of its organisation's feed, without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from portal.events.feed import Entry, FeedSlice, slice_after
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.queries.instructions import service_requests as known
from rollouts.queries.instructions.receipts import every_refused_line, receipt
from rollouts.rules.identifiers import RequestId
from rollouts.service_requests import writing
from rollouts.states import FailureCode

_KINDS: Final = (
    EntryKind.INSTRUCTION_RECEIVED,
    EntryKind.INSTRUCTION_APPLIED,
    EntryKind.HUB_ACTIVATED,
    EntryKind.HUB_VERSION_READ,
)
_OF_INSTRUCTIONS: Final = frozenset({EntryKind.INSTRUCTION_RECEIVED, EntryKind.INSTRUCTION_APPLIED})
_FIRST_ALERT: Final = 1 << 63
"""Alerts count from here in the feed's positions, apart from the counters of requests that are answered."""


def fetch_messages(scope: Scope, *, user_id: Guid, position: int | None, size: int) -> bytes:
    """Return the messages for a User ID after a position of the feed, each signed, and where to go on.

    Raises:
        NotFound: the User ID is not the organisation's own.
        CursorExpired, CursorAhead: the position is none to go on from.
        ServiceRequestsOff: the portal is not set up for messages.
    """
    writing.signer()
    dcc = known.dcc_user_id()
    if known.user_role(scope, user_id) is None or dcc is None:
        raise NotFound("This is no User ID of your organisation.")
    entries = slice_after(scope, position, kinds=_KINDS, size=size)
    for entry in entries.entries:
        if entry.kind == EntryKind.HUB_VERSION_READ and entry.guid is not None:
            services.match_reading(scope, guid=entry.guid, position=entry.position, at=entry.at)
    messages = _messages(scope, entries, user_id=user_id, dcc=dcc)
    return writing.page_of_messages(messages, position=entries.position, head=entries.head)


def _messages(scope: Scope, entries: FeedSlice, *, user_id: Guid, dcc: Guid) -> Iterator[Any]:
    references = {reference for entry in entries.entries if (reference := _finished(entry))}
    requests = known.requests_by_instruction(scope, user_id, references)
    readings = known.requests_by_position(
        scope, user_id, [e.position for e in entries.entries if e.kind == EntryKind.HUB_VERSION_READ]
    )
    versions = known.firmware_versions({e.version_id for e in entries.entries if e.version_id is not None})
    for entry in entries.entries:
        if entry.kind in _OF_INSTRUCTIONS:
            if request := requests.get(_finished(entry)):
                yield _result(scope, request, entry)
        elif entry.guid is None:
            continue
        elif entry.kind == EntryKind.HUB_ACTIVATED:
            yield writing.activation_alert(
                RequestId(dcc, user_id, _FIRST_ALERT + entry.position),
                hub=Guid.from_db(entry.guid),
                version=versions.get(entry.version_id or 0, ""),
                at=entry.at,
            )
        else:
            version = _version_read(entry)
            for request in readings.get(entry.position, ()):
                hub = Guid.from_db(entry.guid)
                yield writing.reading_result(request.request_id, hub=hub, version=version, at=entry.at)


def _finished(entry: Entry) -> str:
    """Return the instruction an entry tells the end of; nothing where it is still being applied."""
    if entry.kind not in _OF_INSTRUCTIONS or entry.data is None:
        return ""
    if entry.kind == EntryKind.INSTRUCTION_RECEIVED and entry.data.get("status") != "APPLIED":
        return ""
    return str(entry.data.get("instruction", ""))


def _result(scope: Scope, request: known.AnsweredRequest, entry: Entry) -> Any:
    stored = receipt(scope, request.instruction).receipt
    return writing.update_result(
        request.request_id,
        receipt=stored.reference,
        accepted=stored.accepted,
        awaiting_second=stored.tally.waiting_for_second,
        refused=((line.raw, line.reason) for line in every_refused_line(scope, request.instruction)),
        at=entry.at,
    )


def _version_read(entry: Entry) -> str | None:
    if entry.code != FailureCode.NONE or entry.data is None:
        return None
    return str(entry.data.get("firmware_version") or "") or None
