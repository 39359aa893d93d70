"""The description of the interface, a page to try it out on, and the answer to all else below /api/."""

from __future__ import annotations

from django.urls import path

from portal.rest import served
from portal.rest.views import Nothing

urlpatterns = [
    path("openapi.yaml", served.OpenApi.as_view(), name="openapi"),
    path("docs", served.TryItOut.as_view(url_name="openapi"), name="api-docs"),
    path("", Nothing.as_view(), name="api-root"),
    path("<path:rest>", Nothing.as_view(), name="api-nothing"),
]
