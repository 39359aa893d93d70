"""A bad release, rehearsed: from the first homes that lose devices to what the Panel decides."""

from __future__ import annotations
