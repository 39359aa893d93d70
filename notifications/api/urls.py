"""Addresses of events and webhooks for systems."""

from __future__ import annotations

from django.urls import URLPattern, path

from notifications.api import events, refusals

__all__ = ["refusals", "urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("events", events.Events.as_view(), name="api-events"),
]
