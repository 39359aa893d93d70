"""Secrets that have to be kept in a form that can be read again: sealed with the portal's own key."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes

_MARK: Final = "sealed:"


def seal(text: str) -> str:
    """Encrypt a text."""
    return _MARK + _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt a sealed text; what was never sealed is given back as it is.

    Raises:
        ValueError: it was sealed with a key that is no longer known.
    """
    if not sealed.startswith(_MARK):
        return sealed
    try:
        return _box().decrypt(sealed.removeprefix(_MARK).encode()).decode()
    except InvalidToken as unknown:
        raise ValueError("Sealed with a key that is in neither SECRET_KEY nor its fallbacks.") from unknown


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str | bytes) -> bytes:
    own = b"portal.identity.sealing:" + force_bytes(key)
    return base64.urlsafe_b64encode(hashlib.sha256(own).digest())
