"""Single sign-on against a real provider over HTTP: who gets in, and who does not."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client

from portal.events.models import Event
from portal.identity.models import User
from tests.identity.handed_over import send_letters
from tests.identity.signing_on import log_in_at, set_up
from tests.identity.test_logging_in import is_logged_in

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R6.1")
def test_somebody_of_the_organisation_gets_in(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = seats.analyst.email.upper()

    log_in_at(provider_id, client)

    assert is_logged_in(client)
    assert client.session["_auth_user_id"] == str(seats.analyst.pk)
    assert provider.asked.count("/authorize") == 1


@pytest.mark.requirement("R6.1")
def test_one_is_known_by_the_providers_own_number_after_that(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = seats.analyst.email
    log_in_at(provider_id, Client())
    provider.says |= {"email": "renamed@elsewhere.example", "email_verified": False}

    log_in_at(provider_id, client)

    assert client.session["_auth_user_id"] == str(seats.analyst.pk)


@pytest.mark.requirement("R6.1")
def test_another_organisations_people_do_not_get_in_by_it(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = seats.other_admin.email

    answer = log_in_at(provider_id, client)

    assert answer.status_code == 403
    assert not is_logged_in(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.requirement("R6.1")
def test_a_person_who_moved_to_another_organisation_does_not_get_in_by_the_former(
    client, seats, provider, now
):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = seats.analyst.email
    log_in_at(provider_id, Client())
    User.objects.filter(pk=seats.analyst.pk).update(organisation=seats.other)

    answer = log_in_at(provider_id, client)

    assert answer.status_code == 403
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("claim", [False, "true", None])
def test_an_address_the_provider_does_not_vouch_for_does_not_count(client, seats, provider, now, claim):
    provider_id = set_up(seats, provider, now)
    provider.says |= {"email": seats.analyst.email, "email_verified": claim}

    answer = log_in_at(provider_id, client)

    assert "has not confirmed your e-mail address" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_a_provider_that_checks_its_domains_need_not_say_so_each_time(client, seats, provider, now):
    provider_id = set_up(seats, provider, now, vouches_for_addresses=True)
    provider.says |= {"email": seats.analyst.email, "email_verified": None}

    log_in_at(provider_id, client)

    assert is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_a_token_about_somebody_else_is_refused(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = seats.analyst.email
    provider.says_in_token = {"sub": "somebody-else"}

    assert log_in_at(provider_id, client).status_code == 403
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_a_newcomer_is_refused_unless_the_organisation_lets_them_in(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = "new@northern.example"

    answer = log_in_at(provider_id, client)

    assert "Ask an administrator there to invite you" in answer.content.decode()
    assert not User.objects.filter(email="new@northern.example").exists()


@pytest.mark.requirement("R6.1")
def test_a_newcomer_who_is_let_in_is_a_viewer_and_on_record(client, seats, provider, now):
    provider_id = set_up(seats, provider, now, is_open_to_newcomers=True)
    provider.says |= {"email": "new@northern.example", "name": "Nina New"}

    log_in_at(provider_id, client)

    user = User.objects.get(email="new@northern.example")
    assert (user.organisation, user.roles, user.name) == (seats.supplier, ["SUPPLIER_VIEWER"], "Nina New")
    assert is_logged_in(client)
    assert Event.objects.get(name="person.joined").actor_id == user.pk


@pytest.mark.requirement("R6.1")
def test_a_newcomer_of_another_domain_is_not_let_in(client, seats, provider, now):
    provider_id = set_up(seats, provider, now, is_open_to_newcomers=True)
    provider.says["email"] = "somebody@elsewhere.example"

    assert log_in_at(provider_id, client).status_code == 403


@pytest.mark.requirement("R6.1")
def test_somebody_deactivated_does_not_get_in(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    User.objects.filter(pk=seats.analyst.pk).update(is_active=False)
    provider.says["email"] = seats.analyst.email

    answer = log_in_at(provider_id, client)

    assert "deactivated" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_a_second_factor_here_is_still_asked_for(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    TOTP.activate(seats.analyst, generate_totp_secret())
    provider.says["email"] = seats.analyst.email

    answer = log_in_at(provider_id, client)

    assert answer.request["PATH_INFO"] == "/accounts/2fa/authenticate/"
    assert not is_logged_in(client)


def test_the_provider_leads_back_to_the_address_it_was_told(client, seats, provider, now, settings):
    settings.PORTAL_URL = "https://portal.example"
    provider_id = set_up(seats, provider, now)

    leads_to = client.get(f"/accounts/oidc/{provider_id}/login/")["Location"]

    assert parse_qs(urlsplit(leads_to).query)["redirect_uri"] == [
        f"https://portal.example/accounts/oidc/{provider_id}/login/callback/"
    ]


@pytest.mark.requirement("R6.1")
def test_an_answer_nobody_asked_for_is_not_taken(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)

    answer = client.get(f"/accounts/oidc/{provider_id}/login/callback/?code=x&state=made-up")

    assert "That did not work" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_somebody_logged_in_cannot_have_another_identity_attached(seats, provider, now, logged_in):
    provider_id = set_up(seats, provider, now)
    mine = logged_in(seats.analyst)
    provider.says["email"] = seats.analyst.email

    leaving = mine.get(f"/accounts/oidc/{provider_id}/login/?process=connect")
    back = urlsplit(httpx.get(leaving["Location"]).headers["Location"])
    mine.get(f"{back.path}?{back.query}")

    assert not SocialAccount.objects.exists()


@pytest.mark.requirement("R6.1")
def test_the_way_is_found_by_what_stands_after_the_at(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)

    address = "anybody@NORTHERN.example"
    result = client.post("/accounts/organisation/", {"email": address})
    unknown = client.post("/accounts/organisation/", {"email": "anybody@elsewhere.example"})
    send_letters()

    (letter,) = mail.outbox
    assert letter.to == [address]
    assert f"/accounts/organisation/{provider_id}/" in letter.body
    assert result.status_code == unknown.status_code == 200
    texts = {
        re.sub(rb"[\w.]+@[\w.]+|[A-Za-z0-9]{64}|<time.*?</time>", b"", answer.content)
        for answer in (result, unknown)
    }
    assert len(texts) == 1
