"""A simulator over HTTP; no database."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from hubsim.catalogue import cpl_entries
from hubsim.clock import SimulatedClock
from hubsim.codes import Csp
from hubsim.estate import build_estate
from hubsim.guids import text_of
from hubsim.profile import Profile, preset
from hubsim.server import App
from hubsim.simulator import HubSimulator
from tests.hubsim.two_sides import LittlePortal, Side, serving

HUBS = 20_000
SEED = 11
TOKENS = {Csp.NORTH: "n-token", Csp.CENTRAL: "c-token", Csp.FOURG: "f-token"}


@pytest.fixture(scope="session")
def estate():
    return build_estate(hubs=HUBS, seed=SEED)


@pytest.fixture(scope="session")
def toshiba(estate) -> list[str]:
    """GUIDs of the hubs of one model that are on the version before the newest and in service."""
    before = estate.versions.index("0C220000")
    fits = (estate.model == 3) & (estate.version == before) & (estate.status == 4) & (estate.region != 7)
    return [text_of(int(value)) for value in estate.guid[fits]]


@pytest.fixture(scope="session")
def image() -> dict[str, str]:
    """The image that brings them to the newest version."""
    entry = next(each for each in cpl_entries(SEED) if each.firmware.version == "0C230000")
    return {"manufacturer": "106C", "model": "433100AC", "version": "0C230000", "hash": entry.hash}


@pytest.fixture
def start(estate):
    """Start a simulator with a profile; everything ends with the test."""
    with contextlib.ExitStack() as stack:

        def begin(profile: Profile | str = "instant", *, rate: float = 1.0) -> Side:
            portal = LittlePortal()
            portal.url = stack.enter_context(serving(portal, lifespan="off"))
            simulator = HubSimulator(
                estate,
                seed=SEED,
                profile=preset(profile) if isinstance(profile, str) else profile,
                portal_url=portal.url,
                tokens=TOKENS,
                clock=SimulatedClock(rate=rate),
                run=1,
            )
            app = App(simulator, tokens=["secret"])
            url = stack.enter_context(serving(app, lifespan="on"))
            http = httpx.Client(
                base_url=url, headers={"Authorization": "Bearer secret"}, trust_env=False, timeout=20
            )
            return Side(app, stack.enter_context(http), portal)

        yield begin
