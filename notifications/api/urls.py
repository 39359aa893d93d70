"""Addresses of events and webhooks for systems."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import get_converters

from notifications.api import calls, events, inbox, refusals, streamed, webhooks
from portal.rest.converters import Id

__all__ = ["calls", "refusals", "streamed", "urlpatterns"]

if "id" not in get_converters():  # whichever area comes first
    register_converter(Id, "id")
_WEBHOOK = "webhooks/<id:webhook_id>"

urlpatterns: list[URLPattern] = [
    path("notifications", inbox.Inbox.as_view(), name="api-notifications"),
    path("notifications/seen", inbox.Seen.as_view(), name="api-notifications-seen"),
    path("notifications/preferences", inbox.Preferences.as_view(), name="api-notice-preferences"),
    path("events", events.Events.as_view(), name="api-events"),
    path("webhooks", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path(_WEBHOOK, webhooks.WebhookOne.as_view(), name="api-webhook"),
    path(f"{_WEBHOOK}/secret", webhooks.WebhookSecrets.as_view(), name="api-webhook-secret"),
    path(f"{_WEBHOOK}/ping", webhooks.WebhookPing.as_view(), name="api-webhook-ping"),
    path(f"{_WEBHOOK}/replay", webhooks.WebhookReplay.as_view(), name="api-webhook-replay"),
    path(f"{_WEBHOOK}/deliveries", webhooks.WebhookDeliveries.as_view(), name="api-webhook-deliveries"),
]
