"""The release before this one, from the history of the project: it runs beside the new one in an upgrade."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import Final

from portal.embedded.failures import CannotStart
from portal.embedded.processes import Program

ROOT: Final = Path(__file__).resolve().parents[2]
SUFFIX: Final = "-before"
_MIGRATIONS: Final = "*/migrations/*.py"


def commit_before() -> str:
    """Return the last commit whose tables are not those of today: the one before the newest migration.

    Raises:
        CannotStart: there is no history.
    """
    newest = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", _MIGRATIONS).decode().strip()
    return _git("rev-parse", f"{newest}^").decode().strip()


class ReleaseBefore:
    """The files of a commit, and the programs that run from them."""

    def __init__(self, commit: str, folder: Path, *, port: int) -> None:
        """Unpack a commit into a folder; its web will serve at a port.

        Raises:
            CannotStart: there is no such commit.
        """
        self.title = _git("log", "-1", "--format=%h %s", commit).decode().strip()
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._port = port
        folder.mkdir()
        packed = folder.with_suffix(".tar")
        packed.write_bytes(_git("archive", commit))
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
        packed.unlink()

    def program_like(self, program: Program) -> Program:
        """Return what runs the same from these files."""
        name = f"{program.name}{SUFFIX}"
        swaps = {
            "--bind": f"--bind=127.0.0.1:{self._port}",
            "--chdir": f"--chdir={self._folder}",
            "--hostname": f"--hostname={name}@%h",
        }
        command = tuple(swaps.get(word.partition("=")[0], word) for word in program.command)
        own = {"PYTHONPATH": str(self._folder), "STATIC_ROOT": ""}
        return Program(name, command, {**program.environment, **own}, folder=self._folder)


def _git(*words: str) -> bytes:
    answer = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, check=False)  # noqa: S603, S607
    if answer.returncode:
        raise CannotStart(f"git {words[0]}: {answer.stderr.decode().strip()}")
    return answer.stdout
