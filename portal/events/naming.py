"""The names behind the numbers of an entry: its rollout, its firmware version, its reason.

They are another area's; the settings name the function that knows them. What it says is kept, because
an entry of the feed is named a thousand times a second: versions for good, names of rollouts for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

_KEPT_SECONDS: Final = 30.0
_MOST_KEPT: Final = 10_000


class NamedEntry(Protocol):
    """What speaks of a rollout and of a version: an entry of the feed."""

    @property
    def rollout_id(self) -> int | None:
        """The rollout, if any."""

    @property
    def version_id(self) -> int | None:
        """The CPL entry, if any."""


@dataclass(frozen=True, slots=True)
class FeedNames:
    """Names of rollouts, firmware versions of CPL entries, and words for the codes of entries."""

    rollouts: Mapping[int, str] = field(default_factory=dict)
    versions: Mapping[int, str] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)


Naming = Callable[[Collection[int], Collection[int]], FeedNames]


class _NameCache:
    """What has been asked for before, in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Ask for everything again."""
        self.rollouts: dict[int, str] = {}
        self.versions: dict[int, str] = {}
        self.reasons: dict[int, str] = {}
        self.until = time.monotonic() + _KEPT_SECONDS

    @property
    def is_old(self) -> bool:
        """Return whether a name may have changed by now, or too much is kept."""
        return time.monotonic() > self.until or len(self.rollouts) + len(self.versions) > _MOST_KEPT


_cache: Final = _NameCache()


def names_for(entries: Collection[NamedEntry]) -> FeedNames:
    """Return the names that these entries need, and perhaps more."""
    rollouts = {entry.rollout_id for entry in entries if entry.rollout_id is not None}
    versions = {entry.version_id for entry in entries if entry.version_id is not None}
    with _cache.lock:
        if _cache.is_old:
            _cache.forget()
        unknown = rollouts - _cache.rollouts.keys(), versions - _cache.versions.keys()
        if any(unknown) or not _cache.reasons:
            naming: Naming = import_string(settings.FEED_NAMES)
            names = naming(*unknown)
            _cache.rollouts.update(names.rollouts)
            _cache.versions.update(names.versions)
            _cache.reasons.update(names.reasons)
        return FeedNames(dict(_cache.rollouts), dict(_cache.versions), _cache.reasons)


def rollout_names(ids: Iterable[int]) -> Mapping[int, str]:
    """Return the names of some rollouts; asks for nothing where none is wanted."""
    wanted = set(ids)
    if not wanted:
        return {}
    naming: Naming = import_string(settings.FEED_NAMES)
    return naming(wanted, ()).rollouts


def forget_names() -> None:
    """Ask for every name again: another database, another world."""
    with _cache.lock:
        _cache.forget()
