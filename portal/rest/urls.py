"""The description of the interface, a page to try it out on, and the answer to all else below /api/."""

from __future__ import annotations

from django.urls import path

from portal.rest import openapi_views
from portal.rest.views import UnknownResourceView

urlpatterns = [
    path("openapi.yaml", openapi_views.OpenApiView.as_view(), name="openapi"),
    path("openapi.json", openapi_views.OpenApiJsonView.as_view(), name="openapi-json"),
    path("docs", openapi_views.SwaggerView.as_view(url_name="openapi"), name="api-docs"),
    path("", UnknownResourceView.as_view(), name="api-root"),
    path("<path:rest>", UnknownResourceView.as_view(), name="api-nothing"),
]
