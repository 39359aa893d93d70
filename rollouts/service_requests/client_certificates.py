"""The certificate a caller's connection was made with (mutual TLS), as the proxy that ended TLS tells it.

The header `Client-Cert` is that of RFC 9440, or PEM in percent-encoding, as nginx writes it. It is believed
from the proxies in the settings alone: whoever else sends it could write anything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest

from portal.identity.credentials import may_call_from
from portal.identity.scope import Scope
from portal.kernel.refusals import Refusal
from rollouts.queries.instructions.service_requests import has_counting_certificate
from rollouts.rules.certificates import LARGEST_PEM

HEADER: Final = "Client-Cert"
REQUIRED: Final = "required"


class ClientCertificateRefused(Refusal):
    """The connection was made without a certificate, or with one that does not count."""

    code = "client_certificate_refused"
    status = 403


def check_client_certificate(request: HttpRequest, scope: Scope, *, now: datetime) -> None:
    """Check the certificate the caller's connection was made with, where the settings ask for it.

    One that was shown has to count for any User ID of the caller's organisation; none is fine where it is
    optional.

    Raises:
        ClientCertificateRefused: it does not count, or is missing where it is required.
    """
    if not settings.CLIENT_CERTIFICATES:
        return
    proxies = settings.CLIENT_CERTIFICATE_PROXIES
    is_from_proxy = bool(proxies) and may_call_from(proxies, request.META.get("REMOTE_ADDR", ""))
    shown = request.headers.get(HEADER, "") if is_from_proxy else ""
    if not shown:
        if settings.CLIENT_CERTIFICATES == REQUIRED:
            raise ClientCertificateRefused("Make the connection with a client certificate.")
        return
    der = _der(shown)
    if der is None or not has_counting_certificate(scope, sha256=hashlib.sha256(der).digest(), now=now):
        raise ClientCertificateRefused(
            "The certificate of the connection is none that counts for your organisation now."
        )


def _der(shown: str) -> bytes | None:
    if len(shown) > LARGEST_PEM:
        return None
    try:
        if shown.startswith(":") and shown.endswith(":"):
            return base64.b64decode(shown[1:-1], validate=True)
        return x509.load_pem_x509_certificate(unquote(shown).encode()).public_bytes(Encoding.DER)
    except (binascii.Error, ValueError):
        return None
