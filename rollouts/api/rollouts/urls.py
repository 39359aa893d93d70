"""Addresses of the REST endpoints of rollouts."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.rollouts import batches, curves, operations, steps, views

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path("dashboard", operations.DashboardView.as_view(), name="dashboard"),
    path("deadlines", operations.DeadlinesView.as_view(), name="deadlines"),
    path("rollouts", views.RolloutListView.as_view(), name="rollouts"),
    path(_ROLLOUT, views.RolloutDetailView.as_view(), name="rollout"),
    path(f"{_ROLLOUT}/preview", views.DraftPreviewView.as_view(), name="preview"),
    path(f"{_ROLLOUT}/halt-preview", steps.HaltPreviewView.as_view(), name="halt-preview"),
    path(f"{_ROLLOUT}/steps/<verb:verb>", steps.StepsView.as_view(), name="steps"),
    path(f"{_ROLLOUT}/release-notes", views.ReleaseNoteListView.as_view(), name="release-notes"),
    path(f"{_ROLLOUT}/forecast", views.ForecastView.as_view(), name="forecast"),
    path(f"{_ROLLOUT}/consent", views.ConsentView.as_view(), name="consent"),
    path(f"{_ROLLOUT}/batches", batches.BatchListView.as_view(), name="batches"),
    path(f"{_ROLLOUT}/batches/preview", batches.BatchPreviewView.as_view(), name="batch-preview"),
    path(f"{_ROLLOUT}/batches/<id:batch_id>/open", batches.OpenGateView.as_view(), name="open-gate"),
    path(f"{_ROLLOUT}/curve", curves.CurveView.as_view(), name="curve"),
    path("channels", operations.ChannelListView.as_view(), name="channels"),
    path("channels/forecasts", operations.DistributionForecastsView.as_view(), name="distribution-forecasts"),
    path("channels/forward-schedule", operations.ForwardScheduleView.as_view(), name="forward-schedule"),
    path("unmatched-alerts", operations.UnmatchedAlertListView.as_view(), name="unmatched-alerts"),
    path("csp/channels", operations.CspChannelsView.as_view(), name="csp-channels"),
    path("csp/forecasts", operations.CspForecastsView.as_view(), name="csp-forecasts"),
    path("csp/forward-schedule", operations.CspScheduleView.as_view(), name="csp-schedule"),
]
