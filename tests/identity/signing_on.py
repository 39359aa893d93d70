"""Single sign-on set up for an organisation, and somebody who logs in by it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
from django.test import Client

from portal.accounts import domains, single_sign_on
from portal.identity.models import ProvenDomain
from portal.identity.scope import Scope
from tests.identity import provider as oidc


def set_up(seats: Any, provider: oidc.Provider, now: Any, **other: Any) -> str:
    values = {
        "server_url": provider.url,
        "client_id": oidc.CLIENT_ID,
        "secret": oidc.SECRET,
        "domains": "northern.example",
        "is_open_to_newcomers": False,
        "vouches_for_addresses": False,
    }
    single_sign_on.set_up(Scope.of(seats.admin), **{**values, **other}, now=now)
    domains.note_proof(Scope.of(seats.admin), "northern.example", by=ProvenDomain.By.DCC, now=now)
    return f"organisation-{seats.supplier.pk}"


def log_in_at(provider_id: str, client: Client) -> Any:
    leaving = client.get(f"/accounts/oidc/{provider_id}/login/?process=login")
    there = httpx.get(leaving["Location"])
    back = urlsplit(there.headers["Location"])
    return client.get(f"{back.path}?{back.query}", follow=True)
