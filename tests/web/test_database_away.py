"""While the database cannot be reached, every way in says so, and when to try again: never "something went wrong"."""

from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client

from portal import problems
from portal.embedded.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _no_database(transactional_db):
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", str(free_port()))
        yield
    connection.close()


@pytest.fixture
def client():
    return Client(raise_request_exception=False, headers={"authorization": "Bearer some-token"})


@pytest.mark.usefixtures("_no_database")
@pytest.mark.parametrize("path", ["/api/v1/rollouts", "/csp/v1/alerts", "/service-requests"])
def test_systems_are_answered_with_a_problem(client, path):
    ask = client.get if path.startswith("/api/") else client.post

    answer = ask(path)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == problems.CONTENT_TYPE
    assert answer.json()["code"] == "database_unavailable"


@pytest.mark.usefixtures("_no_database")
def test_a_token_is_refused_in_the_terms_of_oauth(client):
    answer = client.post(
        "/oauth/token", {"grant_type": "client_credentials"}, headers={"authorization": "Basic YTpi"}
    )

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["error"] == "temporarily_unavailable"


@pytest.mark.usefixtures("_no_database")
def test_people_are_shown_a_page(client):
    answer = client.get("/accounts/login/", headers={"cookie": "portal_session=" + "a" * 32})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert b"Try again in a moment" in answer.content


@pytest.mark.parametrize(
    ("cause", "is_away"),
    [
        (psycopg.errors.CannotConnectNow(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.errors.LockNotAvailable(), False),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.DeadlockDetected(), False),
    ],
)
def test_only_a_lost_connection_is_taken_for_one(rf, cause, is_away):
    request = rf.get("/api/v1/rollouts")
    try:
        raise OperationalError from cause
    except OperationalError:
        answer = problems.server_error(request)

    assert (answer.status_code == 503) is is_away
