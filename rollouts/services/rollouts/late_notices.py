"""The notice of a rollout for whoever becomes concerned after its publication (R1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models import Rollout
from rollouts.reads.rollouts.notices import notice_facts


def late_numbers(**counts: int) -> dict[str, object]:
    """Return a Supplier's numbers as the notice gives them: its hubs, its roles, and how many it shares."""
    roles = {role: counts[role] for role in ("import", "gas", "both")}
    return {"hubs": counts["hubs"], "split": counts["split"], "roles": roles}


@inside_unit_of_work
def publish_late_notice(
    rollout: Rollout,
    numbers_by_party: Mapping[int, Mapping[str, object]],
    *,
    since: Literal["GAINED", "JOINED"],
    now: datetime,
) -> None:
    """Send the notice to Suppliers for hubs they gained or that joined, each with its own numbers."""
    if not numbers_by_party:
        return
    has_window = rollout.window_closed_at is None and now <= rollout.cutoff_at
    journal.publish_entries(
        EntryKind.ROLLOUT_NOTIFIED,
        parties=numbers_by_party,
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, "since": since, **notice_facts(rollout, has_window=has_window)},
        data_by_party=numbers_by_party,
    )
