"""The token endpoint (RFC 6749 section 4.4) and its neighbours: tokens for systems, ten minutes long.

allauth's tables and validator carry it; that several secrets count at a time, and from where a
client may call, is ours (ADR 7). No other grant is offered.
"""

from __future__ import annotations

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
from portal.identity.api import address_of, count_call
from portal.identity.api_scopes import ApiScope
from portal.identity.credentials import client_showing, note_use
from portal.kernel import clock

_SECRET_LENGTH: Final = 200
_FORMS: Final = {"application/x-www-form-urlencoded", "multipart/form-data"}


class Validator(OAuthLibRequestValidator):
    """allauth's rules, but for who counts as a client: one of its secrets, from one of its networks."""

    def __init__(self, *, address: str) -> None:
        super().__init__()
        self.address = address

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Every client has to show a secret."""
        return True

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Find the client that shows this secret from this address, and note that it did."""
        client_id, secret = client_credentials_in(request)
        if not client_id.isprintable() or not client_id or not secret or len(secret) > _SECRET_LENGTH:
            return False
        now = clock.now()
        shown_client = client_showing(client_id=client_id, secret=secret, address=self.address, now=now)
        if shown_client is None:
            return False
        client, shown = shown_client
        note_use(client, address=self.address, now=now, secret=shown)
        request.client = client.oauth
        request.client.client_id = client.oauth.pk
        return True

    def authenticate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        """There are no public clients."""
        return False

    def revoke_token(self, token: str, hint: str, request: Request, *args: Any, **kwargs: Any) -> None:
        """End a token, if it is the client's own."""
        Token.objects.by_value(token).filter(client_id=request.client.pk).delete()
        announce_access_change(request.client.api_client.organisation_id)


@csrf_exempt
@require_POST
@never_cache
def token(request: HttpRequest) -> HttpResponse:
    """Issue a client a token for its secret (`grant_type=client_credentials`), with fewer scopes if asked."""
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
            "token_endpoint": settings.PORTAL_URL + reverse("oauth-token"),
            "revocation_endpoint": settings.PORTAL_URL + reverse("oauth-revoke"),
            "grant_types_supported": [str(Client.GrantType.CLIENT_CREDENTIALS.value)],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ApiScope.values,
        }
    )


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
        Validator(address=address_of(request)),
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
