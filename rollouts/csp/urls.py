"""Addresses of the CSPs' side."""

from __future__ import annotations

from django.urls import path

from rollouts.csp import views

app_name = "csp"
urlpatterns = [path("v1/alerts", views.alerts, name="alerts")]
