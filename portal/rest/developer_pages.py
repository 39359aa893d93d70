"""What an integrator reads before there is a client, without a log-in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

#: The pages, by the last part of their address: title, and file below docs/.
PAGES: Final = {
    "reference": ("Reference", "reference/api.md"),
    "how-to": ("How to use the interface", "how-to/use-the-api.md"),
    "events": ("Events", "reference/events.md"),
    "webhooks": ("Webhooks", "reference/webhooks.md"),
    "problems": ("Problems", "reference/problems.md"),
    "changes": ("Changes", "reference/api-changes.md"),
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the pages, and where the description is."""
    pages = [(slug, title) for slug, (title, _) in PAGES.items()]
    return render(request, "api/developers.html", {"pages": pages})


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a page as it is written, in Markdown."""
    if slug not in PAGES:
        raise Http404
    text = Path(settings.BASE_DIR, "docs", PAGES[slug][1]).read_text()
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
