"""Accounts in a real browser: every page accessible at every width, people invited, secrets shown once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail

from portal.accounts import clients, people, single_sign_on
from portal.identity.api_scopes import ApiScope
from portal.identity.models import User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel.references import reference_of
from tests.browser.accounts import PASSWORD, WIDTHS, log_in_by_form, photograph
from tests.identity.signing import MADE, public_pem

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("account_settings"),
]


@pytest.fixture(autouse=True)
def _certificates_of_connections_are_told(settings):
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]


def furnish(alice: User, now: datetime) -> dict[str, str]:
    """Fill Alice's organisation, and return its pages."""
    scope = Scope.of(alice)
    bob = people.invite(
        scope, email="bob@northern.example", name="Bob Brown", roles=[Role.SUPPLIER_VIEWER], now=now
    )
    gone = people.invite(
        scope, email="greta@northern.example", name="Greta Gone", roles=[Role.SUPPLIER_ANALYST], now=now
    )
    people.deactivate(scope, gone.pk, now=now)
    TOTP.activate(bob, generate_totp_secret())
    crm = clients.create_client(
        scope,
        name="Customer system",
        scopes=[ApiScope.ESTATE_READ, ApiScope.INSTRUCTIONS_WRITE, ApiScope.EVENTS_READ],
        networks="203.0.113.0/24 2001:db8::/48",
        public_keys=public_pem(MADE["ES256"]()),
        binds_tokens=True,
        now=now,
    )
    clients.rotate_secret(scope, crm.client_id, now=now + timedelta(minutes=1))
    old = clients.create_client(
        scope, name="Former gateway", scopes=[ApiScope.EVENTS_READ], networks="", now=now
    )
    clients.revoke_client(scope, old.client_id, now=now)
    single_sign_on.set_up(
        scope,
        server_url="https://login.northern.example",
        client_id="firmware-portal",
        secret="kept sealed",
        domains="northern.example",
        is_open_to_newcomers=True,
        vouches_for_addresses=False,
        now=now,
    )
    return {
        "people": "/organisation/people/",
        "invite": "/organisation/people/invite/",
        "person": f"/organisation/people/{reference_of(bob.pk, 'person')}/",
        "person-self": f"/organisation/people/{reference_of(alice.pk, 'person')}/",
        "person-deactivated": f"/organisation/people/{reference_of(gone.pk, 'person')}/",
        "clients": "/organisation/clients/",
        "client-new": "/organisation/clients/new/",
        "client": f"/organisation/clients/{crm.client_id}/",
        "client-revoked": f"/organisation/clients/{old.client_id}/",
        "single-sign-on": "/organisation/single-sign-on/",
        "second-factor": "/accounts/2fa/",
        "passkeys-none": "/accounts/2fa/webauthn/",
        "password": "/accounts/password/change/",
        "sessions": "/accounts/sessions/",
        "log-out": "/accounts/logout/",
    }


