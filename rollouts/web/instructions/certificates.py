"""The page of Service Requests: certificates uploaded, accepted and revoked, and the log of messages."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.events.written import feed_messages
from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE, Role
from portal.kernel import clock
from portal.kernel.references import NotAReference, number_of, reference_of
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.queries.instructions.message_log import certificates as certificate_rows
from rollouts.queries.instructions.message_log import message_file, message_log, own_user_ids
from rollouts.queries.instructions.service_requests import dcc_user_id
from rollouts.rules.certificates import LARGEST_PEM
from rollouts.rules.identifiers import parse_user_id
from rollouts.web.guards import for_people, scope_of


class CertificateForm(forms.Form):
    """A certificate, and for which User ID it signs."""

    user_id = forms.ChoiceField(label="User ID")
    pem = forms.CharField(
        label="Certificate",
        help_text="In PEM: it begins with BEGIN CERTIFICATE. Never send the private key.",
        max_length=LARGEST_PEM,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user_ids: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user_id"].choices = [(each, each) for each in user_ids]  # type: ignore[attr-defined]


@require_GET
@for_people
def certificates(request: PortalRequest) -> HttpResponse:
    """Show a Supplier its certificates and messages, and the DCC those of all."""
    return _page(request, CertificateForm(user_ids=own_user_ids(scope_of(request))))


@require_POST
@for_people
def upload(request: PortalRequest) -> HttpResponse:
    """Take a certificate; it counts once the DCC has accepted it."""
    scope = scope_of(request)
    form = CertificateForm(request.POST, user_ids=own_user_ids(scope))
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        services.submit_certificate(
            scope,
            user_id=parse_user_id(form.cleaned_data["user_id"]),
            pem=form.cleaned_data["pem"],
            now=clock.now(),
        )
    except Refusal as refusal:
        if refusal.status == 403:  # noqa: PLR2004 - who may not is told so on a page of its own
            raise
        form.add_error("pem", refusal.message)
        return _page(request, form, status=refusal.status)
    messages.success(request, "Uploaded. The certificate counts once the DCC has accepted it.")
    return redirect("rollouts:certificates")


@require_POST
@for_people
def accept(request: PortalRequest, certificate_id: int) -> HttpResponse:
    """Let a certificate count."""
    services.accept_certificate(scope_of(request), certificate_id=certificate_id, now=clock.now())
    messages.success(request, "Accepted. The certificate counts from now on.")
    return redirect("rollouts:certificates")


@require_POST
@for_people
def revoke(request: PortalRequest, certificate_id: int) -> HttpResponse:
    """End a certificate at once."""
    services.revoke_certificate(scope_of(request), certificate_id=certificate_id, now=clock.now())
    messages.success(request, "Revoked. The certificate no longer counts.")
    return redirect("rollouts:certificates")


@require_GET
@for_people
def message(request: PortalRequest, number: int, part: str) -> HttpResponse:
    """Give a message back as it came, as it was answered at once, or the response that followed."""
    if part == "response":
        body = feed_messages().response_to(scope_of(request), number)
    elif part in {"request", "answer"}:
        body = message_file(scope_of(request), number, is_request=part == "request")
    else:
        raise Http404
    answer = HttpResponse(body, content_type="application/xml")
    answer["Content-Disposition"] = (
        f'attachment; filename="service-request-{reference_of(number, "service_message")}-{part}.xml"'
    )
    return answer


def _page(request: PortalRequest, form: CertificateForm, *, status: int = 200) -> HttpResponse:
    scope, before = scope_of(request), None
    with suppress(NotAReference):
        before = number_of(request.GET.get("before", ""), "service_message")
    log = message_log(scope, before=before)
    older = reference_of(int(log.next), "service_message") if log.next else ""
    context = {
        "form": form,
        "rows": certificate_rows(scope, now=clock.now()),
        "log": log,
        "dcc_user_id": dcc_user_id(),
        "is_dcc": scope.is_dcc,
        "may_accept": scope.has(*MAY_OPERATE),
        "may_revoke": scope.has(Role.SUPPLIER_ADMIN, *MAY_OPERATE),
        "may_upload": scope.has(Role.SUPPLIER_ADMIN) and bool(form.fields["user_id"].choices),  # type: ignore[attr-defined]
        "older_url": f"{reverse('rollouts:certificates')}?before={older}" if older else "",
    }
    return render(request, "rollouts/instructions/certificates.html", context, status=status)
