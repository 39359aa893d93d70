"""Addresses of the pages of rollouts."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.rollouts import (
    batches,
    calendars,
    dashboard,
    days,
    phase_check,
    phases,
    publish,
    steps,
    views,
)

_ROLLOUT = "rollouts/<int:rollout_id>"

urlpatterns: list[URLPattern] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("activations/", days.day_of_activations, name="day"),
    path("calendar/", calendars.calendar, name="calendar"),
    path("calendar/<str:token>.ics", calendars.calendar_file, name="calendar-file"),
    path("rollouts/", views.rollout_list, name="list"),
    path("rollouts/new/", publish.publish, name="publish"),
    path("rollouts/<int:rollout_id>/", views.detail, name="detail"),
    path("rollouts/<int:rollout_id>/draft/", publish.revise, name="revise"),
    path("rollouts/<int:rollout_id>/preview/", publish.preview, name="preview"),
    path("rollouts/<int:rollout_id>/discard/", publish.discard, name="discard"),
    path("rollouts/<int:rollout_id>/steps/<slug:verb>/", steps.step, name="step"),
    path("rollouts/<int:rollout_id>/release-notes/", views.release_notes, name="release-notes"),
    path("rollouts/<int:rollout_id>/hubs/", views.hubs, name="hubs"),
    path("rollouts/<int:rollout_id>/hubs.csv", views.hubs_csv, name="hubs-csv"),
    path("rollouts/<int:rollout_id>/report.<slug:form>", views.report, name="report"),
    path("rollouts/<int:rollout_id>/phases/check/", phase_check.check, name="phase-check"),
    path("rollouts/<int:rollout_id>/batches/", batches.batches, name="batches"),
    path(f"{_ROLLOUT}/phases/", phases.phase_list, name="phases"),
    path(f"{_ROLLOUT}/phases/new/", phases.form_phase, name="phase-new"),
    path(f"{_ROLLOUT}/phases/<int:batch_id>/", phases.gate, name="gate"),
]
