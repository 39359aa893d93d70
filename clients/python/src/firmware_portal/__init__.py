"""The Communications Hub Firmware Portal for programs: a thin layer over generated operations.

`generated` holds an operation for everything the portal can do, and a class for everything it says.
"""

from __future__ import annotations

from firmware_portal.asynchronous import AsyncPortal
from firmware_portal.following import Batch, Cursor, FileCursor, MemoryCursor, follow, now
from firmware_portal.portal import Portal, new_key
from firmware_portal.refusals import AccessRefused, CursorExpired, NoStream, NotGenuine, Refused
from firmware_portal.webhooks import Webhook

__all__ = [
    "AccessRefused",
    "AsyncPortal",
    "Batch",
    "Cursor",
    "CursorExpired",
    "FileCursor",
    "MemoryCursor",
    "NoStream",
    "NotGenuine",
    "Portal",
    "Refused",
    "Webhook",
    "follow",
    "new_key",
    "now",
]
