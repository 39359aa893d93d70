"""Addresses of the inbox and of webhooks."""

from __future__ import annotations

from django.urls import path

from notifications.web import preferences, views, webhooks

app_name = "notifications"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<slug:ident>/open/", views.open_notice, name="open"),
    path("seen/", views.seen, name="seen"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("mute/", preferences.mute, name="mute"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/new/", webhooks.create, name="webhook-create"),
    path("webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<int:webhook_id>/replay/", webhooks.replay, name="webhook-replay"),
    path("webhooks/<int:webhook_id>/<slug:act>/", webhooks.act_on, name="webhook-act"),
]
