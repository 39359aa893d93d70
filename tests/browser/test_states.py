"""What pages look like when there is nothing, when something is wrong, and when there is no page at all.

`PORTAL_SCREENSHOTS` names a folder into which each is photographed on the way.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.shortcuts import render
from django.test import Client
from django.urls import include, path

from portal.accounts import unsent_forms
from tests.browser.scenes import make_scene
from tests.factories import make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_cache")]

WIDTHS = [1280, 390]


def _break(_request: Any) -> Any:
    raise RuntimeError("as a test wants it")


def _lose_the_database(_request: Any) -> Any:
    raise OperationalError("as a test wants it")


def _refuse(request: Any, template: str) -> Any:
    names = {"409": ("409.html", 409), "429": ("429.html", 429), "sso": ("socialaccount/refused.html", 403)}
    name, status = names.get(template, (f"socialaccount/{template}.html", 401))
    return render(request, name, {"reason": "Your organisation's log-in says nothing of you."}, status=status)


handler404 = "portal.problems.page_not_found"
handler500 = "portal.problems.server_error"
urlpatterns = [
    path("sorry/500/", _break),
    path("sorry/503/", _lose_the_database),
    path("sorry/<slug:template>/", _refuse),
    path("", include("portal.urls")),
]


class Judge:
    """Looks at pages, and gathers what is wrong with any of them."""

    def __init__(self, url: str, *judges: Any) -> None:
        self.url, self.judges, self.wrong = url, judges, []

    def open(self, page: Any, name: str, path: str, *, status: int = 200) -> None:
        answer = page.goto(f"{self.url}{path}")
        if answer.status != status:
            self.wrong.append(f"{path}: {answer.status}")
        self.look(page, name)

    def look(self, page: Any, name: str) -> None:
        if folder := os.environ.get("PORTAL_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            width = page.viewport_size["width"]
            page.screenshot(path=str(Path(folder) / f"state-{name}-{width}.png"), full_page=True)
        for judge in self.judges:
            try:
                judge(page)
            except AssertionError as problem:
                self.wrong.append(f"{name}: {problem}")


@pytest.fixture
def judge(live_server, axe, fits):
    result = Judge(live_server.url, fits, axe)
    yield result
    assert not result.wrong, "\n\n".join(result.wrong)


def test_pages_of_last_resort_are_accessible_and_fit(open_page, log_in, judge, settings):
    world = make_world(hubs=0)
    settings.ROOT_URLCONF = __name__
    for width in WIDTHS:
        stranger, page = open_page(width=width), open_page(width=width)
        log_in(page, world.supplier_user)
        judge.open(page, "403", "/channels/", status=403)
        judge.open(page, "404", "/rollouts/4711/", status=404)
        judge.open(page, "404-nowhere", "/nowhere/at/all/", status=404)
        judge.open(page, "409", "/sorry/409/", status=409)
        judge.open(page, "500", "/sorry/500/", status=500)
        judge.open(page, "503", "/sorry/503/", status=503)
        judge.open(stranger, "429", "/sorry/429/", status=429)
        judge.open(stranger, "404-stranger", "/nowhere/at/all/", status=404)
        judge.open(stranger, "sso-refused", "/sorry/sso/", status=403)
        judge.open(stranger, "sso-error", "/sorry/authentication_error/", status=401)


@pytest.mark.parametrize("actor", ["supplier", "operator", "csp", "panel"])
def test_pages_with_nothing_on_them_are_accessible_and_fit(open_page, log_in, judge, actor):
    world = make_world(hubs=0)
    pages = {
        "everybody": ["/", "/rollouts/", "/notifications/", "/notifications/preferences/"],
        "supplier": [
            "/instructions/", "/rules/", "/approvals/", "/incidents/", "/estate/", "/estate/views/",
            "/estate/files/",
        ],
        "operator": [
            "/incidents/", "/triage/", "/decisions/", "/estate/", "/schedule/", "/channels/",
            "/unmatched-alerts/", "/audit/",
        ],
        "csp": ["/schedule/", "/channels/"],
        "panel": ["/incidents/", "/triage/", "/decisions/"],
    }  # fmt: skip
    for width in WIDTHS:
        page = open_page(width=width)
        log_in(page, getattr(world, f"{actor}_user"))
        for address in [*pages["everybody"], *pages[actor]]:
            name = address.strip("/").replace("/", "-") or "dashboard"
            judge.open(page, f"empty-{actor}-{name}", address)


def test_forms_sent_empty_say_what_is_wrong_and_are_accessible(open_page, log_in, judge):
    scene = make_scene(now=datetime.now(UTC))
    notified, moving = f"/rollouts/{scene.notified.pk}/", f"/rollouts/{scene.moving.pk}/"
    forms = {
        "supplier": {"instruct": f"{notified}instruct/", "incident": f"{moving}incidents/new/"},
        "operator": {
            "publish": "/rollouts/new/",
            "suspend": f"{moving}steps/suspend/",
            "release-note": f"{moving}release-notes/",
            "propose": "/requirements/rules/propose/",
        },
    }
    for width in WIDTHS:
        for actor, addresses in forms.items():
            page = open_page(width=width)
            log_in(page, getattr(scene.world, f"{actor}_user"))
            for name, address in addresses.items():
                page.goto(f"{judge.url}{address}")
                with page.expect_navigation():
                    page.locator("main form[method=post]").last.evaluate(_SEND_EMPTY)
                assert (
                    page.get_by_text("There is a problem").or_(page.get_by_role("alert")).first.is_visible()
                )
                judge.look(page, f"wrong-{name}")


_SEND_EMPTY = """form => {
  form.noValidate = true
  for (const each of form.elements) {
    if (each.matches('input[type=text], input[type=url], input[type=datetime-local], textarea')) each.value = ''
    if (each.matches('input[type=radio][value=paste]')) each.checked = true
  }
  form.requestSubmit()
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_typed_before_the_session_ended_is_shown_accessibly(
    live_server, open_page, log_in, judge, width
):
    world = make_world(hubs=0)
    browser = Client()
    browser.force_login(world.supplier_user)
    browser.get("/")
    browser.cookies.pop("portal_session")
    fields = {"name": "Split hubs in the North", "query": "split=yes", "note": "x" * 2_000}
    sent = browser.post("/estate/views/keep/", fields)
    assert unsent_forms.PERSON_COOKIE in browser.cookies
    page = open_page(width=width)

    judge.open(page, "session-ended", sent["Location"])
    assert page.get_by_text("What you typed is kept").is_visible()
    log_in(page, world.supplier_user)
    judge.open(page, "typed", sent["Location"].rpartition("next=")[2].replace("%2F", "/"))
    page.get_by_role("button", name="Send it now").click()

    page.get_by_text("The view is saved.").wait_for()


def test_a_page_that_refreshes_itself_does_not_throw_out_somebody_who_types(
    live_server, open_page, log_in, judge
):
    world = make_world(hubs=0)
    page = open_page()
    log_in(page, world.operator_user)
    page.goto(f"{live_server.url}/rollouts/new/")
    page.get_by_label("Name of the rollout").fill("Half a name")
    Session.objects.all().delete()

    page.evaluate("htmx.ajax('GET', '/', {target: '#messages', swap: 'none'})")
    page.get_by_text("Your session has ended. What you have typed stays here").wait_for()
    page.evaluate("htmx.ajax('GET', '/', {target: '#messages', swap: 'none'})")

    link = page.get_by_role("link", name="log in again in a new tab")
    assert link.count() == 1
    assert page.get_by_label("Name of the rollout").input_value() == "Half a name"
    judge.look(page, "session-ended-meanwhile")
    page.get_by_label("Name of the rollout").fill("")
    page.evaluate("htmx.ajax('GET', '/', {target: '#messages', swap: 'none'})")
    page.wait_for_url(f"{live_server.url}/accounts/login/")
