"""The token endpoint (RFC 6749 section 4.4) and its neighbours: tokens for systems, ten minutes long.

allauth's tables and validator carry it; that several secrets count at a time, and from where a
client may call, is ours (ADR 7). No other grant is offered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.server import generate_opaque_token
from allauth.idp.oidc.internal.oauthlib.utils import convert_response, extract_params
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from oauthlib.common import Request
from oauthlib.oauth2 import BackendApplicationServer, InvalidRequestError, OAuth2Error

from portal.accounts.basic import client_credentials_in
from portal.events.wakeups import announce_access_change
from portal.identity.api import address_of, bind_token, count_call
from portal.identity.api_scopes import ApiScope
from portal.identity.connections import certificate_digest
from portal.identity.credentials import client_showing, client_signing, note_use
from portal.identity.models import ApiClient, ClientSecret
from portal.identity.public_keys import ALGORITHMS
from portal.kernel import clock

_SECRET_LENGTH: Final = 200
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_FORMS: Final = {"application/x-www-form-urlencoded", "multipart/form-data"}


class Validator(OAuthLibRequestValidator):
    """allauth's rules, but for who counts as a client: a secret or key of it, from its networks."""

    def __init__(self, *, address: str, certificate: bytes | None) -> None:
        super().__init__()
        self.address = address
        self.certificate = certificate

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Every client has to show a secret, or to sign."""
        return True

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Find the client that shows this secret, or has signed, from this address, and note that it did."""
        now = clock.now()
        shown = self._signer(request) if _is_signed(request) else self._holder(request, now)
        if shown is None:
            return False
        client, secret = shown
        note_use(client, address=self.address, now=now, secret=secret)
        request.client = client.oauth
        request.client.client_id = client.oauth.pk
        return True

    def _holder(self, request: Request, now: datetime) -> tuple[ApiClient, ClientSecret | None] | None:
        client_id, secret = client_credentials_in(request)
        if not client_id.isprintable() or not client_id or not secret or len(secret) > _SECRET_LENGTH:
            return None
        return client_showing(client_id=client_id, secret=secret, address=self.address, now=now)

    def _signer(self, request: Request) -> tuple[ApiClient, ClientSecret | None] | None:
        shows_more = request.client_secret or "Authorization" in request.headers
        if shows_more or _parameter(request, "client_assertion_type") != _ASSERTION_TYPE:
            return None
        client = client_signing(
            assertion=_parameter(request, "client_assertion"),
            client_id=str(request.client_id or ""),
            audiences=[settings.PORTAL_URL, _address("oauth-token"), _address("oauth-revoke")],
            address=self.address,
            now=clock.wall(),
        )
        return None if client is None else (client, None)

    def authenticate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        """There are no public clients."""
        return False

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Keep a token; one of a client that binds them counts on connections with this certificate alone.

        Raises:
            InvalidRequestError: there is no certificate to bind it to.
        """
        is_bound = request.client.api_client.binds_tokens
        if is_bound and not self.certificate:
            raise InvalidRequestError(
                "Make the connection with a client certificate: tokens are bound to it."
            )
        super().save_bearer_token(token, request, *args, **kwargs)
        if is_bound and self.certificate:
            bind_token(token["access_token"], self.certificate)

    def revoke_token(self, token: str, hint: str, request: Request, *args: Any, **kwargs: Any) -> None:
        """End a token, if it is the client's own."""
        Token.objects.by_value(token).filter(client_id=request.client.pk).delete()
        announce_access_change(request.client.api_client.organisation_id)


@csrf_exempt
@require_POST
@never_cache
def token(request: HttpRequest) -> HttpResponse:
    """Issue a client a token (`grant_type=client_credentials`), with fewer scopes if asked."""
    if refused := _too_many(request):
        return refused
    return _answer(request, "create_token_response")


@csrf_exempt
@require_POST
@never_cache
def revoke(request: HttpRequest) -> HttpResponse:
    """End a token before its time (RFC 7009)."""
    if refused := _too_many(request):
        return refused
    return _answer(request, "create_revocation_response")


@require_GET
def metadata(request: HttpRequest) -> JsonResponse:
    """Return where tokens are given and what for (RFC 8414)."""
    return JsonResponse(
        {
            "issuer": settings.PORTAL_URL,
            "token_endpoint": _address("oauth-token"),
            "revocation_endpoint": _address("oauth-revoke"),
            "grant_types_supported": [str(Client.GrantType.CLIENT_CREDENTIALS.value)],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": _METHODS,
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "revocation_endpoint_auth_methods_supported": _METHODS,
            "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "tls_client_certificate_bound_access_tokens": bool(settings.CLIENT_CERTIFICATE_PROXIES),
            "scopes_supported": ApiScope.values,
        }
    )


def _address(name: str) -> str:
    return settings.PORTAL_URL + reverse(name)


def _parameter(request: Request, name: str) -> str:
    return str(getattr(request, name, None) or "")


def _is_signed(request: Request) -> bool:
    return bool(_parameter(request, "client_assertion") or _parameter(request, "client_assertion_type"))


def _answer(request: HttpRequest, name: str) -> HttpResponse:
    try:
        _check_parameters(request)
        answer = _of_library(request, name)
    except OAuth2Error as error:
        answer = _error(error)
    except ValueError:  # the library's word for parameters it cannot read
        answer = _error(InvalidRequestError("The parameters cannot be read."))
    if answer.status_code == 401:  # noqa: PLR2004
        answer["WWW-Authenticate"] = 'Basic realm="portal"'
    return answer


def _error(error: OAuth2Error) -> HttpResponse:
    return HttpResponse(error.json, status=error.status_code, content_type="application/json")


def _check_parameters(request: HttpRequest) -> None:
    """Refuse what would not be heeded: parameters beside the form, and of two values one (RFC 6749, 3.2).

    Raises:
        InvalidRequestError: there are such.
    """
    if request.GET:
        raise InvalidRequestError("Send the parameters in the body, not in the address.")
    if request.content_type not in _FORMS:
        raise InvalidRequestError("Send the parameters as application/x-www-form-urlencoded.")
    if any(len(values) > 1 for _, values in request.POST.lists()):
        raise InvalidRequestError("A parameter is there more than once.")


def _of_library(request: HttpRequest, name: str) -> HttpResponse:
    server = BackendApplicationServer(
        Validator(address=address_of(request), certificate=certificate_digest(request)),
        token_generator=generate_opaque_token,
        token_expires_in=settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN,
    )
    answer: HttpResponse = convert_response(*getattr(server, name)(*extract_params(request)))
    return answer


def _too_many(request: HttpRequest) -> HttpResponse | None:
    window = int(clock.now().timestamp() // 60)
    if count_call(f"token-calls:{address_of(request)}:{window}") <= settings.API_TOKENS_A_MINUTE:
        return None
    words = {"error": "temporarily_unavailable", "error_description": "Too many requests for tokens."}
    return JsonResponse(words, status=429, headers={"Retry-After": "60"})
