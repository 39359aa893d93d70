"""Template tags of the portal."""

from __future__ import annotations
