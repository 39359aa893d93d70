"""The simulator as it runs: a world, a clock that drives it, a gateway before and a post office behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from hubsim import alerts, messages, truth
from hubsim.alerts import Alerts
from hubsim.clock import SimulatedClock, iso
from hubsim.codes import Csp, HubCommandKind
from hubsim.commands import CommandId, ReceivedCommand
from hubsim.estate import SimulatedEstate
from hubsim.gateway import Gateway
from hubsim.posting import PostOffice
from hubsim.profile import Profile
from hubsim.world import World

TICK_SECONDS: Final = 0.025
_log = logging.getLogger(__name__)


class HubSimulator:
    """One estate, served."""

    def __init__(
        self,
        estate: SimulatedEstate,
        *,
        seed: int,
        profile: Profile,
        portal_url: str,
        tokens: Mapping[Csp, str],
        clock: SimulatedClock,
        run: int,
    ) -> None:
        self.clock = clock
        self.world = World(estate, seed=seed, profile=profile)
        self.gateway = Gateway(profile.gateway, seed=seed)
        self.office = PostOffice(
            portal_url=portal_url, tokens=tokens, write=self._write, held_for=self.gateway.alerts_held_for
        )
        self._seed = seed
        self._run = run
        self._accepted: dict[CommandId, int] = {}
        self._counts = {"commands": 0, "repeated_commands": 0, "hubs": 0, "events": 0, "alerts": 0}
        self._tasks: list[asyncio.Task[None]] = []

    def take(self, command: ReceivedCommand) -> int:
        """Take a command, or, if its id is known, only say again how many hubs it was for."""
        if command.id in self._accepted:
            self._counts["repeated_commands"] += 1
            return self._accepted[command.id]
        # A cancel is never forgotten: of a CSP that says it has, nobody can know that it has not.
        if command.kind is not HubCommandKind.CANCEL and self.gateway.forgets(command.id):
            accepted = len(command.guids)
        else:
            accepted = self.world.take(command, now=self.clock.now())
        self.gateway.charge(accepted)
        self._accepted[command.id] = accepted
        self._counts["commands"] += 1
        self._counts["hubs"] += accepted
        return accepted

    def follow(self, profile: Profile) -> None:
        """Behave by this profile from now on."""
        self.world.follow(profile)
        self.gateway.follow(profile.gateway)

    def truth(self) -> dict[str, Any]:
        """Sum up what really is, and whether everything that has begun has ended."""
        summary = truth.summary(self.world)
        unsent = summary["waiting_alerts"] + self.office.unsent
        return {
            "business_at": iso(self.clock.now()),
            "quiet": not unsent and not summary["waiting_events"],
            **summary,
            "unsent_alerts": unsent,
        }

    def stats(self) -> dict[str, Any]:
        """Return what has gone in and out so far."""
        events, waiting = self.world.waiting
        posted = self.office.counts
        return {
            "profile": self.world.profile.name,
            "business_at": iso(self.clock.now()),
            "rate": self.clock.rate,
            "taken": dict(self._counts),
            "waiting_events": events,
            "waiting_alerts": waiting,
            "unsent_alerts": waiting + self.office.unsent,
            "posted": {
                "alerts": posted.alerts,
                "by_csp": dict(posted.by_csp),
                "posts": posted.posts,
                "failed_posts": posted.failed_posts,
                "in_flight": posted.in_flight,
                "last_error": posted.last_error,
            },
        }

    async def start(self) -> None:
        """Let time pass and the post go out, until `stop`."""
        for work in (self._live(), self.office.run()):
            task = asyncio.create_task(work)
            task.add_done_callback(_tell_of_failure)
            self._tasks.append(task)

    async def stop(self) -> None:
        """Stop at once. What waits is lost with the memory it is in."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            now = self.clock.now()
            while await self._pass(now):
                pass
            await asyncio.sleep(TICK_SECONDS)

    async def _pass(self, now: float) -> int:
        happened = self.world.advance(now)
        ready = self.world.ready(now)
        if len(ready):
            self.office.put(self._ordered(ready))
        self._counts["events"] += happened
        self._counts["alerts"] += len(ready)
        # Requests are let in between passes, however much is due.
        await asyncio.sleep(0)
        return happened + len(ready)

    def _ordered(self, ready: Alerts) -> Alerts:
        return messages.shuffled(ready, seed=self._seed) if self.world.profile.messages.shuffled else ready

    def _write(self, batch: Alerts) -> bytes:
        return alerts.encode(
            batch, command_ids=self.world.commands.ids, versions=self.world.versions, run=self._run
        )


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.critical("the simulator has stopped working", exc_info=error)
