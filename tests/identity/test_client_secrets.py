"""API clients are kept: secrets that overlap, scopes given, and no other organisation's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Client as OAuthClient
from django.core.cache import cache
from django.test import Client

from portal.accounts import clients
from portal.events.models import Event
from portal.identity.api_scopes import SCOPES_OF_KIND, ApiScope, roles_for
from portal.identity.models import ApiClient, ClientSecret, OrganisationKind
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.identity.tokens import csp_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from tests.factories import OrganisationFactory, UserFactory
from tests.identity.client_views import READ, WRITE, ask, call, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.client_views")]


def test_a_secret_is_kept_as_a_digest_only(credentials):
    records = ClientSecret.objects.get()

    assert bytes(records.sha256) != credentials.secret.encode()
    assert OAuthClient.objects.get().secret.startswith("!")
    assert records.ending == credentials.secret[-4:]


def test_after_rotation_both_secrets_count_until_the_overlap_ends(credentials, seats, now, settings):
    newer = clients.rotate_secret(Scope.of(seats.admin), credentials.client_id, now=now)
    with time_machine.travel(now + timedelta(days=6)):
        assert ask(credentials.client_id, credentials.secret).status_code == 200
        assert ask(credentials.client_id, newer.secret).status_code == 200
    cache.clear()

    with time_machine.travel(now + timedelta(days=settings.API_SECRET_OVERLAP_DAYS, seconds=1)):
        assert ask(credentials.client_id, credentials.secret).status_code == 401
        assert ask(credentials.client_id, newer.secret).status_code == 200


@pytest.mark.parametrize(("late", "status"), [(-1, 200), (0, 401), (1, 401)])
def test_the_overlap_ends_at_its_very_end(credentials, seats, now, settings, late, status):
    with time_machine.travel(now, tick=False) as at:
        clients.rotate_secret(Scope.of(seats.admin), credentials.client_id, now=now)
        at.shift(timedelta(days=settings.API_SECRET_OVERLAP_DAYS, microseconds=late))

        assert ask(credentials.client_id, credentials.secret).status_code == status


def test_at_most_two_secrets_count_at_a_time(credentials, seats, now):
    scope = Scope.of(seats.admin)
    second = clients.rotate_secret(scope, credentials.client_id, now=now)
    third = clients.rotate_secret(scope, credentials.client_id, now=now + timedelta(hours=1))

    with time_machine.travel(now + timedelta(hours=2)):
        answers = [
            ask(credentials.client_id, each.secret).status_code for each in (credentials, second, third)
        ]

    assert answers == [401, 200, 200]


def test_the_overlap_can_be_ended_at_once(credentials, seats, now):
    newer = clients.rotate_secret(Scope.of(seats.admin), credentials.client_id, now=now)
    clients.end_former_secret(Scope.of(seats.admin), credentials.client_id, now=now)

    assert ask(credentials.client_id, credentials.secret).status_code == 401
    assert ask(credentials.client_id, newer.secret).status_code == 200
    with pytest.raises(Refusal, match="one secret only"):
        clients.end_former_secret(Scope.of(seats.admin), credentials.client_id, now=now)


def test_the_page_shows_a_secret_once(seats, logged_in):
    mine = logged_in(seats.admin)

    credentials = mine.post(
        "/organisation/clients/new/", {"name": "CRM", "scopes": ["estate:read"], "networks": ""}, follow=True
    )
    secret = re.search(r"data-client-secret>(chfp_[\w-]+)<", credentials.content.decode())[1]
    client_id = ApiClient.objects.get().pk

    assert ask(client_id, secret).status_code == 200
    assert secret not in mine.get(f"/organisation/clients/{client_id}/").content.decode()


def test_each_client_has_its_own_share_of_calls_a_minute(credentials, seats, now, settings):
    settings.API_REQUESTS_A_MINUTE = 2
    others = clients.create_client(
        Scope.of(seats.other_admin), name="Theirs", scopes=[READ], networks="", now=now
    )
    mine, theirs = token_for(credentials), token_for(others)

    with time_machine.travel(now, tick=False):
        mine, theirs = token_for(credentials), token_for(others)
        answers = [call(mine) for _ in range(3)]
        assert call(theirs).status_code == 200

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[2]["Retry-After"]) <= 61


def test_a_view_that_does_not_say_what_it_needs_is_closed(credentials):
    client = Client(raise_request_exception=False)

    answer = client.get("/forgetful", headers={"Authorization": f"Bearer {token_for(credentials)}"})

    assert answer.status_code == 500
    assert Client().get("/forgetful").status_code == 401


def test_a_person_who_has_logged_in_calls_as_their_roles_allow(seats, logged_in):
    analyst, viewer = logged_in(seats.analyst), logged_in(seats.viewer)

    assert analyst.post("/example").status_code == 200
    assert viewer.get("/example").json()["client"] is None
    assert viewer.post("/example").status_code == 403


@pytest.mark.parametrize("act", ["rotate", "end-former", "revoke"])
def test_another_organisations_clients_are_not_there(credentials, seats, logged_in, act):
    theirs = logged_in(seats.other_admin)
    path = f"/organisation/clients/{credentials.client_id}/"

    assert credentials.client_id not in theirs.get("/organisation/clients/").content.decode()
    assert theirs.get(path).status_code == 404
    changed = {"name": "X", "scopes": ["estate:read"], "networks": ""}
    assert theirs.post(path, changed).status_code == 404
    assert theirs.post(f"{path}{act}/").status_code == 404
    assert ask(credentials.client_id, credentials.secret).status_code == 200


def test_services_hold_to_it_without_a_page(credentials, seats, now):
    for act in (clients.rotate_secret, clients.revoke_client, clients.end_former_secret):
        with pytest.raises(NotFound):
            act(Scope.of(seats.other_admin), credentials.client_id, now=now)
        with pytest.raises(NotPermitted):
            act(Scope.of(seats.analyst), credentials.client_id, now=now)


@pytest.mark.parametrize("scope", [ApiScope.CSP_ALERTS, ApiScope.ROLLOUTS_WRITE])
def test_a_scope_of_another_kind_of_organisation_is_nobodys_to_give(seats, now, scope):
    with pytest.raises(BadInput):
        clients.create_client(Scope.of(seats.admin), name="X", scopes=[scope], networks="", now=now)


def test_what_is_done_to_clients_is_on_record(credentials, seats, now):
    scope = Scope.of(seats.admin)
    clients.rotate_secret(scope, credentials.client_id, now=now)
    clients.revoke_client(scope, credentials.client_id, now=now)

    facts = Event.objects.filter(subject=f"client:{credentials.client_id}").order_by("pk")
    assert [fact.name for fact in facts] == ["client.created", "client.secret-rotated", "client.revoked"]
    assert not any(credentials.secret in str(fact.facts) for fact in facts)


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

    credentials = clients.create_client(
        Scope.of(planner), name="Gateway", scopes=[ApiScope.CSP_ALERTS], networks="", now=now
    )

    assert ask(credentials.client_id, credentials.secret).json()["scope"] == "csp:alerts"


def test_a_csp_delivers_alerts_with_a_token_of_its_client(rf, seats, credentials, now):
    csp = OrganisationFactory(name="CSP North", kind=OrganisationKind.CSP)
    scope = Scope.of(UserFactory(organisation=csp))

    def shows(client):
        return rf.post("/csp/", headers={"Authorization": f"Bearer {token_for(client)}"})

    alerting = clients.create_client(scope, name="G", scopes=[ApiScope.CSP_ALERTS], networks="", now=now)
    reading = clients.create_client(scope, name="R", scopes=[ApiScope.CSP_SCHEDULE], networks="", now=now)

    assert csp_of(shows(alerting)) == csp
    assert csp_of(shows(reading)) is None
    assert csp_of(shows(credentials)) is None
