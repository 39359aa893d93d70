"""Numbers that leave the portal and say nothing: a sequence counts what everybody does, not only its reader.

A number is hidden by the portal's own key, so that neighbours look nothing alike, and can be read back by the
portal alone. The same number always looks the same: answers compare, and tags of answers stand.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from django.conf import settings
from django.utils.encoding import force_bytes

_TAG: Final = 8
_OWN: Final = b"portal.kernel.opaque:"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class NotRevealable(ValueError):
    """The text was not made by this portal, or for something else."""


def conceal(plain: bytes, *, about: str) -> str:
    """Hide octets in a text that is safe in an address; `about` keeps one use of it apart from another."""
    return _text(_hidden(plain, _key(settings.SECRET_KEY, about)))


def reveal(text: str, *, about: str) -> bytes:
    """Return what is hidden in a text.

    Raises:
        NotOurs: nothing of ours, or of another use.
    """
    try:
        hidden = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as damaged:
        raise NotRevealable(text) from damaged
    if _text(hidden) != text:  # one text a secret: no second spelling of it
        raise NotRevealable(text)
    return _plain(hidden, about)


def drawn_reference(kind: str, *, signs: int = 10) -> str:
    """Draw a reference that people can read out, such as I-7K2M9QX4TB: no letter looks like a figure."""
    return f"{kind}-{''.join(secrets.choice(_CROCKFORD) for _ in range(signs))}"


def _hidden(plain: bytes, key: bytes) -> bytes:
    tag = hashlib.blake2b(plain, key=key, digest_size=_TAG).digest()
    return tag + _mixed(plain, key + tag)


def _plain(hidden: bytes, about: str) -> bytes:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = _key(secret, about)
        plain = _mixed(hidden[_TAG:], key + hidden[:_TAG])
        if hmac.compare_digest(_hidden(plain, key), hidden):
            return plain
    raise NotRevealable(hidden.hex())


def _text(hidden: bytes) -> str:
    return base64.urlsafe_b64encode(hidden).rstrip(b"=").decode()


def _mixed(plain: bytes, seed: bytes) -> bytes:
    stream = hashlib.shake_256(seed).digest(len(plain))
    return bytes(octet ^ other for octet, other in zip(plain, stream, strict=True))


def _key(secret: str | bytes, about: str) -> bytes:
    return hashlib.sha256(_OWN + about.encode() + b":" + force_bytes(secret)).digest()
