"""The evidence a decision rests on, whole: collected, drawn, and put into one file to take away (R5.3)."""

from __future__ import annotations

from rollouts.queries.evidence.collecting import Evidence, collect
from rollouts.queries.evidence.packing import EvidencePack, evidence_pack

__all__ = ["Evidence", "EvidencePack", "collect", "evidence_pack"]
