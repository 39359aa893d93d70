"""`manage.py demo_reset`: forget what demonstrations and development runs have kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.embedded.failures import CannotStart
from portal.embedded.services import clear

_RUNS: Final = ("demo", "run", "journey", "incident")


class Command(BaseCommand):
    """Clear the state under `var/`, unless it is in use."""

    help = "Clear the state of the demonstration and of development runs."
    requires_system_checks = ()

    def handle(self, **_: Any) -> None:
        """Clear run by run; refuse while one is under way."""
        for run in _RUNS:
            try:
                clear(Path(settings.VAR_DIR) / run)
            except CannotStart as problem:
                raise CommandError(str(problem)) from None
        self.stdout.write("Cleared.")
