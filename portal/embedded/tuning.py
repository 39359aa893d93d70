"""How much of this machine our PostgreSQL may use, and how it writes: enough for millions of hubs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_MEGABYTE: Final = 1024 * 1024
_CGROUP_LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only asked how large it is
_ROOM_FOR_PARALLEL_QUERIES: Final = 512 * _MEGABYTE


def settings_for(memory: int) -> dict[str, str]:
    """Return the settings that depend on how much memory there is.

    A sixteenth of it is PostgreSQL's own cache, up to 2 GB: the default of 128 MB would write every page
    of an estate several times.
    """
    return {
        "shared_buffers": _part(memory, 16, least=128, most=2048),
        "effective_cache_size": _part(memory, 2, least=512, most=64 * 1024),
        "work_mem": _part(memory, 512, least=16, most=64),
        "maintenance_work_mem": _part(memory, 32, least=128, most=1024),
        # Few and long checkpoints: after each, the first change of a page writes the page whole.
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "dynamic_shared_memory_type": "posix" if _has_shared_memory() else "mmap",
    }


def memory_of_this_machine() -> int:
    """Return how many bytes we may use: the machine's, or the container's limit where that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # no cgroup, or "max"
            memory = min(memory, int(limit.read_text()))
    return memory


def _part(memory: int, divisor: int, *, least: int, most: int) -> str:
    return f"{min(max(memory // divisor // _MEGABYTE, least), most)}MB"


def _has_shared_memory() -> bool:
    # Containers are often given 64 MB, in which a parallel query does not find room and fails.
    with suppress(OSError):
        room = os.statvfs(_SHARED_MEMORY)
        return room.f_frsize * room.f_blocks >= _ROOM_FOR_PARALLEL_QUERIES
    return False
