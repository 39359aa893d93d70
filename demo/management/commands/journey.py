"""`manage.py journey`: one rollout from its notice to the last hub, checked against the simulator's truth."""

from __future__ import annotations

import secrets
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.journey import checks, report
from demo.journey.cast import Journey
from demo.journey.clocks import Clocks
from demo.journey.passing import begin_acting
from demo.journey.script import BRIEF, STAGES, Stage
from demo.journey.simulator import FAULTS, SimulatorClient
from demo.journey.waiting import NeverQuiet
from rollouts.models import Rollout

# Always the same days, so that calendars play no part in what comes out.
_SLOWDOWN: Final = 4.0
_BEGINS_AT: Final = datetime(2027, 1, 11, 9, tzinfo=UTC)


class Command(BaseCommand):
    """Play the stages, then check; the exit code says whether all is as it must be."""

    help = "Take one rollout from its notice to the last hub, and hold it against the simulator's truth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--report` is where the figures go."""
        parser.add_argument("--report", dest="to", type=Path, default=Path(settings.VAR_DIR) / "journey.json")
        parser.add_argument(
            "--disturbed",
            action="store_true",
            help="what is around fails on purpose: lost connections are no faults",
        )

        parser.add_argument("--brief", action="store_true", help="only the pilot and DCC's automatic time")

    def handle(self, *, to: Path, disturbed: bool, brief: bool, **_: Any) -> None:
        """Play and check."""
        if not settings.DEMO:
            raise CommandError("A journey moves the clock: it needs a demonstration (DEMO=1).")
        if Rollout.objects.exists():
            raise CommandError("A journey needs a fresh estate without rollouts.")
        begin_acting()
        journey = _begin(slowdown=_SLOWDOWN if disturbed else 1.0)
        seconds = self._play(journey, BRIEF if brief else STAGES)
        self._notify(journey, seconds, to=to, disturbed=disturbed)

    def _play(self, journey: Journey, stages: Sequence[Stage]) -> dict[str, float]:
        seconds = {}
        for stage in stages:
            began = time.monotonic()
            try:
                stage(journey)
            except NeverQuiet as problem:
                raise CommandError("\n".join([str(problem), *report.standing(journey)])) from None
            seconds[stage.__name__] = time.monotonic() - began
            journey.stuck[stage.__name__] = checks.stuck(journey)
            moment = f"{journey.clocks.now:%d %b %Y %H:%M}"
            self._say(f"{moment}  {seconds[stage.__name__]:6.1f} s  {(stage.__doc__ or '').strip()}")
        return seconds

    def _notify(self, journey: Journey, seconds: dict[str, float], *, to: Path, disturbed: bool) -> None:
        document = report.document_of(journey, seconds=seconds, disturbed=disturbed)
        to.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        for line in report.table(document):
            self._say(line)
        self._say(f"Written to {to}")
        if wrong := report.failures_of(document):
            raise CommandError("This must be nothing: " + ", ".join(f"{k} {n}" for k, n in wrong.items()))
        self._say("Everything is as it must be.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _begin(*, slowdown: float) -> Journey:
    simulator = SimulatorClient(settings.CSP_BASE_URL, token=settings.CSP_TOKEN)
    simulator.follow(FAULTS)
    return Journey(
        clocks=Clocks(simulator, begins_at=_BEGINS_AT, slowdown=slowdown),
        simulator=simulator,
        url=settings.PORTAL_URL,
        password=secrets.token_urlsafe(12),
        begins_at=_BEGINS_AT,
    )
