"""The second factor in a real browser: by app and by passkey, and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from tests.browser.accounts import WIDTHS, code_of, log_in_by_form, photograph, show_that_it_is_me

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("account_settings"),
]


def add_virtual_authenticator(page: Any) -> None:
    """Add a virtual authenticator to the page's browser that holds passkeys and always verifies its owner."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("width", WIDTHS)
def test_an_operator_sets_up_an_app_and_logs_in_with_it(live_server, open_page, axe, fits, dora, width):
    page = open_page(width=width)
    log_in_by_form(page, live_server.url, dora)

    page.get_by_text("Your role needs a second factor").wait_for()
    photograph(page, "must-enrol")
    axe(page)
    page.get_by_role("link", name="Set up an app").click()
    photograph(page, "is-it-you")
    axe(page)
    show_that_it_is_me(page)
    page.locator("details.govuk-details summary").click()
    secret = page.locator("[data-totp-key]").inner_text()
    photograph(page, "set-up-app")
    axe(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Set up the app").click()
    photograph(page, "set-up-app-wrong")
    axe(page)
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up the app").click()
    page.get_by_text("Shown once").wait_for()
    photograph(page, "recovery-codes")
    axe(page)
    fits(page)
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    photograph(page, "second-factor-set-up")
    axe(page)

    page.goto(f"{live_server.url}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    log_in_by_form(page, live_server.url, dora)
    page.get_by_text("One more step").wait_for()
    photograph(page, "one-more-step")
    axe(page)
    fits(page)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{live_server.url}/")
    assert page.locator(".user-menu").is_visible()


@pytest.mark.requirement("R6.1")
def test_a_passkey_is_added_and_logs_in_by_itself(live_server, page, axe, dora):
    add_virtual_authenticator(page)
    log_in_by_form(page, live_server.url, dora)
    page.get_by_role("link", name="Add a passkey").click()
    show_that_it_is_me(page)
    photograph(page, "add-passkey")
    axe(page)
    page.get_by_label("Name").fill("Dora's laptop")
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_text("Shown once").wait_for()
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/")
    assert page.get_by_text("Dora's laptop").first.is_visible()
    photograph(page, "passkeys")
    axe(page)
    page.get_by_role("link", name="Remove").click()
    photograph(page, "passkey-remove")
    axe(page)
    page.get_by_role("button", name="Remove the passkey").click()
    assert page.get_by_text("the only one you have").is_visible()
    assert Authenticator.objects.filter(type="webauthn").count() == 1

    page.goto(f"{live_server.url}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()

    page.wait_for_url(f"{live_server.url}/")
    assert page.locator(".user-menu__name").inner_text() == "Dora Dean"


@pytest.mark.requirement("R6.1")
def test_a_passkey_serves_as_the_second_step_as_well(live_server, page, dora):
    add_virtual_authenticator(page)
    log_in_by_form(page, live_server.url, dora)
    page.get_by_role("link", name="Add a passkey").click()
    show_that_it_is_me(page)
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_text("Shown once").wait_for()
    page.goto(f"{live_server.url}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    log_in_by_form(page, live_server.url, dora)

    page.get_by_role("button", name="Use a passkey or security key").click()

    page.wait_for_url(f"{live_server.url}/")


def test_a_passkey_given_up_is_told_in_words(live_server, page, alice):
    page.goto(f"{live_server.url}/accounts/login/")
    page.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError') } }"
    )

    page.get_by_role("button", name="Use a passkey").click()

    page.get_by_text("Nothing was chosen, or it took too long.").wait_for()


@pytest.mark.requirement("R6.1")
def test_without_scripts_an_operator_enrols_and_passkeys_are_not_offered(live_server, open_page, dora):
    page = open_page(java_script_enabled=False)
    log_in_by_form(page, live_server.url, dora)
    page.get_by_role("link", name="Set up an app").click()
    show_that_it_is_me(page)
    secret = page.locator("[data-totp-key]").text_content()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up the app").click()
    page.get_by_role("link", name="I have kept them").click()
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/add/")

    assert page.get_by_text("Adding a passkey needs scripts.").is_visible()
    assert not page.get_by_role("button", name="Add the passkey").is_visible()
