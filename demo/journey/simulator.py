"""The simulator's own controls: its clock, its faults, and what really is."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from portal.kernel.guid import Guid

_SECONDS: Final = 120.0
_MOST_TRIES: Final = 60
_PAUSE: Final = 1.0
_AGAIN: Final = frozenset({429, 500, 503})

FAULTS: Final[Mapping[str, Any]] = {
    "name": "journey",
    "description": "The mix assumed for the real estate, with more of everything that is rare there.",
    "everywhere": {
        "distribute_seconds": {"shortest": 300, "typical": 3600, "longest": 43200},
        "answer_seconds": {"shortest": 5, "typical": 25, "longest": 7200},
        "reboot_seconds": {"shortest": 60, "typical": 180, "longest": 900},
        "unreachable_for_good": 0.005,
        "unreachable": 0.02,
        "transfer_failed": 0.01,
        "image_discarded": 0.003,
        "hardware_mismatch": 0.002,
        "verification_failed": 0.003,
        "command_unreachable": 0.005,
        "no_image_held": 0.003,
        "hash_mismatch": 0.002,
        "activation_failure": 0.008,
        "mute_new": 0.02,
        "mute_old": 0.006,
        "mute_lost": 0.012,
        "cancel_fails": 0.01,
        "read_no_response": 0.02,
    },
    "messages": {
        "duplicates": 0.1,
        "jitter_seconds": 3600,
        "late": 0.02,
        "late_seconds": 86400,
        "burst_seconds": 600,
        "without_command_id": 0.01,
        "shuffled": 1,
    },
    "gateway": {"outage_every_seconds": 20, "outage_lasts_seconds": 1, "failed_answers": 0.03},
}


@dataclass(frozen=True, slots=True)
class SimulatedTruth:
    """What one hub really runs, and when it came to."""

    version: str
    gpf_version: str
    activated_at: datetime | None
    activations: int


class SimulatorClient:
    """The simulator of this run, over HTTP."""

    def __init__(self, base_url: str, *, token: str) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_SECONDS,
            trust_env=False,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def set_clock(self, *, business_at: datetime, rate: float) -> None:
        """Let its business time be this, from now on at this rate."""
        moment = business_at.astimezone(UTC).isoformat()
        self._client.post("/clock", json={"business_at": moment, "rate": rate}).raise_for_status()

    def follow(self, faults: Mapping[str, Any]) -> None:
        """Let hubs and messages go wrong by this profile from now on."""
        self._client.put("/profile", json=dict(faults)).raise_for_status()

    def command(self, kind: str, **what: Any) -> None:
        """Command hubs past the portal, until the gateway has taken it.

        Raises:
            httpx.HTTPStatusError: it is refused for good.
        """
        for _ in range(_MOST_TRIES):
            answer = self._client.post(f"/commands/{kind}", json=what)
            if answer.status_code not in _AGAIN:
                break
            time.sleep(_PAUSE)
        answer.raise_for_status()

    def stats(self) -> dict[str, Any]:
        """Return what has gone in and out."""
        return self._json("/stats")

    def truth(self) -> dict[str, Any]:
        """Return the sums of what really is."""
        return self._json("/truth")

    def hubs(self) -> dict[int, SimulatedTruth]:
        """Return what every hub really is, by GUID as stored."""
        with self._client.stream("GET", "/truth/hubs") as answer:
            answer.raise_for_status()
            return {Guid.parse(row["guid"]).db: _truth(row) for row in csv.DictReader(answer.iter_lines())}

    def _json(self, path: str) -> dict[str, Any]:
        document: dict[str, Any] = self._client.get(path).raise_for_status().json()
        return document


def _truth(row: Mapping[str, str]) -> SimulatedTruth:
    at = row["activated_at"]
    return SimulatedTruth(
        version=row["firmware_version"],
        gpf_version=row["gpf_firmware_version"],
        activated_at=datetime.fromisoformat(at) if at else None,
        activations=int(row["activations"]),
    )
