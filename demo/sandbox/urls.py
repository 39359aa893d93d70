"""Addresses of the sandbox: there where `SANDBOX` is set, and nowhere else."""

from __future__ import annotations

from django.urls import path

from demo.sandbox import api

urlpatterns = [
    path("sandbox/clock", api.SandboxClockView.as_view(), name="api-sandbox-clock"),
    path("sandbox/alerts", api.SandboxAlertsView.as_view(), name="api-sandbox-alerts"),
]
