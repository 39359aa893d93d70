"""Where a page finds the stream."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

PATH = "/stream"


def stream_for(request: HttpRequest) -> str:
    """Return the address of the stream for a page, with when the page was made; empty where there is none.

    Of several origins the one whose host goes by the name the page was asked under: the cookie is for that.
    """
    origins: list[str] = settings.STREAM_ORIGIN
    if not origins and not settings.STREAM_BEHIND_PROXY:
        return ""
    host = urlsplit(f"//{request.get_host()}").hostname
    same = [origin for origin in origins if urlsplit(origin).hostname == host]
    origin = (same or origins or [""])[0]
    return f"{origin}{PATH}?since={int(time.time() * 1000)}"
