"""Everything the portal can be asked: reads that answer with frozen values, never with models."""

from __future__ import annotations
