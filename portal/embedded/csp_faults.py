"""How the simulated CSPs of a run go wrong for a while: down, slow, lying, or losing what hubs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import httpx

_WITHIN: Final = 10.0
Changes = Mapping[str, Mapping[str, float]]

CSP_FAULTS: Final[Mapping[str, Changes]] = {
    "the CSPs are down": {"gateway": {"outage_every_seconds": 1, "outage_lasts_seconds": 1}},
    "the CSPs answer late": {"gateway": {"slow": 1, "slow_seconds": 8}},
    "the CSPs obey and answer 500": {"gateway": {"failed_answers": 0.8}},
    "the CSPs answer 202 and do nothing": {"gateway": {"forgotten": 0.5}},
    "alerts are lost": {"messages": {"lost": 0.5}},
    "alerts come twice": {"messages": {"duplicates": 1, "shuffled": 1}},
    "alerts come a day late": {"messages": {"late": 0.7, "late_seconds": 86_400}},
    "alerts come in bursts": {"messages": {"burst_seconds": 6 * 3_600}},
}


class CspControls:
    """The controls of the simulator of a run."""

    def __init__(self, url: str, *, token: str) -> None:
        self._url = f"{url}/profile"
        self._headers = {"Authorization": f"Bearer {token}"}

    def misbehave(self, changes: Changes) -> Callable[[], None]:
        """Change the profile in force; what is returned puts it back. Nothing while the simulator is away."""
        try:
            usual: dict[str, Any] = self._call("GET").json()
            self._call("PUT", {**usual, **{part: {**usual[part], **each} for part, each in changes.items()}})
        except httpx.HTTPError:
            return _nothing

        def behave() -> None:
            with suppress(httpx.HTTPError):
                self._call("PUT", usual)

        return behave

    def _call(self, method: str, profile: Mapping[str, Any] | None = None) -> httpx.Response:
        with httpx.Client(timeout=_WITHIN, headers=self._headers, trust_env=False) as client:
            return client.request(method, self._url, json=profile).raise_for_status()


def _nothing() -> None:
    """Put nothing back."""
