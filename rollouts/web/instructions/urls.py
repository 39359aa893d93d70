"""Addresses of the pages of instructions."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.instructions import certificates, instruct, receipts

urlpatterns: list[URLPattern] = [
    path("rollouts/<int:rollout_id>/instruct/", instruct.instruct, name="instruct"),
    path("rollouts/<int:rollout_id>/instruct/submit/", instruct.submit, name="instruct-submit"),
    path("rollouts/<int:rollout_id>/instruct/again/", instruct.choose_again, name="instruct-again"),
    path(
        "rollouts/<int:rollout_id>/instruct/not-accepted.<slug:form>",
        instruct.not_accepted,
        name="instruct-not-accepted",
    ),
    path("certificates/", certificates.certificates, name="certificates"),
    path("certificates/upload/", certificates.upload, name="certificate-upload"),
    path("certificates/<certificate:certificate_id>/accept/", certificates.accept, name="certificate-accept"),
    path("certificates/<certificate:certificate_id>/revoke/", certificates.revoke, name="certificate-revoke"),
    path(
        "certificates/messages/<service_message:number>/<str:part>",
        certificates.message,
        name="service-message",
    ),
    path("instructions/", receipts.instructions, name="instructions"),
    path("instructions/<str:reference>/", receipts.receipt, name="receipt"),
    path("instructions/<str:reference>/not-accepted.<slug:form>", receipts.failures, name="failures"),
]
