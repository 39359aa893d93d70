"""Somebody at the portal: logs in by the form, goes by what stands on the page, and looks at each page closely."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from portal.identity.models import User

PASSWORD = "correct horse battery"


class Walk:
    """One person's way through the portal, with scripts or without."""

    def __init__(
        self, page: Any, *, url: str, judges: tuple[Callable[[Any], None], ...], scripts: bool = True
    ) -> None:
        self.page = page
        self.url = url
        self.scripts = scripts
        self._judges = judges if scripts else judges[:1]  # axe is a script itself
        self.seen: list[str] = []

    def log_in(self, user: User, *, second_factor: bool = False) -> None:
        """Log in with the password and, if wanted, a code of an app."""
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        secret = generate_totp_secret() if second_factor else ""
        if secret:
            TOTP.activate(user, secret)
        self.page.goto(f"{self.url}/accounts/login/")
        self.look("log-in")
        self.page.get_by_label("E-mail").fill(user.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.press("Log in", exact=True)
        if secret:
            self.look("one-more-step")
            self.page.get_by_label("Code").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
            self.press("Log in", exact=True)
        self.page.wait_for_url(f"{self.url}/")
        self.look("dashboard")

    def look(self, name: str) -> None:
        """Judge the page as it stands, and photograph it if somebody wants pictures."""
        self.seen.append(name)
        if folder := os.environ.get("PORTAL_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder) / f"walk-{name}.png"), full_page=True)
        for judge in self._judges:
            judge(self.page)

    def follow(self, name: str, *, within: Any = None, exact: bool = False) -> None:
        """Go where a link leads."""
        place = within or self.page.get_by_role("main")
        place.get_by_role("link", name=name, exact=exact).first.click()
        self.page.wait_for_load_state()

    def press(self, name: Any, *, exact: bool = False) -> None:
        """Press a button and wait for what comes of it."""
        self.page.get_by_role("main").get_by_role("button", name=name, exact=exact).first.click()
        self.page.wait_for_load_state()

    def says(self, text: str) -> bool:
        """Return whether the page says so, after a moment if need be."""
        self.page.get_by_role("main").get_by_text(text).first.wait_for()
        return True

    def tile(self, label: str) -> int:
        """Read the figure under a label."""
        value = self.page.locator(".tile", has_text=label).first.locator(".tile__value").inner_text()
        return int(re.sub(r"\D", "", value.splitlines()[0]))
