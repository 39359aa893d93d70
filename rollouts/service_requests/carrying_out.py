"""From the bytes of a request to what is answered at once: checked, registered, carried out, acknowledged.

Three units of work, each of which can be met again: a request that was registered and not acknowledged, since
a process was killed, is carried out when it comes again. The RequestID is the key of its instruction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from portal.identity.scope import Scope
from portal.kernel.guid import Guid, lines_of, parse_block
from portal.kernel.refusals import NotFound, Refusal
from rollouts import services
from rollouts.queries.instructions import service_requests as known
from rollouts.rules.certificates import is_issued_by
from rollouts.rules.identifiers import RequestId
from rollouts.service_requests import writing
from rollouts.service_requests.codes import HTTP_STATUS, MessageRefused, ResponseCode
from rollouts.service_requests.reading import (
    ReadFirmwareVersion,
    RequestMessage,
    UpdateFirmware,
    claimed_id,
    parse_message,
    read_request,
)
from rollouts.service_requests.signatures import named_certificate, signed_part
from rollouts.services import HubList
from rollouts.services.instructions.keep_requests import CounterTooLow, RegisteredRequest, RequestIdReused
from rollouts.states import Channel

_SUPPLIER_ROLES: Final = frozenset({"IS", "GS"})
# What would make of one id two lines; and what no text holds.
_APART: Final = str.maketrans("\n\r;\t\x00", "    \ufffd")


@dataclass(frozen=True, slots=True)
class SentAnswer:
    """What goes back, and with which status."""

    body: bytes
    status: int


@dataclass(frozen=True, slots=True)
class _CarriedOut:
    code: ResponseCode
    acknowledgement: bytes
    instruction: str = ""
    guid: int | None = None


def answer_request(scope: Scope, data: bytes, *, received_at: datetime) -> SentAnswer:
    """Answer a request with its acknowledgement, or with the code that says why nothing was done.

    Raises:
        ServiceRequestsOff: the portal is not set up to take any.
    """
    writing.signer()
    dcc = known.dcc_user_id()
    if dcc is None:
        raise writing.ServiceRequestsOff("The DCC has no User ID here. Use the pages or REST.")
    request_id: RequestId | None = None
    try:
        root = parse_message(data)
        request_id = claimed_id(root)
        signed, registered = _registered(scope, data, root, request_id, received_at=received_at)
    except MessageRefused as refused:
        answer = writing.fault(refused, request_id=request_id, at=received_at)
        return SentAnswer(answer, HTTP_STATUS.get(refused.code, 422))
    if registered.acknowledgement is None:
        outcome = _carried_out(scope, signed, request_id, dcc=dcc, received_at=registered.received_at)
        registered = services.close_request(
            registered.id,
            acknowledgement=outcome.acknowledgement,
            code=outcome.code.value,
            instruction=outcome.instruction,
            guid=outcome.guid,
        )
    status = HTTP_STATUS.get(ResponseCode(registered.code), 422)
    return SentAnswer(registered.acknowledgement or b"", status)


def _registered(
    scope: Scope, data: bytes, root: Any, request_id: RequestId, *, received_at: datetime
) -> tuple[Any, RegisteredRequest]:
    role = known.user_role(scope, request_id.originator)
    if role is None:
        raise MessageRefused(ResponseCode.UNKNOWN_USER, "The originator is no User ID of your organisation.")
    if role not in _SUPPLIER_ROLES:
        raise MessageRefused(
            ResponseCode.ROLE_NOT_PERMITTED, "Only Import and Gas Suppliers may send this request."
        )
    issuer, serial = named_certificate(root)
    for certificate in known.counting_certificates(
        scope, request_id.originator, serial=serial, now=received_at
    ):
        read = x509.load_pem_x509_certificate(certificate.pem.encode())
        if is_issued_by(read, issuer):
            break
    else:
        raise MessageRefused(
            ResponseCode.BAD_CERTIFICATE, "The certificate named is none that counts for this User ID now."
        )
    signed = signed_part(root, read, now=received_at)
    if claimed_id(signed) != request_id:
        raise MessageRefused(ResponseCode.BAD_SIGNATURE, "The signature covers another request.")
    try:
        registered = services.register_request(
            scope,
            request_id=request_id,
            service_reference=str(signed.findtext("{*}Header/{*}ServiceReference")),
            body=data,
            certificate_id=certificate.id,
            received_at=received_at,
        )
    except RequestIdReused as refusal:
        raise MessageRefused(ResponseCode.ID_REUSED, refusal.message) from refusal
    except CounterTooLow as refusal:
        raise MessageRefused(ResponseCode.COUNTER_TOO_LOW, refusal.message) from refusal
    return signed, registered


def _carried_out(
    scope: Scope, signed: Any, request_id: RequestId, *, dcc: Guid, received_at: datetime
) -> _CarriedOut:
    try:
        message = read_request(signed, dcc=dcc)
        instruction, guid = _done(scope, message, received_at=received_at)
    except MessageRefused as refused:
        answer = writing.fault(refused, request_id=request_id, at=received_at)
        return _CarriedOut(refused.code, answer)
    except Refusal as refusal:
        answer = writing.fault(
            MessageRefused(ResponseCode.REFUSED, refusal.message, reason=refusal.code),
            request_id=request_id,
            at=received_at,
        )
        return _CarriedOut(ResponseCode.REFUSED, answer)
    answer = writing.acknowledgement(request_id, at=received_at)
    return _CarriedOut(ResponseCode.ACKNOWLEDGED, answer, instruction, guid)


def _done(scope: Scope, message: RequestMessage, *, received_at: datetime) -> tuple[str, int | None]:
    if isinstance(message.body, ReadFirmwareVersion):
        return "", _read(scope, message.body, now=received_at)
    return _update(scope, message.body, message.request_id, received_at=received_at), None


def _update(scope: Scope, update: UpdateFirmware, request_id: RequestId, *, received_at: datetime) -> str:
    model = update.device_model
    rollout_id = known.newest_rollout_id(
        scope,
        manufacturer=model.manufacturer,
        model=model.model,
        hardware_version=model.hardware_version,
        firmware_version=update.firmware_version,
    )
    if rollout_id is None:
        detail = "No rollout of this firmware is open to you. Check hub model and version."
        raise MessageRefused(ResponseCode.NO_SUCH_ROLLOUT, detail)
    receipt = services.receive_instruction(
        scope,
        rollout_id=rollout_id,
        kind=update.kind,
        source=_hubs(update.device_ids),
        received_at=received_at,
        now=received_at,
        activate_at=update.activate_at,
        channel=Channel.XML,
        group=None,
        name=f"Service Request {request_id.counter}",
        idempotency_key=str(request_id),
    )
    return receipt.reference


def _read(scope: Scope, reading: ReadFirmwareVersion, *, now: datetime) -> int:
    try:
        services.request_read(scope, guids=[reading.hub.db], now=now)
    except NotFound as refusal:
        raise MessageRefused(ResponseCode.NOT_AUTHORISED_FOR_DEVICE, refusal.message) from refusal
    return reading.hub.db


def _hubs(device_ids: str) -> HubList:
    text = "".join(f"{each}\n" for each in device_ids.translate(_APART).split(",")).encode()
    return HubList.from_parsed(parse_block(text), text=lines_of(text), digest=hashlib.sha256(text).digest())
