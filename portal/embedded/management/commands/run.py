"""`manage.py run`: the portal for development, on an empty database that stays, until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.embedded.failures import CannotStart
from portal.embedded.show import RunPlan, perform

_PORT: Final = 8000


class Command(BaseCommand):
    """Start stores, web, workers and beat; the web loads changed code by itself."""

    help = "Run the portal for development, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """`PORT` of the environment is the default."""
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or _PORT))

    def handle(self, *, port: int, **_: Any) -> None:
        """Run until asked to stop."""
        plan = RunPlan(var=Path(settings.VAR_DIR) / "run", port=port, is_demo=False, reload=True)
        try:
            perform(plan, say=self._say)
        except CannotStart as problem:
            raise CommandError(str(problem)) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