def judged(pages: dict[str, str], page: Any, url: str, judges: tuple[Any, ...]) -> list[str]:
    wrong = []
    for name, path in pages.items():
        answer = page.goto(f"{url}{path}")
        photograph(page, name)
        if answer.status != 200:
            wrong.append(f"{path}: {answer.status}")
            continue
        for judge in judges:
            try:
                judge(page)
            except AssertionError as problem:
                wrong.append(f"{name}: {problem}")
    return wrong


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_an_administrator_are_accessible_and_fit(
    live_server, open_page, axe, fits, alice, width
):
    pages = furnish(alice, datetime.now(UTC))
    log_in_by_form(open_page(width=width), live_server.url, alice)
    page = open_page(width=width)
    log_in_by_form(page, live_server.url, alice)

    assert judged(pages, page, live_server.url, (fits, axe)) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_a_stranger_are_accessible_and_fit(live_server, open_page, axe, fits, alice, width):
    furnish(alice, datetime.now(UTC))
    provider = f"organisation-{alice.organisation_id}"
    pages = {
        "log-in": "/accounts/login/",
        "forgotten": "/accounts/password/reset/",
        "forgotten-sent": "/accounts/password/reset/done/",
        "link-used": "/accounts/password/reset/key/1-x/",
        "password-done": "/accounts/password/reset/key/done/",
        "inactive": "/accounts/inactive/",
        "organisation": "/accounts/organisation/",
        "organisation-at": f"/accounts/organisation/{provider}/",
        "cancelled": "/accounts/oidc/cancelled/",
    }

    assert judged(pages, open_page(width=width), live_server.url, (fits, axe)) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_way_to_an_organisations_log_in_comes_by_mail(live_server, open_page, axe, fits, alice, width):
    page = open_page(width=width)
    page.goto(f"{live_server.url}/accounts/organisation/")
    page.get_by_label("E-mail at work").fill("nobody@elsewhere.example")

    page.get_by_role("button", name="Go on").click()

    page.get_by_role("heading", name="Check your email").wait_for()
    photograph(page, "organisation-sent")
    fits(page)
    axe(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_demonstration_says_so(live_server, open_page, axe, fits, alice, settings, width):
    settings.DEMO, settings.DEMO_PASSWORD = True, PASSWORD
    page = open_page(width=width)

    page.goto(f"{live_server.url}/accounts/login/")
    photograph(page, "log-in-demonstration")

    assert page.get_by_text("In this demonstration").is_visible()
    fits(page)
    axe(page)


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_wrong_with_a_log_in_is_said_where_one_looks(live_server, open_page, axe, fits, alice, width):
    page = open_page(width=width)
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password", exact=True).fill("wrong")

    page.get_by_role("button", name="Log in", exact=True).click()

    page.get_by_text("You are not logged in").wait_for()
    photograph(page, "log-in-refused")
    assert page.get_by_label("E-mail").input_value() == alice.email
    fits(page)
    axe(page)


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("scripts", [True, False])
def test_an_administrator_invites_somebody_who_sets_a_password(live_server, open_page, axe, alice, scripts):
    page = open_page(java_script_enabled=scripts)
    log_in_by_form(page, live_server.url, alice)
    page.goto(f"{live_server.url}/organisation/people/")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("Name").fill("Nina New")
    page.get_by_label("E-mail at work").fill("nina@northern.example")
    page.get_by_label(re.compile("Supplier analyst")).check()
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("A link to set a password is on its way").wait_for()

    link = re.search(r"http://\S+/reset/key/\S+", mail.outbox[-1].body)[0]
    theirs = open_page(java_script_enabled=scripts)
    theirs.goto(link)
    if scripts:
        photograph(theirs, "set-password")
        axe(theirs)
    theirs.get_by_label("New password").fill("horse of another colour")
    theirs.get_by_label("The same again").fill("horse of another colour")
    theirs.get_by_role("button", name="Set the password").click()

    assert theirs.get_by_role("heading", name="Your password is set").is_visible()


def test_a_secret_is_shown_once_and_rotated(live_server, page, axe, fits, alice):
    log_in_by_form(page, live_server.url, alice)
    page.goto(f"{live_server.url}/organisation/clients/")
    photograph(page, "clients-none")
    axe(page)
    page.get_by_role("link", name="Make a client").first.click()
    page.get_by_label("Name").fill("Customer system")
    page.get_by_label(re.compile("estate:read")).check()
    page.get_by_label("From which networks").fill("203.0.113.1/24")
    page.get_by_role("button", name="Make the client").click()
    page.get_by_text("203.0.113.1/24 is not a network").first.wait_for()
    photograph(page, "client-new-wrong")
    axe(page)
    page.get_by_label("From which networks").fill("203.0.113.0/24")
    page.get_by_role("button", name="Make the client").click()
    first = page.locator("[data-client-secret]").inner_text()
    photograph(page, "client-secret")
    axe(page)
    fits(page)
    page.reload()
    assert page.locator("[data-client-secret]").count() == 0

    page.get_by_role("button", name="Make another secret").click()

    assert page.locator("[data-client-secret]").inner_text() != first
    assert page.get_by_text("Former", exact=True).is_visible()
    page.get_by_role("button", name="End the former secret now").click()
    assert page.get_by_text("Only the newest secret works now.").is_visible()
    page.get_by_role("button", name="Revoke the client").click()
    assert page.get_by_text("The client is revoked.").is_visible()
