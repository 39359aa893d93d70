"""Writing down what happened, inside the transaction in which it happens.

One row is both audit line and outbox message. Entries for a party's feed are written
the same way; single coarse ones with `publish_entries`, sets of hub entries by set-based SQL into
`events_feed_outbox`. The sequencer (`portal.events.sequencer`) gives both their places.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from portal.events.kinds import EntryKind
from portal.events.wakeups import ring_sequencer
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work, run_once_after_commit


@inside_unit_of_work
def record(name: str, *, subject: str, by: Scope, at: datetime, facts: Mapping[str, object]) -> None:
    """Write one fact in the caller's transaction. `subject` reads like `rollout:12`."""
    run_once_after_commit(ring_sequencer)
    sql.execute(
        "portal.events",
        "record_event",
        event=name,
        subject=subject,
        organisation_id=by.organisation_id,
        actor_id=by.user_id,
        actor_name=by.name,
        at=at,
        facts=json.dumps(dict(facts)),
    )


@inside_unit_of_work
def publish_entries(
    kind: EntryKind,
    *,
    parties: Iterable[int],
    at: datetime,
    rollout_id: int | None = None,
    data: Mapping[str, object] | None = None,
    data_by_party: Mapping[int, Mapping[str, object]] | None = None,
) -> None:
    """Put one coarse entry into the feed of each party; `data_by_party` adds what only it may know."""
    run_once_after_commit(ring_sequencer)
    own = data_by_party or {}
    entries = [
        {"party_id": party, "data": {**(data or {}), **own.get(party, {})}} for party in sorted(set(parties))
    ]
    sql.execute(
        "portal.events",
        "publish_entries",
        kind=int(kind),
        rollout_id=rollout_id,
        at=at,
        entries=json.dumps(entries),
    )
