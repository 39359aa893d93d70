"""Webhooks: is a call genuine, and what does it say (Standard Webhooks)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Final

from firmware_portal.generated.models import Event
from firmware_portal.refusals import NotGenuine

TOLERANCE: Final = 300.0


class Webhook:
    """Verifies calls by one secret, or by several while you change over from one to another."""

    def __init__(self, secrets: Iterable[str], *, tolerance: float = TOLERANCE) -> None:
        self._keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
        self._tolerance = tolerance

    def events(self, headers: Mapping[str, str], body: bytes) -> list[Event]:
        """Return the events of a genuine call, in order; answer 2xx once you have kept them.

        Raises:
            NotGenuine: nobody who has the secret made this call just now; answer 401.
        """
        self.verify(headers, body)
        return [Event.from_dict(each) for each in json.loads(body)]

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Let a genuine call pass.

        Raises:
            NotGenuine: nobody who has the secret made this call just now.
        """
        said = {name.lower(): value for name, value in headers.items()}
        ident, at = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
        if not at.isdecimal() or abs(time.time() - int(at)) > self._tolerance:
            raise NotGenuine("The call has no time, or one too far from now.")
        signed = f"{ident}.{at}.".encode() + body
        wanted = [b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in self._keys]
        given = [each.encode() for each in said.get("webhook-signature", "").split()]
        if not any(hmac.compare_digest(each, other) for each in wanted for other in given):
            raise NotGenuine("No signature fits.")
