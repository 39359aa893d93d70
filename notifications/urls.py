"""Addresses of the inbox."""

from __future__ import annotations

from django.urls import path

from notifications.web import views

app_name = "notifications"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("recent/", views.recent, name="recent"),
    path("seen/", views.seen, name="seen"),
    path("preferences/", views.preferences, name="preferences"),
]
