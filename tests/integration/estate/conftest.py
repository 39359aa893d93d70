"""What tests of the inventory start from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from portal.identity.models import MarketParticipant
from rollouts import services
from tests.factories import World
from tests.integration.inventories import file_of


@pytest.fixture
def market_participants(world: World) -> None:
    """The Suppliers by the codes under which the inventory names them."""
    fuel = MarketParticipant.Fuel
    for organisation, mpid, gas in (
        (world.supplier, "BRIG", "BRG"),
        (world.other, "FERN", "FER"),
        (world.third, "KEST", "KES"),
    ):
        MarketParticipant.objects.create(organisation=organisation, fuel=fuel.ELECTRICITY, code=mpid)
        MarketParticipant.objects.create(organisation=organisation, fuel=fuel.GAS, code=gas)


@pytest.fixture
def load(world: World, now: datetime) -> Callable[..., Any]:
    """Load a file of these lines."""

    def load_lines(*lines: str, **more: Any) -> Any:
        return services.load_estate(
            world.operator, source=file_of(*lines), file_name="estate.csv", now=now, **more
        )

    return load_lines
