"""A session ends while somebody types: nothing is lost, and nobody else reads it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.accounts import unsent_forms
from portal.kernel.references import reference_of
from tests.factories import make_rollout
from tests.identity.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(20)]
HERE = "http://testserver"


@pytest.fixture
def today():
    return datetime.now(UTC)


@pytest.fixture
def browser(world):
    """Somebody who has a page open; `browser.end()` ends the session behind it."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.supplier_user)
    client.get("/")
    client.end = lambda: client.cookies.pop(settings.SESSION_COOKIE_NAME)
    return client


def send(client, path, fields, *, page, **headers):
    token = {
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value if "csrftoken" in client.cookies else "x"
    }
    return client.post(path, {**token, **fields}, headers={"Referer": HERE + page, "Origin": HERE, **headers})


def typed_again(body: str) -> tuple[str, dict[str, str]]:
    """Read the form of the page as a browser would send it."""
    action = re.search(r'<form class="toolbar" method="post" action="([^"]+)"', body)[1]
    fields = re.findall(r'<textarea hidden name="([^"]+)">\n(.*?)</textarea>', body, re.DOTALL)
    return unescape(action), {unescape(name): unescape(value) for name, value in fields}


def test_what_was_typed_waits_behind_the_log_in_and_is_sent_once_more(world, browser, today):
    rollout = make_rollout(world, now=today)
    world.supplier_user.set_password(PASSWORD)
    world.supplier_user.save()
    page = f"/rollouts/{rollout.pk}/incidents/new/"
    fields = {
        "title": "Displays “lost” <b>",
        "category": "2",
        "description": "\nTwo\nlines",
        "guids": "00-DB",
    }
    browser.get(page)
    browser.end()

    sent = send(browser, page, fields, page=page)
    assert sent.status_code == 302
    assert sent["Location"].startswith("/accounts/login/?next=%2Faccounts%2Ftyped%2F")
    log_in = browser.get(sent["Location"]).content.decode()
    assert "What you typed is kept" in log_in
    back = send(
        browser,
        "/accounts/login/",
        {
            "login": world.supplier_user.email,
            "password": PASSWORD,
            "next": re.search(r'name="next" value="([^"]+)"', log_in)[1],
        },
        page="/accounts/login/",
    )
    body = browser.get(back["Location"]).content.decode()
    action, again = typed_again(body)

    assert (action, again) == (page, fields)
    assert "Nothing has been done yet" in body
    answered = send(browser, action, again, page=back["Location"])
    assert answered.status_code in {302, 422}
    if answered.status_code == 422:
        assert "Displays “lost” &lt;b&gt;" in answered.content.decode()


def test_an_address_for_forms_alone_leads_back_to_the_page_it_was_on(world, browser, today):
    rollout = make_rollout(world, now=today)
    page = f"/rollouts/{rollout.pk}/pilot/?x=1"
    browser.end()
    browser.cookies.pop(unsent_forms.PERSON_COOKIE)

    sent = send(
        browser,
        f"/rollouts/{rollout.pk}/pilot/{reference_of(1, 'submission')}/withdraw/",
        {"why": "x"},
        page=page,
    )

    assert sent["Location"] == f"/accounts/login/?next=%2Frollouts%2F{rollout.pk}%2Fpilot%2F%3Fx%3D1"


def test_nobody_else_reads_what_was_typed(world, browser):
    browser.end()
    sent = send(browser, "/estate/views/keep/", {"name": "Ours"}, page="/estate/")
    address = re.search(r"%2Faccounts%2Ftyped%2F([\w-]+)", sent["Location"])[1]
    other, own = Client(), Client()
    other.force_login(world.other_user)
    own.force_login(world.supplier_user)

    assert other.get(f"/accounts/typed/{address}/").status_code == 404
    assert own.get(f"/accounts/typed/{address}/").status_code == 200
    assert own.get("/accounts/typed/nothing/").status_code == 404


def test_nothing_is_kept_for_a_stranger_or_after_logging_out(world, browser):
    send(browser, "/accounts/logout/", {}, page="/")
    assert not browser.cookies[unsent_forms.PERSON_COOKIE].value

    after = send(browser, "/estate/views/keep/", {"name": "Ours"}, page="/estate/")
    forged = Client(enforce_csrf_checks=False)
    forged.cookies[unsent_forms.PERSON_COOKIE] = str(world.supplier_user.pk)
    stranger = forged.post("/estate/views/keep/", {"name": "Ours"})

    assert after["Location"] == "/accounts/login/?next=%2Festate%2F"
    assert stranger["Location"] == "/accounts/login/?next=%2F"


def test_a_form_from_before_another_log_in_is_shown_and_not_sent_by_itself(world, browser):
    browser.force_login(
        world.supplier_user
    )  # in another tab: the token of the page that is open is an old one
    fields = {"csrfmiddlewaretoken": "a" * 64, "name": "Ours", "query": "split=yes"}

    shown = browser.post("/estate/views/keep/", fields, headers={"Origin": HERE}, follow=True)
    part = browser.post("/estate/views/keep/", fields, headers={"Origin": HERE, "HX-Request": "true"})

    assert typed_again(shown.content.decode()) == (
        "/estate/views/keep/",
        {"name": "Ours", "query": "split=yes"},
    )
    assert part["HX-Redirect"].startswith("/accounts/typed/")


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}])
def test_a_form_from_elsewhere_is_refused_and_not_kept(world, browser, headers):
    fields = {"csrfmiddlewaretoken": "a" * 64, "name": "Theirs", "query": "split=yes"}

    answer = browser.post("/estate/views/keep/", fields, headers=headers)

    assert answer.status_code == 403
    assert "Open it again" in answer.content.decode()


def test_passwords_and_secrets_are_never_kept(world, browser, monkeypatch):
    stored = []
    monkeypatch.setattr(unsent_forms, "keep_form", lambda request: stored.append(request.path) or "")
    browser.end()

    for path in ("/accounts/password/change/", "/organisation/single-sign-on/", "/organisation/clients/new/"):
        send(browser, path, {"oldpassword": "x", "secret": "y"}, page=path)

    assert stored == []


def test_too_much_text_is_not_kept_and_files_are_named(world, browser, monkeypatch):
    browser.end()
    with monkeypatch.context() as patch:
        patch.setattr(unsent_forms, "MOST", 10)
        large = send(browser, "/estate/views/keep/", {"name": "x" * 20}, page="/estate/")
    file = SimpleUploadedFile("hubs.csv", b"00-DB")
    sent = send(
        browser, "/rollouts/1/instruct/", {"name": "Leeds", "file": file}, page="/rollouts/1/instruct/"
    )
    own = Client()
    own.force_login(world.supplier_user)
    address = re.search(r"%2Faccounts%2Ftyped%2F([\w-]+)", sent["Location"])[1]
    body = own.get(f"/accounts/typed/{address}/").content.decode()

    assert large["Location"] == "/accounts/login/?next=%2Festate%2F"
    assert "Files are not kept" in body
    assert "hubs.csv" in body
