"""The estate: search, filter, take away; and one hub with its whole history."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from portal.identity.requests import PortalRequest
from rollouts.web.guards import for_people


@require_GET
@for_people
def estate(request: PortalRequest) -> HttpResponse:
    """List hubs."""
    raise Http404


@require_GET
@for_people
def estate_csv(request: PortalRequest) -> HttpResponse:
    """Give the list as a file."""
    raise Http404


@require_GET
@for_people
def hub(request: PortalRequest, guid: str) -> HttpResponse:
    """Show one hub."""
    raise Http404


@require_POST
@for_people
def read_version(request: PortalRequest, guid: str) -> HttpResponse:
    """Have a hub's firmware version read."""
    raise Http404
