"""Keys of clients that sign for their tokens, and what they sign: by authlib, not by us."""

from __future__ import annotations

import time
from typing import Any

from authlib.oauth2.rfc7523 import private_key_jwt_sign
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.conf import settings
from django.test import Client
from joserfc.jwk import ECKey, Key, RSAKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MADE = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


def public_pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwk(key: Any) -> Key:
    kind = RSAKey if isinstance(key, rsa.RSAPrivateKey) else ECKey
    return kind.import_key(private_pem(key))


def signed(client_id: str, key: Any, *, alg: str = "ES256", to: str = "", **claims: Any) -> str:
    """Return an assertion as authlib makes it; `claims` add or replace."""
    audience = to or f"{settings.PORTAL_URL}/oauth/token"
    return private_key_jwt_sign(
        jwk(key),
        client_id=client_id,
        token_endpoint=audience,
        alg=alg,
        claims={"exp": int(time.time()) + 300, **claims},
    )


def ask_signed(assertion: str, *, path: str = "/oauth/token", **more: str) -> Any:
    headers = {"Client-Cert": more.pop("certificate")} if "certificate" in more else None
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return Client().post(path, {**form, **more}, headers=headers)
