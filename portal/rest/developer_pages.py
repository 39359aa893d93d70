"""What an integrator reads before there is a client, without a log-in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

#: The pages, by the last part of their address: title, and file below docs/.
PAGES: Final = {
    "reference": ("Reference", "reference/api.md"),
    "how-to": ("How to use the interface", "how-to/use-the-api.md"),
    "sandbox": ("A sandbox", "how-to/try-it-in-a-sandbox.md"),
    "events": ("Events", "reference/events.md"),
    "webhooks": ("Webhooks", "reference/webhooks.md"),
    "problems": ("Problems", "reference/problems.md"),
    "changes": ("Changes", "reference/api-changes.md"),
}
_ADDRESSES: Final = {
    "openapi.yaml": ("openapi",),
    **{file.rpartition("/")[2]: ("developer-page", slug) for slug, (_, file) in PAGES.items()},
}
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([\w./-]+)(#[\w-]*)?\)")


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
    return HttpResponse(_LINK.sub(_as_served, text), content_type="text/plain; charset=utf-8")


def _as_served(link: re.Match[str]) -> str:
    """Let a link to another file lead to where it is here; of one that is nowhere here, leave the words."""
    words, file, place = link.groups()
    if address := _ADDRESSES.get(file.rpartition("/")[2]):
        return f"[{words}]({reverse(address[0], args=address[1:])}{place or ''})"
    return str(words)
