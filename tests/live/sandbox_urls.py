"""The portal's addresses where it is a sandbox."""

from __future__ import annotations

from django.urls import include, path

from portal.urls import urlpatterns as portal_urls

urlpatterns = [path("api/v1/", include("demo.sandbox.urls")), *portal_urls]
