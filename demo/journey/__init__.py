"""One rollout from its notice to the last hub, without a person, and held against the simulator's truth."""

from __future__ import annotations
