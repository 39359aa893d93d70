"""What has ended is swept up, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts import clients
from portal.accounts.tasks import sweep
from portal.identity.api_scopes import ApiScope
from portal.identity.models import ClientSecret
from portal.identity.scope import Scope
from portal.kernel.models import IdempotencyKey
from tests.identity.client_views import ask
from tests.identity.test_logging_in import is_logged_in

pytestmark = [pytest.mark.django_db]


def test_what_still_counts_stays_and_what_has_ended_goes(seats, logged_in):
    now = datetime.now(UTC)
    scope = Scope.of(seats.admin)
    made = clients.create_client(scope, name="CRM", scopes=[ApiScope.ESTATE_READ], networks="", now=now)
    newer = clients.rotate_secret(scope, made.client_id, now=now)
    ask(made.client_id, made.secret)
    mine = logged_in(seats.analyst)

    sweep()
    assert (Token.objects.count(), ClientSecret.objects.count(), UserSession.objects.count()) == (1, 2, 1)
    assert is_logged_in(mine)

    with time_machine.travel(now + timedelta(days=8)):
        sweep()
        assert ask(made.client_id, newer.secret).status_code == 200
    assert (Token.objects.count(), ClientSecret.objects.count(), UserSession.objects.count()) == (1, 1, 0)
    assert not Session.objects.exists()


def test_keys_of_requests_long_answered_are_forgotten(seats):
    now = datetime.now(UTC)
    for key, age in (("old", 8), ("new", 6)):
        IdempotencyKey.objects.create(
            organisation_id=seats.supplier.pk, key=key, digest=b"x", created_at=now - timedelta(days=age)
        )

    sweep()

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.parametrize("path", ["/organisation/people/", "/organisation/clients/"])
def test_a_list_costs_the_same_for_few_and_for_many(seats, logged_in, now, path, django_assert_num_queries):
    mine = logged_in(seats.admin)
    scope = Scope.of(seats.admin)
    clients.create_client(scope, name="First", scopes=[ApiScope.ESTATE_READ], networks="", now=now)
    mine.get(path)
    with CaptureQueriesContext(connection) as few:
        mine.get(path)
    for n in range(5):
        seats.supplier.users.create(email=f"p{n}@northern.example", name=f"P{n}", roles=["SUPPLIER_VIEWER"])
        clients.create_client(scope, name=f"C{n}", scopes=[ApiScope.ESTATE_READ], networks="", now=now)

    with django_assert_num_queries(len(few)):
        mine.get(path)
    assert len(few) <= 8
