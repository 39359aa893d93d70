"""A small world, a rollout in it, and a system of each organisation that calls about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from portal.kernel.guid import Guid
from rollouts.models import Rollout
from tests.api.systems import System
from tests.factories import World, make_rollout, make_world


@dataclass
class Stage:
    """The world, the rollout, and who calls."""

    world: World
    rollout: Rollout
    supplier: System
    other: System
    third: System
    dcc: System
    csp: System
    things: dict[str, object] = field(default_factory=dict)
    """Ids of things of each kind, once `tests.api.things` has made them."""

    def guid(self, number: int) -> str:
        return str(Guid.from_db(self.world.guid(number)))

    def path(self, rest: str = "") -> str:
        return f"/rollouts/{self.rollout.pk}{rest}"


@pytest.fixture
def now() -> datetime:
    """The real time: the views read the clock themselves."""
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet(fresh_cache: None) -> None:
    """Requests and wrong tries of other tests do not count."""


@pytest.fixture
def stage(db: None, now: datetime) -> Stage:
    """Twenty hubs, all in a rollout that Suppliers may instruct."""
    return stage_of(make_world(), now=now)


def stage_of(world: World, *, now: datetime, **rollout: object) -> Stage:
    return Stage(
        world=world,
        rollout=make_rollout(world, now=now, **rollout),  # type: ignore[arg-type]
        supplier=System(world.supplier),
        other=System(world.other),
        third=System(world.third),
        dcc=System(world.dcc),
        csp=System(world.csp),
    )


@pytest.fixture
def panel(stage: Stage) -> System:
    """A system of the Panel."""
    return System(stage.world.panel)
