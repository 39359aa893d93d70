"""The REST mirror: everything the pages show and do, for systems; shape only, no logic of its own."""

from __future__ import annotations

from rollouts.api import refusals

__all__ = ["refusals"]
