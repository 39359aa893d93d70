"""Addresses of the pages of dispatch."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.dispatch import channels, hub_commands, schedule, terms

urlpatterns: list[URLPattern] = [
    path("channels/", channels.channels, name="channels"),
    path("channels/<int:region>/", terms.channel, name="channel"),
    path("rollouts/<int:rollout_id>/pace/", terms.pace, name="pace"),
    path("activation-hours/", terms.own_hours, name="own-hours"),
    path("schedule/", schedule.schedule, name="schedule"),
    path("schedule.csv", schedule.schedule_csv, name="schedule-csv"),
    path("hubs/<str:guid>/commands/", hub_commands.commands, name="hub-commands"),
]
