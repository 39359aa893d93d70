"""Which hub activates on which night: the seeded shuffle cut into nights, in Python and in SQL alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from portal.kernel.statements import Sql, statement
from rollouts.rules.criteria.hashing import shuffle_key, shuffle_sql
from rollouts.rules.criteria.timing import NightPlan


def spread(guids: Iterable[int], plan: NightPlan, *, seed: int) -> dict[int, datetime]:
    """Return the time of each hub's night; hubs that no night is left for are left out."""
    shuffled = iter(sorted(guids, key=lambda guid: (shuffle_key(guid, seed), guid)))
    return {guid: night.at for night in plan.nights for guid in islice(shuffled, night.hubs)}


def spread_sql(matching: Sql, plan: NightPlan, *, seed: int) -> Sql:
    """Return the statement whose rows are (guid, activate_at), by GUID: the twin of `spread`.

    `matching` selects the `guid` of the hubs to spread.
    """
    firsts, taken = [], 0
    for night in plan.nights:
        firsts.append(taken + 1)
        taken += night.hubs
    params = {
        "night_at": [night.at for night in plan.nights],
        "night_first": firsts,
        "night_last": [first + night.hubs - 1 for first, night in zip(firsts, plan.nights, strict=True)],
    }
    key = Sql(shuffle_sql("m.guid", seed))
    spreading = statement("rollouts", "spread_hubs", matching=matching, key=key)
    return Sql(spreading.text, {**spreading.params, **params})
