"""Addresses of the REST endpoints of instructions."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.instructions import views
from rollouts.api.instructions.hubs import InstructionHubListView

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ROLLOUT}/instructions", views.NewInstructionsView.as_view(), name="instruct"),
    path("instructions", views.InstructionListView.as_view(), name="instructions"),
    path("instructions/<word:instruction>", views.InstructionDetailView.as_view(), name="instruction"),
    path("instructions/<word:instruction>/hubs", InstructionHubListView.as_view(), name="instruction-hubs"),
    path("instructions/<word:instruction>/rejections", views.RejectionListView.as_view(), name="rejections"),
]
