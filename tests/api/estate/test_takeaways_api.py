"""Files of the estate over REST: ordered, asked after, fetched in parts, removed, by nobody but who ordered them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.identity.models import ApiClient
from portal.kernel import clock
from rollouts import services, tasks
from rollouts.models import Export
from tests.api.systems import System, body_of, lines_of

pytestmark = pytest.mark.django_db
FILES = "/estate/files"


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """Keep files of this test in a folder of its own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return tmp_path


def order(system, **body):
    answer = system.post(FILES, {"form": "CSV", **body})
    assert answer.status_code == 202, answer.content
    return body_of(answer)


def write():
    tasks.write_export(export_id=Export.objects.latest("pk").pk)


@pytest.mark.requirement("R4.3", "R6.2")
def test_a_file_is_ordered_written_and_fetched(stage):
    ordered = stage.supplier.post(FILES, {"form": "CSV", "has_second_supplier": True})
    document = body_of(ordered)
    where = ordered["Location"].removeprefix("/api/v1")
    waiting = body_of(stage.supplier.get(where))
    write()
    ready = body_of(stage.supplier.get(where))
    fetched = stage.supplier.get(ready["content_url"].removeprefix("/api/v1"))

    assert (ordered.status_code, document["status"], document["hubs"]) == (202, "WAITING", 5)
    assert (waiting["status"], waiting["content_url"]) == ("WAITING", None)
    assert (ready["status"], ready["written"], ready["problem"]) == ("READY", 5, "")
    assert ready["size"] == int(fetched["Content-Length"])
    lines = lines_of(fetched)
    assert len(lines) == 6
    assert {line[1:24] if line[0] == '"' else line[:23] for line in lines[1:]} == {
        stage.guid(number) for number in (9, 10, 11, 12, 13)
    }
    assert body_of(stage.supplier.get(FILES))["items"] == [ready]


@pytest.mark.requirement("R4.3", "R6.2")
def test_a_workbook_is_one_too(stage):
    export = order(stage.supplier, form="XLSX")
    write()

    fetched = stage.supplier.get(f"{FILES}/{export['id']}/content")

    assert fetched["Content-Type"].endswith("spreadsheetml.sheet")
    assert b"".join(fetched.streaming_content)[:2] == b"PK"


def test_what_is_asked_twice_under_a_key_is_one_file(stage):
    first = stage.supplier.post(FILES, {"form": "CSV"}, Idempotency_Key="a")
    again = stage.supplier.post(FILES, {"form": "CSV"}, Idempotency_Key="a")

    assert body_of(first) == body_of(again)
    assert Export.objects.count() == 1


@pytest.mark.requirement("R4.3")
def test_parts_of_a_file_make_the_whole(stage):
    export = order(stage.supplier)
    write()
    path = f"{FILES}/{export['id']}/content"
    answer = stage.supplier.get(path)
    text = b"".join(answer.streaming_content)

    first = stage.supplier.get(path, Range="bytes=0-99", Accept_Encoding="gzip")
    rest = stage.supplier.get(path, Range="bytes=100-", If_Range=answer["ETag"])
    end = stage.supplier.get(path, Range="bytes=-7")
    past = stage.supplier.get(path, Range=f"bytes={len(text)}-")
    other = stage.supplier.get(path, Range="bytes=0-9", If_Range='"another"')
    several = stage.supplier.get(path, Range="bytes=0-1,5-6")
    had = stage.supplier.get(path, If_None_Match=answer["ETag"])

    assert (first.status_code, first["Content-Range"]) == (206, f"bytes 0-99/{len(text)}")
    assert b"".join(first.streaming_content) + b"".join(rest.streaming_content) == text
    assert b"".join(end.streaming_content) == text[-7:]
    assert (past.status_code, past["Content-Range"]) == (416, f"bytes */{len(text)}")
    assert [b"".join(each.streaming_content) for each in (other, several)] == [text, text]
    assert (had.status_code, had.content) == (304, b"")


