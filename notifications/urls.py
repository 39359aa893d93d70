"""Addresses of the inbox and of webhooks."""

from __future__ import annotations

from django.urls import path

from notifications.web import preferences, views, webhooks
from portal.kernel import references

references.register("webhook")

app_name = "notifications"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<slug:ident>/open/", views.open_notice, name="open"),
    path("seen/", views.seen, name="seen"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("mute/", preferences.mute, name="mute"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/new/", webhooks.create, name="webhook-create"),
    path("webhooks/<webhook:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<webhook:webhook_id>/replay/", webhooks.replay, name="webhook-replay"),
    path("webhooks/<webhook:webhook_id>/<slug:act>/", webhooks.act_on, name="webhook-act"),
]
