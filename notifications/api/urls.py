"""Addresses of events and webhooks for systems."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import get_converters

from notifications.api import events, inbox, refusals, stream_description, webhook_description, webhooks
from portal.kernel import references
from portal.rest.converters import IdConverter

__all__ = ["refusals", "stream_description", "urlpatterns", "webhook_description"]

if "id" not in get_converters():  # whichever area comes first
    register_converter(IdConverter, "id")
references.register("webhook")
_WEBHOOK = "webhooks/<webhook:webhook_id>"

urlpatterns: list[URLPattern] = [
    path("notifications", inbox.InboxView.as_view(), name="api-notifications"),
    path("notifications/seen", inbox.SeenView.as_view(), name="api-notifications-seen"),
    path("notifications/preferences", inbox.PreferencesView.as_view(), name="api-notice-preferences"),
    path("events", events.EventsView.as_view(), name="api-events"),
    path("webhooks", webhooks.WebhookListView.as_view(), name="api-webhooks"),
    path(_WEBHOOK, webhooks.WebhookDetailView.as_view(), name="api-webhook"),
    path(f"{_WEBHOOK}/secret", webhooks.WebhookSecretsView.as_view(), name="api-webhook-secret"),
    path(f"{_WEBHOOK}/ping", webhooks.WebhookPingView.as_view(), name="api-webhook-ping"),
    path(f"{_WEBHOOK}/replay", webhooks.WebhookReplayView.as_view(), name="api-webhook-replay"),
    path(f"{_WEBHOOK}/deliveries", webhooks.WebhookDeliveriesView.as_view(), name="api-webhook-deliveries"),
]
