"""Commands of the embedded run."""

from __future__ import annotations
