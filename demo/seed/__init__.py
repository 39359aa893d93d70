"""What a demonstration begins with: people, an estate, and rollouts at every stage of life."""

from __future__ import annotations
