"""Pages of help: what there is, a guide for each kind of organisation, the terms; and hints put away."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.help.guides import GUIDES, guide_of
from portal.identity.models import OrganisationKind, User
from portal.identity.requests import PortalRequest
from portal.kernel.presentation.terms import TERMS, slug_of

_CRUMBS = [{"label": "Help", "url": "/help/"}]


@require_GET
@login_required
def index(request: PortalRequest) -> HttpResponse:
    """List the guides, one's own first, and the other pages of help."""
    own = guide_of(OrganisationKind(request.user.organisation.kind))
    guides = sorted(GUIDES.values(), key=lambda guide: guide != own)
    return render(request, "help/index.html", {"guides": guides, "own": own})


@require_GET
@login_required
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the guide of one kind of organisation, which prints on a page."""
    for known in GUIDES.values():
        if known.slug == slug:
            return render(request, f"help/guide_{slug}.html", {"guide": known, "crumbs": _CRUMBS})
    raise Http404


@require_GET
@login_required
def terms(request: HttpRequest) -> HttpResponse:
    """Show the words of the portal and what they mean."""
    rows = [(slug_of(term), term, meaning) for term, meaning in TERMS.items()]
    return render(request, "help/terms.html", {"rows": rows, "crumbs": _CRUMBS})


@require_POST
@login_required
def put_away(request: PortalRequest) -> HttpResponse:
    """Never show this person the hints of a first visit again."""
    User.objects.filter(pk=request.user.pk).update(has_seen_hints=True)
    return redirect("/")
