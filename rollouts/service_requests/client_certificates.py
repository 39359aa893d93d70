"""Certificates of callers' connections (mutual TLS): those that count for a User ID of their organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from portal.identity.connections import certificate_digest
from portal.identity.scope import Scope
from portal.kernel.refusals import Refusal
from rollouts.queries.instructions.service_requests import has_counting_certificate

REQUIRED: Final = "required"


class ClientCertificateRefused(Refusal):
    """The connection was made without a certificate, or with one that does not count."""

    code = "client_certificate_refused"
    status = 403


def check_client_certificate(request: HttpRequest, scope: Scope, *, now: datetime) -> None:
    """Check the certificate the caller's connection was made with, where the settings ask for it.

    One that was shown has to count for any User ID of the caller's organisation; none is fine where it is
    optional.

    Raises:
        ClientCertificateRefused: it does not count, or is missing where it is required.
    """
    if not settings.CLIENT_CERTIFICATES:
        return
    digest = certificate_digest(request)
    if digest is None:
        if settings.CLIENT_CERTIFICATES == REQUIRED:
            raise ClientCertificateRefused("Make the connection with a client certificate.")
        return
    if not has_counting_certificate(scope, sha256=digest, now=now):
        raise ClientCertificateRefused(
            "The certificate of the connection is none that counts for your organisation now."
        )
