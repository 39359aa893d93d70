"""Tokens: one is fetched when it is needed, and again shortly before it ends or when it counts no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Final

import httpx

from firmware_portal.refusals import AccessRefused, Refused

Secret = str | Callable[[], str]
MARGIN: Final = 30.0
FIRST_REST: Final = 30.0
LONGEST_REST: Final = 900.0
_Flow = Generator[httpx.Request, httpx.Response, None]
_TokenFlow = Generator[httpx.Request, httpx.Response, str]


class ClientCredentials(httpx.Auth):
    """OAuth 2 client credentials, shared by any number of threads.

    A secret that is refused is not shown again at once: for half a minute, then a minute, and so on up to
    a quarter of an hour, callers get the same `AccessRefused` without a call. Give a function as the secret
    where it may be changed while the program runs.
    """

    def __init__(self, token_url: str, client_id: str, secret: Secret) -> None:
        self._token_url = token_url
        self._client_id = client_id
        self._secret = secret
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0
        self._refused: AccessRefused | None = None
        self._refused_secret = ""
        self._rest = FIRST_REST
        self._rests_until = 0.0

    def sync_auth_flow(self, request: httpx.Request) -> _Flow:
        """Send a request with a token; where the token counts no more, once again with another one."""
        token = yield from self._current("")
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {yield from self._current(token)}"
            yield request

    def _current(self, refused_token: str) -> _TokenFlow:
        with self._lock:
            if self._token and self._token != refused_token and time.monotonic() < self._ends:
                return self._token
            secret = self._secret if isinstance(self._secret, str) else self._secret()
            if self._refused and secret == self._refused_secret and time.monotonic() < self._rests_until:
                raise self._refused
            form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": secret}
            response = yield httpx.Request("POST", self._token_url, data=form)
            response.read()
            self._take(response, secret)
            return self._token

    def _take(self, response: httpx.Response, secret: str) -> None:
        self._token = ""
        if response.status_code in {400, 401, 403}:
            self._refused, self._refused_secret = AccessRefused(_why(response, self._client_id)), secret
            self._rests_until = time.monotonic() + self._rest
            self._rest = min(self._rest * 2, LONGEST_REST)
            raise self._refused
        if response.is_error:
            raise Refused(response)
        document = response.json()
        self._token = str(document["access_token"])
        self._ends = time.monotonic() + float(document["expires_in"]) - MARGIN
        self._refused, self._rest = None, FIRST_REST


def _why(response: httpx.Response, client_id: str) -> str:
    refused = Refused(response)
    error = refused.document.get("error") or refused.code or refused.status
    words = refused.document.get("error_description") or "Check its id and secret, and whether it is revoked."
    return f"The portal gives client {client_id} no token ({error}). {words}"
