"""A balancer and a person learn from two addresses whether this process is of use."""

from __future__ import annotations

import json

import pytest
import structlog
from django.db import connection

from portal import health
from portal.celery import QUEUES
from portal.events.models import FeedOutbox
from portal.kernel import sql
from portal.recurring import runs
from portal.recurring.tasks import beat


def test_a_process_that_answers_is_alive_without_any_store(client):
    answer = client.get("/livez")

    assert answer.status_code == 200
    assert answer.content == b"alive\n"


@pytest.mark.django_db
def test_ready_means_that_the_stores_can_be_reached(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert answer.json()["checks"]["database"] == "ok"


@pytest.mark.django_db
def test_without_the_database_it_is_not_ready(client, monkeypatch):
    def gone(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(connection, "cursor", gone)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "OSError"


@pytest.mark.django_db
def test_each_queue_that_stands_still_is_named_and_refuses_nothing(client, settings):
    settings.REDIS_URL = "redis://somewhere/0"
    assert client.get("/readyz").json()["checks"]["beat"] == "never heard"

    for queue in QUEUES:
        beat(queue=queue)
    sql.run(
        "UPDATE recurring_lastrun SET done_at = done_at - interval '14 s' WHERE name = %(name)s",
        {"name": runs.heartbeat_of("dispatch")},
    )
    answer = client.get("/readyz")

    checks = answer.json()["checks"]
    assert (answer.status_code, checks["beat"]) == (200, "ok")
    assert {name: state for name, state in checks.items() if name.startswith("queue_")} == {
        "queue_dispatch": "silent for 14 s",
        **{f"queue_{queue}": "ok" for queue in QUEUES if queue != "dispatch"},
    }


@pytest.mark.django_db
def test_a_database_that_takes_no_writes_is_not_ready(client):
    sql.run("SET LOCAL transaction_read_only = on")

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "read-only")


@pytest.mark.django_db
def test_a_relay_that_stands_still_is_told(client, now, monkeypatch):
    monkeypatch.setattr(health, "RELAY_WAITS_TOO_LONG", 0.0)
    entry = FeedOutbox.objects.create(at=now, party_id=1, kind=1)
    assert client.get("/readyz").json()["checks"]["relay"] == "ok"  # seen for the first time

    assert client.get("/readyz").json()["checks"]["relay"] == "stands still for 0 s"

    entry.delete()
    assert client.get("/readyz").json()["checks"]["relay"] == "ok"


def test_every_answer_carries_the_id_of_its_request(client):
    assert len(client.get("/livez")["X-Request-ID"]) == 32
    assert (
        client.get("/livez", headers={"X-Request-ID": "from-the-proxy-1"})["X-Request-ID"]
        == "from-the-proxy-1"
    )


def test_an_id_is_kept_as_it_came_and_a_log_line_stays_one_object(client):
    forging = 'x", "level": "info'

    answer = client.get("/livez", headers={"X-Request-ID": forging})

    assert answer["X-Request-ID"] == forging
    line = structlog.processors.JSONRenderer()(None, "info", {"event": "asked", "request_id": forging})
    assert json.loads(line) == {"event": "asked", "request_id": forging}


@pytest.mark.parametrize("offered", ["", "x" * 129, "a\tb", "caf\u00e9"])
def test_an_id_that_a_header_cannot_carry_is_replaced(client, offered):
    assert len(client.get("/livez", headers={"X-Request-ID": offered})["X-Request-ID"]) == 32


def test_the_policy_allows_nothing_inline_and_nobody_elses_scripts(client):
    policy = client.get("/livez")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
