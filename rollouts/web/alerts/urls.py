"""Addresses of the pages of alerts."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.alerts import views

urlpatterns: list[URLPattern] = [
    path("unmatched-alerts/", views.unmatched, name="unmatched"),
    path("unmatched-alerts/review/", views.review, name="unmatched-review"),
]
