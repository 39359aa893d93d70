"""What can go wrong while starting things, said so that the reader knows what to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1024 * 1024
ROOM_TO_START: Final = 300 * MEGABYTE


class CannotStart(Exception):
    """A process could not be started; the message says why and what helps."""


def check_room(directory: Path, *, needed: int = ROOM_TO_START) -> None:
    """Refuse to start where the disk is as good as full.

    Raises:
        CannotStart: less than `needed` bytes are free.
    """
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise CannotStart(
            f"The disk is full: {free // MEGABYTE} MB are free under {directory}, "
            f"{needed // MEGABYTE} MB are needed. Make room, or set PORTAL_VAR to a directory elsewhere."
        )


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log, for a message about a process that died."""
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
