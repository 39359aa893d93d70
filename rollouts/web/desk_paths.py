"""Addresses of the pages people plan and take away with: schedule, saved views, files, batches."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from rollouts.web import scheduling

desk_paths: Final[list[URLPattern]] = [
    path("schedule/", scheduling.schedule, name="schedule"),
    path("schedule.csv", scheduling.schedule_csv, name="schedule-csv"),
]
