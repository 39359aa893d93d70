"""Addresses of the pages of pilots."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.pilots import planning, proposals, views

urlpatterns: list[URLPattern] = [
    path("rollouts/<int:rollout_id>/pilot/", views.pilot, name="pilot"),
    path("rollouts/<int:rollout_id>/pilot/decide/", views.decide, name="pilot-decide"),
    path("rollouts/<int:rollout_id>/pilot/plan/", planning.plan, name="pilot-plan"),
    path("rollouts/<int:rollout_id>/pilot/remind/", proposals.remind, name="pilot-remind"),
    path("rollouts/<int:rollout_id>/pilot/propose/", proposals.propose, name="pilot-propose"),
    path(
        "rollouts/<int:rollout_id>/pilot/<submission:submission_id>/",
        proposals.proposal,
        name="pilot-proposal",
    ),
    path(
        "rollouts/<int:rollout_id>/pilot/<submission:submission_id>/withdraw/",
        views.withdraw,
        name="pilot-withdraw",
    ),
]
