"""Addresses under which a system reads about itself."""

from __future__ import annotations

from django.urls import path

from portal.accounts import api

urlpatterns = [
    path("client", api.OwnClient.as_view(), name="api-client"),
    path("client/secret", api.OwnSecret.as_view(), name="api-client-secret"),
]
