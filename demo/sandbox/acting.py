"""What a test client does to its sandbox: it moves the clock, and has alerts of its own hubs sent."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import orjson
from django.conf import settings

from demo.journey.simulator import SimulatorClient
from demo.seed.sandbox import SANDBOX_SUPPLIER
from hubsim.codes import CSP_BY_REGION, CSPS
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.clock import ClockReading
from portal.kernel.refusals import BadInput, NotPermitted, Refusal
from rollouts.queries.estate.hubs import hub_card

MOST_RATE: Final = 3_600.0
FARTHEST: Final = timedelta(days=400)
_AHEAD: Final = timedelta(seconds=1)
_SECONDS: Final = 10.0
_CODES: Final = {
    "ACTIVATED": ("0x8F66", "SUCCESS"),
    "ACTIVATION_FAILED": ("0x8F67", "ACTIVATION_FAILURE"),
    "DELIVERY_FAILED": ("DELIVERY_FAILED", "UNREACHABLE"),
    "VERSION_READ": ("READ_RESULT", ""),
}
ALERTS: Final = tuple(_CODES)


class OutOfStep(Refusal):
    """The simulated CSPs, or the portal's way in for them, cannot be reached."""

    code = "sandbox_unreachable"
    status = 503


def check_sandbox(scope: Scope) -> None:
    """Refuse everybody but the systems of the Supplier the sandbox is for.

    Raises:
        NotPermitted: the actor is another.
    """
    if scope.client_id is None or scope.organisation_name != SANDBOX_SUPPLIER:
        raise NotPermitted(f"The sandbox is for test clients of {SANDBOX_SUPPLIER}.")


def reading() -> ClockReading:
    """Return how time passes here."""
    real = clock.wall()
    return clock.current_reading() or ClockReading(real, real, 1.0)


def move_clock(scope: Scope, *, business_at: datetime | None, rate: float | None) -> ClockReading:
    """Move the clock on, or change its rate, for everybody in the sandbox; time never goes back.

    Raises:
        NotPermitted: the actor is no test client.
        BadInput: the time is past, or too far ahead.
        OutOfStep: the simulated CSPs cannot be reached, or did not take it; nothing has changed here.
    """
    check_sandbox(scope)
    at_rate = reading().rate if rate is None else rate
    # Other processes go by the former setting for a moment: see Note [Hubs are never behind].
    soonest = clock.now() + max(at_rate, reading().rate) * _AHEAD
    moment = business_at or soonest
    if moment < clock.now():
        raise BadInput("Time does not go back. Read the clock, then name a later time.")
    if moment > soonest + FARTHEST:
        raise BadInput(f"Go on by {FARTHEST.days} days at a time at most.")
    moment = max(moment, soonest)
    try:
        with closing(SimulatorClient(settings.CSP_BASE_URL, token=settings.CSP_TOKEN)) as simulator:
            simulator.set_clock(business_at=moment, rate=at_rate)
    except httpx.HTTPError as failure:
        raise OutOfStep(
            "The simulated CSPs did not take the time. Nothing has changed; try again."
        ) from failure
    return clock.set_clock(business_at=moment, rate=at_rate)


def send_alert(scope: Scope, *, guid: str, alert: str, firmware_version: str = "") -> str:
    """Have the CSP of one of the actor's hubs deliver an alert of it; return the alert's id.

    It comes in where alerts of CSPs do, and is matched like them: one that fits nothing changes nothing.

    Raises:
        NotPermitted: the actor is no test client.
        NotFound: it has no such hub.
        BadInput: the alert gives a version, and none is named.
        OutOfStep: the portal's way in for CSPs cannot be reached.
    """
    check_sandbox(scope)
    now = clock.now()
    hub = hub_card(scope, guid=guid, now=now).record
    code, reason = _CODES[alert]
    if alert in {"ACTIVATED", "VERSION_READ"} and not firmware_version:
        raise BadInput("Name the firmware_version that the hub reports.")
    document = {
        "alert_id": str(uuid.uuid4()),
        "guid": guid,
        "code": code,
        "reason": reason,
        "occurred_at": now.astimezone(UTC).isoformat(),
        "firmware_version": firmware_version,
    }
    _deliver(document, by=CSPS[CSP_BY_REGION[int(hub.region)]].value)
    return str(document["alert_id"])


def _deliver(document: dict[str, Any], *, by: str) -> None:
    pairs = (pair.partition("=") for pair in settings.HUBSIM_TOKENS.split(",") if pair)
    secrets = {name.strip(): secret.strip() for name, _, secret in pairs}
    try:
        httpx.post(
            f"{settings.PORTAL_URL}/csp/v1/alerts",
            content=orjson.dumps(document),
            headers={"Authorization": f"Bearer {secrets.get(by, '')}"},
            timeout=_SECONDS,
            trust_env=False,
        ).raise_for_status()
    except httpx.HTTPError as failure:
        raise OutOfStep("The alert could not be delivered. Nothing has changed; try again.") from failure
