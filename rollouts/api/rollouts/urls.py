"""Addresses of the REST endpoints of rollouts."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.rollouts import batches, curves, operations, steps, views

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path("dashboard", operations.DashboardView.as_view(), name="dashboard"),
    path("deadlines", operations.DeadlinesView.as_view(), name="deadlines"),
    path("rollouts", views.Rollouts.as_view(), name="rollouts"),
    path(_ROLLOUT, views.RolloutOne.as_view(), name="rollout"),
    path(f"{_ROLLOUT}/preview", views.DraftPreview.as_view(), name="preview"),
    path(f"{_ROLLOUT}/halt-preview", steps.HaltPreview.as_view(), name="halt-preview"),
    path(f"{_ROLLOUT}/steps/<verb:verb>", steps.Steps.as_view(), name="steps"),
    path(f"{_ROLLOUT}/release-notes", views.ReleaseNotes.as_view(), name="release-notes"),
    path(f"{_ROLLOUT}/forecast", views.Forecast.as_view(), name="forecast"),
    path(f"{_ROLLOUT}/consent", views.Consent.as_view(), name="consent"),
    path(f"{_ROLLOUT}/batches", batches.Batches.as_view(), name="batches"),
    path(f"{_ROLLOUT}/batches/preview", batches.BatchPreview.as_view(), name="batch-preview"),
    path(f"{_ROLLOUT}/batches/<id:batch_id>/open", batches.OpenGate.as_view(), name="open-gate"),
    path(f"{_ROLLOUT}/curve", curves.CurveOf.as_view(), name="curve"),
    path("channels", operations.Channels.as_view(), name="channels"),
    path("channels/forecasts", operations.DistributionForecasts.as_view(), name="distribution-forecasts"),
    path("channels/forward-schedule", operations.ForwardSchedule.as_view(), name="forward-schedule"),
    path("unmatched-alerts", operations.UnmatchedAlerts.as_view(), name="unmatched-alerts"),
    path("csp/channels", operations.CspChannels.as_view(), name="csp-channels"),
    path("csp/forecasts", operations.CspForecasts.as_view(), name="csp-forecasts"),
    path("csp/forward-schedule", operations.CspSchedule.as_view(), name="csp-schedule"),
]
