"""The Chromium of this machine; needs no Django, so that pictures are taken without it."""

from __future__ import annotations

import os
import shutil

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine, if there is one."""
    named = os.environ.get("PORTAL_CHROMIUM")
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return named or next((path for name in names if (path := shutil.which(name))), None)
