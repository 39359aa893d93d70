"""The evidence a decision rests on, whole: collected, drawn, and put into one file to take away (R5.3)."""

from __future__ import annotations

from rollouts.queries.governance.evidence.collecting import ChainProof, Evidence, chain_proof, collect
from rollouts.queries.governance.evidence.packing import EvidencePack, evidence_pack

__all__ = ["ChainProof", "Evidence", "EvidencePack", "chain_proof", "collect", "evidence_pack"]
