"""A server is restored to a moment of its own, and a standby takes over with what was committed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.embedded import backups, postgres
from portal.embedded.ports import free_port
from portal.embedded.postgres import PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with (
        tempfile.TemporaryDirectory(prefix="portal-test-") as directory,
        postgres.running(Path(directory) / "first", durable=False, archives=True) as server,
    ):
        write(server.url("portal", role=postgres.OWNER), "CREATE TABLE kept (word text)")
        yield server


def write(url: str, statement: str) -> None:
    with psycopg.connect(url, target_session_attrs="read-write") as connection:
        connection.execute(statement)


def words(url: str) -> list[str]:
    with psycopg.connect(url, target_session_attrs="read-write") as connection:
        return [word for (word,) in connection.execute("SELECT word FROM kept ORDER BY word")]


def wait_until_it_follows(server: PostgresServer) -> None:
    following = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_insert_lsn()"
    with psycopg.connect(server.url("portal", role=postgres.ADMIN), autocommit=True) as connection:
        while connection.execute(following).fetchone() != (1,):
            time.sleep(0.05)


def test_a_server_goes_on_from_the_moment_it_is_restored_to(server):
    owner = server.url("portal", role=postgres.OWNER)
    backup = server.data.with_name("backup")
    backups.back_up(server, backup)
    write(owner, "INSERT INTO kept VALUES ('before')")
    point = backups.RestorePoint(server, "here")
    write(owner, "INSERT INTO kept VALUES ('lost')")
    server.kill()

    backups.restore(server, backup, point)

    assert words(owner) == ["before"]
    write(owner, "INSERT INTO kept VALUES ('since')")
    assert words(owner) == ["before", "since"]


def test_a_standby_takes_over_at_the_same_address(server):
    port = free_port()
    both = server.url_beside(port, "portal")
    owner = server.url("portal", role=postgres.OWNER)
    write(owner, "GRANT SELECT ON kept TO portal")
    standby = backups.make_standby(server, server.home.with_name("standby"), port=port)
    try:
        write(owner, "INSERT INTO kept VALUES ('late')")
        wait_until_it_follows(server)
        server.kill()
        backups.promote(standby)

        assert "late" in words(both)
        write(standby.url("portal", role=postgres.OWNER), "INSERT INTO kept VALUES ('later')")
        assert "later" in words(both)
    finally:
        standby.stop()
