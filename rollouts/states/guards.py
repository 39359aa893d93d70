"""The tables of moves as the database holds them: a trigger a table that refuses every other move.

Whoever changes a table makes a migration of what `Guard.create_sql` then writes; a test compares the two.
Consent has no table: it follows from the answers and the dates, whatever it was before (`rules`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from rollouts.states.governing import ALLOWED_DECISION_MOVES, ALLOWED_INCIDENT_MOVES
from rollouts.states.moves import ALLOWED_COMMAND_MOVES, ALLOWED_TARGET_MOVES
from rollouts.states.steps import ALLOWED_ROLLOUT_MOVES


@dataclass(frozen=True, slots=True)
class Guard:
    """The moves that one column of one table may make."""

    table: str
    column: str
    moves: frozenset[tuple[int | str, int | str]]

    @property
    def trigger(self) -> str:
        """Name the trigger in the database."""
        return f"{self.table}_may_move"

    def create_sql(self) -> str:
        """Write the trigger that holds the table of moves.

        It runs after the row and its condition is an expression, so that an allowed move calls no function
        and takes no second lock on the row: see docs/explanation/performance.md for what it costs.
        """
        old, new = f"OLD.{self.column}", f"NEW.{self.column}"
        targets = defaultdict(list)
        for source, target in sorted(self.moves):
            targets[source].append(_literal(target))
        whens = "".join(
            f"\n         WHEN {_literal(source)} THEN {new} IN ({', '.join(reached)})"
            for source, reached in targets.items()
        )
        return (
            f"CREATE OR REPLACE TRIGGER {self.trigger} AFTER UPDATE OF {self.column} ON {self.table}\n"
            f"    FOR EACH ROW WHEN ({old} <> {new} AND NOT CASE {old}{whens}\n"
            f"         ELSE false END)\n"
            f"    EXECUTE FUNCTION rollouts_refuse_move('{self.column}');"
        )


GUARDS: Final = (
    Guard("rollouts_target", "state", ALLOWED_TARGET_MOVES),
    Guard("rollouts_command", "status", ALLOWED_COMMAND_MOVES),
    Guard("rollouts_rollout", "status", ALLOWED_ROLLOUT_MOVES),
    Guard("rollouts_incident", "status", ALLOWED_INCIDENT_MOVES),
    Guard("rollouts_decision", "status", ALLOWED_DECISION_MOVES),
)


def _literal(value: int | str) -> str:
    return f"'{value}'" if isinstance(value, str) else f"{value:d}"
