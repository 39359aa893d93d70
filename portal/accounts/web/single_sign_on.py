"""The page on which an organisation sets up its own log-in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import domains, single_sign_on
from portal.accounts.web.guards import for_administrators, scope_of
from portal.accounts.web.people import tabs
from portal.identity.models import SingleSignOn
from portal.kernel import clock
from portal.kernel.refusals import Refusal


class SingleSignOnForm(forms.Form):
    """What the portal has to know of a provider."""

    server_url = forms.CharField(
        max_length=300,
        label="Address of the provider (issuer)",
        help_text="Such as https://login.example.com. Its /.well-known/openid-configuration is read.",
        widget=forms.URLInput(attrs={"spellcheck": "false"}),
    )
    client_id = forms.CharField(
        max_length=190, label="Client ID", help_text="What the provider calls this portal."
    )
    secret = forms.CharField(
        required=False,
        max_length=500,
        label="Client secret",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    domains = forms.CharField(
        max_length=500,
        label="E-mail domains",
        help_text="What stands after the @ of your people, separated by spaces. By it they find this log-in.",
    )
    vouches_for_addresses = forms.BooleanField(
        required=False,
        label="The provider only gives out addresses of these domains that are checked",
        help_text="Needed where it does not say email_verified, as Microsoft Entra ID does not.",
    )
    is_open_to_newcomers = forms.BooleanField(
        required=False,
        label="Let people of these domains in who have no account yet",
        help_text="They get an account with a viewer's role at their first log-in.",
    )


@require_http_methods(["GET", "POST"])
@for_administrators
def edit(request: HttpRequest) -> HttpResponse:
    """Show and change how the organisation's people log in with its own provider."""
    scope = scope_of(request)
    setup = single_sign_on.sign_on_of_organisation(scope)
    form = SingleSignOnForm(request.POST or None, initial=_initial(setup))
    form.fields["secret"].help_text = "Kept sealed. Leave it empty to keep the present one." if setup else ""
    if single_sign_on.ROLE_OF_NEWCOMERS[scope.kind] is None:
        del form.fields["is_open_to_newcomers"]
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = {"is_open_to_newcomers": False, **form.cleaned_data}
        try:
            single_sign_on.set_up(scope, **values, now=clock.now())
            setup = single_sign_on.sign_on_of_organisation(scope)
            domains.look_for_records(scope, setup.domains if setup else (), now=clock.now())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "Saved. Try it in a private window before you rely on it.")
            return redirect("single-sign-on")
    context = {
        "form": form,
        "setup": setup,
        "scope": scope,
        "tabs": tabs("single-sign-on"),
        "domains": _domains(setup),
        **_addresses(scope.organisation_id),
    }
    return render(request, "identity/single_sign_on.html", context, status=422 if form.errors else 200)


@require_POST
@for_administrators
def remove(request: HttpRequest) -> HttpResponse:
    """Take the organisation's own log-in away."""
    single_sign_on.take_down(scope_of(request), now=clock.now())
    messages.success(request, "Your people log in with their passwords from now on.")
    return redirect("single-sign-on")


def _initial(setup: SingleSignOn | None) -> dict[str, Any]:
    if setup is None:
        return {}
    return {
        "server_url": setup.app.settings["server_url"],
        "client_id": setup.app.client_id,
        "domains": " ".join(setup.domains),
        "vouches_for_addresses": setup.vouches_for_addresses,
        "is_open_to_newcomers": setup.is_open_to_newcomers,
    }


def _domains(setup: SingleSignOn | None) -> list[dict[str, Any]]:
    if setup is None:
        return []
    own = domains.proven(setup.organisation_id)
    return [
        {
            "name": name,
            "is_proven": name in own,
            "record": domains.record_name(setup.organisation_id, name),
            "address": domains.PROOF_ADDRESS,
        }
        for name in setup.domains
    ]


def _addresses(organisation_id: int) -> dict[str, str]:
    provider_id = f"organisation-{organisation_id}"
    back = reverse("openid_connect_callback", kwargs={"provider_id": provider_id})
    straight = reverse("organisation-log-in-at", kwargs={"provider_id": provider_id})
    return {"callback_url": settings.PORTAL_URL + back, "direct_url": settings.PORTAL_URL + straight}
