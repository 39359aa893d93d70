"""People with accounts, and how they log in by the form."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from portal.identity.models import User

WIDTHS = [1280, 390]
PASSWORD = "correct horse battery"


def photograph(page: Any, name: str) -> None:
    if folder := os.environ.get("PORTAL_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        width = page.viewport_size["width"]
        page.screenshot(path=str(Path(folder) / f"accounts-{name}-{width}.png"), full_page=True)


def log_in_by_form(page: Any, url: str, user: User) -> None:
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def show_that_it_is_me(page: Any) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))
