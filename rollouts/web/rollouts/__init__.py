"""Rollouts: their batches, phases, dates and progress."""
