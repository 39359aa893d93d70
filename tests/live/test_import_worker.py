"""A file for the inventory by a Celery worker of its own process: its progress seen, called off, or lost."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection

from portal.celery import app
from portal.embedded.processes import Program, Supervisor, python
from portal.kernel import clock
from rollouts import services, tasks
from rollouts.models import EstateImport, Hub
from rollouts.states.inventory import FileKind
from tests.factories import make_world
from tests.live.test_export_worker import ROOT

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
SECONDS = 90
LINES = 400_000
HEADING = "guid,model,firmware_version,region,smi_status\n"


@pytest.fixture
def world(transactional_db, media):
    return make_world(hubs=20)


@pytest.fixture
def worker(world, valkey_url, tmp_path):
    settings = connection.settings_dict
    password = f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else ""
    place = f"{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    variables = {
        "DATABASE_URL": f"postgresql://{quote(settings['USER'])}{password}@{place}",
        "REDIS_URL": valkey_url,
        "MEDIA_ROOT": str(tmp_path / "media"),
        "PORTAL_VAR": str(tmp_path),
        "SECRET_KEY": "of this test alone " * 4,
        "PLAIN_HTTP": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT),
    }
    words = ("worker", "--queues=relay,reports", "--concurrency=1", "--without-gossip", "--without-mingle")
    program = Program("worker", python("-m", "celery", "--app=portal", "--quiet", *words), variables)
    with Supervisor(tmp_path / "log", say=print) as supervisor:
        supervisor.start(program)
        yield supervisor


def send(world, path, lines):
    with path.open("w") as file:
        file.write(HEADING)
        for n in range(lines):
            file.write(f"{0x00DB999900000000 + n:016X},433100AC,0C220000,Central,Commissioned\n")
    with path.open("rb") as source:
        return services.send_import(
            world.operator, kind=FileKind.LOAD, source=source, file_name=path.name, now=clock.now()
        )


def until(file, worker, is_so):
    end = time.monotonic() + SECONDS
    while True:
        file.refresh_from_db()
        if is_so(file):
            return
        assert time.monotonic() < end, (file.status, file.done, (worker.logs / "worker.log").read_text())
        worker.look()
        time.sleep(0.05)


def test_how_far_a_file_is_is_seen_while_a_worker_reads_it(world, worker, valkey_url, tmp_path):
    file = send(world, tmp_path / "estate.csv", LINES)
    with app.connection_for_write(valkey_url) as broker:
        tasks.tick_imports.apply_async(connection=broker)

    until(file, worker, lambda file: file.done > 0)
    seen = (file.status, Hub.objects.count())
    until(file, worker, lambda file: file.status not in {"WAITING", "RUNNING"})

    assert (file.status, file.problem, file.done) == ("DONE", "", file.size)
    assert seen in {("RUNNING", 20), ("DONE", 20 + LINES)}
    assert EstateImport.objects.get(pk=file.estate_import_id).accepted == LINES


def test_a_file_that_is_called_off_while_it_is_read_leaves_nothing(world, worker, valkey_url, tmp_path):
    file = send(world, tmp_path / "estate.csv", LINES)
    with app.connection_for_write(valkey_url) as broker:
        tasks.tick_imports.apply_async(connection=broker)
    until(file, worker, lambda file: file.status == "RUNNING")

    services.call_off_import(world.operator, import_file_id=file.pk, at=clock.wall())
    last = send(world, tmp_path / "next.csv", 10)
    with app.connection_for_write(valkey_url) as broker:
        tasks.tick_imports.apply_async(connection=broker)
    until(last, worker, lambda file: file.status == "DONE")  # the worker is free again

    file.refresh_from_db()
    assert (file.status, file.estate_import_id) == ("CALLED_OFF", None)
    assert Hub.objects.count() == 30


def test_a_file_whose_worker_was_lost_is_read_by_another(world, worker, valkey_url, tmp_path):
    file = send(world, tmp_path / "estate.csv", 10)
    assert services.claim_import(import_file_id=file.pk, at=clock.wall() - timedelta(minutes=5)) is not None

    with app.connection_for_write(valkey_url) as broker:
        tasks.tick_imports.apply_async(connection=broker)
    until(file, worker, lambda file: file.status == "DONE")

    assert (file.attempts, Hub.objects.count()) == (2, 30)
