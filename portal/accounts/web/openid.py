"""The way to an organisation's provider and back, by allauth, held to the issuer that was configured."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from requests import RequestException

log = structlog.get_logger(__name__)
_KEPT_SECONDS: Final = 600
_REFUSED_SECONDS: Final = 30
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
# A provider is somebody else's server: whatever shape its answer has, it is a log-in that failed.
_FAILURES: Final = (
    OAuth2Error,
    RequestException,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
)


class ConfiguredProvider(OpenIDConnectOAuth2Adapter):
    """A provider as it describes itself, at most every ten minutes, under the name that was configured."""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the address an organisation was told to enter at its provider."""
        return settings.PORTAL_URL + reverse("openid_connect_callback", args=[self.provider_id])

    @property
    def openid_config(self) -> Mapping[str, Any]:
        """Return the description of the provider.

        Raises:
            OAuth2Error: it has none, or one of another issuer.
        """
        issuer = self.get_provider().app.settings["server_url"]
        key = f"openid-configuration:{sha256(issuer.encode()).hexdigest()}"
        known: Mapping[str, Any] | None = cache.get(key)
        if known is None:
            try:
                known = _checked(super().openid_config, issuer=issuer)
            except _FAILURES as failure:
                cache.set(key, {}, _REFUSED_SECONDS)
                raise OAuth2Error("The provider does not describe itself as it should.") from failure
            cache.set(key, known, _KEPT_SECONDS)
        if not known:
            raise OAuth2Error("The provider did not answer a moment ago.")
        return known


def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider, with a number that its token has to name.

    Raises:
        Http404: no organisation has this provider.
    """
    adapter, provider = _provider(request, provider_id)
    kwargs = provider.get_redirect_from_request_kwargs(request)
    nonce = secrets.token_urlsafe(24)
    kwargs |= {"scope": provider.get_scope(), "auth_params": {"nonce": nonce}, "nonce": nonce}
    try:
        adapter.openid_config  # noqa: B018 - before anything is kept of this attempt
        answer: HttpResponse = provider.redirect(request, **kwargs)
    except _FAILURES as failure:
        answer = render_authentication_error(request, provider, exception=failure)
    return answer


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider says.

    Raises:
        Http404: no organisation has this provider.
    """
    adapter, provider = _provider(request, provider_id)
    try:
        answer: HttpResponse = OAuth2CallbackView.adapter_view(adapter)(request)
    except _FAILURES as failure:
        log.warning("single_sign_on.failed", provider=provider_id, exc_info=True)
        answer = render_authentication_error(request, provider, exception=failure)
    return answer


def _provider(request: HttpRequest, provider_id: str) -> tuple[ConfiguredProvider, Any]:
    adapter = ConfiguredProvider(request, provider_id)
    try:
        provider = adapter.get_provider()
    except SocialApp.DoesNotExist as unknown:
        raise Http404 from unknown
    provider.oauth2_adapter_class = ConfiguredProvider
    return adapter, provider


def _checked(config: Any, *, issuer: str) -> Mapping[str, Any]:
    if str(config["issuer"]).rstrip("/") != issuer.partition("/.well-known/")[0].rstrip("/"):
        raise ValueError("It is another issuer.")
    schemes = {"https", "http"} if settings.SINGLE_SIGN_ON_INSIDE else {"https"}
    for name in _ENDPOINTS:
        if urlsplit(config[name]).scheme not in schemes:
            raise ValueError(f"{name} is no address.")
    wanted = (*_ENDPOINTS, "issuer", "token_endpoint_auth_methods_supported")
    return {name: config[name] for name in wanted if name in config}
