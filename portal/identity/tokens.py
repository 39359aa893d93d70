"""Bearer tokens of the CSPs' systems: made once, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.http import HttpRequest

from portal.identity.api import client_of_token
from portal.identity.api_scopes import ApiScope
from portal.identity.models import Organisation, OrganisationKind, ServiceToken


def issue_token(organisation: Organisation, *, name: str, now: datetime, secret: str = "") -> str:
    """Make a token for an organisation and return the secret, which is not kept."""
    secret = secret or secrets.token_urlsafe(32)
    ServiceToken.objects.update_or_create(
        sha256=_digest(secret), defaults={"organisation": organisation, "name": name, "created_at": now}
    )
    return secret


def csp_of(request: HttpRequest) -> Organisation | None:
    """Return the CSP whose token the request carries; None when it carries none that counts.

    The token is a standing one, or an access token of a client with the scope `csp:alerts`.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    token = (
        ServiceToken.objects.select_related("organisation")
        .filter(sha256=_digest(secret.strip()), revoked_at=None, organisation__kind=OrganisationKind.CSP)
        .first()
    )
    if token is not None:
        return token.organisation
    client = client_of_token(secret.strip(), needs=ApiScope.CSP_ALERTS, request=request)
    return client.organisation if client else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
