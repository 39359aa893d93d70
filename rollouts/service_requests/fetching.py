"""What a User is sent: responses and alerts, in the order of its organisation's feed, without gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.events.feed import Entry, FeedSlice, entries_after, slice_after
from portal.events.kinds import ActivationCode, EntryKind
from portal.events.written import WrittenEntry, WrittenSlice
from portal.identity.scope import Scope
from portal.kernel import tenancy
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.queries.instructions import service_requests as known
from rollouts.queries.instructions.receipts import every_refused_line, receipt
from rollouts.rules.identifiers import RequestId
from rollouts.service_requests import writing
from rollouts.states import FailureCode

_KINDS: Final = (
    EntryKind.INSTRUCTION_APPLIED,
    EntryKind.HUB_ACTIVATED,
    EntryKind.HUB_VERSION_READ,
)
_ANY_ROLE: Final = ActivationCode.IMPORT | ActivationCode.GAS
_ROLES: Final[Mapping[str, ActivationCode]] = {"IS": ActivationCode.IMPORT, "GS": ActivationCode.GAS}
_FIRST_ALERT: Final = 1 << 63
"""Alerts count from here in the feed's positions, apart from the counters of requests that are answered."""


class ServiceMessages:
    """The feed as messages to a User ID (`FEED_MESSAGES`): fetched by page, or pushed as a webhook is."""

    content_type = "application/xml"

    def user_ids(self, scope: Scope) -> list[Guid]:
        """List the User IDs of the organisation that messages are written to, if any are."""
        if known.dcc_user_id() is None or not writing.is_set_up():
            return []
        return [Guid.from_db(stored) for stored in known.supplier_user_roles(scope)]

    def written_after(self, scope: Scope, user_id: Guid, position: int | None, *, size: int) -> WrittenSlice:
        """Return the messages after a position, each signed; entries that are none for the User are left out.

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
        written = [
            WrittenEntry(entry.position, entry.kind, "".join(texts))
            for entry, texts in _messages(scope, entries, user_id=user_id, dcc=dcc)
        ]
        return WrittenSlice(written, entries.position, entries.head)

    def response_to(self, scope: Scope, number: int) -> bytes:
        """Write the response to a request, as it is sent to its User.

        Raises:
            NotPermitted: neither a Supplier nor the DCC.
            NotFound: there is no such request, it is another's, or it has no response yet.
            ServiceRequestsOff: the portal is not set up for messages.
        """
        owner, request = known.own_request(scope, number)
        if request.instruction:
            stored = receipt(owner, request.instruction).receipt
            if stored.finished_at is not None:
                return _result(owner, request, at=stored.finished_at).encode()
        if request.position is not None:
            with tenancy.acting_as(owner.tenant):
                entries = entries_after(owner, request.position - 1, size=1)
            for entry in entries:
                if entry.position == request.position and entry.guid is not None:
                    return _reading(request, entry).encode()
        raise NotFound("There is no response to this request.")

    def page(self, entries: Sequence[WrittenEntry], *, position: int, head: int) -> bytes:
        """Write messages, and where to go on."""
        return writing.page_of_messages((entry.text for entry in entries), position=position, head=head)


MESSAGES: Final = ServiceMessages()


def fetch_messages(scope: Scope, *, user_id: Guid, position: int | None, size: int) -> bytes:
    """Return the messages for a User ID after a position of the feed, each signed, and where to go on.

    Raises:
        NotFound, CursorExpired, CursorAhead, ServiceRequestsOff: see `ServiceMessages.written_after`.
    """
    written = MESSAGES.written_after(scope, user_id, position, size=size)
    return MESSAGES.page(written.entries, position=written.position, head=written.head)


def _messages(
    scope: Scope, entries: FeedSlice, *, user_id: Guid, dcc: Guid
) -> Iterator[tuple[Entry, list[str]]]:
    references = {reference for entry in entries.entries if (reference := _finished(entry))}
    requests = known.requests_by_instruction(scope, user_id, references)
    readings = known.requests_by_position(
        scope, user_id, [e.position for e in entries.entries if e.kind == EntryKind.HUB_VERSION_READ]
    )
    versions = known.firmware_versions({e.version_id for e in entries.entries if e.version_id is not None})
    recipients = _Recipients.of(scope)
    for entry in entries.entries:
        texts: list[str] = []
        if entry.kind == EntryKind.INSTRUCTION_APPLIED:
            if request := requests.get(_finished(entry)):
                texts = [_result(scope, request, at=entry.at)]
        elif entry.kind == EntryKind.HUB_ACTIVATED and entry.guid is not None:
            if recipients.includes(user_id, ActivationCode(entry.code)):
                response_id = RequestId(dcc, user_id, _FIRST_ALERT + entry.position)
                version = versions.get(entry.version_id or 0, "")
                hub = Guid.from_db(entry.guid)
                texts = [writing.activation_alert(response_id, hub=hub, version=version, at=entry.at)]
        elif entry.guid is not None:
            texts = [_reading(request, entry) for request in readings.get(entry.position, ())]
        if texts:
            yield entry, texts


@dataclass(frozen=True, slots=True)
class _Recipients:
    """Which User IDs are told of a hub: those in the roles in which their organisation answers for it."""

    roles: Mapping[int, ActivationCode]

    @classmethod
    def of(cls, scope: Scope) -> _Recipients:
        return cls({user: _ROLES[role] for user, role in known.supplier_user_roles(scope).items()})

    def includes(self, user_id: Guid, code: ActivationCode) -> bool:
        own = self.roles.get(user_id.db)
        if own is None:
            return False
        in_role = code & _ANY_ROLE
        # Where the organisation has no User ID in the role, the alert is not lost: all of its are told.
        return bool(own & in_role) or not any(role & in_role for role in self.roles.values())


def _finished(entry: Entry) -> str:
    """Return the instruction an entry tells the end of, if it does."""
    if entry.kind != EntryKind.INSTRUCTION_APPLIED or entry.data is None:
        return ""
    return str(entry.data.get("instruction", ""))


def _result(scope: Scope, request: known.AnsweredRequest, *, at: datetime) -> str:
    stored = receipt(scope, request.instruction).receipt
    return writing.update_result(
        request.request_id,
        receipt=stored.reference,
        accepted=stored.accepted,
        awaiting_second=stored.tally.waiting_for_second,
        refused=((line.raw, line.reason) for line in every_refused_line(scope, request.instruction)),
        at=at,
    )


def _reading(request: known.AnsweredRequest, entry: Entry) -> str:
    hub = Guid.from_db(entry.guid or 0)
    return writing.reading_result(request.request_id, hub=hub, version=_version_read(entry), at=entry.at)


def _version_read(entry: Entry) -> str | None:
    if entry.code != FailureCode.NONE or entry.data is None:
        return None
    return str(entry.data.get("firmware_version") or "") or None
