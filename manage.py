"""Django's command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from portal.embedded.services import join_running

# These start stores of their own. Every other command joins a run that is under way in another terminal.
LAUNCHERS = {"demo", "demo_reset", "run"}


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if not LAUNCHERS.intersection(sys.argv[1:2]):
        join_running(Path(__file__).parent / "var" / "demo")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
