"""The lock by which a script, and what disturbs its surroundings, take turns.

The script holds it while it acts, and gives it up while it lets time pass. Whoever holds it then may break
what an act of the script would need.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SCRIPT_LOCK: Final = "script.lock"


class ScriptLock:
    """Our side of the lock, in the folder of a run."""

    def __init__(self, var: Path) -> None:
        self._file = (var / SCRIPT_LOCK).open("a")

    def close(self) -> None:
        """Give it up for good."""
        self._file.close()

    def try_to_take(self) -> bool:
        """Take the lock if the script lets time pass; return whether it is ours."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def give_up(self) -> None:
        """Let the script act again."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def wait_for_script(self) -> Iterator[None]:
        """Yield until the script has begun."""
        while self.try_to_take():
            self.give_up()
            yield

    def wait_for_rest(self) -> Iterator[None]:
        """Yield until the script lets time pass and the lock is ours."""
        while not self.try_to_take():
            yield
