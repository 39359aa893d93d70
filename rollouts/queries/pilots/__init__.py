"""Pilots: the pilot group of a rollout."""
