"""Addresses of the REST endpoints of dispatch."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.dispatch import views

urlpatterns: list[URLPattern] = [
    path("hubs/<guid:hub>/commands", views.HubCommandsView.as_view(), name="hub-commands"),
]
