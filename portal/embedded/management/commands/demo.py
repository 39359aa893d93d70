"""`manage.py demo`: the whole portal on one machine, with a generated estate and simulated CSPs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.embedded.drills import DrillKind
from portal.embedded.failures import CannotStart
from portal.embedded.services import clear
from portal.embedded.show import RunPlan, perform

_HUBS: Final = 200_000
_PORT: Final = 8000
_OUTCOMES: Final = ("STOP", "PROCEED")


class Command(BaseCommand):
    """Start everything, print the URL and the log-ins, stay until Ctrl-C."""

    help = "Run the portal with a generated estate and simulated CSPs, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """`HUBS` and `PORT` of the environment are the defaults."""
        parser.add_argument("--hubs", type=int, default=int(os.environ.get("HUBS") or _HUBS))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or _PORT))
        scripts = parser.add_mutually_exclusive_group()
        for script in ("journey", "incident"):
            scripts.add_argument(
                f"--{script}",
                dest="script",
                action="store_const",
                const=script,
                help=f"play the {script} on a fresh estate, check it against the simulator, and end",
            )

        parser.add_argument(
            "--outcome",
            choices=_OUTCOMES,
            default=_OUTCOMES[0],
            help="what the Panel decides of the incident",
        )
        parser.add_argument(
            "--chaos",
            type=int,
            metavar="SEED",
            help="with --journey: kill, freeze and cut off everything around it, as the seed says",
        )
        parser.add_argument(
            "--drill",
            choices=[kind.value for kind in DrillKind],
            help="with --journey: restore the database, fail over to a standby, or run two releases at once",
        )
        parser.add_argument(
            "--before",
            default="",
            metavar="COMMIT",
            help="with --drill=upgrade: what runs beside this release (else: the last with other tables)",
        )
        parser.add_argument(
            "--brief", action="store_true", help="with --journey: only the pilot and DCC's automatic time"
        )

    def handle(
        self,
        *,
        hubs: int,
        port: int,
        script: str | None,
        outcome: str,
        chaos: int | None,
        drill: str | None,
        before: str,
        brief: bool,
        **_: Any,
    ) -> None:
        """Run to the end; the exit code is the script's."""
        if (chaos is not None or drill or brief) and script != "journey":
            raise CommandError("--chaos, --drill and --brief are about a journey: give --journey too.")
        if chaos is not None and drill:
            raise CommandError("Give --chaos or --drill, not both.")
        var = Path(settings.VAR_DIR) / (script or "demo")
        then = (script, f"--report={Path(settings.VAR_DIR) / f'{script}.json'}") if script else ()
        if script == "incident":
            then = (*then, f"--outcome={outcome}")
        if brief:
            then = (*then, "--brief")
        plan = RunPlan(
            var=var,
            port=port,
            hubs=hubs,
            then=then,
            chaos=chaos,
            drill=DrillKind(drill) if drill else None,
            before=before,
        )
        try:
            if script:
                clear(var)
            code = perform(plan, say=self._say)
        except CannotStart as problem:
            raise CommandError(str(problem)) from None
        if code:
            raise SystemExit(code)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
