"""Django's command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    _join_running_services()
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the environment

    execute_from_command_line(sys.argv)


def _join_running_services() -> None:
    """Take the addresses of a database and a broker that `make demo` has running, if none are named."""
    addresses = Path(__file__).with_name("var") / "services.env"
    if "DATABASE_URL" in os.environ or not addresses.is_file():
        return
    for line in addresses.read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    main()
