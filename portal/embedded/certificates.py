"""Certificates of a demonstration's Service Requests: a root, the portal's own, and one Supplier's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LASTS: Final = timedelta(days=3650)
_EARLIER: Final = timedelta(days=400)  # the past of a demonstration
_CONFIGURED: Final = "SERVICE_REQUEST_KEY_FILE"


def ensure_certificates(directory: Path) -> Mapping[str, str]:
    """Make what is missing and return the variables that name it; none where the environment names others."""
    if os.environ.get(_CONFIGURED):
        return {}
    if not (directory / "root.pem").exists():
        directory.mkdir(parents=True, exist_ok=True)
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _certificate("Demonstration root", root_key, issuer=None, issuer_key=root_key)
        for name in ("portal", "supplier"):
            key = ec.generate_private_key(ec.SECP256R1())
            own = _certificate(f"Demonstration {name}", key, issuer=root.subject, issuer_key=root_key)
            _write(directory / f"{name}.key", _key_pem(key))
            _write(directory / f"{name}.pem", own.public_bytes(serialization.Encoding.PEM))
        _write(directory / "root.pem", root.public_bytes(serialization.Encoding.PEM))
    return {
        _CONFIGURED: str(directory / "portal.key"),
        "SERVICE_REQUEST_CERTIFICATE_FILE": str(directory / "portal.pem"),
        "SERVICE_REQUEST_ROOTS_FILE": str(directory / "root.pem"),
    }


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Name | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, is_root = datetime.now(UTC), issuer is None
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
