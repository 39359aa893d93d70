"""Following the feed, by long poll or by stream; each goes on where it stopped, also after a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import firmware_portal
from firmware_portal import CursorExpired, Portal
from firmware_portal.following import Way
from firmware_portal.generated.models import Event

from crm.mirror import Mirror

OnEvents = Callable[[Sequence[Event]], None]


def mirror_estate(portal: Portal, mirror: Mirror) -> int:
    """Read the estate, unless we have it. The position is taken first: what happens meanwhile comes again."""
    if mirror.position("start") is not None:
        return len(mirror.versions())
    return read_afresh(portal, mirror)


def read_afresh(portal: Portal, mirror: Mirror) -> int:
    """Read the whole estate again."""
    position = firmware_portal.now(portal)
    return mirror.begin(portal.estate(), position=position)


def follow(
    portal: Portal,
    mirror: Mirror,
    *,
    by: Way,
    until: threading.Event,
    on_events: OnEvents,
    wait: int = 20,
) -> None:
    """Keep what happens, and pass on what is new to us."""
    while not until.is_set():
        try:
            for batch in firmware_portal.follow(portal, mirror.cursor(by), by=by, until=until, wait=wait):
                on_events(mirror.take(batch.events, way=by, position=batch.position))
        except CursorExpired:
            read_afresh(portal, mirror)
