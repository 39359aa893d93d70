"""Following the feed: by long poll, or by stream. Each goes on where it stopped, also after a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from crm.mirror import Mirror
from crm.portal import CursorExpired, Portal

Event = dict[str, Any]
Told = Callable[[list[Event]], None]


def mirror_estate(portal: Portal, mirror: Mirror) -> int:
    """Read the estate, unless we have it. The position is taken first: what happens meanwhile comes again."""
    if mirror.position("start") is not None:
        return len(mirror.versions())
    return read_afresh(portal, mirror)


def read_afresh(portal: Portal, mirror: Mirror) -> int:
    """Read the whole estate again."""
    position = int(portal.events("now")["position"])
    return mirror.begin(portal.estate(), position=position)


def poll(portal: Portal, mirror: Mirror, *, until: threading.Event, told: Told, wait: int = 20) -> None:
    """Ask again and again; each answer comes as soon as there is something."""
    while not until.is_set():
        try:
            page = portal.events(mirror.position("poll") or 0, wait=wait)
        except CursorExpired:
            read_afresh(portal, mirror)
            continue
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        told(mirror.take(page["items"], way="poll", position=page["position"]))


def stream(portal: Portal, mirror: Mirror, *, until: threading.Event, told: Told) -> None:
    """Hold one connection open and be told; when it ends, go on after the last event we have kept."""
    while not until.is_set():
        try:
            for event in portal.stream(mirror.position("stream") or 0):
                if until.is_set():
                    return
                if event is not None:
                    told(mirror.take([event], way="stream"))
        except CursorExpired:
            read_afresh(portal, mirror)
        except httpx.HTTPError:
            time.sleep(0.2)
