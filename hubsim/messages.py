"""What happens to alerts between the hub and the portal: duplicates, delays, bursts. Pure, like the hubs."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from hubsim.alerts import Alerts
from hubsim.codes import DEVICE_ALERTS
from hubsim.profile import MessageFaults
from hubsim.randomness import F64, key_of, uniforms


class AlertDraw(IntEnum):
    """What is drawn for an alert. Apart from the streams of the hubs."""

    DUPLICATE = 101
    JITTER = 102
    LATE = 103
    LATE_BY = 104
    ANONYMOUS = 105
    SHUFFLE = 106
    LOST = 107


def spread(alerts: Alerts, faults: MessageFaults, *, seed: int) -> Alerts:
    """Return the alerts as they arrive, each with its time of sending: some never, some twice or late."""
    if faults == MessageFaults():
        return alerts
    alerts = alerts[_draw(alerts, AlertDraw.LOST, seed, 0) >= faults.lost]
    sent = _delayed(alerts, faults, seed=seed, copy=0)
    twice = alerts[_draw(alerts, AlertDraw.DUPLICATE, seed, 0) < faults.duplicates]
    if len(twice):
        sent = np.concatenate([sent, _delayed(twice, faults, seed=seed, copy=1)])
    return sent


def shuffled(alerts: Alerts, *, seed: int) -> Alerts:
    """Return a batch in an order that has nothing to do with time."""
    return alerts[np.argsort(_draw(alerts, AlertDraw.SHUFFLE, seed, 0))]


def _delayed(alerts: Alerts, faults: MessageFaults, *, seed: int, copy: int) -> Alerts:
    sent = alerts.copy()
    due = alerts["occurred"] + _draw(alerts, AlertDraw.JITTER, seed, copy) * faults.jitter_seconds
    is_late = _draw(alerts, AlertDraw.LATE, seed, copy) < faults.late
    due += np.where(is_late, _draw(alerts, AlertDraw.LATE_BY, seed, copy) * faults.late_seconds, 0.0)
    if faults.burst_seconds:
        due = np.ceil(due / faults.burst_seconds) * faults.burst_seconds
    sent["due"] = due
    anonymous = _draw(alerts, AlertDraw.ANONYMOUS, seed, 0) < faults.without_command_id
    sent["anonymous"] = anonymous & np.isin(alerts["code"], [int(code) for code in DEVICE_ALERTS])
    return sent


def _draw(alerts: Alerts, draw: AlertDraw, seed: int, copy: int) -> F64:
    return uniforms(alerts["key"], copy, key=key_of(seed, draw))
