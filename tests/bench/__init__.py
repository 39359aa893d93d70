"""The bench: what the portal does in a second, beside the bare SQL that moves the same rows."""

from __future__ import annotations
