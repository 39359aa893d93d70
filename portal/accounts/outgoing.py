"""Asking an organisation's provider: an address somebody has typed must not lead into our own network."""

from __future__ import annotations

import functools
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter


class _OutsideOnly(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if not settings.SINGLE_SIGN_ON_INSIDE:
            _check_outside(request.url or "")
        return super().send(request, *args, **kwargs)


def guarded_session() -> requests.Session:
    """Return a session that refuses internal addresses and redirects, and waits ten seconds at most."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.mount("https://", _OutsideOnly())
    session.mount("http://", _OutsideOnly())
    session.request = functools.partial(session.request, timeout=settings.SOCIALACCOUNT_REQUESTS_TIMEOUT)
    return session


def _check_outside(url: str) -> None:
    parts = urlsplit(url)
    try:
        addresses = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as unknown:
        raise requests.ConnectionError(f"{parts.hostname} is not known.") from unknown
    for *_, place in addresses:
        if not ipaddress.ip_address(place[0]).is_global:
            raise requests.ConnectionError(f"{parts.hostname} is an internal address.")
