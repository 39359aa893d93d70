"""Certificates and messages of the Service Requests, as their Supplier and the DCC see them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from portal.identity.models import Organisation, UserIdentifier
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.refusals import NotFound, NotPermitted
from rollouts.models import Instruction, ServiceRequest, SigningCertificate
from rollouts.rules.identifiers import RequestId

PAGE_SIZE: Final = 30
MOST_CERTIFICATES: Final = 200


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate: whose, until when, and whether it counts."""

    id: int
    organisation: str
    user_id: str
    serial: str
    not_before: datetime
    not_after: datetime
    uploaded_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    state: str

    @property
    def serial_parts(self) -> list[str]:
        """The serial number in parts, between which a line may break."""
        return [self.serial[place : place + 10] for place in range(0, len(self.serial), 10)]

    @property
    def is_open(self) -> bool:
        """Return whether the DCC has still to accept it."""
        return self.state == "WAITING"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request that came, and what was answered at once."""

    id: int
    organisation: str
    originator: str
    counter: int
    service_reference: str
    received_at: datetime
    code: str
    instruction: str
    has_response: bool


def own_user_ids(scope: Scope) -> list[str]:
    """List the User IDs in whose name the organisation may send Service Requests."""
    stored = UserIdentifier.objects.filter(
        organisation_id=scope.organisation_id, user_role__in=("IS", "GS")
    ).order_by("eui64")
    return [str(Guid.from_db(each)) for each in stored.values_list("eui64", flat=True)]


def certificates(scope: Scope, *, now: datetime) -> list[CertificateRow]:
    """List a Supplier's certificates, or for the DCC those of all; the latest first.

    Raises:
        NotPermitted: neither a Supplier nor the DCC.
    """
    _check_may_look(scope)
    rows = SigningCertificate.objects.select_related("organisation", "user_identifier").order_by("-pk")
    if not scope.is_dcc:
        rows = rows.filter(organisation_id=scope.organisation_id)
    return [
        CertificateRow(
            id=row.pk,
            organisation=row.organisation.name,
            user_id=str(Guid.from_db(row.user_identifier.eui64)),
            serial=row.serial,
            not_before=row.not_before,
            not_after=row.not_after,
            uploaded_at=row.uploaded_at,
            accepted_at=row.accepted_at,
            revoked_at=row.revoked_at,
            used_at=row.used_at,
            state=_state(row, now=now),
        )
        for row in rows[:MOST_CERTIFICATES]
    ]


def message_log(scope: Scope, *, before: int | None = None) -> Page[RequestRow]:
    """List the requests that came, the latest first: a Supplier's own, or for the DCC all.

    Raises:
        NotPermitted: neither a Supplier nor the DCC.
    """
    rows = logged_requests(scope).defer("body", "acknowledgement").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    shown = list(rows[: PAGE_SIZE + 1])
    names = dict(
        Organisation.objects.filter(pk__in={row.organisation_id for row in shown}).values_list("pk", "name")
    )
    references = {row.instruction_reference for row in shown}
    finished = set(
        Instruction.objects.filter(reference__in=references)
        .exclude(finished_at=None)
        .values_list("reference", flat=True)
    )
    page = [
        RequestRow(
            id=row.pk,
            organisation=names.get(row.organisation_id, ""),
            originator=str(Guid.from_db(row.originator)),
            counter=RequestId.from_db(
                Guid.from_db(row.originator), Guid.from_db(row.originator), row.counter
            ).counter,
            service_reference=row.service_reference,
            received_at=row.received_at,
            code=row.code,
            instruction=row.instruction_reference,
            has_response=row.position is not None or row.instruction_reference in finished,
        )
        for row in shown[:PAGE_SIZE]
    ]
    return Page(page, next=str(page[-1].id) if len(shown) > PAGE_SIZE else None)


def message_file(scope: Scope, request_pk: int, *, is_request: bool) -> bytes:
    """Return a request as it came, or what was answered at once.

    Raises:
        NotPermitted: neither a Supplier nor the DCC.
        NotFound: there is none, or it is another's.
    """
    row = logged_requests(scope).filter(pk=request_pk).first()
    if row is None or (not is_request and row.acknowledgement is None):
        raise NotFound("There is no such message.")
    return zlib.decompress(bytes(row.body)) if is_request else bytes(row.acknowledgement or b"")


def logged_requests(scope: Scope) -> QuerySet[ServiceRequest]:
    """Return the requests in the log: a Supplier's own, or for the DCC all.

    Raises:
        NotPermitted: neither a Supplier nor the DCC.
    """
    _check_may_look(scope)
    rows = ServiceRequest.objects.all()
    return rows if scope.is_dcc else rows.filter(organisation_id=scope.organisation_id)


def _check_may_look(scope: Scope) -> None:
    if not (scope.is_supplier or scope.is_dcc):
        raise NotPermitted("Service Requests are for Suppliers and the DCC.")


def _state(row: SigningCertificate, *, now: datetime) -> str:
    if row.revoked_at is not None:
        return "REVOKED"
    if now > row.not_after:
        return "ENDED"
    if row.accepted_at is None:
        return "WAITING"
    return "COUNTS" if now >= row.not_before else "NOT_BEGUN"
