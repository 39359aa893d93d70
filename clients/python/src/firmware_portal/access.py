"""Tokens: one is fetched when it is needed, and again shortly before it ends or when it counts no more."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Final

import httpx

from firmware_portal.refusals import AccessRefused, Refused

Secret = str | Callable[[], str]
MARGIN: Final = 30.0
FIRST_REST: Final = 30.0
LONGEST_REST: Final = 900.0
_Flow = Generator[httpx.Request, httpx.Response, None]
_AsyncFlow = AsyncGenerator[httpx.Request, httpx.Response]
_TokenFlow = Generator[httpx.Request, httpx.Response, str]


class _Credentials(httpx.Auth):
    """OAuth 2 client credentials, and the token they were last good for.

    A secret that is refused is not shown again at once: for half a minute, then a minute, and so on up to
    a quarter of an hour, callers get the same `AccessRefused` without a call. Give a function as the secret
    where it may be changed while the program runs.
    """

    def __init__(self, token_url: str, client_id: str, secret: Secret) -> None:
        self._token_url = token_url
        self._client_id = client_id
        self._secret = secret
        self._token = ""
        self._ends = 0.0
        self._refused: AccessRefused | None = None
        self._refused_secret = ""
        self._rest = FIRST_REST
        self._rests_until = 0.0

    def _is_good(self, refused_token: str) -> bool:
        return bool(self._token) and self._token != refused_token and time.monotonic() < self._ends

    def _secret_to_show(self) -> str:
        secret = self._secret if isinstance(self._secret, str) else self._secret()
        if self._refused and secret == self._refused_secret and time.monotonic() < self._rests_until:
            raise self._refused
        return secret

    def _asking_with(self, secret: str) -> httpx.Request:
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": secret}
        return httpx.Request("POST", self._token_url, data=form)

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


class ClientCredentials(_Credentials):
    """Credentials shared by any number of threads."""

    def __init__(self, token_url: str, client_id: str, secret: Secret) -> None:
        super().__init__(token_url, client_id, secret)
        self._lock = threading.Lock()

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
            if not self._is_good(refused_token):
                secret = self._secret_to_show()
                response = yield self._asking_with(secret)
                response.read()
                self._take(response, secret)
            return self._token


class AsyncClientCredentials(_Credentials):
    """Credentials shared by any number of tasks of one event loop."""

    def __init__(self, token_url: str, client_id: str, secret: Secret) -> None:
        super().__init__(token_url, client_id, secret)
        self._turn = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> _AsyncFlow:
        """Send a request with a token; where the token counts no more, once again with another one."""
        refused_token = ""
        for _ in range(2):
            async with self._turn:
                if not self._is_good(refused_token):
                    secret = self._secret_to_show()
                    response = yield self._asking_with(secret)
                    await response.aread()
                    self._take(response, secret)
                token = self._token
            request.headers["Authorization"] = f"Bearer {token}"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            refused_token = token


def _why(response: httpx.Response, client_id: str) -> str:
    refused = Refused(response)
    error = refused.document.get("error") or refused.code or refused.status
    words = refused.document.get("error_description") or "Check its id and secret, and whether it is revoked."
    return f"The portal gives client {client_id} no token ({error}). {words}"
