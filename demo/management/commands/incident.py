"""`manage.py incident`: a bad release on the demonstration estate, halted by rule, decided by the Panel."""

from __future__ import annotations

import secrets
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.journey import checks
from demo.journey.cast import Journey
from demo.journey.clocks import Clocks
from demo.journey.simulator import SimulatorClient
from demo.rehearsal.checks import document_of, table
from demo.rehearsal.script import STAGES, Rehearsal
from demo.seed import people
from rollouts.models import Rollout
from rollouts.states import ReviewOutcome

_BEGINS_AT: Final = datetime(2027, 1, 11, 9, tzinfo=UTC)
_OUTCOMES: Final = (ReviewOutcome.STOP, ReviewOutcome.PROCEED)


class Command(BaseCommand):
    """Play the stages, then check; the exit code says whether all is as it must be."""

    help = "Rehearse a bad release: incidents, a halt rule, the Panel's decision, and what that spared."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--report` is where the figures go, `--outcome` what is decided."""
        parser.add_argument(
            "--report", dest="to", type=Path, default=Path(settings.VAR_DIR) / "incident.json"
        )
        parser.add_argument("--outcome", choices=[each.value for each in _OUTCOMES], default="STOP")

    def handle(self, *, to: Path, outcome: str, **_: Any) -> None:
        """Play and check."""
        if not settings.DEMO:
            raise CommandError("A rehearsal moves the clock: it needs a demonstration (DEMO=1).")
        if Rollout.objects.exists():
            raise CommandError("A rehearsal needs a fresh estate without rollouts.")
        rehearsal = Rehearsal(_begin(), ReviewOutcome(outcome))
        for stage in STAGES:
            began = time.monotonic()
            stage(rehearsal)
            rehearsal.journey.stuck[stage.__name__] = checks.stuck(rehearsal.journey)
            moment = f"{rehearsal.journey.clocks.now:%d %b %Y %H:%M}"
            self._say(f"{moment}  {time.monotonic() - began:6.1f} s  {(stage.__doc__ or '').strip()}\n")
        self._notify(rehearsal, to=to)

    def _notify(self, rehearsal: Rehearsal, *, to: Path) -> None:
        document = document_of(rehearsal)
        to.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        to.with_suffix(".evidence.zip").write_bytes(rehearsal.evidence)
        for line in table(document):
            self._say(line)
        self._say(f"Written to {to}, the evidence beside it\n")
        if wrong := {name: n for name, n in document["wrong"].items() if n}:
            raise CommandError("This must be nothing: " + ", ".join(f"{k} {n}" for k, n in wrong.items()))
        self._say("Everything is as it must be.\n")

    def _say(self, line: str) -> None:
        self.stdout.write(line, ending="")
        self.stdout.flush()


def _begin() -> Journey:
    password = secrets.token_urlsafe(12)
    people.put_log_ins(password)
    simulator = SimulatorClient(settings.CSP_BASE_URL, token=settings.CSP_TOKEN)
    simulator.follow({"name": "bad-release"})
    return Journey(
        clocks=Clocks(simulator, begins_at=_BEGINS_AT),
        simulator=simulator,
        url=settings.PORTAL_URL,
        password=password,
        begins_at=_BEGINS_AT,
    )
