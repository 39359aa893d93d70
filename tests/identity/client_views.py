"""Views that say who calls them, and clients that call them with a token."""

from __future__ import annotations

import base64

from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.identity.api import ScopedAPI
from portal.identity.api_scopes import ApiScope
from portal.urls import urlpatterns as portal_urls

READ, WRITE = ApiScope.ESTATE_READ, ApiScope.INSTRUCTIONS_WRITE


class Example(ScopedAPI, APIView):
    """A view as the REST interface has them: it tells who asks."""

    needs = {"GET": READ, "POST": WRITE}

    def get(self, request):
        return self._who()

    def post(self, request):
        return self._who()

    def _who(self):
        scope = self.scope
        return Response(
            {
                "organisation": scope.organisation_id,
                "client": scope.client_id,
                "roles": sorted(scope.roles),
                "name": scope.name,
            }
        )


class Forgetful(ScopedAPI, APIView):
    """A view that does not say what it needs."""

    def get(self, request):
        return Response({})


urlpatterns = [*portal_urls, path("example", Example.as_view()), path("forgetful", Forgetful.as_view())]


def ask(client_id: str, secret: str, *, basic: bool = True, **other: str):
    form = {"grant_type": "client_credentials", **other}
    if not basic:
        return Client().post("/oauth/token", {**form, "client_id": client_id, "client_secret": secret})
    shown = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return Client().post("/oauth/token", form, headers={"Authorization": f"Basic {shown}"})


def token_for(credentials, **other: str) -> str:
    return ask(credentials.client_id, credentials.secret, **other).json()["access_token"]


def call(token: str, *, method: str = "get", address: str = "127.0.0.1"):
    return getattr(Client(REMOTE_ADDR=address), method)(
        "/example", headers={"Authorization": f"Bearer {token}"}
    )
