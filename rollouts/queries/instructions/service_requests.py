"""What the Service Request variant has to know: users, certificates, rollouts by name, requests by answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from portal.identity.models import OrganisationKind, UserIdentifier
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound
from rollouts.models import CplEntry, ServiceRequest, SigningCertificate
from rollouts.queries.instructions.message_log import logged_requests
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.rules.identifiers import RequestId


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate that counts at the moment."""

    id: int
    pem: str


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request, and what it was about."""

    request_id: RequestId
    instruction: str
    guid: int | None
    position: int | None


def dcc_user_id() -> Guid | None:
    """Return the ID requests to the DCC are sent to; None where none is registered."""
    stored = (
        UserIdentifier.objects.filter(organisation__kind=OrganisationKind.DCC)
        .order_by("pk")
        .values_list("eui64", flat=True)
        .first()
    )
    return None if stored is None else Guid.from_db(stored)


def user_role(scope: Scope, user_id: Guid) -> str | None:
    """Return the User Role of one of the organisation's own User IDs; None where it is not its own."""
    return (
        UserIdentifier.objects.filter(organisation_id=scope.organisation_id, eui64=user_id.db)
        .values_list("user_role", flat=True)
        .first()
    )


def supplier_user_roles(scope: Scope) -> dict[int, str]:
    """Return the organisation's User IDs (in database form) in the roles of a Supplier."""
    own = UserIdentifier.objects.filter(organisation_id=scope.organisation_id, user_role__in=("IS", "GS"))
    return dict(own.order_by("eui64").values_list("eui64", "user_role"))


def counting_certificates(
    scope: Scope, user_id: Guid, *, serial: str, now: datetime
) -> list[KnownCertificate]:
    """List the accepted certificates of a User ID with this serial number that count now."""
    rows = _counting(scope, now=now).filter(user_identifier__eui64=user_id.db, serial=serial)
    return [KnownCertificate(row.pk, row.pem) for row in rows]


def has_counting_certificate(scope: Scope, *, sha256: bytes, now: datetime) -> bool:
    """Return whether a certificate counts now for any User ID of the organisation."""
    return _counting(scope, now=now).filter(sha256=sha256).exists()


def newest_rollout_id(
    scope: Scope, *, manufacturer: str, model: str, hardware_version: str, firmware_version: str
) -> int | None:
    """Return the newest rollout of a CPL entry with hubs of this Supplier."""
    return (
        visible_rollouts(scope)
        .filter(
            cpl_entry__firmware_version=firmware_version,
            cpl_entry__device_model__manufacturer__iexact=manufacturer,
            cpl_entry__device_model__model__iexact=model,
            cpl_entry__device_model__hardware_version__iexact=hardware_version,
        )
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )


def requests_by_instruction(
    scope: Scope, originator: Guid, references: Collection[str]
) -> dict[str, AnsweredRequest]:
    """Return the requests of a User ID that made these instructions."""
    rows = _own(scope, originator).filter(instruction_reference__in=list(references))
    return {row.instruction_reference: _answered(row, originator) for row in rows}


def requests_by_position(
    scope: Scope, originator: Guid, positions: Collection[int]
) -> dict[int, list[AnsweredRequest]]:
    """Return the requests of a User ID that these feed entries answer, in their order."""
    rows = _own(scope, originator).filter(guid__isnull=False, position__in=list(positions)).order_by("pk")
    answered: dict[int, list[AnsweredRequest]] = {}
    for row in rows:
        answered.setdefault(int(row.position or 0), []).append(_answered(row, originator))
    return answered


def own_request(scope: Scope, number: int) -> tuple[Scope, AnsweredRequest]:
    """Return a request by its number with the scope of whose it is: one's own, or for the DCC any.

    Raises:
        NotPermitted: neither a Supplier nor the DCC.
        NotFound: there is none, or it is another's.
    """
    row = logged_requests(scope).filter(pk=number).defer("body", "acknowledgement").first()
    if row is None:
        raise NotFound("There is no such message.")
    owner = Scope(organisation_id=row.organisation_id, kind=OrganisationKind.SUPPLIER, name="the portal")
    return owner, _answered(row, Guid.from_db(row.originator))


def firmware_versions(entry_ids: Collection[int]) -> dict[int, str]:
    """Return the firmware version of each CPL entry."""
    return dict(CplEntry.objects.filter(pk__in=list(entry_ids)).values_list("pk", "firmware_version"))


def _counting(scope: Scope, *, now: datetime) -> QuerySet[SigningCertificate]:
    return SigningCertificate.objects.filter(
        organisation_id=scope.organisation_id,
        user_identifier__organisation_id=scope.organisation_id,
        accepted_at__lte=now,
        revoked_at=None,
        not_before__lte=now,
        not_after__gte=now,
    )


def _own(scope: Scope, originator: Guid) -> QuerySet[ServiceRequest]:
    return ServiceRequest.objects.filter(
        organisation_id=scope.organisation_id, originator=originator.db
    ).only("counter", "guid", "instruction_reference", "position", "service_reference")


def _answered(row: ServiceRequest, originator: Guid) -> AnsweredRequest:
    target = dcc_user_id() if row.guid is None else Guid.from_db(row.guid)
    return AnsweredRequest(
        RequestId.from_db(originator, target or originator, row.counter),
        row.instruction_reference,
        row.guid,
        row.position,
    )
