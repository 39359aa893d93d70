"""What tests of the simulated world share: an estate, an image, and time that is a number."""

from __future__ import annotations

from collections import Counter

import numpy as np
import orjson

from hubsim import alerts
from hubsim.catalogue import cpl_entries
from hubsim.codes import HubCommandKind
from hubsim.commands import ImageName, ReceivedCommand
from hubsim.estate import build_estate
from hubsim.profile import Delay, Profile, RegionFaults, preset
from hubsim.world import World

START = 1_800_000_000.0
DAY = 86_400.0
SEED = 21
ESTATE = build_estate(hubs=30_000, seed=SEED)
BEFORE = ESTATE.versions.index("0C220000")
FITTING = ESTATE.guid[(ESTATE.model == 3) & (ESTATE.version == BEFORE) & (ESTATE.status == 4)]
HASHES = {each.firmware.version: each.hash for each in cpl_entries(SEED)}
IMAGE = ImageName("TOSHIBA", "433100AC", "0C230000", HASHES["0C230000"])
SLOW_ANSWER = RegionFaults(answer_seconds=Delay(60, 60, 60), reboot_seconds=Delay(120, 120, 120))


class Simulation:
    """A world and the time in it."""

    def __init__(self, profile: Profile | str = "instant") -> None:
        self.world = World(
            ESTATE, seed=SEED, profile=preset(profile) if isinstance(profile, str) else profile
        )
        self.now = START
        self._commands = 0

    def send(self, kind, hubs, *, image=IMAGE, execute_at=None) -> str:
        self._commands += 1
        command = ReceivedCommand(f"c{self._commands}", kind, np.unique(hubs), image, execute_at)
        assert self.world.take(command, now=self.now) == len(command.guids)
        return str(command.id)

    def after(self, seconds: float) -> list[dict]:
        """Let time pass; return the alerts sent meanwhile, as the portal would read them."""
        self.now += seconds
        while self.world.advance(self.now):
            pass
        ready = self.world.ready(self.now, limit=10**9)
        text = alerts.encode(ready, command_ids=self.world.commands.ids, versions=self.world.versions, run=9)
        return [orjson.loads(line) for line in text.splitlines()]

    def holding(self, hubs):
        """Bring the image onto hubs."""
        self.send(HubCommandKind.DISTRIBUTE, hubs)
        self.after(30 * DAY)
        return self


def codes(alerts):
    return Counter((alert["code"], alert.get("reason")) for alert in alerts)
