"""Addresses of the pages of instructions."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.instructions import instruct, receipts

urlpatterns: list[URLPattern] = [
    path("rollouts/<int:rollout_id>/instruct/", instruct.instruct, name="instruct"),
    path("rollouts/<int:rollout_id>/instruct/submit/", instruct.submit, name="instruct-submit"),
    path("rollouts/<int:rollout_id>/instruct/again/", instruct.choose_again, name="instruct-again"),
    path("instructions/", receipts.instructions, name="instructions"),
    path("instructions/<str:reference>/", receipts.receipt, name="receipt"),
    path("instructions/<str:reference>/not-accepted.<slug:form>", receipts.failures, name="failures"),
]
