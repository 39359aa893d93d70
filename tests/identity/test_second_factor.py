"""The second factor: required of the DCC and the Panel, codes by app, recovery codes, and no way around."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.test import Client
from django.urls import resolve, reverse

from portal.accounts.web.second_factor import RemovePasskeyView
from portal.identity.models import OrganisationKind
from portal.identity.roles import Role
from tests.factories import OrganisationFactory, UserFactory
from tests.identity.conftest import PASSWORD
from tests.identity.test_logging_in import LOG_IN, is_logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


def code_of(secret: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def enrol(user) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def confirm(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.mark.requirement("R6.1")
def test_an_operator_without_one_reaches_nothing_but_the_way_to_one(required, seats, logged_in):
    mine = logged_in(seats.operator)

    for path in ("/", "/notifications/", "/organisation/people/"):
        assert mine.get(path)["Location"] == "/accounts/2fa/"
    assert "Your role needs a second factor" in mine.get("/accounts/2fa/").content.decode()


@pytest.mark.requirement("R6.1")
def test_a_panel_member_without_one_reaches_nothing_either(required, seats, logged_in):
    panel = OrganisationFactory(name="SEC Panel", kind=OrganisationKind.PANEL)
    member = UserFactory(organisation=panel, roles=[Role.PANEL_MEMBER], password=PASSWORD)

    assert logged_in(member).get("/notifications/")["Location"] == "/accounts/2fa/"


def test_a_part_of_a_page_sends_the_whole_page_there(required, seats, logged_in):
    answer = logged_in(seats.operator).get("/notifications/", headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert answer["HX-Redirect"] == "/accounts/2fa/"


@pytest.mark.requirement("R6.1")
def test_a_supplier_is_not_asked_but_may_have_one(required, seats, logged_in):
    assert logged_in(seats.analyst).get("/notifications/").status_code == 200


@pytest.mark.requirement("R6.1")
@pytest.mark.django_db(transaction=True)
def test_an_operator_sets_up_an_app_gets_recovery_codes_and_is_let_in(required, seats, logged_in):
    mine = logged_in(seats.operator)
    confirm(mine)
    page = mine.get("/accounts/2fa/totp/activate/")
    secret = re.search(r"data-totp-key>(\w+)<", page.content.decode())[1]

    done = mine.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}, follow=True)

    codes = re.findall(r"<li><code>(\d{8})</code></li>", done.content.decode())
    assert len(codes) == 10
    assert mine.get("/notifications/").status_code == 200
    assert mail.outbox[-1].subject == "An authenticator app has been set up"
    assert "cannot be read again" in mine.get("/accounts/2fa/recovery-codes/").content.decode()


@pytest.mark.requirement("R6.1")
def test_a_wrong_first_code_sets_up_nothing(seats, logged_in):
    mine = logged_in(seats.operator)
    confirm(mine)
    mine.get("/accounts/2fa/totp/activate/")

    mine.post("/accounts/2fa/totp/activate/", {"code": "000000"})

    assert not Authenticator.objects.exists()


@pytest.mark.requirement("R6.1")
def test_the_password_alone_no_longer_logs_in(client, seats):
    enrol(seats.operator)

    answer = client.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})

    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_password_and_code_log_in_and_a_code_counts_once(seats):
    secret = enrol(seats.operator)
    mine, thief = Client(), Client()
    for browser in (mine, thief):
        browser.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})

    code = code_of(secret)
    mine.post("/accounts/2fa/authenticate/", {"code": code})
    thief.post("/accounts/2fa/authenticate/", {"code": code})

    assert is_logged_in(mine)
    assert not is_logged_in(thief)


@pytest.mark.requirement("R6.1")
def test_after_five_wrong_codes_there_is_a_pause(client, seats):
    secret = enrol(seats.operator)
    client.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})
    for _ in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})

    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})

    assert "too many tries" in answer.content.decode()
    assert not is_logged_in(client)


def test_what_the_app_knows_is_not_readable_in_the_database(seats):
    secret = enrol(seats.operator)

    stored = Authenticator.objects.get().data["secret"]

    assert secret not in stored
    assert stored.startswith("sealed:")


@pytest.mark.requirement("R6.1")
@pytest.mark.django_db(transaction=True)
def test_enrolling_ends_sessions_that_began_with_the_password_alone(seats, logged_in):
    mine, thief = logged_in(seats.operator), logged_in(seats.operator)
    confirm(mine)
    page = mine.get("/accounts/2fa/totp/activate/")
    secret = re.search(r"data-totp-key>(\w+)<", page.content.decode())[1]

    mine.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})

    assert is_logged_in(mine)
    assert not is_logged_in(thief)


@pytest.mark.requirement("R6.1")
def test_the_last_one_stays_where_it_is_required(required, client, seats):
    secret = enrol(seats.operator)
    client.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    confirm(client)

    answer = client.post("/accounts/2fa/totp/deactivate/")

    assert "the only one you have" in answer.content.decode()
    assert Authenticator.objects.filter(type="totp").exists()


def test_changes_ask_for_the_password_once_more(seats, logged_in):
    answer = logged_in(seats.operator).get("/accounts/2fa/totp/activate/")

    assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_the_password_once_more_is_held_to_the_same_limits(seats, logged_in):
    mine = logged_in(seats.operator)
    for _ in range(5):
        mine.post("/accounts/reauthenticate/", {"password": "wrong"})

    answer = mine.post("/accounts/reauthenticate/", {"password": PASSWORD})

    assert "too many tries" in answer.content.decode()


@pytest.mark.requirement("R6.1")
def test_a_session_that_lost_its_second_factor_is_sent_back(required, client, seats):
    secret = enrol(seats.operator)
    client.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/notifications/").status_code == 200

    Authenticator.objects.all().delete()
    again = Client()
    again.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})

    assert again.get("/notifications/")["Location"] == "/accounts/2fa/"


@pytest.mark.requirement("R6.1")
def test_outside_demonstrations_and_tests_it_is_required(monkeypatch):
    import subprocess
    import sys

    code = "from django.conf import settings; print(settings.SECOND_FACTOR_REQUIRED)"

    def needs_second_factor(**environment: str) -> str:
        base = {"DJANGO_SETTINGS_MODULE": "portal.settings", "PATH": "", "SECRET_KEY": "x" * 50}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**base, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert needs_second_factor() == "True"
    assert needs_second_factor(DEMO="1") == "False"
    assert needs_second_factor(DEMO="1", SECOND_FACTOR_REQUIRED="1") == "True"
    assert needs_second_factor(SECOND_FACTOR_REQUIRED="0") == "False"


def test_every_address_that_removes_a_passkey_is_of_the_view_that_keeps_the_last_one():
    addresses = [reverse("mfa_remove_webauthn", args=[3]), "/accounts/2fa/webauthn/keys/3/remove/"]

    assert [resolve(address).func.view_class for address in addresses] == [RemovePasskeyView] * 2
