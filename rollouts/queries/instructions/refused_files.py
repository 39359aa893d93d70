"""The lines of an instruction that were not accepted, as files that the database writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import guid_sql
from portal.kernel.spreadsheets.writing import FORMULA_BEGINNINGS
from portal.kernel.statements import Sql
from rollouts.queries.instructions.receipts import own_instruction
from rollouts.states import RejectionReason

_GUID: Final = guid_sql("l.guid")
_WORDS: Final = "coalesce((%(words)s::text[])[array_position(%(reasons)s::text[], l.reason)], l.reason)"
# No JSON holds these characters as they are, so that COPY has nothing to quote.
_AS_IT_IS: Final = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"


def refused_csv(scope: Scope, reference: str, *, header: str, as_written: bool = False) -> Iterator[bytes]:
    """Stream the lines as CSV under a header; GUIDs as the portal spells them, or `as_written`.

    Raises:
        NotFound: there is no such instruction, or it is not the organisation's own.
    """
    params = _params(scope, reference)
    first = f"coalesce(nullif(l.raw, ''), {_GUID}, '')" if as_written else f"coalesce({_GUID}, l.raw)"
    cells = {"first": first, "words": _WORDS, "detail": "l.detail", "sheet": "l.sheet"}
    safe = {name: Sql(_safe(cell)) for name, cell in cells.items()}
    rows = sql.copy_out(sql.statement("rollouts", "refused_lines_csv", **safe), params)
    return _with_header(header, rows)


def refused_ndjson(scope: Scope, reference: str) -> Iterator[bytes]:
    """Stream the lines as NDJSON, each as it stands in a page.

    Raises:
        NotFound: there is no such instruction, or it is not the organisation's own.
    """
    params = _params(scope, reference)
    statement = sql.statement("rollouts", "refused_lines_ndjson", guid=Sql(_GUID), words=Sql(_WORDS))
    return sql.copy_out(statement, params, options=_AS_IT_IS)


def _params(scope: Scope, reference: str) -> dict[str, object]:
    return {
        "instruction_id": own_instruction(scope, reference).pk,
        "reasons": RejectionReason.values,
        "words": [str(label) for label in RejectionReason.labels],
        "formulas": list(FORMULA_BEGINNINGS),
    }


def _safe(cell: str) -> str:
    """Write a cell that is one line and no formula to a spreadsheet, as `csv_safe` does."""
    line = f"translate({cell}, E'\\r\\n', '  ')"
    return f"CASE WHEN left({cell}, 1) = ANY(%(formulas)s::text[]) THEN '''' ELSE '' END || {line}"


def _with_header(header: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    yield f"{header}\r\n".encode()
    for block in rows:
        yield block.replace(b"\n", b"\r\n")
