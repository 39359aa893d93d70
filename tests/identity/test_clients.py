"""API clients: tokens for a secret, scopes, overlap of secrets, networks, and no other organisation's."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import clients
from portal.events.models import Event
from portal.identity.api import ScopedAPI
from portal.identity.api_scopes import SCOPES_OF_KIND, ApiScope, roles_for
from portal.identity.models import ApiClient, ClientSecret, Organisation, OrganisationKind
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.identity.tokens import csp_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.urls import urlpatterns as portal_urls
from tests.factories import OrganisationFactory, UserFactory

READ, WRITE = ApiScope.ESTATE_READ, ApiScope.INSTRUCTIONS_WRITE


class Example(ScopedAPI, APIView):
    """A view as the REST interface has them: it tells who asks."""

    needs = {"GET": READ, "POST": WRITE}

    def get(self, request):
        return self._who()

    def post(self, request):
        return self._who()

    def _who(self):
        scope = self.scope
        return Response(
            {
                "organisation": scope.organisation_id,
                "client": scope.client_id,
                "roles": sorted(scope.roles),
                "name": scope.name,
            }
        )


class Forgetful(ScopedAPI, APIView):
    """A view that does not say what it needs."""

    def get(self, request):
        return Response({})


urlpatterns = [*portal_urls, path("example", Example.as_view()), path("forgetful", Forgetful.as_view())]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.requirement("R6.2")]


@pytest.fixture
def made(seats, now):
    """A client of the Supplier that may read the estate and instruct."""
    return clients.create_client(
        Scope.of(seats.admin), name="CRM", scopes=[READ, WRITE], networks="", now=now
    )


def ask(client_id: str, secret: str, *, basic: bool = True, **other: str):
    form = {"grant_type": "client_credentials", **other}
    if not basic:
        return Client().post("/oauth/token", {**form, "client_id": client_id, "client_secret": secret})
    shown = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return Client().post("/oauth/token", form, headers={"Authorization": f"Basic {shown}"})


def token_for(made, **other: str) -> str:
    return ask(made.client_id, made.secret, **other).json()["access_token"]


def call(token: str, *, method: str = "get", address: str = "127.0.0.1"):
    return getattr(Client(REMOTE_ADDR=address), method)(
        "/example", headers={"Authorization": f"Bearer {token}"}
    )


# Tokens


@pytest.mark.parametrize("basic", [True, False])
def test_a_client_gets_a_token_of_ten_minutes_for_its_secret(made, basic):
    answer = ask(made.client_id, made.secret, basic=basic)

    assert answer.status_code == 200
    content = answer.json()
    assert (content["token_type"], content["expires_in"]) == ("Bearer", 600)
    assert set(content["scope"].split()) == {"estate:read", "instructions:write"}
    assert "no-store" in answer["Cache-Control"]


def test_with_it_the_client_acts_for_its_organisation_in_the_roles_its_scopes_imply(made, seats):
    answer = call(token_for(made))

    assert answer.json() == {
        "organisation": seats.supplier.pk,
        "client": made.client_id,
        "roles": ["SUPPLIER_ANALYST", "SUPPLIER_VIEWER"],
        "name": "CRM",
    }


def test_a_wrong_secret_an_unknown_client_and_anothers_secret_get_the_same_answer(made, seats, now):
    others = clients.create_client(
        Scope.of(seats.other_admin), name="Theirs", scopes=[READ], networks="", now=now
    )

    answers = [
        ask(made.client_id, "wrong"),
        ask("unknown", made.secret),
        ask(made.client_id, others.secret),
        ask(made.client_id, ""),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.json()["error"] for answer in answers} == {"invalid_client"}


def test_a_narrower_scope_may_be_asked_for_and_a_wider_one_not(made):
    narrow = ask(made.client_id, made.secret, scope="estate:read")
    wide = ask(made.client_id, made.secret, scope="estate:read rules:write")

    assert narrow.json()["scope"] == "estate:read"
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")


def test_a_token_without_the_scope_is_refused_and_told_which(made):
    token = token_for(made, scope="estate:read")

    assert call(token).status_code == 200
    refused = call(token, method="post")
    assert refused.status_code == 403
    assert "instructions:write" in refused.json()["detail"]


@pytest.mark.parametrize("basic", [True, False])
@pytest.mark.parametrize("client_id", ["%00", "a%00b", "\x00", "%0a", "é", "", "x" * 5_000, "%F0%9F%92%A1"])
def test_no_name_of_a_client_breaks_the_search_for_it(made, client_id, basic):
    answer = ask(client_id, made.secret, basic=basic)

    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "invalid_request"}


@pytest.mark.parametrize("grant", ["authorization_code", "password", "refresh_token", ""])
def test_no_other_grant_is_offered(made, grant):
    answer = ask(made.client_id, made.secret, grant_type=grant)

    assert answer.status_code == 400
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("path", ["/identity/o/authorize", "/identity/o/api/token", "/identity/o/device"])
def test_the_rest_of_the_identity_provider_is_not_there(client, path):
    assert client.get(path).status_code == 404


def test_a_token_ends_after_ten_minutes(made):
    token = token_for(made)

    with time_machine.travel(timedelta(minutes=10, seconds=1)):
        assert call(token).status_code == 401


def test_a_made_up_token_is_refused_and_the_caller_told_how_to_log_in(made):
    answer = call("made-up")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert Client().get("/example").status_code == 401


def test_a_token_is_not_kept_as_it_is(made):
    token = token_for(made)

    assert not Token.objects.filter(hash=token).exists()


def test_a_client_ends_its_own_token_and_nobody_elses(made, seats, now):
    others = clients.create_client(
        Scope.of(seats.other_admin), name="Theirs", scopes=[READ], networks="", now=now
    )
    token = token_for(made)

    def revoke(client):
        Client().post(
            "/oauth/revoke",
            {"client_id": client.client_id, "client_secret": client.secret, "token": token},
        )

    revoke(others)
    assert call(token).status_code == 200
    revoke(made)
    assert call(token).status_code == 401


def test_asking_for_tokens_again_and_again_is_slowed_down(made, now, settings):
    settings.API_TOKENS_A_MINUTE = 3

    with time_machine.travel(now, tick=False):  # all within one minute
        answers = [ask(made.client_id, "guess").status_code for _ in range(4)]

    assert answers == [401, 401, 401, 429]


def test_where_tokens_are_given_is_told(client, settings):
    notices = client.get("/.well-known/oauth-authorization-server").json()

    assert notices["token_endpoint"] == settings.PORTAL_URL + "/oauth/token"
    assert notices["grant_types_supported"] == ["client_credentials"]


# Secrets


def test_a_secret_is_kept_as_a_digest_only(made):
    records = ClientSecret.objects.get()

    assert bytes(records.sha256) != made.secret.encode()
    assert OAuthClient.objects.get().secret.startswith("!")
    assert records.ending == made.secret[-4:]


def test_after_rotation_both_secrets_count_until_the_overlap_ends(made, seats, now, settings):
    newer = clients.rotate_secret(Scope.of(seats.admin), made.client_id, now=now)
    with time_machine.travel(now + timedelta(days=6)):
        assert ask(made.client_id, made.secret).status_code == 200
        assert ask(made.client_id, newer.secret).status_code == 200
    cache.clear()

    with time_machine.travel(now + timedelta(days=settings.API_SECRET_OVERLAP_DAYS, seconds=1)):
        assert ask(made.client_id, made.secret).status_code == 401
        assert ask(made.client_id, newer.secret).status_code == 200


@pytest.mark.parametrize(("late", "status"), [(-1, 200), (0, 401), (1, 401)])
def test_the_overlap_ends_at_its_very_end(made, seats, now, settings, late, status):
    with time_machine.travel(now, tick=False) as at:
        clients.rotate_secret(Scope.of(seats.admin), made.client_id, now=now)
        at.shift(timedelta(days=settings.API_SECRET_OVERLAP_DAYS, microseconds=late))

        assert ask(made.client_id, made.secret).status_code == status


def test_at_most_two_secrets_count_at_a_time(made, seats, now):
    scope = Scope.of(seats.admin)
    second = clients.rotate_secret(scope, made.client_id, now=now)
    third = clients.rotate_secret(scope, made.client_id, now=now + timedelta(hours=1))

    with time_machine.travel(now + timedelta(hours=2)):
        answers = [ask(made.client_id, each.secret).status_code for each in (made, second, third)]

    assert answers == [401, 200, 200]


def test_the_overlap_can_be_ended_at_once(made, seats, now):
    newer = clients.rotate_secret(Scope.of(seats.admin), made.client_id, now=now)
    clients.end_former_secret(Scope.of(seats.admin), made.client_id, now=now)

    assert ask(made.client_id, made.secret).status_code == 401
    assert ask(made.client_id, newer.secret).status_code == 200
    with pytest.raises(Refusal, match="one secret only"):
        clients.end_former_secret(Scope.of(seats.admin), made.client_id, now=now)


def test_the_page_shows_a_secret_once(seats, logged_in):
    mine = logged_in(seats.admin)

    made = mine.post(
        "/organisation/clients/new/", {"name": "CRM", "scopes": ["estate:read"], "networks": ""}, follow=True
    )
    secret = re.search(r"data-client-secret>(chfp_[\w-]+)<", made.content.decode())[1]
    client_id = ApiClient.objects.get().pk

    assert ask(client_id, secret).status_code == 200
    assert secret not in mine.get(f"/organisation/clients/{client_id}/").content.decode()


# Networks


def test_a_client_may_be_held_to_networks_for_tokens_and_for_calls(seats, now):
    made = clients.create_client(
        Scope.of(seats.admin), name="CRM", scopes=[READ], networks="203.0.113.0/24 2001:db8::/48", now=now
    )

    def ask_from(address):
        return Client(REMOTE_ADDR=address).post(
            "/oauth/token",
            {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": made.secret},
        )

    token = ask_from("203.0.113.7").json()["access_token"]
    assert ask_from("198.51.100.7").status_code == 401
    assert ask_from("2001:db8::7").status_code == 200
    assert call(token, address="203.0.113.200").status_code == 200
    assert call(token, address="198.51.100.7").status_code == 403
    assert call(token, address="::ffff:203.0.113.9").status_code == 200


def test_behind_our_proxy_the_address_is_the_one_it_wrote(seats, now, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    made = clients.create_client(
        Scope.of(seats.admin), name="CRM", scopes=[READ], networks="203.0.113.0/24", now=now
    )

    def ask_by(forwarded):
        return Client().post(
            "/oauth/token",
            {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": made.secret},
            headers={"X-Forwarded-For": forwarded},
        )

    assert ask_by("203.0.113.7").status_code == 200
    assert ask_by("203.0.113.7, 198.51.100.7").status_code == 401


@pytest.mark.parametrize("networks", ["203.0.113.1/24", "example.com", "203.0.113.0/33"])
def test_what_is_not_a_network_is_not_taken(seats, now, networks):
    with pytest.raises(BadInput):
        clients.create_client(Scope.of(seats.admin), name="CRM", scopes=[READ], networks=networks, now=now)


# Changing, revoking, using


def test_a_scope_taken_away_is_gone_from_tokens_that_are_out(made, seats, now):
    token = token_for(made)

    clients.change_client(
        Scope.of(seats.admin), made.client_id, name="CRM", scopes=[READ], networks="", now=now
    )

    assert call(token).status_code == 200
    assert call(token, method="post").status_code == 403


def test_revoked_nothing_of_a_client_counts(made, seats, now):
    token = token_for(made)

    clients.revoke_client(Scope.of(seats.admin), made.client_id, now=now)

    assert call(token).status_code == 401
    assert ask(made.client_id, made.secret).status_code == 401
    with pytest.raises(Refusal, match="revoked"):
        clients.rotate_secret(Scope.of(seats.admin), made.client_id, now=now)


def test_a_deactivated_organisations_clients_do_not_count(made, seats):
    token = token_for(made)
    Organisation.objects.filter(pk=seats.supplier.pk).update(is_active=False)

    assert call(token).status_code == 401
    assert ask(made.client_id, made.secret).status_code == 401


def test_when_and_from_where_it_was_last_used_is_shown(made, seats, logged_in):
    call(token_for(made), address="198.51.100.7")

    page = logged_in(seats.admin).get("/organisation/clients/").content.decode()

    assert "198.51.100.7" in page
    assert ApiClient.objects.get().used_at is not None
    assert ClientSecret.objects.get().used_at is not None


def test_a_call_costs_one_question_to_the_database_once_its_use_is_noted(made, django_assert_num_queries):
    token = token_for(made)
    call(token)

    with django_assert_num_queries(1):
        call(token)


def test_each_client_has_its_own_share_of_calls_a_minute(made, seats, now, settings):
    settings.API_REQUESTS_A_MINUTE = 2
    others = clients.create_client(
        Scope.of(seats.other_admin), name="Theirs", scopes=[READ], networks="", now=now
    )
    mine, theirs = token_for(made), token_for(others)

    with time_machine.travel(now, tick=False):
        mine, theirs = token_for(made), token_for(others)
        answers = [call(mine) for _ in range(3)]
        assert call(theirs).status_code == 200

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[2]["Retry-After"]) <= 61


def test_a_view_that_does_not_say_what_it_needs_is_closed(made):
    client = Client(raise_request_exception=False)

    answer = client.get("/forgetful", headers={"Authorization": f"Bearer {token_for(made)}"})

    assert answer.status_code == 500
    assert Client().get("/forgetful").status_code == 401


def test_a_person_who_has_logged_in_calls_as_their_roles_allow(seats, logged_in):
    analyst, viewer = logged_in(seats.analyst), logged_in(seats.viewer)

    assert analyst.post("/example").status_code == 200
    assert viewer.get("/example").json()["client"] is None
    assert viewer.post("/example").status_code == 403


# Another organisation's seat


@pytest.mark.parametrize("act", ["rotate", "end-former", "revoke"])
def test_another_organisations_clients_are_not_there(made, seats, logged_in, act):
    theirs = logged_in(seats.other_admin)
    path = f"/organisation/clients/{made.client_id}/"

    assert made.client_id not in theirs.get("/organisation/clients/").content.decode()
    assert theirs.get(path).status_code == 404
    changed = {"name": "X", "scopes": ["estate:read"], "networks": ""}
    assert theirs.post(path, changed).status_code == 404
    assert theirs.post(f"{path}{act}/").status_code == 404
    assert ask(made.client_id, made.secret).status_code == 200


def test_services_hold_to_it_without_a_page(made, seats, now):
    for act in (clients.rotate_secret, clients.revoke_client, clients.end_former_secret):
        with pytest.raises(NotFound):
            act(Scope.of(seats.other_admin), made.client_id, now=now)
        with pytest.raises(NotPermitted):
            act(Scope.of(seats.analyst), made.client_id, now=now)


@pytest.mark.parametrize("scope", [ApiScope.CSP_ALERTS, ApiScope.ROLLOUTS_WRITE])
def test_a_scope_of_another_kind_of_organisation_is_nobodys_to_give(seats, now, scope):
    with pytest.raises(BadInput):
        clients.create_client(Scope.of(seats.admin), name="X", scopes=[scope], networks="", now=now)


def test_what_is_done_to_clients_is_on_record(made, seats, now):
    scope = Scope.of(seats.admin)
    clients.rotate_secret(scope, made.client_id, now=now)
    clients.revoke_client(scope, made.client_id, now=now)

    facts = Event.objects.filter(subject=f"client:{made.client_id}").order_by("pk")
    assert [fact.name for fact in facts] == ["client.created", "client.secret-rotated", "client.revoked"]
    assert not any(made.secret in str(fact.facts) for fact in facts)


# Kinds of organisations


def test_every_scope_belongs_to_some_kind_of_organisation():
    assert set().union(*SCOPES_OF_KIND.values()) == set(ApiScope)


@pytest.mark.parametrize(
    ("kind", "scopes", "roles"),
    [
        (OrganisationKind.SUPPLIER, [READ], {Role.SUPPLIER_VIEWER}),
        (OrganisationKind.SUPPLIER, [WRITE], {Role.SUPPLIER_VIEWER, Role.SUPPLIER_ANALYST}),
        (OrganisationKind.DCC, [READ], {Role.DCC_VIEWER}),
        (OrganisationKind.DCC, [ApiScope.ROLLOUTS_WRITE], {Role.DCC_VIEWER, Role.DCC_OPERATOR}),
        (OrganisationKind.CSP, [ApiScope.CSP_ALERTS], {Role.CSP_PLANNER}),
        (OrganisationKind.PANEL, [READ], {Role.PANEL_MEMBER}),
        (OrganisationKind.SUPPLIER, [], set()),
    ],
)
def test_scopes_imply_roles_but_never_an_administrators(kind, scopes, roles):
    assert roles_for(kind, scopes) == roles


def test_a_csp_makes_clients_for_its_alerts(now):
    csp = OrganisationFactory(name="CSP North", kind=OrganisationKind.CSP)
    planner = UserFactory(organisation=csp)

    made = clients.create_client(
        Scope.of(planner), name="Gateway", scopes=[ApiScope.CSP_ALERTS], networks="", now=now
    )

    assert ask(made.client_id, made.secret).json()["scope"] == "csp:alerts"


def test_a_csp_delivers_alerts_with_a_token_of_its_client(rf, seats, made, now):
    csp = OrganisationFactory(name="CSP North", kind=OrganisationKind.CSP)
    scope = Scope.of(UserFactory(organisation=csp))

    def shows(client):
        return rf.post("/csp/", headers={"Authorization": f"Bearer {token_for(client)}"})

    alerting = clients.create_client(scope, name="G", scopes=[ApiScope.CSP_ALERTS], networks="", now=now)
    reading = clients.create_client(scope, name="R", scopes=[ApiScope.CSP_SCHEDULE], networks="", now=now)

    assert csp_of(shows(alerting)) == csp
    assert csp_of(shows(reading)) is None
    assert csp_of(shows(made)) is None
