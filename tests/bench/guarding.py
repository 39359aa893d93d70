"""`moves`: what the guard of the targets' moves costs, claims and failures of a whole rollout with it and without."""

from __future__ import annotations

from typing import Final

from portal.kernel import sql
from rollouts.states.guards import GUARDS
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, rate
from tests.bench.stage import Stage

_SLICE: Final = 5_000
_GUARD: Final = GUARDS[0]
_MOVED: Final = """
UPDATE rollouts_target AS target
   SET state = %(to)s, state_at = %(now)s, command_id = 1, attempts = target.attempts + 1
 WHERE target.rollout_id = %(rollout)s AND target.guid = ANY(%(guids)s) AND target.state = %(from)s
"""


def measure(stage: Stage) -> list[Figure]:
    """Move every hub of a rollout there and back by slices, each slice once guarded and once not."""
    rollout = estate.publish(estate.people())
    target = f"rollouts_target_{rollout.pk}"
    sql.run(f"UPDATE {target} SET state = 20, consent = 4")
    sql.run("SET enable_seqscan = off")  # a slice is met by its key, however small the estate
    guids = [row.guid for row in sql.rows(f"SELECT guid FROM {target} ORDER BY guid")]
    slices = [guids[first : first + _SLICE] for first in range(0, len(guids), _SLICE)]
    guarded, bare = Seconds(), Seconds()
    for run in range(2 * stage.runs(3)):
        estate.settle()
        for number, part in enumerate(slices):
            # Neither side is always the first to touch a page, nor always the one that moves hubs forward.
            is_first = (run + number) % 2 == 0
            for is_guarded, (source, to) in zip((is_first, not is_first), ((20, 30), (30, 20)), strict=True):
                sql.run(
                    f"ALTER TABLE {target} {'ENABLE' if is_guarded else 'DISABLE'} TRIGGER {_GUARD.trigger}"
                )
                params = {
                    "from": source,
                    "to": to,
                    "guids": part,
                    "rollout": rollout.pk,
                    "now": rollout.created_at,
                }
                with (guarded if is_guarded else bare).timed():
                    moved = sql.run(_MOVED, params)
                assert moved == len(part)
    sql.run(f"ALTER TABLE {target} ENABLE TRIGGER {_GUARD.trigger}")
    sql.run("RESET enable_seqscan")
    rows = min(_SLICE, len(guids))
    return [rate("moves", "hubs/s", rows=rows, ours=guarded, bare=bare, note="bare: without the guard")]
