"""Governance: incidents, triage, halt rules, decisions, evidence and audit."""
