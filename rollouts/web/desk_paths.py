"""Addresses of the pages people work from: schedule, alerts to review, saved views, files, requirements."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from rollouts.web import scheduling, unmatched

desk_paths: Final[list[URLPattern]] = [
    path("schedule/", scheduling.schedule, name="schedule"),
    path("schedule.csv", scheduling.schedule_csv, name="schedule-csv"),
    path("unmatched-alerts/", unmatched.unmatched, name="unmatched"),
    path("unmatched-alerts/review/", unmatched.review, name="unmatched-review"),
]
