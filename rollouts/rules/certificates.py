"""Certificates that sign messages: a chain to a root that is trusted, a key of the right kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from portal.kernel.refusals import BadInput

LARGEST_PEM: Final = 8_000
_LONGEST_CHAIN: Final = 4


class NotASigningCertificate(BadInput):
    """The certificate cannot sign messages; the message says why."""

    code = "bad_certificate"


def read_certificate(pem: str) -> x509.Certificate:
    """Read one certificate.

    Raises:
        NotASigningCertificate: the text holds none.
    """
    if len(pem) > LARGEST_PEM:
        raise NotASigningCertificate(f"A certificate has at most {LARGEST_PEM:,} characters.")
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as problem:
        raise NotASigningCertificate("Send one certificate in PEM.") from problem


def check_certificate(
    certificate: x509.Certificate, *, authorities: Sequence[x509.Certificate], now: datetime
) -> None:
    """Check that a certificate may sign messages, and leads to a root among the authorities.

    Raises:
        NotASigningCertificate: key, use, dates or chain do not fit.
    """
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise NotASigningCertificate("The key must be one on the curve P-256.")
    if _is_authority(certificate):
        raise NotASigningCertificate("An authority's certificate does not sign messages.")
    if not _may_sign(certificate):
        raise NotASigningCertificate("The certificate is not for digital signatures.")
    if not certificate.not_valid_before_utc < certificate.not_valid_after_utc or now > (
        certificate.not_valid_after_utc
    ):
        raise NotASigningCertificate("The certificate has ended.")
    if not _has_chain(certificate, authorities, now=now):
        raise NotASigningCertificate("The certificate was not issued under an authority the portal trusts.")


def is_issued_by(certificate: x509.Certificate, name: str) -> bool:
    """Return whether a message names the certificate's issuer, in RFC 4514."""
    try:
        return x509.Name.from_rfc4514_string(name) == certificate.issuer
    except ValueError:
        return False


def _has_chain(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate], *, now: datetime
) -> bool:
    link = certificate
    for _ in range(_LONGEST_CHAIN):
        issuer = next((each for each in authorities if _has_issued(each, link, now=now)), None)
        if issuer is None:
            return False
        if issuer.subject == issuer.issuer:
            return True
        link = issuer
    return False


def _has_issued(authority: x509.Certificate, certificate: x509.Certificate, *, now: datetime) -> bool:
    in_time = authority.not_valid_before_utc <= now <= authority.not_valid_after_utc
    if not _is_authority(authority) or not in_time:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except (x509.ExtensionNotFound, ValueError):
        return False
