"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from rollouts.web.dispatch import channels as operations
from rollouts.web.estate import views as estate
from rollouts.web.governance import deciding
from rollouts.web.governance.urls import governing_paths
from rollouts.web.instructions import views as instructing
from rollouts.web.pilots import views as pilots
from rollouts.web.rollouts import dashboard, steps
from rollouts.web.rollouts import publish as publishing
from rollouts.web.rollouts import views as updates
from rollouts.web.rollouts.desk_urls import desk_paths
from rollouts.web.rules.urls import rule_paths

app_name = "rollouts"
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("updates/", updates.update_list, name="list"),
    path("updates/new/", publishing.publish, name="publish"),
    path("updates/<int:rollout_id>/", updates.detail, name="detail"),
    path("updates/<int:rollout_id>/draft/", publishing.revise, name="revise"),
    path("updates/<int:rollout_id>/preview/", publishing.preview, name="preview"),
    path("updates/<int:rollout_id>/steps/<slug:verb>/", steps.step, name="step"),
    path("updates/<int:rollout_id>/decision/", deciding.decision, name="decision"),
    path("updates/<int:rollout_id>/release-notes/", updates.release_notes, name="release-notes"),
    path("updates/<int:rollout_id>/hubs/", updates.hubs, name="hubs"),
    path("updates/<int:rollout_id>/hubs.csv", updates.hubs_csv, name="hubs-csv"),
    path("updates/<int:rollout_id>/pilot/", pilots.pilot, name="pilot"),
    path("updates/<int:rollout_id>/pilot/decide/", pilots.decide, name="pilot-decide"),
    path(
        "updates/<int:rollout_id>/pilot/<int:submission_id>/withdraw/",
        pilots.withdraw,
        name="pilot-withdraw",
    ),
    path("updates/<int:rollout_id>/instruct/", instructing.instruct, name="instruct"),
    path("instructions/", instructing.instructions, name="instructions"),
    path("instructions/<str:reference>/", instructing.receipt, name="receipt"),
    path("instructions/<str:reference>/not-accepted.<slug:form>", instructing.failures, name="failures"),
    path("estate/", estate.estate, name="estate"),
    path("estate.csv", estate.estate_csv, name="estate-csv"),
    path("hubs/<str:guid>/", estate.hub, name="hub"),
    path("hubs/<str:guid>/read/", estate.read_version, name="hub-read"),
    path("channels/", operations.channels, name="channels"),
    path("updates/<int:rollout_id>/report.<slug:form>", updates.report, name="report"),
    *desk_paths,
    *governing_paths,
    *rule_paths,
]
