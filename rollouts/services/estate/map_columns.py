"""What the columns of an organisation's own files are called: mapped once and remembered, by kind of file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from portal.events import journal
from portal.identity.models import Organisation
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.headings import bare_name
from portal.kernel.transactions import unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import ColumnMapping
from rollouts.reads.estate.mappings import column_mappings
from rollouts.rules.file_columns import COLUMNS_OF
from rollouts.states.inventory import FileKind

LONGEST_HEADING: Final = 200


@unit_of_work
def map_columns(
    scope: Scope,
    *,
    kind: FileKind,
    columns: Mapping[str, str],
    expected: str | None = None,
    now: datetime,
) -> None:
    """Remember under which headings the columns of a kind of file stand; files sent from now on are read so.

    A column that is not named goes by the names the portal knows. No columns at all forgets the mapping.
    `expected` is the `version_of` the `column_mappings` that were read.

    Raises:
        NotPermitted: not for a DCC operator.
        EditConflict: they are not as `expected`.
        BadInput: there is no such column, a heading is empty or too long, or two columns share one.
    """
    scope.check(*MAY_OPERATE)
    known = COLUMNS_OF[kind].columns
    for column, heading in columns.items():
        if column not in known:
            raise BadInput(f"Such a file has no column {column}. It has {', '.join(known)}.")
        if not bare_name(heading) or len(heading) > LONGEST_HEADING:
            raise BadInput(f"Give the heading of {column} with at most {LONGEST_HEADING} characters.")
    if len({bare_name(heading) for heading in columns.values()}) < len(columns):
        raise BadInput("Two columns cannot have the same heading.")
    Organisation.objects.select_for_update(no_key=True).get(pk=scope.organisation_id)
    check_version(expected, column_mappings(scope))
    ColumnMapping.objects.update_or_create(
        organisation_id=scope.organisation_id,
        kind=kind,
        defaults={"columns": dict(columns), "changed_at": now, "changed_by_id": scope.user_id},
    )
    facts = {"kind": kind.value, "columns": dict(columns)}
    journal.record("columns.mapped", subject="estate", by=scope, at=now, facts=facts)


def mapping_of(scope: Scope, kind: FileKind) -> dict[str, str]:
    """Return the headings of an organisation's columns; empty where it has mapped none."""
    mappings = ColumnMapping.objects.filter(organisation_id=scope.organisation_id, kind=kind)
    columns: dict[str, str] = mappings.values_list("columns", flat=True).first() or {}
    return columns
