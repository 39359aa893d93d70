"""Addresses of the pages of instructions."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.instructions import views

urlpatterns: list[URLPattern] = [
    path("rollouts/<int:rollout_id>/instruct/", views.instruct, name="instruct"),
    path("instructions/", views.instructions, name="instructions"),
    path("instructions/<str:reference>/", views.receipt, name="receipt"),
    path("instructions/<str:reference>/not-accepted.<slug:form>", views.failures, name="failures"),
]
