"""Hubs that change hands in a journey, from the inventory's feed of changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from demo.journey.cast import (
    AMBERGATE,
    BRACKENMOOR,
    FOXGLOVE,
    GREYFRIARS,
    HandedOverHub,
    Journey,
    scope_of,
)
from rollouts import services
from rollouts.models import Hub, Target

_EVERY: Final = 50


def change_hands(journey: Journey, *, states: Sequence[int]) -> int:
    """Move one in fifty of the hubs in these states to other Suppliers; return how many.

    In turn: to another Supplier in both roles, the import alone, the gas alone, and to nobody.
    """
    party = {name: scope_of(name).organisation_id for name in (AMBERGATE, BRACKENMOOR, FOXGLOVE, GREYFRIARS)}
    chosen = Target.objects.filter(rollout_id=journey.rollout_id, state__in=list(states)).order_by("guid")
    guids = list(chosen.values_list("guid", flat=True))[::_EVERY]
    before = {
        guid: (as_import, as_gas)
        for guid, as_import, as_gas in Hub.objects.filter(guid__in=guids).values_list(
            "guid", "import_supplier_id", "gas_supplier_id"
        )
    }
    changes: list[tuple[int, int | None, int | None]] = []
    for place, guid in enumerate(guids):
        as_import, as_gas = before[guid]
        ways = (
            (party[FOXGLOVE], party[FOXGLOVE]),
            (party[GREYFRIARS], as_gas),
            (as_import, party[BRACKENMOOR]),
            (None, None),
        )
        changes.append((guid, *ways[place % len(ways)]))
    now = journey.clocks.now
    services.change_suppliers(
        journey.dcc, changes=changes, effective_at=now, now=now, evidence="The journey's feed of changes"
    )
    after = journey.clocks.now
    journey.changes += [HandedOverHub(guid, *before[guid], at=after) for guid, *_ in changes]
    return len(changes)
