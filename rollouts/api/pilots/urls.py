"""Addresses of the REST endpoints of pilots."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.pilots import views

_ROLLOUT = "rollouts/<id:rollout_id>"
_PILOT = f"{_ROLLOUT}/pilot"

urlpatterns: list[URLPattern] = [
    path(_PILOT, views.Pilot.as_view(), name="pilot"),
    path(f"{_PILOT}/hubs", views.PilotHubs.as_view(), name="pilot-hubs"),
    path(f"{_PILOT}/submissions", views.Submissions.as_view(), name="submissions"),
    path(f"{_PILOT}/submissions/<id:submission_id>", views.Withdrawal.as_view(), name="submission"),
    path(f"{_PILOT}/submissions/<id:submission_id>/decline", views.Declining.as_view(), name="decline"),
    path(f"{_PILOT}/confirmations", views.Confirmations.as_view(), name="confirmations"),
    path(f"{_PILOT}/commentary", views.PilotCommentary.as_view(), name="pilot-commentary"),
]
