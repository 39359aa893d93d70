"""The embedded PostgreSQL starts, keeps its word, and comes back after everything short of a broken disk."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.embedded import postgres, privileges, services
from portal.embedded.failures import CannotStart
from portal.embedded.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portal-test-") as directory:
        with (
            postgres.running(Path(directory), durable=False) as server,
            psycopg.connect(server.url("portal", role=postgres.OWNER)) as connection,
        ):
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('here')")
            connection.execute("GRANT SELECT ON kept TO portal")
        yield Path(directory)


@pytest.fixture
def server(home: Path) -> Iterator[PostgresServer]:
    with postgres.running(home, durable=False) as server:
        yield server


def row_kept(server: PostgresServer) -> str:
    with psycopg.connect(server.url("portal")) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
    assert row
    return row[0]


def test_what_was_committed_is_there_after_a_stop_and_a_start(server):
    assert row_kept(server) == "here"


def test_words_sort_by_code_point_as_in_production(server):
    with psycopg.connect(server.url("portal")) as connection:
        words = connection.execute("SELECT w FROM unnest(ARRAY['b', 'A', 'a', 'É', 'B']) AS w ORDER BY w")

        assert [w for (w,) in words] == ["A", "B", "a", "b", "É"]


def test_a_killed_server_comes_back_on_its_port(server):
    url = server.url("portal")
    os.kill(server._process.pid, signal.SIGKILL)
    server._process.wait()
    assert not server.is_running()

    server.restart()

    assert server.url("portal") == url
    assert row_kept(server) == "here"


def test_a_wrong_password_is_refused(server):
    wrong = server.url("portal").replace("portal:", "portal:not", 1)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_two_runs_cannot_share_one_state(server):
    with pytest.raises(CannotStart, match="Another run already uses"):
        PostgresServer(server.home, durable=False).start()

    assert row_kept(server) == "here"


def test_a_lock_whose_number_went_to_somebody_else_is_forgiven(home):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with postgres.running(home, durable=False) as server:
        lock = server.data / "postmaster.pid"
        text = lock.read_text()
    _, _, rest = text.partition("\n")
    lock.write_text(f"{bystander.pid}\n{rest}")

    with postgres.running(home, durable=False) as server:
        assert row_kept(server) == "here"

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_server_left_behind_by_a_killed_launcher_is_ended(home):
    left = PostgresServer(home, durable=False)
    left.start()
    left._lock.close()  # as the kernel does when the launcher dies

    with postgres.running(home, durable=False) as server:
        assert row_kept(server) == "here"
        assert left._process.wait(5) == 0


def test_the_server_ends_with_its_launcher(home):
    script = (
        "import sys, time, pathlib; from portal.embedded.postgres import PostgresServer\n"
        "server = PostgresServer(pathlib.Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server._process.pid, flush=True); time.sleep(60)"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script, home], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout
    pid = int(launcher.stdout.readline())

    launcher.kill()
    launcher.wait()
    launcher.stdout.close()

    deadline = time.monotonic() + 10
    while postgres._serves(pid, home / "data"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_port_taken_at_the_last_moment_is_changed(home, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        ports = iter([taken, postgres.free_port()])
        monkeypatch.setattr(postgres, "free_port", lambda: next(ports))

        with postgres.running(home, durable=False) as server:
            assert server.port != taken
            assert row_kept(server) == "here"


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 100, 0))

    with pytest.raises(CannotStart, match=r"The disk is full: 0 MB are free"):
        PostgresServer(tmp_path / "home").start()

    assert list((tmp_path / "home").iterdir()) == []


def test_a_disk_that_fills_while_starting_is_told_in_one_line():
    assert postgres._explained("FATAL: could not write: No space left on device").startswith(
        "The disk is full"
    )


def test_data_of_another_version_is_not_touched(home):
    version = home / "data" / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("9\n")

    with pytest.raises(CannotStart, match=r"made by PostgreSQL 9.*make demo-reset"):
        postgres.running(home, durable=False).__enter__()

    version.write_text(made_by)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_under_a_private_home_uses_a_namespace_and_opens_nothing(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    with postgres.running(private / "state", durable=False) as server:
        assert server._way.name in {"namespace", "copy"}

    assert private.stat().st_mode & 0o777 == 0o700
    assert private.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_without_namespaces_uses_a_copy_and_finds_it_again(tmp_path, monkeypatch):
    def forbidden() -> None:
        raise PermissionError

    monkeypatch.setattr(privileges, "enter_namespace", forbidden)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    copied = privileges.copied_home(private / "postgres" / "data")
    try:
        for _ in range(2):
            with postgres.running(private / "postgres", durable=False) as server:
                assert server._way.name == "copy"
                assert server.data == copied / "state" / "data"
        services.clear(private)
        assert not copied.exists()
    finally:
        shutil.rmtree(copied, ignore_errors=True)


def test_a_durable_server_keeps_its_promises_to_the_disk(tmp_path):
    with (
        postgres.running(tmp_path / "home", durable=True) as server,
        psycopg.connect(server.url("portal")) as connection,
    ):
        promises = connection.execute(
            "SELECT name, setting FROM pg_settings"
            " WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
        ).fetchall()

    assert dict(promises) == {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
