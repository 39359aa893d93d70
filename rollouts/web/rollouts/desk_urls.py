"""Addresses of the pages people work from: schedule, alerts to review, saved views, files, requirements."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from rollouts.web.alerts import views as unmatched
from rollouts.web.dispatch import hub_commands
from rollouts.web.dispatch import schedule as scheduling
from rollouts.web.estate import exports as takeaways
from rollouts.web.governance import requirements
from rollouts.web.rollouts import batches
from rollouts.web.rollouts import phase_check as phase_checking

desk_paths: Final[list[URLPattern]] = [
    path("schedule/", scheduling.schedule, name="schedule"),
    path("schedule.csv", scheduling.schedule_csv, name="schedule-csv"),
    path("unmatched-alerts/", unmatched.unmatched, name="unmatched"),
    path("unmatched-alerts/review/", unmatched.review, name="unmatched-review"),
    path("estate/views/", takeaways.views, name="estate-views"),
    path("estate/views/keep/", takeaways.save_view, name="estate-view-save"),
    path("estate/views/<int:view_id>/", takeaways.change_view, name="estate-view"),
    path("estate/files/", takeaways.files, name="estate-files"),
    path("estate/files/order/", takeaways.order_file, name="estate-file-order"),
    path("estate/files/<int:export_id>/", takeaways.fetch_file, name="estate-file"),
    path("estate/files/<int:export_id>/remove/", takeaways.remove_file, name="estate-file-remove"),
    path("hubs/<str:guid>/commands/", hub_commands.commands, name="hub-commands"),
    path("updates/<int:rollout_id>/phases/check/", phase_checking.check, name="phase-check"),
    path("updates/<int:rollout_id>/batches/", batches.batches, name="batches"),
    path("requirements/", requirements.requirements, name="requirements"),
    path("requirements/rules/", requirements.rules, name="business-rules"),
    path("requirements/rules/propose/", requirements.propose, name="rules-propose"),
    path("requirements/rules/<int:decision_id>/", requirements.sign, name="rules-sign"),
    path("requirements/rules/<int:decision_id>/withdraw/", requirements.withdraw, name="rules-withdraw"),
]
