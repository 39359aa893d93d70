"""Certificates of the Service Requests: uploaded by the Supplier, accepted by the DCC, revoked by either."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from portal.events.journal import record
from portal.identity.models import UserIdentifier
from portal.identity.roles import MAY_OPERATE, Role
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound, Refusal
from portal.kernel.transactions import unit_of_work
from rollouts.models import SigningCertificate
from rollouts.rules.certificates import check_certificate, read_certificate

USER_ROLES = ("IS", "GS")
"""Who may update and read the firmware of hubs: Import and Gas Suppliers."""


class CertificateRefused(Refusal):
    """The certificate cannot be taken, or no longer changes."""

    code = "certificate_refused"


@unit_of_work
def submit_certificate(scope: Scope, *, user_id: Guid, pem: str, now: datetime) -> int:
    """Keep a certificate for one of the organisation's User IDs until the DCC accepts it; return its id.

    Raises:
        NotPermitted: not an administrator of a Supplier.
        NotFound: the User ID is not the organisation's own.
        NotASigningCertificate: it cannot sign messages, or leads to no root that is trusted.
        CertificateRefused: it was uploaded before.
    """
    scope.check(Role.SUPPLIER_ADMIN)
    user = UserIdentifier.objects.filter(
        organisation_id=scope.organisation_id, eui64=user_id.db, user_role__in=USER_ROLES
    ).first()
    if user is None:
        raise NotFound("This is no User ID of your organisation.")
    certificate = read_certificate(pem)
    check_certificate(certificate, authorities=trusted_authorities(), now=now)
    der = certificate.public_bytes(Encoding.DER)
    row, is_new = SigningCertificate.objects.get_or_create(
        user_identifier=user,
        sha256=hashlib.sha256(der).digest(),
        defaults={
            "organisation_id": scope.organisation_id,
            "pem": certificate.public_bytes(Encoding.PEM).decode(),
            "serial": str(certificate.serial_number),
            "not_before": certificate.not_valid_before_utc,
            "not_after": certificate.not_valid_after_utc,
            "uploaded_at": now,
            "uploaded_by_id": scope.user_id,
        },
    )
    if not is_new:
        raise CertificateRefused("This certificate was uploaded before.")
    _record("certificate.submitted", row, by=scope, at=now)
    return int(row.pk)


@unit_of_work
def accept_certificate(scope: Scope, *, certificate_id: int, now: datetime) -> None:
    """Let a certificate count, for the DCC.

    Raises:
        NotPermitted: not an operator of the DCC.
        NotFound: there is no such certificate.
        CertificateRefused: it counts already, or was revoked.
    """
    scope.check(*MAY_OPERATE)
    row = SigningCertificate.objects.filter(pk=certificate_id).first()
    if row is None:
        raise NotFound("There is no such certificate.")
    changed = SigningCertificate.objects.filter(pk=row.pk, accepted_at=None, revoked_at=None).update(
        accepted_at=now, accepted_by_id=scope.user_id
    )
    if not changed:
        raise CertificateRefused("The certificate was accepted or revoked before.")
    _record("certificate.accepted", row, by=scope, at=now)


@unit_of_work
def revoke_certificate(scope: Scope, *, certificate_id: int, now: datetime) -> None:
    """End a certificate at once: the Supplier its own, the DCC any.

    Raises:
        NotPermitted: neither administrator of a Supplier nor operator of the DCC.
        NotFound: there is none, or it is another's.
        CertificateRefused: it was revoked before.
    """
    scope.check(Role.SUPPLIER_ADMIN, *MAY_OPERATE)
    rows = SigningCertificate.objects.filter(pk=certificate_id)
    row = (rows if scope.is_dcc else rows.filter(organisation_id=scope.organisation_id)).first()
    if row is None:
        raise NotFound("There is no such certificate.")
    changed = SigningCertificate.objects.filter(pk=row.pk, revoked_at=None).update(
        revoked_at=now, revoked_by_id=scope.user_id
    )
    if not changed:
        raise CertificateRefused("The certificate was revoked before.")
    _record("certificate.revoked", row, by=scope, at=now)


def trusted_authorities() -> Sequence[x509.Certificate]:
    """Return the roots, and what lies between them and certificates, that are configured."""
    path: str = settings.SERVICE_REQUEST_ROOTS_FILE
    return x509.load_pem_x509_certificates(Path(path).read_bytes()) if path else []


def _record(name: str, row: SigningCertificate, *, by: Scope, at: datetime) -> None:
    facts = {"certificate": row.pk, "serial": row.serial, "for": row.organisation_id}
    record(name, subject=f"organisation:{row.organisation_id}", by=by, at=at, facts=facts)
