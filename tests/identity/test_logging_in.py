"""Logging in: by e-mail and password, slowly for those who guess, and with a session of one's own."""

from __future__ import annotations

import re

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client

from portal import environment
from portal.accounts.people import ROLES_OF_KIND
from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from tests.factories import OrganisationFactory, UserFactory
from tests.identity.conftest import PASSWORD, REAL_HASHERS
from tests.identity.handed_over import send_letters

pytestmark = pytest.mark.django_db
LOG_IN = "/accounts/login/"


def is_logged_in(client: Client) -> bool:
    request = type("Request", (), {"session": client.session})()
    return get_user(request).is_authenticated


@pytest.mark.requirement("R6.1")
def test_a_person_logs_in_by_e_mail_whatever_its_case(client, seats):
    answer = client.post(LOG_IN, {"login": seats.admin.email.upper(), "password": PASSWORD})

    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert is_logged_in(client)


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("kind", OrganisationKind)
def test_people_of_every_kind_of_organisation_log_in_with_its_roles(client, kind):
    user = UserFactory(organisation=OrganisationFactory(kind=kind), password=PASSWORD)

    answer = client.post(LOG_IN, {"login": user.email, "password": PASSWORD})

    assert answer.status_code == 302
    assert is_logged_in(client)
    assert Scope.of(user).kind == kind
    assert set(user.roles)
    assert set(user.roles) <= {role.value for role in ROLES_OF_KIND[kind]}


def test_passwords_are_kept_as_argon2_hashes(settings):
    settings.PASSWORD_HASHERS = REAL_HASHERS

    assert make_password(PASSWORD).startswith("argon2$argon2id$")


@pytest.mark.requirement("R6.1")
def test_a_wrong_password_is_told_without_saying_whether_the_address_is_known(client, seats):
    known = client.post(LOG_IN, {"login": seats.admin.email, "password": "wrong"})
    unknown = client.post(LOG_IN, {"login": "nobody@northern.example", "password": "wrong"})

    assert known.status_code == unknown.status_code == 422
    words = "This e-mail address and password do not go together."
    assert words in known.content.decode()
    assert words in unknown.content.decode()


@pytest.mark.requirement("R6.1")
def test_after_five_wrong_passwords_a_mailbox_is_paused_even_for_the_right_one(client, seats):
    for _ in range(5):
        client.post(LOG_IN, {"login": seats.admin.email, "password": "wrong"})

    answer = client.post(LOG_IN, {"login": seats.admin.email, "password": PASSWORD})

    assert answer.status_code == 429
    assert "too many tries" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_guessers_lock_out_guessers_and_not_the_owner_of_the_mailbox(seats, logged_in):
    mine = logged_in(seats.operator)
    mine.post("/accounts/logout/")
    guesser = Client()
    for _ in range(6):
        answer = guesser.post(LOG_IN, {"login": seats.operator.email, "password": "a guess of mine"})
    assert answer.status_code == 429

    mine.post(LOG_IN, {"login": seats.operator.email, "password": PASSWORD})

    assert is_logged_in(mine)


@pytest.mark.requirement("R6.1")
def test_the_browser_of_one_person_is_no_way_to_guess_at_another(seats, logged_in):
    mine = logged_in(seats.analyst)
    mine.post("/accounts/logout/")
    for _ in range(6):
        answer = mine.post(LOG_IN, {"login": seats.operator.email, "password": "a guess of mine"})

    assert answer.status_code == 429


@pytest.mark.requirement("R6.1")
def test_a_pause_of_one_mailbox_is_not_one_of_another(client, seats):
    for _ in range(6):
        client.post(LOG_IN, {"login": seats.admin.email, "password": "wrong"})

    answer = client.post(LOG_IN, {"login": seats.other_admin.email, "password": PASSWORD})

    assert answer.status_code == 302


@pytest.mark.requirement("R6.1")
def test_an_address_that_tries_many_mailboxes_is_paused(client, seats):
    for n in range(20):
        client.post(LOG_IN, {"login": f"guess{n}@northern.example", "password": "wrong"})

    answer = client.post(LOG_IN, {"login": seats.admin.email, "password": PASSWORD})

    assert answer.status_code == 429


@pytest.mark.parametrize(
    ("proxies", "written", "status"),
    [
        (2, "{}, 10.0.0.2", 302),  # each caller by the address the outer one wrote
        (1, "{}, 10.0.0.2", 429),  # all by that of the outer one
        (2, "{}", 302),  # past the outer one
    ],
)
def test_behind_several_proxies_the_tries_of_one_address_are_its_own(
    client, seats, settings, proxies, written, status
):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    for n in range(21):
        headers = {"X-Forwarded-For": written.format("203.0.113.9")}
        client.post(LOG_IN, {"login": f"guess{n}@northern.example", "password": "wrong"}, headers=headers)

    answer = client.post(
        LOG_IN,
        {"login": seats.admin.email, "password": PASSWORD},
        headers={"X-Forwarded-For": written.format("198.51.100.7")},
    )

    assert answer.status_code == status


@pytest.mark.parametrize(("text", "proxies"), [("", 0), ("no", 0), ("true", 1), ("1", 1), ("2", 2)])
def test_the_setting_says_how_many_proxies_there_are(monkeypatch, text, proxies):
    monkeypatch.setenv("BEHIND_PROXY", text)

    assert environment.count("BEHIND_PROXY") == proxies


