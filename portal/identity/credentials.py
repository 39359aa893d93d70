"""Secrets of clients and where they may call from: what decides whether a system is who it says."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Q

from portal.identity.models import ApiClient, ClientAssertion, ClientSecret
from portal.identity.public_keys import client_named_in, verify_assertion
from portal.kernel.refusals import BadInput

_NOTED_EVERY: Final = timedelta(minutes=1)
_MOST_NETWORKS: Final = 20
_LONGEST_ASSERTED: Final = timedelta(hours=1, minutes=1)


def new_secret() -> str:
    """Make a secret of 256 random bits, with a prefix by which scanners recognise it where it leaked."""
    return "chfp_" + secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret.

    A slow hash protects what people choose; 256 random bits need none, and a token is asked for
    every ten minutes by each client.
    """
    return hashlib.sha256(secret.encode()).digest()


def client_showing(
    *, client_id: str, secret: str, address: str, now: datetime
) -> tuple[ApiClient, ClientSecret] | None:
    """Return the client that shows one of its secrets from where it may call; None for anybody else."""
    shown = (
        ClientSecret.objects.filter(client_id=client_id, sha256=digest_of(secret))
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(client__revoked_at=None, client__organisation__is_active=True)
        .select_related("client__oauth", "client__organisation")
        .first()
    )
    if shown is None or not may_call_from(shown.client.networks, address):
        return None
    return shown.client, shown


def client_signing(
    *, assertion: str, client_id: str, audiences: Sequence[str], address: str, now: datetime
) -> ApiClient | None:
    """Return the client that has signed for itself (RFC 7523) from where it may call; None for anybody else.

    An assertion counts once, for an hour at most. `now` is the time by the clocks of both sides.
    """
    named = client_named_in(assertion)
    if not named.isprintable() or not named or (client_id and client_id != named):
        return None
    client = (
        ApiClient.objects.filter(pk=named, revoked_at=None, organisation__is_active=True)
        .select_related("oauth", "organisation")
        .first()
    )
    if client is None or not may_call_from(client.networks, address):
        return None
    shown = verify_assertion(assertion, client_id=named, keys=client.public_keys, audiences=audiences)
    if shown is None or shown.ends > (now + _LONGEST_ASSERTED).timestamp():
        return None
    _, is_first = ClientAssertion.objects.get_or_create(
        sha256=digest_of(f"{named}\n{shown.identifier}"),
        defaults={"ends_at": datetime.fromtimestamp(shown.ends, UTC)},
    )
    return client if is_first else None


def may_call_from(networks: Sequence[str], address: str) -> bool:
    """Return whether an address lies in one of these networks; without networks every address does."""
    if not networks:
        return True
    try:
        asking = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(asking, ipaddress.IPv6Address) and asking.ipv4_mapped:
        asking = asking.ipv4_mapped
    return any(asking in ipaddress.ip_network(network) for network in networks)


def networks_in(text: str) -> list[str]:
    """Read networks (CIDR) or addresses, by lines, spaces or commas.

    Raises:
        BadInput: one is neither, or has bits set beyond its prefix; or there are too many.
    """
    networks = []
    for word in text.replace(",", " ").split():
        try:
            networks.append(str(ipaddress.ip_network(word)))
        except ValueError as wrong:
            raise BadInput(
                f"{word} is not a network: {str(wrong).removeprefix(word).strip()}."
                " Write 203.0.113.0/24, or one address."
            ) from wrong
    if len(networks) > _MOST_NETWORKS:
        raise BadInput(f"At most {_MOST_NETWORKS} networks.")
    return list(dict.fromkeys(networks))


def note_use(client: ApiClient, *, address: str, now: datetime, secret: ClientSecret | None = None) -> None:
    """Record when a client was last used, once a minute at most: calls come by the thousand."""
    if client.used_at is None or client.used_at < now - _NOTED_EVERY or client.used_from != address:
        ApiClient.objects.filter(pk=client.pk).update(used_at=now, used_from=address)
    if secret is not None and (secret.used_at is None or secret.used_at < now - _NOTED_EVERY):
        ClientSecret.objects.filter(pk=secret.pk).update(used_at=now)
