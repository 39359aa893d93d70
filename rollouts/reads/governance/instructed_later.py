"""Which instructions ask for a time later than a new, earlier automatic time: they take that time (R1.2)."""

from __future__ import annotations

from datetime import datetime

from portal.kernel import sql


def instructed_later(rollout_id: int, *, than: datetime) -> dict[int, int]:
    """Count the hubs of each Supplier instructed for later than a moment; under 0 all hubs, each once."""
    rows = sql.fetch_all("rollouts", "instructed_later", rollout_id=rollout_id, at=than)
    return {row.party: row.hubs for row in rows}
