"""Pages about the systems of an organisation that call the REST interface."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import clients
from portal.accounts.clients import NewSecret
from portal.accounts.web.guards import for_administrators, scope_of
from portal.accounts.web.people import tabs
from portal.identity.api_scopes import ApiScope
from portal.identity.public_keys import LONGEST_TEXT
from portal.identity.scope import Scope
from portal.identity.sealing import seal, unseal
from portal.kernel import clock
from portal.kernel.refusals import Refusal

_TO_SHOW: Final = "new-client-secret"


class ClientForm(forms.Form):
    """A client: what it is called, what it may do, from where, and how it shows who it is."""

    name = forms.CharField(
        max_length=100, label="Name", help_text="The system, as your people call it.", widget=forms.TextInput
    )
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="What it may do")
    networks = forms.CharField(
        required=False,
        label="From which networks",
        help_text="One a line, such as 203.0.113.0/24 or 2001:db8::/48. Leave it empty for any.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    public_keys = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label="Its public keys",
        help_text="For a system that signs for its tokens (private_key_jwt) instead of showing a secret."
        " In PEM, one below the other while you change over.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    binds_tokens = forms.BooleanField(
        required=False,
        label="Its tokens count only on connections with the client certificate they were asked for with",
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.CLIENT_CERTIFICATE_PROXIES:
            del self.fields["binds_tokens"]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (api_scope.value, f"{api_scope.label} ({api_scope.value})")
            for api_scope in clients.scopes_offered(scope)
        ]

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the services take it."""
        scopes = [ApiScope(value) for value in self.cleaned_data["scopes"]]
        return {"binds_tokens": False, **self.cleaned_data, "scopes": scopes}


@require_GET
@for_administrators
def index(request: HttpRequest) -> HttpResponse:
    """List the clients of the organisation."""
    scope = scope_of(request)
    context = {
        "clients": clients.clients_of(scope, now=clock.now()),
        "scope": scope,
        "offers": clients.scopes_offered(scope),
        "tabs": tabs("clients"),
    }
    return render(request, "identity/clients.html", context)


@require_http_methods(["GET", "POST"])
@for_administrators
def create(request: HttpRequest) -> HttpResponse:
    """Make a client; its secret is shown on the next page, once."""
    scope = scope_of(request)
    form = ClientForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid():
        try:
            made = clients.create_client(scope, **form.values(), now=clock.now())
        except Refusal as refusal:
            form.add_error("networks", refusal.message)
        else:
            return _show(request, made)
    context = {"form": form, "scope": scope, "crumbs": [_back()]}
    return render(request, "identity/client_create.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@for_administrators
def client(request: HttpRequest, client_id: str) -> HttpResponse:
    """Show a client, and change it."""
    scope = scope_of(request)
    shown = clients.client_of(scope, client_id, now=clock.now())
    initial = {
        "name": shown.name,
        "scopes": [api_scope.value for api_scope in shown.scopes],
        "networks": "\n".join(shown.client.networks),
        "public_keys": "\n".join(shown.client.public_keys),
        "binds_tokens": shown.client.binds_tokens,
    }
    form = ClientForm(request.POST or None, scope=scope, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            clients.change_client(scope, client_id, **form.values(), now=clock.now())
        except Refusal as refusal:
            form.add_error("networks", refusal.message)
        else:
            messages.success(request, "Saved. It counts for the tokens that are out, too.")
            return redirect("client", client_id=client_id)
    context = {
        "form": form,
        "shown": shown,
        "scope": scope,
        "new_secret": _take_new_secret(request, client_id),
        "overlap_days": settings.API_SECRET_OVERLAP_DAYS,
        "token_minutes": settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN // 60,
        "token_url": settings.PORTAL_URL + reverse("oauth-token"),
        "crumbs": [_back()],
    }
    return render(request, "identity/client.html", context, status=422 if form.errors else 200)


@require_POST
@for_administrators
def act_on(request: HttpRequest, client_id: str, act: str) -> HttpResponse:
    """Rotate a client's secret, end the former one or all of them, or revoke the client."""
    scope, now = scope_of(request), clock.now()
    try:
        if act == "rotate":
            return _show(request, clients.rotate_secret(scope, client_id, now=now))
        if act == "end-former":
            clients.end_former_secret(scope, client_id, now=now)
            messages.success(request, "Only the newest secret works now.")
        elif act == "end-secrets":
            clients.end_secrets(scope, client_id, now=now)
            messages.success(request, "Its secrets no longer work. It signs with its own key.")
        elif act == "revoke":
            clients.revoke_client(scope, client_id, now=now)
            messages.success(request, "The client is revoked. Its secrets and tokens no longer work.")
        else:
            raise Http404
    except Refusal as refusal:
        if refusal.status != Refusal.status:
            raise
        messages.error(request, refusal.message)
    return redirect("client", client_id=client_id)


def _show(request: HttpRequest, made: NewSecret) -> HttpResponse:
    # Not in the answer to the form: reloading that would make another one.
    request.session[_TO_SHOW] = seal(json.dumps([made.client_id, made.secret]))
    return redirect("client", client_id=made.client_id)


def _take_new_secret(request: HttpRequest, client_id: str) -> str:
    to_show = request.session.get(_TO_SHOW)
    if request.method != "GET" or to_show is None:
        return ""
    del request.session[_TO_SHOW]
    owner, secret = json.loads(unseal(to_show))
    return str(secret) if owner == client_id else ""


def _back() -> dict[str, str]:
    return {"label": "API clients", "url": reverse("clients")}
