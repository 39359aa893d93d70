"""The headings under which an organisation keeps its own files: what a change of them is made from."""

from __future__ import annotations

from portal.identity.scope import Scope
from rollouts.models import ColumnMapping


def column_mappings(scope: Scope) -> dict[str, dict[str, str]]:
    """Return the headings by kind of file; none of a kind that has none of its own."""
    saved = ColumnMapping.objects.filter(organisation_id=scope.organisation_id)
    return {kind: columns for kind, columns in saved.values_list("kind", "columns") if columns}
