"""Pilots: what services and queries read of them alike."""