@pytest.mark.requirement("R6.1")
def test_log_ins_that_succeed_do_not_count_as_tries(seats):
    for _ in range(8):
        assert Client().post(LOG_IN, {"login": seats.admin.email, "password": PASSWORD}).status_code == 302


def test_the_session_gets_another_key_at_log_in(client, seats):
    session = client.session
    session["kept"] = "by an attacker"
    session.save()
    before = client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key

    client.post(LOG_IN, {"login": seats.admin.email, "password": PASSWORD})

    assert client.session.session_key != before
    assert is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_the_session_is_gone_after_log_out(client, seats, logged_in):
    mine = logged_in(seats.admin)
    key = mine.session.session_key

    mine.post("/accounts/logout/")
    client.cookies[settings.SESSION_COOKIE_NAME] = key

    assert not is_logged_in(client)


def test_logging_out_takes_a_click_not_a_link(seats, logged_in):
    mine = logged_in(seats.admin)

    page = mine.get("/accounts/logout/")

    assert page.status_code == 200
    assert is_logged_in(mine)


def test_after_log_in_one_is_led_on_but_never_to_another_site(seats):
    inside = Client().post(
        LOG_IN + "?next=/notifications/", {"login": seats.admin.email, "password": PASSWORD}
    )
    outside = Client().post(
        LOG_IN, {"login": seats.admin.email, "password": PASSWORD, "next": "https://evil.example/"}
    )

    assert inside["Location"] == "/notifications/"
    assert outside["Location"] == "/"


@pytest.mark.requirement("R6.1")
def test_nobody_signs_up(client):
    assert client.get("/accounts/signup/").status_code == 404


@pytest.mark.requirement("R6.1")
def test_somebody_deactivated_does_not_get_in(client, seats):
    seats.viewer.is_active = False
    seats.viewer.save()

    answer = client.post(LOG_IN, {"login": seats.viewer.email, "password": PASSWORD}, follow=True)

    assert "deactivated" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_people_of_a_deactivated_organisation_are_out_at_once(seats, logged_in):
    mine = logged_in(seats.viewer)
    seats.supplier.is_active = False
    seats.supplier.save()

    assert not is_logged_in(mine)
    assert not is_logged_in(logged_in(seats.viewer))


@pytest.mark.requirement("R6.1")
def test_a_forgotten_password_is_set_by_a_link_that_counts_once(client, seats, logged_in):
    elsewhere = logged_in(seats.analyst)

    client.post(
        "/accounts/password/reset/", {"email": seats.analyst.email}, headers={"Host": "localhost:9999"}
    )
    assert mail.outbox == []  # nothing is looked up while somebody waits for the answer
    send_letters()
    assert f"{settings.PORTAL_URL}/accounts/password/reset/key/" in mail.outbox[0].body
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    new = {"password1": "another horse, another day", "password2": "another horse, another day"}
    done = client.post(form.request["PATH_INFO"], new, follow=True)

    assert "Your password is set" in done.content.decode()
    assert is_logged_in(logged_in(seats.analyst, password="another horse, another day"))
    assert not is_logged_in(elsewhere)
    assert "no longer valid" in Client().get(link, follow=True).content.decode()


def test_a_link_for_an_unknown_address_is_told_the_same_and_sends_nothing(client, seats):
    answer = client.post("/accounts/password/reset/", {"email": "nobody@northern.example"}, follow=True)

    assert "If there is an account with this address" in answer.content.decode()
    assert send_letters() == 1
    assert mail.outbox == []


@pytest.mark.requirement("R6.1")
def test_a_changed_password_ends_the_other_sessions_and_is_mailed(seats, logged_in):
    mine, elsewhere = logged_in(seats.analyst), logged_in(seats.analyst)

    mine.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "quite another horse", "password2": "quite another horse"},
    )

    assert is_logged_in(mine)
    assert not is_logged_in(elsewhere)
    assert UserSession.objects.filter(user=seats.analyst).count() == 1
    assert mail.outbox[0].to == [seats.analyst.email]


@pytest.mark.parametrize("weak", ["short", "password1234", "bob@northern.example"])
def test_a_weak_password_is_not_taken(seats, logged_in, weak):
    answer = logged_in(seats.analyst).post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    )

    assert "The password is not changed" in answer.content.decode()


def test_somebody_sees_their_own_sessions_only_and_ends_the_others(seats, logged_in):
    mine, elsewhere = logged_in(seats.analyst), logged_in(seats.analyst)
    others = logged_in(seats.other_admin)

    page = mine.get("/accounts/sessions/")
    mine.post("/accounts/sessions/")

    assert len(page.context["sessions"]) == 2
    assert is_logged_in(mine)
    assert is_logged_in(others)
    assert not is_logged_in(elsewhere)


def test_the_demonstration_says_that_it_is_one_and_who_there_is(client, seats, settings):
    settings.DEMO, settings.DEMO_PASSWORD = True, "shown on the page"

    page = client.get(LOG_IN).content.decode()

    assert "In this demonstration" in page
    assert "shown on the page" in page
    assert seats.admin.email in page


def test_the_log_in_page_is_not_kept_by_anybody(client, seats):
    assert "no-store" in client.get(LOG_IN)["Cache-Control"]
