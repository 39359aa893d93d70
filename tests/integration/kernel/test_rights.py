"""The role of the application: it reads and writes rows, and rewrites neither tables nor what happened."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from psycopg.errors import InsufficientPrivilege

from portal.events import journal, retention
from portal.events.models import Event
from portal.events.sequencer import broken_links, sequence_all
from portal.kernel import sql
from portal.kernel.transactions import unit_of_work
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db

REFUSED = {
    "run a program": "COPY rollouts_hub TO PROGRAM 'cat'",
    "read a program": "COPY rollouts_hub FROM PROGRAM 'true'",
    "read a file of the server": "SELECT pg_read_file('postgresql.conf')",
    "rewrite a fact": "UPDATE events_event SET facts = '{}'",
    "name another actor": "UPDATE events_event SET actor_name = 'Somebody else'",
    "take a fact back": "DELETE FROM events_event",
    "rewrite what waits": "UPDATE events_feed_outbox SET data = NULL",
    "rewrite an entry": "UPDATE events_feed_entry SET data = NULL",
    "take an entry back": "DELETE FROM events_feed_entry",
    "switch the guards of tables off": "ALTER TABLE rollouts_hub DISABLE TRIGGER USER",
    "drop a table": "DROP TABLE rollouts_hub",
    "make a table": "CREATE TABLE public.mine (n int)",
    "make a function": "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "become a superuser": "ALTER ROLE portal SUPERUSER",
    "make a role": "CREATE ROLE other",
    "make a database": "CREATE DATABASE other",
    "say what was migrated": "DELETE FROM django_migrations",
    "read the definitions of indexes": "SELECT * FROM owners.hub_index",
    "forget what is no month": "SELECT events_drop_month('rollouts_hub')",
}


@pytest.fixture
def application(database_urls):
    """A connection as the processes of the portal have it: nothing of a test's stands between."""
    if database_urls.application == database_urls.owner:
        pytest.skip("DATABASE_URL names one role")
    url = database_urls.application.rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(url, autocommit=True) as own:
        yield own


def test_it_is_no_superuser_and_owns_nothing(application):
    rights = application.execute(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
        "  FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    owned = application.execute(
        "SELECT relname FROM pg_class WHERE relpersistence <> 't' AND relnamespace = 'public'::regnamespace"
        "   AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
    ).fetchall()

    assert rights == (False,) * 5
    assert owned == []


@pytest.mark.parametrize("act", REFUSED)
def test_it_may_not(application, act):
    with pytest.raises(psycopg.Error) as refused:
        application.execute(REFUSED[act])

    assert isinstance(refused.value, InsufficientPrivilege | psycopg.errors.RaiseException), refused.value


def test_functions_with_the_rights_of_the_owner_look_for_names_in_one_place(application):
    loose = application.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " AND NOT coalesce('search_path=public, pg_temp' = ANY(proconfig), false)"
    ).fetchall()
    open_to_all = application.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " AND EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0)"
    ).fetchall()

    assert (loose, open_to_all) == ([], [])


def test_with_these_rights_facts_are_written_and_chained(world, now):
    assert sql.rows("SELECT current_user::text AS name")[0].name == connection.settings_dict["USER"]
    make_rollout(world, now=now)
    unit_of_work(journal.record)("test.done", subject="test", by=world.operator, at=now, facts={})

    sequence_all()

    assert Event.objects.filter(name="test.done").exclude(position=None).exists()
    assert list(broken_links()) == []


def test_a_month_made_later_is_rewritten_no_more_than_those_before():
    retention.keep_feed(now=datetime(2040, 5, 6, tzinfo=UTC))

    rights = sql.rows(
        "SELECT has_table_privilege('events_feed_entry_204006', 'INSERT') AS written,"
        " has_table_privilege('events_feed_entry_204006', 'UPDATE') AS rewritten,"
        " has_table_privilege('events_feed_entry_204006', 'DELETE') AS taken"
    )

    assert rights == [(True, False, False)]
