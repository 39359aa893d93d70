"""The nights ahead of a rollout, with their room and slots, as the planner's statement takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

from rollouts.models import Command, Rollout, SupplierHours
from rollouts.rules import activation
from rollouts.rules.criteria.timing import ActivationHours
from rollouts.rules.pacing import Ramp
from rollouts.states import CommandKind, CommandStatus

_HAS_A_SLOT = [CommandStatus.READY, CommandStatus.CLAIMED, CommandStatus.SENT]


@dataclass(slots=True)
class NightRows:
    """Nights and slots as columns: the parameters of `plan_commands`."""

    night_firsts: list[int] = field(default_factory=list)
    night_lasts: list[int] = field(default_factory=list)
    slot_nights: list[int] = field(default_factory=list)
    slot_imports: list[int] = field(default_factory=list)
    slot_gas: list[int] = field(default_factory=list)
    slot_untils: list[float] = field(default_factory=list)
    slot_ats: list[datetime] = field(default_factory=list)
    with_hours: list[int] = field(default_factory=list)

    @property
    def params(self) -> dict[str, object]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def night_rows(rollout: Rollout, *, now: datetime) -> NightRows:
    """Write down the nights of a rollout: for each pair of Suppliers with hours of their own, its slots."""
    hours = activation.read_hours(rollout.dispatch_settings.get("activation_hours"))
    ramp = Ramp.read(rollout.dispatch_settings.get("ramp"))
    taken = _taken(rollout.pk, now=now) if ramp else {}
    since = rollout.status_at or rollout.created_at
    own = own_hours()
    rows = NightRows(with_hours=sorted(own))
    for imports, gas in product([0, *sorted(own)], repeat=2):
        narrower = [own[party] for party in sorted({imports, gas}) if party]
        nights = activation.nights(
            hours,
            now=now,
            own=narrower,
            ramp=ramp,
            ramp_since=since,
            taken=taken,
        )
        for number, night in enumerate(nights, start=1):
            if not imports and not gas:
                first = rows.night_lasts[-1] if rows.night_lasts else 0
                rows.night_firsts.append(first)
                rows.night_lasts.append(first + night.hubs)
            for slot in night.slots:
                rows.slot_nights.append(number)
                rows.slot_imports.append(imports)
                rows.slot_gas.append(gas)
                rows.slot_untils.append(slot.until)
                rows.slot_ats.append(slot.at)
    return rows


def own_hours() -> Mapping[int, ActivationHours]:
    """Return the narrower hours of the Suppliers that keep any."""
    rows = SupplierHours.objects.values_list("supplier_id", "hours")
    return {supplier: activation.read_hours(hours) for supplier, hours in rows}


def _taken(rollout_id: int, *, now: datetime) -> Mapping[datetime, int]:
    commands = Command.objects.filter(
        rollout_id=rollout_id, kind=CommandKind.ACTIVATE, status__in=_HAS_A_SLOT, execute_at__gt=now
    )
    taken: Counter[datetime] = Counter()
    for execute_at, hubs in commands.values_list("execute_at", "hub_count"):
        if execute_at is not None:
            taken[execute_at] += hubs
    return taken
