"""Service Requests: each is registered once, carried out, and answered with what was answered first."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime

from portal.identity.models import UserIdentifier
from portal.identity.scope import Scope
from portal.kernel.refusals import Refusal
from portal.kernel.transactions import unit_of_work
from rollouts.models import ServiceRequest, SigningCertificate
from rollouts.rules.identifiers import RequestId


class RequestIdReused(Refusal):
    """The RequestID came before, with another message."""

    code = "request_id_reused"


class CounterTooLow(Refusal):
    """The originator has sent a higher counter before."""

    code = "counter_too_low"


@dataclass(frozen=True, slots=True)
class RegisteredRequest:
    """A request that is known; `acknowledgement` is None until it has been carried out."""

    id: int
    received_at: datetime
    acknowledgement: bytes | None
    code: str = ""


@unit_of_work
def register_request(
    scope: Scope,
    *,
    request_id: RequestId,
    service_reference: str,
    body: bytes,
    certificate_id: int,
    received_at: datetime,
) -> RegisteredRequest:
    """Keep a request whose signature was checked; the same message again is the same request.

    Raises:
        RequestIdReused: the RequestID belongs to another message.
        CounterTooLow: the originator's counter has not risen.
    """
    digest, counter = hashlib.sha256(body).digest(), request_id.stored_counter
    originator = request_id.originator.db
    # One request of an originator at a time, or two could both be the next one.
    users = UserIdentifier.objects.select_for_update(no_key=True)
    users.get(eui64=originator, organisation_id=scope.organisation_id)
    known = ServiceRequest.objects.filter(originator=originator)
    earlier = known.filter(counter=counter).defer("body").first()
    if earlier is not None:
        if bytes(earlier.sha256) != digest:
            raise RequestIdReused("This RequestID came before, with another message.")
        return _registered(earlier)
    higher = known.filter(counter__gt=counter).order_by("-counter").values_list("counter", flat=True).first()
    if higher is not None:
        highest = RequestId.from_db(request_id.originator, request_id.target, higher).counter
        raise CounterTooLow(f"The counter must be higher than that of every request before: {highest}.")
    row = ServiceRequest.objects.create(
        organisation_id=scope.organisation_id,
        originator=originator,
        counter=counter,
        service_reference=service_reference,
        sha256=digest,
        body=zlib.compress(body, 1),
        received_at=received_at,
        certificate_id=certificate_id,
    )
    SigningCertificate.objects.filter(pk=certificate_id).update(used_at=received_at)
    return _registered(row)


@unit_of_work
def close_request(
    request_pk: int, *, acknowledgement: bytes, code: str, instruction: str = "", guid: int | None = None
) -> RegisteredRequest:
    """Keep what a request is answered with at once, and return what stands: of two answers the first."""
    ServiceRequest.objects.filter(pk=request_pk, acknowledgement=None).update(
        acknowledgement=acknowledgement, code=code, instruction_reference=instruction, guid=guid
    )
    return _registered(ServiceRequest.objects.defer("body").get(pk=request_pk))


@unit_of_work
def match_reading(scope: Scope, *, guid: int, position: int, at: datetime) -> None:
    """Let a reading in the feed answer the requests for it that are open; asked again, nothing changes."""
    ServiceRequest.objects.filter(
        organisation_id=scope.organisation_id, guid=guid, position=None, received_at__lte=at
    ).update(position=position)


def _registered(row: ServiceRequest) -> RegisteredRequest:
    answer = row.acknowledgement
    return RegisteredRequest(row.pk, row.received_at, None if answer is None else bytes(answer), row.code)
