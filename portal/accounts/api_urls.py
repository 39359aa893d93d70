"""Addresses under which a system reads about itself."""

from __future__ import annotations

from django.urls import path

from portal.accounts import api

urlpatterns = [
    path("client", api.OwnClientView.as_view(), name="api-client"),
    path("client/secret", api.OwnSecretView.as_view(), name="api-client-secret"),
]
