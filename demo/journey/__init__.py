"""One rollout from its notice to the last hub, without a person, and compared with the simulator's truth."""

from __future__ import annotations
