"""Asking an organisation's provider, through the guard of outgoing calls and within its own share."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

import requests
from django.conf import settings
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from portal.kernel.outgoing import calls
from portal.kernel.outgoing.addresses import BadAddress
from portal.kernel.outgoing.places import NoPlace, place

MOST_READ: Final = 256 * 1024
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


class _Guarded(BaseAdapter):
    """Sends what `requests` has prepared; of its own arguments none counts."""

    def __init__(self, party: str) -> None:
        super().__init__()
        self._party = party

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - as `requests` has it
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        body = request.body or b""
        bounds = calls.CallLimits(
            settings.SOCIALACCOUNT_REQUESTS_TIMEOUT,
            MOST_READ,
            _EVERYWHERE if settings.SINGLE_SIGN_ON_INSIDE else (),
        )
        headers = {name: value for name, value in request.headers.items() if isinstance(value, str)}
        try:
            with place(self._party):
                called = calls.call(
                    request.method or "GET",
                    request.url or "",
                    body=body.encode() if isinstance(body, str) else bytes(body),
                    headers=headers,
                    bounds=bounds,
                )
        except BadAddress as blocked:
            raise requests.ConnectionError(blocked.message) from blocked
        except calls.CallTimedOut as late:
            raise requests.Timeout(str(late)) from late
        except (calls.CallFailed, NoPlace) as problem:
            raise requests.ConnectionError(str(problem)) from problem
        if called.is_cut or HTTPStatus.MULTIPLE_CHOICES <= called.status < HTTPStatus.BAD_REQUEST:
            raise requests.ConnectionError("The answer is too long, or leads elsewhere.")
        return _answer(request, called)

    def close(self) -> None:
        """Nothing is kept open between calls."""


def guarded_session(party: str) -> requests.Session:
    """Return a session that refuses internal addresses and redirects, each call bounded as a whole."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", _Guarded(party))
    session.mount("http://", _Guarded(party))
    return session


def _answer(request: requests.PreparedRequest, called: calls.Called) -> requests.Response:
    answer = requests.Response()
    answer.status_code = called.status
    answer.headers = CaseInsensitiveDict(called.headers)
    answer.raw = BytesIO(called.body)
    answer.url = request.url or ""
    answer.request = request
    answer.encoding = requests.utils.get_encoding_from_headers(answer.headers)
    return answer