@pytest.mark.requirement("R6.2")
def test_a_file_is_removed_or_called_off(stage):
    export = order(stage.supplier)

    assert stage.supplier.delete(f"{FILES}/{export['id']}").status_code == 204
    write_nothing = services.waiting_exports(clock.wall())
    assert write_nothing == []
    assert stage.supplier.get(f"{FILES}/{export['id']}").status_code == 404
    assert stage.supplier.delete(f"{FILES}/{export['id']}").status_code == 404


def test_nobody_else_finds_it_not_even_another_system_of_the_organisation(stage):
    export = order(stage.supplier)
    write()

    for system in (stage.other, stage.third, stage.dcc, System(stage.world.supplier)):
        for path in (f"{FILES}/{export['id']}", f"{FILES}/{export['id']}/content"):
            assert system.get(path).status_code == 404
        assert system.delete(f"{FILES}/{export['id']}").status_code == 404
        assert body_of(system.get(FILES))["items"] == []
    assert stage.csp.get(FILES).status_code == 403


def test_its_id_does_not_count_what_others_order(stage):
    ids = [order(system)["id"] for system in (stage.supplier, stage.other, stage.third)]

    assert all(len(ident) == 13 for ident in ids)
    assert stage.supplier.get(f"{FILES}/{Export.objects.earliest('pk').pk}").status_code == 404


def test_a_system_that_was_revoked_meanwhile_gets_none(stage):
    order(stage.supplier)
    ApiClient.objects.filter(organisation=stage.world.supplier).update(revoked_at=clock.wall())

    write()

    left = Export.objects.get()
    assert (left.status, left.file) == (Export.Status.FAILED, "")


@pytest.mark.requirement("R4.3", "R6.2")
def test_it_is_written_with_what_the_system_may_see_when_it_is_written(stage):
    export = order(stage.third)
    write()

    lines = lines_of(stage.third.get(f"{FILES}/{export['id']}/content"))

    assert len(lines) == 4  # the heading, and hubs 12, 13 and 19


def test_so_many_at_a_time_and_no_more(stage):
    for _ in range(3):
        order(stage.supplier)

    answer = stage.supplier.post(FILES, {"form": "CSV"})

    assert (answer.status_code, body_of(answer)["code"]) == (409, "too_many_exports")
    assert order(System(stage.world.supplier))["status"] == "WAITING"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_input"),
        ({"form": "PDF"}, "invalid_input"),
        ({"form": "CSV", "limit": 5}, "invalid_input"),
        ({"form": "CSV", "state": "ACTIVATED"}, "bad_input"),
        ({"form": "CSV", "search": "no GUID"}, "not_searchable"),
        ({"form": "CSV", "rollout_id": 2_000_000_000}, "not_found"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(stage, body, code):
    answer = stage.supplier.post(FILES, body)

    assert body_of(answer)["code"] == code
    assert not Export.objects.exists()


def test_a_file_is_kept_for_a_day(stage, settings):
    export = order(stage.supplier)
    write()
    Export.objects.update(expires_at=clock.wall() - timedelta(seconds=1))

    assert stage.supplier.get(f"{FILES}/{export['id']}/content").status_code == 404
    services.sweep_exports(clock.wall())
    assert body_of(stage.supplier.get(f"{FILES}/{export['id']}"))["status"] == "EXPIRED"


@pytest.mark.requirement("R6.2")
def test_a_person_has_the_same_files_on_the_page_and_over_rest(stage, client):
    client.force_login(stage.world.supplier_user)
    client.post("/estate/files/order/", {"query": "", "form": "csv"})

    (item,) = client.get(f"/api/v1{FILES}").json()["items"]

    assert (item["form"], item["status"]) == ("CSV", "WAITING")
    assert body_of(stage.supplier.get(FILES))["items"] == []
