"""The certificate a caller's connection was made with (mutual TLS), as the proxy that ended TLS tells it.

The header `Client-Cert` is that of RFC 9440, or PEM in percent-encoding, as nginx writes it. It is believed
from the proxies in the settings alone: whoever else sends it could write anything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from portal.identity.credentials import may_call_from

HEADER: Final = "Client-Cert"
UNREADABLE: Final = b""
_LONGEST: Final = 8_000


def certificate_digest(request: HttpRequest | Request) -> bytes | None:
    """Return the SHA-256 of the certificate of a connection; None without one, `UNREADABLE` if it is none."""
    proxies = settings.CLIENT_CERTIFICATE_PROXIES
    is_from_proxy = bool(proxies) and may_call_from(proxies, request.META.get("REMOTE_ADDR", ""))
    shown = request.headers.get(HEADER, "") if is_from_proxy else ""
    if not shown:
        return None
    der = _der(shown)
    return UNREADABLE if der is None else hashlib.sha256(der).digest()


def thumbprint(digest: bytes) -> str:
    """Return a digest as `x5t#S256` writes it (RFC 8705, 3.1)."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _der(shown: str) -> bytes | None:
    if len(shown) > _LONGEST:
        return None
    try:
        if shown.startswith(":") and shown.endswith(":"):
            return base64.b64decode(shown[1:-1], validate=True)
        return x509.load_pem_x509_certificate(unquote(shown).encode()).public_bytes(Encoding.DER)
    except (binascii.Error, ValueError):
        return None
