"""Public keys by which clients sign for their tokens (`private_key_jwt`, RFC 7523), and what they sign."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from portal.kernel.refusals import BadInput

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384")
LONGEST_TEXT: Final = 10_000
_MOST_KEYS: Final = 4
_RSA_BITS: Final = range(2048, 8193)
_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384"}
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_LONGEST_ASSERTION: Final = 8_000
_LEEWAY_SECONDS: Final = 30
_UNREADABLE: Final = (jwt.InvalidTokenError, OverflowError, RecursionError)
_MEMBERS: Final = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
"""What the thumbprint of a key is made of, in the order of RFC 7638."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a client has signed: which one, to be used once until when (seconds since 1970)."""

    identifier: str
    ends: int


def public_keys_in(text: str) -> list[str]:
    """Read public keys in PEM.

    Raises:
        BadInput: the text holds something else, or a key of a kind or size that is not taken.
    """
    if _BLOCK.sub("", text).strip():
        raise BadInput("Send public keys in PEM: from -----BEGIN PUBLIC KEY----- to the end.")
    keys = [_read(match) for match in _BLOCK.finditer(text)]
    if len(keys) > _MOST_KEYS:
        raise BadInput(f"At most {_MOST_KEYS} public keys.")
    return list(dict.fromkeys(keys))


def algorithms_of(pem: str) -> tuple[str, ...]:
    """Return the names of the signatures a key may make (RFC 7518)."""
    key = _loaded(pem)
    if isinstance(key, rsa.RSAPublicKey):
        return ("RS256", "PS256")
    return (_CURVES[key.curve.name],)


def thumbprint_of(pem: str) -> str:
    """Return the thumbprint of a key (RFC 7638), by which both sides name it."""
    jwk = _jwk(_loaded(pem))
    members = {name: jwk[name] for name in _MEMBERS[jwk["kty"]]}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def client_named_in(assertion: str) -> str:
    """Return which client an assertion says it is of, before anything of it is believed; empty for none."""
    if len(assertion) > _LONGEST_ASSERTION:
        return ""
    try:
        name = jwt.decode(assertion, options={"verify_signature": False}).get("sub")
    except _UNREADABLE:
        return ""
    return name if isinstance(name, str) else ""


def verify_assertion(
    assertion: str, *, client_id: str, keys: Sequence[str], audiences: Sequence[str]
) -> Assertion | None:
    """Return an assertion that one of the keys has signed for us and that has not ended; None otherwise."""
    for pem in keys:
        try:
            claims = jwt.decode(
                assertion,
                key=_loaded(pem),
                algorithms=list(algorithms_of(pem)),
                issuer=client_id,
                subject=client_id,
                audience=audiences,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "sub", "aud", "jti"]},
            )
        except _UNREADABLE:
            continue
        return Assertion(identifier=str(claims["jti"]), ends=int(claims["exp"]) + _LEEWAY_SECONDS)
    return None


def _read(block: re.Match[str]) -> str:
    if "PRIVATE" in block[1]:
        raise BadInput("This is a private key: nobody but your system may have it. Send its public key.")
    try:
        key = load_pem_public_key(block[0].encode())
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise BadInput("This is no public key in PEM.") from wrong
    if not _is_taken(key):
        raise BadInput("Take RSA of 2,048 to 8,192 bits, or the curves P-256 or P-384.")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().strip()


def _is_taken(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in _RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES


def _loaded(pem: str) -> PublicKey:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, PublicKey)  # noqa: S101 - it was checked when it came
    return key


def _jwk(key: PublicKey) -> dict[str, Any]:
    as_dict: Literal[True] = True
    if isinstance(key, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(key, as_dict=as_dict)
    return ECAlgorithm.to_jwk(key, as_dict=as_dict)
