"""Addresses of the REST endpoints of pilots."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.pilots import views

_ROLLOUT = "rollouts/<id:rollout_id>"
_PILOT = f"{_ROLLOUT}/pilot"

urlpatterns: list[URLPattern] = [
    path(_PILOT, views.PilotView.as_view(), name="pilot"),
    path(f"{_PILOT}/hubs", views.PilotHubListView.as_view(), name="pilot-hubs"),
    path(f"{_PILOT}/submissions", views.SubmissionListView.as_view(), name="submissions"),
    path(f"{_PILOT}/submissions/<id:submission_id>", views.WithdrawalView.as_view(), name="submission"),
    path(f"{_PILOT}/submissions/<id:submission_id>/decline", views.DecliningView.as_view(), name="decline"),
    path(f"{_PILOT}/confirmations", views.ConfirmationsView.as_view(), name="confirmations"),
    path(f"{_PILOT}/commentary", views.PilotCommentaryView.as_view(), name="pilot-commentary"),
]
