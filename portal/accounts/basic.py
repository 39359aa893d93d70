"""What a client shows of itself: by HTTP Basic (RFC 6749 section 2.3.1), or in the body."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus


def client_credentials_in(request: Any) -> tuple[str, str]:
    """Return the client's id and secret from an oauthlib request; empty where there are none."""
    header = str(request.headers.get("Authorization", ""))
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() == "basic":
        return _decoded(encoded)
    return str(request.client_id or ""), str(request.client_secret or "")


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
