"""The terms of dispatch by name: what forms are made from, and what the version of each is a digest of."""

from __future__ import annotations

from typing import Any

from rollouts.models import CspChannel, Rollout, SupplierHours
from rollouts.rules.dispatch_terms import CHANNEL_FIELDS, PACE_FIELDS


def pace_values(rollout: Rollout) -> dict[str, Any]:
    """Return the terms of a rollout; none where it leaves one to the channels, or to the default."""
    return {name: rollout.dispatch_settings.get(name) for name in PACE_FIELDS}


def channel_values(channel: CspChannel) -> dict[str, Any]:
    """Return the terms of a way to a CSP."""
    return {name: getattr(channel, name) for name in CHANNEL_FIELDS}


def own_hours_values(row: SupplierHours | None) -> dict[str, Any]:
    """Return the hours of activation that a Supplier keeps; none where it keeps none."""
    return {"activation_hours": None if row is None else row.hours}
