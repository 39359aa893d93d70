"""Whether the time of a target was chosen to the minute, as a piece of SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portal.kernel import sql
from portal.kernel.statements import Sql
from rollouts.models import Rollout


def is_chosen_sql(
    *,
    effective_at: str,
    automatic_at: str,
    import_answer: str,
    import_time: str,
    gas_answer: str,
    gas_time: str,
) -> str:
    """Write `rollouts.rules.activation.is_chosen` as an SQL expression."""
    parts = {
        "effective_at": effective_at,
        "automatic_at": automatic_at,
        "import_answer": import_answer,
        "import_time": import_time,
        "gas_answer": gas_answer,
        "gas_time": gas_time,
    }
    return sql.statement("rollouts", "is_chosen", **{name: Sql(text) for name, text in parts.items()}).text


def is_chosen(target: str, *, automatic_at: str) -> Sql:
    """Write it for a target as it stands, read from a relation with the columns of targets."""
    names = ("effective_at", "import_answer", "import_time", "gas_answer", "gas_time")
    columns = {name: f"{target}.{name}" for name in names}
    return Sql(is_chosen_sql(automatic_at=automatic_at, **columns))


AUTOMATIC_IF_CHOSEN: Final = (
    "CASE WHEN r.window_closed_at = r.notified_at AND NOT r.is_all_at_once THEN '-infinity'::timestamptz "
    "ELSE r.automatic_at END"
)
"""The automatic time of a rollout `r`, if DCC means that minute: the SQL twin of `automatic_if_chosen`."""


def automatic_if_chosen(rollout: Rollout) -> datetime | str:
    """Return the automatic time if hubs are to activate in that very minute, else a time no hub has.

    Where the notice left Suppliers no window, it is every hub's time. Unless DCC chose that they activate all
    at once, they do so in the hours of activation from then on (R1.2).
    """
    is_every_hubs = rollout.window_closed_at is not None and rollout.window_closed_at == rollout.notified_at
    return "-infinity" if is_every_hubs and not rollout.is_all_at_once else rollout.automatic_at
