"""Which addresses may be called: public ones over https; others only where the settings let their network in.

What somebody has typed must not lead the portal into its own network. A name is resolved for each call, every
address it has is judged, and the call goes to an address that was judged, not to the name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from portal.kernel.refusals import BadInput

LONGEST_URL: Final = 500
_HIGHEST_PORT: Final = 65_535
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_SPECIAL: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments, 192.0.0.192 among them
        "192.88.99.0/24",  # relays of 6to4
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.175.48.0/24",
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4 leads to an IPv4 address of somebody's choice
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
"""What the registries of IANA keep for special purposes, where the standard library knows it as global."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(BadInput):
    """The address cannot be called."""

    code = "bad_webhook_url"


def check_url(url: str, *, inside: Sequence[str]) -> None:
    """Refuse an address that could never be called; `inside` names networks that may be, besides public ones.

    Raises:
        BadAddress: it is no address, or leads into a network that may not be called.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadAddress(f"Give an address of at most {LONGEST_URL} plain characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as wrong:
        raise BadAddress("This is not an address.") from wrong
    if parts.scheme not in {"https", "http"} or not host or port == 0 or (port or 1) > _HIGHEST_PORT:
        raise BadAddress("Give an address that begins with https:// and names a host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadAddress("Leave user, password and fragment out of the address.")
    if parts.scheme == "http" and not inside:
        raise BadAddress("Only https:// addresses are called.")
    _check_literal(host, inside=inside, is_plain=parts.scheme == "http")


def check_resolved(addresses: Sequence[str], *, is_plain: bool, inside: Sequence[str]) -> None:
    """Refuse a host unless every address it resolves to may be called; without TLS only inside ones may.

    Raises:
        BadAddress: one may not.
    """
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not (is_inside(address, inside) or (is_public(address) and not is_plain)):
            internal = "The host is at an internal address."
            raise BadAddress("Only https:// addresses are called." if is_public(address) else internal)


def is_public(address: Address) -> bool:
    """Return whether an address is public, also when it embeds an IPv4 address."""
    within = _within(address)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _SPECIAL if network.version == address.version)
        and (address.version == 4 or address in _GLOBAL_UNICAST)  # noqa: PLR2004
        and (within is None or is_public(within))
    )


def is_inside(address: Address, networks: Sequence[str]) -> bool:
    """Return whether an address lies in one of the networks the settings let in."""
    meant = (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
    return any(meant in ipaddress.ip_network(network) for network in networks)


def _check_literal(host: str, *, inside: Sequence[str], is_plain: bool) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if _NUMBER.fullmatch(host.strip(".").rpartition(".")[2]):
            # 127.1, 0x7f000001 and the like: numbers some resolvers take for addresses.
            raise BadAddress("Write an address of four numbers, or a name.") from None
        return
    check_resolved([host], is_plain=is_plain, inside=inside)


def _within(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to by a gateway."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
