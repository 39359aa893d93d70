"""A real Chromium for tests: a page to drive, and axe-core to judge it.

Where no Chromium is found the tests that ask for one are skipped, and say so. `PORTAL_CHROMIUM` names another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.identity.models import OrganisationKind, User
from portal.identity.roles import Role
from tests.browser.accounts import PASSWORD
from tests.browser.chromium import FLAGS, find_chromium
from tests.factories import OrganisationFactory, UserFactory

AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The driver runs an event loop in this very thread, in which Django would refuse to touch the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test below this folder, so that `-m "not browser"` leaves them out.

    On a machine that is busy otherwise a browser may be given no time for seconds: what timed out is tried once
    more, and counted as such. What is wrong stays wrong.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError"]))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser a file: its driver runs an event loop in this thread, which other tests must not meet."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: install one, or name it in PORTAL_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open pages in contexts of their own: `open_page(width=390)`, `open_page(java_script_enabled=False)`.

    When the test ends, what a page said on its console as an error, or threw, fails it; failed answers (4xx, 5xx)
    are the test's own business.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def _open(*, width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", reduced_motion="reduce", **options
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        return page

    yield _open

    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """A page of 1280 by 900 in a context of its own."""
    return open_page()


@pytest.fixture
def log_in(live_server: Any) -> Callable[[Any, Any], None]:
    """Log a user in without the form: `log_in(page, user)` puts a session cookie into the page's context."""

    def _log_in(page: Any, user: Any) -> None:
        from django.conf import settings
        from django.test import Client

        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
        )

    return _log_in


@pytest.fixture
def axe() -> Callable[..., None]:
    """Judge a page by WCAG 2.2 AA and best practice, its contrast by day and by night; `axe(page)` fails with what is wrong and where."""
    source = AXE.read_text()

    def _judge(page: Any, *, within: str = "", without: tuple[str, ...] = ()) -> None:
        page.evaluate(source)
        scope: dict[str, Any] = {"include": [[within or "html"]], "exclude": [[part] for part in without]}
        report = _violations(page, scope, STANDARDS)
        if page.viewport_size["width"] >= TELEPHONE:  # colours are the same at each width
            page.emulate_media(color_scheme="dark")
            report += [f"by night: {problem}" for problem in _violations(page, scope, ["color-contrast"])]
            page.emulate_media(color_scheme="light")
        assert not report, f"{page.url}\n" + "\n".join(report)

    return _judge


def _violations(page: Any, scope: dict[str, Any], rules: list[str]) -> list[str]:
    result = page.evaluate(
        "([scope, rules]) => axe.run(scope, {runOnly: rules, resultTypes: ['violations']})", [scope, rules]
    )
    return [
        f"{problem['id']} ({problem['impact']}): {problem['help']}\n"
        + "\n".join(f"    {node['target']}: {node['html'][:160]}" for node in problem["nodes"][:5])
        for problem in result["violations"]
    ]


#: A window of 1280 at a zoom of 400 %, which WCAG 1.4.10 asks for; telephones are looked at in it as well.
NARROWEST, TELEPHONE = 320, 640
OUTSIDE = """() => {
  const room = window.innerWidth;
  const outside = [...document.querySelectorAll("body *")].filter(each =>
    each.getBoundingClientRect().right > room + 0.5 && !each.parentElement.closest(".table-frame, .scroll, svg"));
  return [document.documentElement.scrollWidth, outside.slice(0, 5).map(each =>
    `${each.tagName}.${each.className} ${each.getBoundingClientRect().right}`)];
}"""


@pytest.fixture
def fits() -> Callable[[Any], None]:
    """Check that a page does not scroll sideways (wide tables scroll in frames of their own)."""

    def _check(page: Any) -> None:
        size = page.viewport_size
        for width in {size["width"], NARROWEST if size["width"] < TELEPHONE else size["width"]}:
            page.set_viewport_size({**size, "width": width})
            wide, outside = page.evaluate(OUTSIDE)

            assert wide <= width, f"{page.url} is {wide} wide in a window of {width}: {outside}"
        page.set_viewport_size(size)

    return _check


@pytest.fixture
def walk(live_server: Any, open_page: Callable[..., Any], axe: Any, fits: Any, settings: Any) -> Any:
    """Let somebody walk through the portal: `walk(width=390, scripts=False)`."""
    from django.core.cache import cache

    from tests.browser.walking import Walk

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.PORTAL_URL = live_server.url
    cache.clear()

    def _walk(*, width: int = 1280, scripts: bool = True) -> Walk:
        page = open_page(width=width, java_script_enabled=scripts)
        return Walk(page, url=live_server.url, judges=(fits, axe), scripts=scripts)

    return _walk


@pytest.fixture
def account_settings(settings: Any, live_server: Any, fresh_cache: None) -> None:
    """Quick hashes, second factors as in production, and links that lead to this server."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SECOND_FACTOR_REQUIRED = True
    settings.PORTAL_URL = live_server.url


@pytest.fixture
def alice() -> User:
    """An administrator of a Supplier."""
    organisation = OrganisationFactory(name="Northern Light Energy")
    roles = [Role.SUPPLIER_ADMIN.value, Role.SUPPLIER_ANALYST.value]
    return UserFactory(
        name="Alice Armstrong",
        email="alice@northern.example",
        organisation=organisation,
        roles=roles,
        password=PASSWORD,
    )


@pytest.fixture
def dora() -> User:
    """Somebody of the DCC."""
    dcc = OrganisationFactory(name="DCC", kind=OrganisationKind.DCC)
    return UserFactory(name="Dora Dean", email="dora@dcc.example", organisation=dcc, password=PASSWORD)
