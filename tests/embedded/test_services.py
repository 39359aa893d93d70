"""A run finds its stores by the environment, and other commands find the run."""

from __future__ import annotations

import fcntl
import os

import pytest

from portal.embedded import services
from portal.embedded.failures import CannotStart

NAMED = {"DATABASE_URL": "postgresql://elsewhere/portal", "REDIS_URL": "redis://elsewhere/0"}


@pytest.fixture
def named(monkeypatch):
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def unnamed(monkeypatch):
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run_under_way(tmp_path):
    (tmp_path / "services.env").write_text("DATABASE_URL=postgresql://here/portal\nDEMO=1\n")
    (tmp_path / "postgres").mkdir()
    with (tmp_path / "postgres" / "launcher.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield tmp_path


@pytest.mark.usefixtures("named")
def test_stores_that_are_named_are_used(tmp_path):
    with services.environment(tmp_path) as stores:
        assert stores.servers == ()
        assert NAMED.items() <= stores.variables.items()
        assert (tmp_path / "services.env").stat().st_mode & 0o777 == 0o600

    assert not (tmp_path / "services.env").exists()


@pytest.mark.usefixtures("named")
def test_the_secret_key_outlives_a_run_and_is_ours_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    keys = []
    for _ in range(2):
        with services.environment(tmp_path) as stores:
            keys.append(stores.variables["SECRET_KEY"])

    assert keys[0] == keys[1]
    assert len(keys[0]) > 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("unnamed")
def test_a_command_joins_the_run_that_is_under_way(run_under_way, monkeypatch):
    monkeypatch.delenv("DEMO", raising=False)

    services.join_running(run_under_way)

    assert os.environ["DATABASE_URL"] == "postgresql://here/portal"
    assert os.environ["DEMO"] == "1"
    for name in ("DATABASE_URL", "DEMO"):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("unnamed")
def test_the_addresses_of_a_dead_run_are_ignored(tmp_path):
    (tmp_path / "services.env").write_text("DATABASE_URL=postgresql://gone/portal\n")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "launcher.lock").touch()

    services.join_running(tmp_path)

    assert "DATABASE_URL" not in os.environ


def test_state_in_use_is_not_cleared(run_under_way):
    with pytest.raises(CannotStart, match="A run is under way"):
        services.clear(run_under_way)

    assert (run_under_way / "services.env").exists()


def test_state_nobody_uses_is_cleared(tmp_path):
    (tmp_path / "run" / "postgres").mkdir(parents=True)

    services.clear(tmp_path / "run")

    assert not (tmp_path / "run").exists()
