"""An organisation's administrator lets people in and out, among their own, and it is on record."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from portal.accounts import people
from portal.events.models import Event
from portal.identity.models import User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from tests.identity.test_logging_in import LOG_IN, is_logged_in
from tests.web.forms import fields_in

pytestmark = pytest.mark.django_db


def on_record(name: str) -> Event:
    return Event.objects.get(name=name)


def test_an_administrator_sees_their_own_people_only(seats, logged_in):
    page = logged_in(seats.admin).get("/organisation/people/")

    assert {each.user for each in page.context["people"]} == {seats.admin, seats.analyst, seats.viewer}
    assert seats.other_admin.email not in page.content.decode()


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("who", ["analyst", "viewer"])
@pytest.mark.parametrize(
    "path", ["/organisation/people/", "/organisation/people/invite/", "/organisation/clients/"]
)
def test_others_of_the_organisation_may_not_look(seats, logged_in, who, path):
    assert logged_in(getattr(seats, who)).get(path).status_code == 403


@pytest.mark.requirement("R6.1")
@pytest.mark.django_db(transaction=True)
def test_somebody_invited_sets_a_password_by_the_link_and_logs_in(seats, logged_in):
    logged_in(seats.admin).post(
        "/organisation/people/invite/",
        {"name": "Nina", "email": "nina@northern.example", "roles": ["SUPPLIER_ANALYST"]},
    )

    letter = mail.outbox[0]
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", letter.body)[1]
    client = Client()
    form = client.get(link, follow=True)
    new = {"password1": "horse of another colour", "password2": "horse of another colour"}
    client.post(form.request["PATH_INFO"], new)
    client.post(LOG_IN, {"login": "nina@northern.example", "password": "horse of another colour"})

    assert letter.to == ["nina@northern.example"]
    assert is_logged_in(client)
    nina = User.objects.get(email="nina@northern.example")
    assert nina.organisation == seats.supplier
    fact = on_record("person.invited")
    assert (fact.subject, fact.actor_id) == (f"person:{nina.pk}", seats.admin.pk)


def test_an_address_with_an_account_is_not_invited_again(seats, now):
    with pytest.raises(Refusal, match="has an account already"):
        people.invite(
            Scope.of(seats.admin),
            email=seats.other_admin.email.upper(),
            name="Charlie",
            roles=[Role.SUPPLIER_VIEWER],
            now=now,
        )


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("roles", [[], [Role.DCC_OPERATOR], [Role.SUPPLIER_VIEWER, Role.PANEL_MEMBER]])
def test_roles_of_another_kind_of_organisation_are_nobodys_to_give(seats, now, roles):
    scope = Scope.of(seats.admin)
    with pytest.raises(BadInput):
        people.invite(scope, email="x@northern.example", name="X", roles=roles, now=now)
    with pytest.raises(BadInput):
        people.change_roles(scope, seats.viewer.pk, roles=roles, now=now)


@pytest.mark.requirement("R6.1")
def test_other_roles_count_at_once_and_are_on_record(seats, logged_in):
    theirs = logged_in(seats.viewer)

    logged_in(seats.admin).post(
        f"/organisation/people/{reference_of(seats.viewer.pk, 'person')}/", {"roles": ["SUPPLIER_ADMIN"]}
    )

    assert theirs.get("/organisation/people/").status_code == 200
    fact = on_record("person.roles-changed")
    assert fact.facts == {"from": ["SUPPLIER_VIEWER"], "to": ["SUPPLIER_ADMIN"]}


@pytest.mark.requirement("R6.1")
def test_somebody_deactivated_is_out_at_once(seats, logged_in):
    theirs = logged_in(seats.viewer)

    logged_in(seats.admin).post(f"/organisation/people/{reference_of(seats.viewer.pk, 'person')}/deactivate/")

    assert not is_logged_in(theirs)
    assert on_record("person.deactivated").facts == {"sessions_ended": 1}


@pytest.mark.requirement("R6.1")
def test_somebody_let_in_again_has_the_roles_they_had(seats, now):
    scope = Scope.of(seats.admin)
    people.deactivate(scope, seats.viewer.pk, now=now)
    people.reactivate(scope, seats.viewer.pk, now=now)

    seats.viewer.refresh_from_db()
    assert seats.viewer.is_active
    assert seats.viewer.roles == ["SUPPLIER_VIEWER"]
    assert on_record("person.reactivated")


def test_the_last_administrator_cannot_be_removed(seats, now):
    with pytest.raises(people.LastAdministrator):
        people.change_roles(Scope.of(seats.admin), seats.admin.pk, roles=[Role.SUPPLIER_ANALYST], now=now)

    people.change_roles(Scope.of(seats.admin), seats.viewer.pk, roles=[Role.SUPPLIER_ADMIN], now=now)
    people.change_roles(Scope.of(seats.admin), seats.admin.pk, roles=[Role.SUPPLIER_ANALYST], now=now)

    seats.viewer.refresh_from_db()
    with pytest.raises(people.LastAdministrator):
        people.change_roles(Scope.of(seats.viewer), seats.viewer.pk, roles=[Role.SUPPLIER_VIEWER], now=now)


def test_an_administrator_who_is_deactivated_does_not_count_as_one_left(seats, now):
    scope = Scope.of(seats.admin)
    people.change_roles(scope, seats.viewer.pk, roles=[Role.SUPPLIER_ADMIN], now=now)
    people.deactivate(scope, seats.viewer.pk, now=now)

    with pytest.raises(people.LastAdministrator):
        people.change_roles(scope, seats.admin.pk, roles=[Role.SUPPLIER_VIEWER], now=now)


def test_nobody_deactivates_themselves(seats, now):
    with pytest.raises(Refusal, match="another administrator"):
        people.deactivate(Scope.of(seats.admin), seats.admin.pk, now=now)


@pytest.mark.requirement("R6.1")
def test_a_lost_second_factor_is_reset_and_sessions_end(seats, logged_in, now):
    theirs = logged_in(seats.analyst)
    TOTP.activate(seats.analyst, generate_totp_secret())

    logged_in(seats.admin).post(
        f"/organisation/people/{reference_of(seats.analyst.pk, 'person')}/reset-second-factor/"
    )

    assert not is_logged_in(theirs)
    assert is_logged_in(logged_in(seats.analyst))
    assert on_record("person.second-factor-reset").facts["removed"] == 1


@pytest.mark.parametrize("act", ["deactivate", "reactivate", "invite-again", "reset-second-factor"])
def test_another_organisations_people_are_not_there(seats, logged_in, act):
    mine = logged_in(seats.admin)
    theirs = f"/organisation/people/{reference_of(seats.other_admin.pk, 'person')}/"

    assert mine.get(theirs).status_code == 404
    assert mine.post(theirs, {"roles": ["SUPPLIER_VIEWER"]}).status_code == 404
    assert mine.post(f"{theirs}{act}/").status_code == 404
    seats.other_admin.refresh_from_db()
    assert seats.other_admin.is_active
    assert seats.other_admin.roles == ["SUPPLIER_ADMIN"]
    assert mail.outbox == []


def test_the_dcc_does_not_administer_a_suppliers_people(seats, now):
    with pytest.raises(NotFound):
        people.deactivate(Scope.of(seats.operator), seats.viewer.pk, now=now)


@pytest.mark.requirement("R6.1")
def test_services_hold_to_it_without_a_page(seats, now):
    scope = Scope.of(seats.analyst)
    for refused in (
        lambda: people.people_of(scope),
        lambda: people.deactivate(scope, seats.viewer.pk, now=now),
        lambda: people.change_roles(scope, seats.analyst.pk, roles=[Role.SUPPLIER_ADMIN], now=now),
    ):
        with pytest.raises(NotPermitted):
            refused()


@pytest.mark.django_db(transaction=True)
def test_the_first_administrator_of_an_organisation_is_invited_by_command(seats):
    call_command("invite", organisation=seats.other.name, email="first@southern.example", name="First")

    assert User.objects.get(email="first@southern.example").roles == ["SUPPLIER_ADMIN"]
    assert mail.outbox[0].to == ["first@southern.example"]
    with pytest.raises(CommandError, match="no organisation"):
        call_command("invite", organisation="Nobody", email="x@southern.example", name="X")


def test_a_demotion_is_not_undone_by_a_form_from_before(seats, logged_in):
    client, url = logged_in(seats.admin), f"/organisation/people/{reference_of(seats.analyst.pk, 'person')}/"
    mine = fields_in(client.get(url), ".decide")
    User.objects.filter(pk=seats.analyst.pk).update(roles=["SUPPLIER_VIEWER"])

    client.post(url, mine)
    seats.analyst.refresh_from_db()
    assert seats.analyst.roles == ["SUPPLIER_VIEWER"]

    answer = client.post(url, {**mine, "roles": ["SUPPLIER_ANALYST", "SUPPLIER_ADMIN"]})
    seats.analyst.refresh_from_db()
    assert answer.status_code == 409
    assert "since you opened the page" in answer.content.decode()
    assert seats.analyst.roles == ["SUPPLIER_VIEWER"]
