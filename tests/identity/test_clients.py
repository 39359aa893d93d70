"""API clients: tokens for a secret, what is done with them, and where they are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from django.test import Client

from portal.accounts import clients
from portal.identity.models import ApiClient, ClientSecret, Organisation
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, Refusal
from tests.identity.client_views import READ, ask, call, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.client_views")]


@pytest.mark.parametrize("basic", [True, False])
def test_a_client_gets_a_token_of_ten_minutes_for_its_secret(credentials, basic):
    answer = ask(credentials.client_id, credentials.secret, basic=basic)

    assert answer.status_code == 200
    content = answer.json()
    assert (content["token_type"], content["expires_in"]) == ("Bearer", 600)
    assert set(content["scope"].split()) == {"estate:read", "instructions:write"}
    assert "no-store" in answer["Cache-Control"]


def test_with_it_the_client_acts_for_its_organisation_in_the_roles_its_scopes_imply(credentials, seats):
    answer = call(token_for(credentials))

    assert answer.json() == {
        "organisation": seats.supplier.pk,
        "client": credentials.client_id,
        "roles": ["SUPPLIER_ANALYST", "SUPPLIER_VIEWER"],
        "name": "CRM",
    }


def test_a_wrong_secret_an_unknown_client_and_anothers_secret_get_the_same_answer(credentials, seats, now):
    others = clients.create_client(
        Scope.of(seats.other_admin), name="Theirs", scopes=[READ], networks="", now=now
    )

    answers = [
        ask(credentials.client_id, "wrong"),
        ask("unknown", credentials.secret),
        ask(credentials.client_id, others.secret),
        ask(credentials.client_id, ""),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.json()["error"] for answer in answers} == {"invalid_client"}


def test_a_narrower_scope_may_be_asked_for_and_a_wider_one_not(credentials):
    narrow = ask(credentials.client_id, credentials.secret, scope="estate:read")
    wide = ask(credentials.client_id, credentials.secret, scope="estate:read rules:write")

    assert narrow.json()["scope"] == "estate:read"
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")


def test_a_token_without_the_scope_is_refused_and_told_which(credentials):
    token = token_for(credentials, scope="estate:read")

    assert call(token).status_code == 200
    refused = call(token, method="post")
    assert refused.status_code == 403
    assert "instructions:write" in refused.json()["detail"]


@pytest.mark.parametrize("basic", [True, False])
@pytest.mark.parametrize("client_id", ["%00", "a%00b", "\x00", "%0a", "é", "", "x" * 5_000, "%F0%9F%92%A1"])
def test_no_name_of_a_client_breaks_the_search_for_it(credentials, client_id, basic):
    answer = ask(client_id, credentials.secret, basic=basic)

    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "invalid_request"}


@pytest.mark.parametrize("grant", ["authorization_code", "password", "refresh_token", ""])
def test_no_other_grant_is_offered(credentials, grant):
    answer = ask(credentials.client_id, credentials.secret, grant_type=grant)

    assert answer.status_code == 400
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("path", ["/identity/o/authorize", "/identity/o/api/token", "/identity/o/device"])
def test_the_rest_of_the_identity_provider_is_not_there(client, path):
    assert client.get(path).status_code == 404


def test_a_token_ends_after_ten_minutes(credentials):
    token = token_for(credentials)

    with time_machine.travel(timedelta(minutes=10, seconds=1)):
        assert call(token).status_code == 401


def test_a_made_up_token_is_refused_and_the_caller_told_how_to_log_in(credentials):
    answer = call("made-up")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert Client().get("/example").status_code == 401


def test_a_token_is_not_kept_as_it_is(credentials):
    token = token_for(credentials)

    assert not Token.objects.filter(hash=token).exists()


def test_a_client_ends_its_own_token_and_nobody_elses(credentials, seats, now):
    others = clients.create_client(
        Scope.of(seats.other_admin), name="Theirs", scopes=[READ], networks="", now=now
    )
    token = token_for(credentials)

    def revoke(client):
        Client().post(
            "/oauth/revoke",
            {"client_id": client.client_id, "client_secret": client.secret, "token": token},
        )

    revoke(others)
    assert call(token).status_code == 200
    revoke(credentials)
    assert call(token).status_code == 401


def test_asking_for_tokens_again_and_again_is_slowed_down(credentials, now, settings):
    settings.API_TOKENS_A_MINUTE = 3

    with time_machine.travel(now, tick=False):  # all within one minute
        answers = [ask(credentials.client_id, "guess").status_code for _ in range(4)]

    assert answers == [401, 401, 401, 429]


def test_where_tokens_are_given_is_told(client, settings):
    notices = client.get("/.well-known/oauth-authorization-server").json()

    assert notices["token_endpoint"] == settings.PORTAL_URL + "/oauth/token"
    assert notices["grant_types_supported"] == ["client_credentials"]


def test_a_client_may_be_held_to_networks_for_tokens_and_for_calls(seats, now):
    credentials = clients.create_client(
        Scope.of(seats.admin), name="CRM", scopes=[READ], networks="203.0.113.0/24 2001:db8::/48", now=now
    )

    def ask_from(address):
        return Client(REMOTE_ADDR=address).post(
            "/oauth/token",
            {
                "grant_type": "client_credentials",
                "client_id": credentials.client_id,
                "client_secret": credentials.secret,
            },
        )

    token = ask_from("203.0.113.7").json()["access_token"]
    assert ask_from("198.51.100.7").status_code == 401
    assert ask_from("2001:db8::7").status_code == 200
    assert call(token, address="203.0.113.200").status_code == 200
    assert call(token, address="198.51.100.7").status_code == 403
    assert call(token, address="::ffff:203.0.113.9").status_code == 200


def test_behind_our_proxy_the_address_is_the_one_it_wrote(seats, now, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    credentials = clients.create_client(
        Scope.of(seats.admin), name="CRM", scopes=[READ], networks="203.0.113.0/24", now=now
    )

    def ask_by(forwarded):
        return Client().post(
            "/oauth/token",
            {
                "grant_type": "client_credentials",
                "client_id": credentials.client_id,
                "client_secret": credentials.secret,
            },
            headers={"X-Forwarded-For": forwarded},
        )

    assert ask_by("203.0.113.7").status_code == 200
    assert ask_by("203.0.113.7, 198.51.100.7").status_code == 401


@pytest.mark.parametrize("networks", ["203.0.113.1/24", "example.com", "203.0.113.0/33"])
def test_what_is_not_a_network_is_not_taken(seats, now, networks):
    with pytest.raises(BadInput):
        clients.create_client(Scope.of(seats.admin), name="CRM", scopes=[READ], networks=networks, now=now)


def test_a_scope_taken_away_is_gone_from_tokens_that_are_out(credentials, seats, now):
    token = token_for(credentials)

    clients.change_client(
        Scope.of(seats.admin),
        credentials.client_id,
        name="CRM",
        scopes=[READ],
        networks="",
        public_keys="",
        binds_tokens=False,
        now=now,
    )

    assert call(token).status_code == 200
    assert call(token, method="post").status_code == 403


def test_revoked_nothing_of_a_client_counts(credentials, seats, now):
    token = token_for(credentials)

    clients.revoke_client(Scope.of(seats.admin), credentials.client_id, now=now)

    assert call(token).status_code == 401
    assert ask(credentials.client_id, credentials.secret).status_code == 401
    with pytest.raises(Refusal, match="revoked"):
        clients.rotate_secret(Scope.of(seats.admin), credentials.client_id, now=now)


def test_a_deactivated_organisations_clients_do_not_count(credentials, seats):
    token = token_for(credentials)
    Organisation.objects.filter(pk=seats.supplier.pk).update(is_active=False)

    assert call(token).status_code == 401
    assert ask(credentials.client_id, credentials.secret).status_code == 401


def test_when_and_from_where_it_was_last_used_is_shown(credentials, seats, logged_in):
    call(token_for(credentials), address="198.51.100.7")

    page = logged_in(seats.admin).get("/organisation/clients/").content.decode()

    assert "198.51.100.7" in page
    assert ApiClient.objects.get().used_at is not None
    assert ClientSecret.objects.get().used_at is not None


def test_a_call_costs_one_question_to_the_database_once_its_use_is_noted(
    credentials, django_assert_num_queries
):
    token = token_for(credentials)
    call(token)

    with django_assert_num_queries(1):
        call(token)
