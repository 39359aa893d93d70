"""Whether the time of a target was chosen to the minute, as a piece of SQL."""

from __future__ import annotations

from portal.kernel import sql
from portal.kernel.statements import Sql


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
