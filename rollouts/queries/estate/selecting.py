"""The hubs of a list as GUIDs alone: what is done with all that match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import BadInput
from portal.kernel.statements import Sql
from rollouts.queries.estate.estate import current_places
from rollouts.queries.estate.keyset import FIRST, LAST, EstateFilter, selection_of
from rollouts.queries.rollouts.members import MemberFilter, members_statement
from rollouts.queries.rollouts.progress import Viewer
from rollouts.reads.rollouts.visibility import visible_rollout

Int64s: TypeAlias = npt.NDArray[np.int64]
MOST_SELECTED: Final = 250_000
"""So many hubs are taken from a list at once; more are instructed by rules or by a file."""


def estate_guids(scope: Scope, *, filters: EstateFilter) -> Int64s:
    """Return the hubs of an estate that match, in database form, sorted.

    Raises:
        NotPermitted: the Panel sees no single hubs.
        NotFound: the rollout to filter by is not there for this organisation.
        BadInput: a filter is malformed, or more match than are taken at once.
    """
    selection = selection_of(scope, filters)
    low, high = selection.range
    bounds = {"first": max(low - 1, FIRST), "last": min(high + 1, LAST), "size": MOST_SELECTED + 1}
    statement = sql.statement(
        "rollouts",
        "estate_guids",
        walks=Sql(selection.union("ORDER BY guid")),
        condition=Sql(selection.condition),
    )
    return _checked(statement, {**selection.params, **bounds})


def member_guids(scope: Scope, rollout_id: int, *, wanted: MemberFilter) -> Int64s:
    """Return the hubs of a rollout that match, in database form, sorted.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
        BadInput: there are more than are taken at once.
    """
    visible_rollout(scope, rollout_id)
    statement = sql.statement("rollouts", "member_guids", members=members_statement())
    params = {
        **Viewer.of(scope).params,
        **wanted.params,
        "after": FIRST,
        "before": LAST,
        "size": MOST_SELECTED + 1,
    }
    return _checked(statement, {**params, "rollout_id": rollout_id})


def rollouts_of(scope: Scope, guids: Int64s) -> Mapping[int, int]:
    """Count how many of some hubs each rollout is upgrading now; of hubs that are the viewer's own."""
    places = current_places(scope, guids.tolist())
    return Counter(place.rollout_id for place in places.values())


def _checked(statement: Sql, params: Mapping[str, Any]) -> Int64s:
    (guids,) = sql.fetch_arrays(statement, params, ">i8")
    if len(guids) > MOST_SELECTED:
        raise BadInput(
            f"More than {MOST_SELECTED:,} hubs match. Set another filter, or use a rule or a file."
        )
    return guids
