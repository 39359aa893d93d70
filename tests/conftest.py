"""What every test may ask for: a real PostgreSQL, a real Valkey, and a moment to call now."""

from __future__ import annotations

import ast
import functools
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from portal.embedded import postgres, valkey
from tests import scenery
from tests.factories import World, make_world

# A busy machine is no fault of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

if sys.version_info < (3, 11, 8):
    # Until then two threads could not parse at once (CPython gh-106905): to draw a failure ended in a SystemError.
    _parse, _parsing = ast.parse, threading.RLock()

    @functools.wraps(_parse)
    def _parse_alone(*args: Any, **kwargs: Any) -> Any:
        with _parsing:
            return _parse(*args, **kwargs)

    ast.parse = _parse_alone


pytest_plugins = ["tests.fuzz.counting"]


@pytest.fixture
def fresh_cache() -> Iterator[None]:
    """An empty cache, before the test and after."""
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def no_subscribers(settings: Any) -> None:
    """Events and entries are recorded, and nobody is notified of them."""
    settings.EVENT_SUBSCRIBERS = []


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """How a session reaches its PostgreSQL: by the role that owns the tables, by the application's, by the server's."""

    owner: str
    application: str
    admin: str


@pytest.fixture(scope="session")
def database_urls() -> Iterator[DatabaseUrls]:
    """A PostgreSQL for this session: that of DATABASE_URL with its one role, else one of our own with both."""
    if url := os.environ.get("DATABASE_URL"):
        os.environ["ONE_DATABASE_ROLE"] = "1"
        yield DatabaseUrls(url, url, url)
        return
    with (
        tempfile.TemporaryDirectory(prefix="portal-test-") as home,
        postgres.running(Path(home), durable=False) as server,
    ):
        admin = server.url("postgres", role=postgres.ADMIN)
        with psycopg.connect(admin, autocommit=True) as connection:
            # Tests may become the owner, to put rows where the application could not: see `tests.scenery`.
            connection.execute(
                f"ALTER ROLE {postgres.OWNER} CREATEDB; ALTER ROLE {postgres.USER} NOINHERIT;"
                f" GRANT {postgres.OWNER} TO {postgres.USER}"
            )
        yield DatabaseUrls(server.url("portal", role=postgres.OWNER), server.url("portal"), admin)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_urls: DatabaseUrls,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Point Django at this session's PostgreSQL, before its owner makes the test database."""
    from django.db import connections

    from portal.kernel import tenancy

    tenancy.set_default(None)  # whatever server a module of tests has imported: no test is one
    parts = urlsplit(database_urls.owner)
    connections["default"].settings_dict.update(
        HOST=parts.hostname or "",
        PORT=str(parts.port or ""),
        USER=parts.username or "",
        PASSWORD=parts.password or "",
        NAME=parts.path.removeprefix("/"),
    )


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: Any, database_urls: DatabaseUrls
) -> Iterator[None]:
    """Have tests run with the role of the application, once its owner has made the database."""
    from django.db import connections

    connection = connections["default"]
    if database_urls.owner == database_urls.application:
        yield
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Between tests that commit Django empties its tables.
        cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {postgres.USER}")
    _log_in(connection, database_urls.application)
    yield
    _log_in(connection, database_urls.owner)


def _log_in(connection: Any, url: str) -> None:
    connection.close()
    parts = urlsplit(url)
    connection.settings_dict.update(USER=parts.username or "", PASSWORD=parts.password or "")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The URL of a Valkey for this session: REDIS_URL, else one of our own, started when first asked for."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    with (
        tempfile.TemporaryDirectory(prefix="portal-test-") as home,
        valkey.running(Path(home)) as server,
    ):
        yield server.url


@pytest.fixture(scope="session", autouse=True)
def _tests_place_rows_freely() -> Iterator[None]:
    """Hold the portal's own statements to the tables of moves, and let those of a test put rows anywhere.

    Every new connection is met: a test that drives a browser has one of its own beside that of other tests.
    """
    from django.db.backends.signals import connection_created

    def meet(connection: Any, **_: Any) -> None:
        if scenery.place_freely not in connection.execute_wrappers:
            connection.execute_wrappers.append(scenery.place_freely)

    connection_created.connect(meet)
    yield
    connection_created.disconnect(meet)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """Somebody of each organisation and hubs of every kind of supply: twenty, or as many as the mark `hubs` says."""
    request.getfixturevalue("db")
    mark = request.node.get_closest_marker("hubs")
    return make_world(hubs=mark.args[0]) if mark else make_world()


@pytest.fixture
def now() -> datetime:
    """A moment that tests call now."""
    return datetime(2030, 3, 4, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_test_is_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that imports a server acts for everybody all the same, and by this machine's clock."""
    from portal.kernel import clock, tenancy

    tenancy.set_default(None)
    monkeypatch.setattr(clock._DatabaseClock, "is_followed", False)


@pytest.fixture(autouse=True)
def no_scan_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a scan would rest, by the wall clock, while hours pass in a test."""
    from rollouts.services.dispatch import backoff

    monkeypatch.setattr(backoff, "_WORTH_RESTING", float("inf"))


@pytest.fixture(autouse=True)
def _partitioned_tables_end_empty(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty what Django does not manage after a test that commits: its flush would leave those rows behind."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or bool(marker and marker.kwargs.get("transaction"))
    if not commits:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    from django.db import connection

    with scenery.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'rollouts_target'::regclass"
        )
        for (partition,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {partition}")
        cursor.execute(
            "TRUNCATE rollouts_target, events_feed_entry, rollouts_hub_history, rollouts_csp_alert,"
            " rollouts_tally_state, rollouts_tally_plan"
        )


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """Keep the files of this test in a folder of its own."""
    folder = tmp_path / "media"
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    return folder
