"""Addresses of the REST endpoints of pilots."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.pilots import proposals, views

_ROLLOUT = "rollouts/<id:rollout_id>"
_PILOT = f"{_ROLLOUT}/pilot"

urlpatterns: list[URLPattern] = [
    path(_PILOT, views.PilotView.as_view(), name="pilot"),
    path(f"{_PILOT}/hubs", views.PilotHubListView.as_view(), name="pilot-hubs"),
    path(f"{_PILOT}/submissions", views.SubmissionListView.as_view(), name="submissions"),
    path(
        f"{_PILOT}/submissions/<submission:submission_id>", views.WithdrawalView.as_view(), name="submission"
    ),
    path(
        f"{_PILOT}/submissions/<submission:submission_id>/decline",
        views.DecliningView.as_view(),
        name="decline",
    ),
    path(
        f"{_PILOT}/submissions/<submission:submission_id>/hubs",
        proposals.ProposedHubListView.as_view(),
        name="proposed-hubs",
    ),
    path(
        f"{_PILOT}/submissions/<submission:submission_id>/answer",
        proposals.ProposalAnswerView.as_view(),
        name="proposal-answer",
    ),
    path(f"{_PILOT}/proposals", proposals.ProposalListView.as_view(), name="proposals"),
    path(
        f"{_PILOT}/proposals/<submission:submission_id>",
        proposals.ProposalWithdrawalView.as_view(),
        name="proposal-withdrawal",
    ),
    path(f"{_PILOT}/suppliers", proposals.NominatingSupplierListView.as_view(), name="nominating-suppliers"),
    path(f"{_PILOT}/plan", proposals.PilotPlanView.as_view(), name="pilot-plan"),
    path(f"{_PILOT}/reminders", proposals.ReminderListView.as_view(), name="reminders"),
    path(f"{_PILOT}/confirmations", views.ConfirmationsView.as_view(), name="confirmations"),
    path(f"{_PILOT}/commentary", views.PilotCommentaryView.as_view(), name="pilot-commentary"),
]
