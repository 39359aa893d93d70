"""A file of the estate by a Celery worker of its own process: from the tick to the notice, its mail and the file."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection

from notifications import queries
from notifications import services as notices
from portal.celery import app
from portal.embedded.processes import Program, Supervisor, python
from portal.events import sequencer
from portal.kernel import clock
from portal.kernel.references import reference_of
from rollouts import tasks
from rollouts.models import Export
from tests.factories import UserFactory, make_world

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
FILES = "/estate/files/"
SECONDS = 60


@pytest.fixture
def world(transactional_db, settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
    }
    return make_world(hubs=20)


@pytest.fixture
def worker(world, valkey_url, tmp_path):
    """Have a worker run on the database of this test, as the demonstration starts one."""
    words = (
        "worker",
        "--queues=relay,reports",
        "--concurrency=1",
        "--hostname=worker-export@%h",
        "--without-gossip",
        "--without-mingle",
        "--loglevel=WARNING",
    )
    variables = {
        "DATABASE_URL": _database_url(),
        "REDIS_URL": valkey_url,
        "MEDIA_ROOT": str(tmp_path / "media"),
        "PORTAL_VAR": str(tmp_path),
        "SECRET_KEY": "of this test alone " * 4,
        "REFERENCE_KEY": settings.REFERENCE_KEY,  # the addresses a worker writes are those the pages have
        "PLAIN_HTTP": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT),
    }
    program = Program("worker", python("-m", "celery", "--app=portal", "--quiet", *words), variables)
    with Supervisor(tmp_path / "log", say=print) as supervisor:
        supervisor.start(program)
        yield supervisor


def _database_url() -> str:
    connection_settings = connection.settings_dict
    who = quote(connection_settings["USER"]) + (
        f":{quote(connection_settings['PASSWORD'])}" if connection_settings["PASSWORD"] else ""
    )
    return f"postgresql://{who}@{connection_settings['HOST']}:{connection_settings['PORT']}/{connection_settings['NAME']}"


@pytest.mark.requirement("R4.3", "R6.7")
def test_a_worker_writes_the_file_and_only_who_ordered_it_is_told_where_it_is(
    world, worker, valkey_url, client
):
    colleague = UserFactory(organisation=world.supplier, name="Colleague")
    notices.enrol_readers()
    client.force_login(world.supplier_user)
    client.post(f"{FILES}order/", {"form": "csv"})
    export = Export.objects.get()

    with app.connection_for_write(valkey_url) as broker:
        tasks.tick_exports.apply_async(connection=broker)
    _wait_for(export, worker)

    body = b"".join(
        client.get(f"{FILES}{reference_of(export.pk, 'estate_file')}/").streaming_content
    ).decode()
    assert len(body.splitlines()) == 1 + 16
    sequencer.sequence_all()
    (notice,) = queries.inbox(world.as_supplier).items
    assert notice.title == "Your file of the estate is ready"
    assert notice.url == f"{FILES}{reference_of(export.pk, 'estate_file')}/"
    notices.deliver_mail(now=clock.now() + timedelta(minutes=3))
    (letter,) = mail.outbox
    assert letter.to == [world.supplier_user.email]
    assert f"{FILES}{reference_of(export.pk, 'estate_file')}/" in letter.body
    client.force_login(colleague)
    assert b"Your file of the estate" not in client.get("/notifications/").content


def _wait_for(export: Export, worker: Supervisor) -> None:
    until = time.monotonic() + SECONDS
    while export.status in {"WAITING", "RUNNING"}:
        assert time.monotonic() < until, (worker.logs / "worker.log").read_text()
        worker.look()
        time.sleep(0.1)
        export.refresh_from_db()
    assert (export.status, export.problem) == ("READY", "")
