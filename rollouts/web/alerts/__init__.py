"""Alerts: what CSPs report of hubs."""
