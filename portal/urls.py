"""Every area's addresses, by prefix."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from portal import health, metrics
from portal.rest import developer_pages, openapi_views

handler400 = "portal.problems.bad_request"
handler404 = "portal.problems.page_not_found"
handler500 = "portal.problems.server_error"
urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("api/v1/", include("rollouts.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("portal.accounts.api_urls")),
    path("api/v1/", include("portal.rest.urls")),
    path("help/", include("portal.help.urls")),
    path("developers/", developer_pages.index, name="developers"),
    path("developers/<slug:slug>", developer_pages.page, name="developer-page"),
    path("problems/<slug:slug>", openapi_views.ProblemTypeView.as_view(), name="problem"),
    path("csp/", include("rollouts.csp.urls")),
    path("", include("rollouts.service_requests.urls")),
    path("notifications/", include("notifications.urls")),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("portal.accounts.urls")),
    path("", include("rollouts.urls")),
]
if settings.SANDBOX:
    urlpatterns.insert(1, path("api/v1/", include("demo.sandbox.urls")))
if settings.DEBUG:
    urlpatterns.append(path("", include("portal.kernel.presentation.styleguide")))
