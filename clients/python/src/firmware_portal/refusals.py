"""What the portal refuses, and what stands in the way of asking it."""

from __future__ import annotations

from typing import Any

import httpx

_TEMPORARY = {408, 429}
_SERVER = 500


class Refused(Exception):
    """The portal refused a request (RFC 9457); go by `code`, and show `detail` to people."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.document = _document(response)
        self.code = str(self.document.get("code", ""))
        self.detail = str(self.document.get("detail") or self.document.get("title") or response.reason_phrase)
        self.request_id = str(self.document.get("request_id") or response.headers.get("X-Request-ID", ""))
        super().__init__(f"{self.status} {self.code or response.url.path}: {self.detail}")

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may be answered otherwise a little later."""
        return self.status in _TEMPORARY or self.status >= _SERVER


class CursorExpired(Refused):
    """The feed no longer keeps what follows the cursor: read the estate afresh, then go on from `oldest`."""

    @property
    def oldest(self) -> int:
        """Where reading can begin."""
        return int(self.document.get("oldest", 0))


class AccessRefused(Exception):
    """The portal gives no token for this id and secret. Asking again with them helps nobody."""


class NoStream(Exception):
    """There is no stream at this address: name the one it has (`stream_url`), or follow by poll."""


class NotGenuine(Exception):
    """A webhook call that did not come from the portal, or not just now."""


def refusal(response: httpx.Response) -> Refused:
    """Make the exception that fits; the body must have been read."""
    refused = Refused(response)
    return CursorExpired(response) if refused.code == "cursor_expired" else refused


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
