"""Files for the inventory and the list on pages: sent, named, followed, confirmed, their lines given back."""

from __future__ import annotations

import csv
import html
import io
import re

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.kernel.guid import Guid
from rollouts import tasks
from rollouts.models import ColumnMapping, CplEntry, HeldDifference, Hub, ImportFile
from tests.factories import make_rollout, make_world
from tests.web.forms import fields_in

pytestmark = pytest.mark.django_db(transaction=True)
HASH = "ab" * 32
LIST = ("Type", "Manufacturer", "Model ID", "Firmware", "Image hash", "State", "Upgrade from")


@pytest.fixture
def world(media):
    return make_world()


@pytest.fixture
def operator(seat):
    return seat("operator")


def hubs(*numbers, **changes):
    lines = ["guid,model,firmware_version,region,smi_status"]
    for n in numbers:
        cells = {"region": "Central", "status": "Commissioned", **changes.get(f"n{n}", {})}
        lines.append(f"00-DB-12-34-FF-00-00-{n:02X},433100AC,0C220000,{cells['region']},{cells['status']}")
    return "\n".join(lines).encode()


def send(client, data, *, kind="LOAD", name="own.csv", **more):
    return client.post("/imports/", {"kind": kind, "file": SimpleUploadedFile(name, data), **more})


def read_all(*files):
    for file in files:
        tasks.take_import(import_file_id=file.pk)


def followed(client, answer):
    """Go where a page leads, until it leads no further."""
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return client.get(answer["Location"], follow=True)


def workbook(*rows, sheet="CPL"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def entry(version, *, path="N/A", state="Current", model="433100AC", kind="Communications Hub", hash_=HASH):
    return (kind, "Toshiba", model, version, hash_, state, path)


@pytest.mark.requirement("R4.2")
def test_an_inventory_is_sent_read_and_its_bad_lines_given_back(operator, world):
    waits = followed(operator, send(operator, hubs(1, 2, n2={"region": "Mars"})))
    assert "Waiting for a worker" in waits.content.decode()

    read_all(ImportFile.objects.get())
    done = operator.get(waits.request["PATH_INFO"], follow=True)

    page = done.content.decode()
    assert "There is no such region." in page
    number = done.request["PATH_INFO"].strip("/").split("/")[1]
    given = operator.get(f"/imports/{number}/not-taken.csv")
    rows = list(csv.reader(io.StringIO(b"".join(given.streaming_content).decode("utf-8-sig"))))
    rows[1][3] = "North"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    send(operator, text.getvalue().encode())
    read_all(ImportFile.objects.last())
    assert Hub.objects.filter(guid__gte=Guid.parse("00-DB-12-34-FF-00-00-00").db).count() == 2


def test_a_model_the_list_lacks_is_named_with_a_form_that_is_filled_in(operator, world):
    data = (
        "guid,manufacturer,model,hardware_version,firmware_version,region,smi_status\n"
        "00-DB-12-34-FF-00-00-01,Calderbrook,51A00002,0002,5A000001,Central,Commissioned\n"
        "00-DB-12-34-FF-00-00-02,,433100AC,,0C990000,Central,Commissioned\n"
    )
    waits = followed(operator, send(operator, data.encode()))
    read_all(ImportFile.objects.get())

    page = operator.get(waits.request["PATH_INFO"], follow=True).content.decode()

    assert "Not on the Central Products List" in page
    links = [html.unescape(link) for link in re.findall(r'href="(/catalogue/[^"]+\?[^"]+)"', page)]
    model, firmware = (operator.get(link).context["form"] for link in sorted(links))
    assert (model["manufacturer"].value(), model["model"].value()) == ("Calderbrook", "51A00002")
    assert model["hardware_version"].value() == "0002"
    assert (firmware["device_model_id"].value(), firmware["firmware_version"].value()) == (
        str(world.model.pk),
        "0C990000",
    )


def test_how_far_a_file_is_is_said_while_it_is_read(operator, world):
    send(operator, hubs(1))
    ImportFile.objects.update(status="RUNNING", done=100, size=200)
    file = ImportFile.objects.get()

    page = operator.get(f"/imports/files/{file.pk}/", headers={"HX-Request": "true"}).content.decode()

    assert 'value="100" max="200"' in page
    assert "data-hurry" in page


def test_columns_of_ones_own_are_named_once_and_remembered(operator, world):
    data = hubs(1).replace(b"guid,model", b"CHF,Kind of hub").replace(b"smi_status", b"State")
    held = followed(operator, send(operator, data))
    words = held.content.decode()
    assert "The heading lacks guid" in words or "The heading lacks model" in words
    fields = fields_in(held, "columns-form")
    path = held.request["PATH_INFO"]

    incomplete = operator.post(path, fields)
    named = operator.post(path, {**fields, "guid": "CHF", "model": "Kind of hub", "smi_status": "State"})

    assert incomplete.status_code == 422
    assert named.status_code == 302
    assert ColumnMapping.objects.get().columns["model"] == "Kind of hub"
    read_all(ImportFile.objects.get())
    assert ImportFile.objects.get().status == "DONE"
    send(operator, data)
    assert ImportFile.objects.last().status == "WAITING"


def test_of_two_who_name_the_same_column_the_second_is_asked(operator, world):
    data = hubs(1).replace(b"guid,model", b"CHF,Kind").replace(b"region", b"region,Where")
    data = data.replace(b"Central", b"Central,Here")
    path = followed(operator, send(operator, data)).request["PATH_INFO"]
    mine, theirs = (fields_in(operator.get(path), "columns-form") for _ in range(2))
    operator.post(path, {**theirs, "guid": "CHF", "model": "Kind", "gpf_guid": "Where"})

    clash = operator.post(path, {**mine, "guid": "CHF", "model": "Where"})

    assert clash.status_code == 409
    assert "Somebody else has changed this to “Kind”" in clash.content.decode()


def test_what_is_no_file_of_lines_is_refused_at_once(operator, world):
    answer = send(operator, b"%PDF-1.7\0\0\0")

    assert answer.status_code == 422
    assert "neither text nor a workbook" in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_a_file_is_called_off(operator, world):
    path = followed(operator, send(operator, hubs(1))).request["PATH_INFO"]

    operator.post(path, {"act": "call_off"})
    again = operator.post(path, {"act": "call_off"})
    read_all(ImportFile.objects.get())

    assert (ImportFile.objects.get().status, again.status_code) == ("CALLED_OFF", 409)
    assert not Hub.objects.filter(guid=Guid.parse("00-DB-12-34-FF-00-00-01").db).exists()


def test_the_list_as_it_is_really_kept_is_shown_before_it_changes_anything(operator, world, today):
    rollout = make_rollout(world, now=today)
    sheet = workbook(
        ("Central Products List, 1 March",),
        LIST,
        entry("0C24 0000", path="0C230000; 0C220000"),
        entry("0C230000", path="0C220000", state="Removed"),
        entry("0C250000", path="0C990000"),
        entry("12", kind="ESME"),
        entry("0C260000", model="UNHEARD"),
    )
    held = followed(operator, send(operator, sheet, kind="CPL", name="cpl.xlsx"))
    named = (
        operator.post(
            held.request["PATH_INFO"],
            {**fields_in(held, "columns-form"), "status": "State"},
        )
        if b"columns-form" in held.content
        else None
    )
    shown = held if named is None else followed(operator, named)

    words = shown.content.decode()
    assert "1 running rollout would be suspended at once" in words
    assert "The upgrade path names a version" in words
    assert "The Central Products List has no such hub model." in words
    assert "rows of other kinds of device were not read: 1 (row 6)" in words
    assert CplEntry.objects.count() == 3

    done = operator.post(shown.request["PATH_INFO"], fields_in(shown, "confirm-form") | {"act": "confirm"})

    assert followed(operator, done).status_code == 200
    added = CplEntry.objects.get(firmware_version="0C240000")
    assert added.allowed_predecessor_ids == sorted([world.current.pk, world.target.pk])
    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"


def test_a_list_that_would_do_something_else_by_now_is_shown_anew(operator, world, today):
    text = "model,firmware_version,hash,status\n433100AC,0C230000," + HASH + ",Expired\n"
    shown = followed(operator, send(operator, text.encode(), kind="CPL"))
    make_rollout(world, now=today)

    answer = operator.post(shown.request["PATH_INFO"], fields_in(shown, "confirm-form") | {"act": "confirm"})

    assert answer.status_code == 412
    assert "1 running rollout" in answer.content.decode()
    assert CplEntry.objects.get(pk=world.target.pk).status == "ACTIVE"


def test_versions_held_back_are_shown_and_decided(operator, world):
    send(operator, hubs(1))
    read_all(ImportFile.objects.get())
    number = ImportFile.objects.get().estate_import_id
    for n in range(3):
        HeldDifference.objects.create(
            estate_import_id=number,
            guid=world.guid(n),
            line_no=n + 2,
            file_entry_id=world.oldest.pk,
            hub_entry_id=world.current.pk,
        )
    Hub.objects.filter(guid=world.guid(2)).update(cpl_entry_id=world.target.pk)
    page = operator.get(f"/imports/{number}/").content.decode()
    assert "Versions held back" in page

    path = f"/imports/{number}/differences/"
    operator.post(path, {"act": "keep", "hub": str(Guid.from_db(world.guid(0)))})
    operator.post(path, {"act": "take", "all": "on"})

    decisions = dict(HeldDifference.objects.values_list("guid", "decision"))
    assert [decisions[world.guid(n)] for n in range(3)] == ["KEPT", "TAKEN", "PASSED"]
    versions = dict(Hub.objects.values_list("guid", "cpl_entry_id"))
    assert [versions[world.guid(n)] for n in range(3)] == [
        world.current.pk,
        world.oldest.pk,
        world.target.pk,
    ]


@pytest.mark.parametrize("actor", ["supplier", "csp", "panel"])
def test_imports_are_the_dccs_alone(seat, operator, world, actor):
    send(operator, hubs(1))
    file = ImportFile.objects.get()
    read_all(file)
    file.refresh_from_db()
    client = seat(actor)

    for path in (
        "/imports/",
        f"/imports/files/{file.pk}/",
        f"/imports/{file.estate_import_id}/",
        f"/imports/{file.estate_import_id}/not-taken.csv",
    ):
        assert client.get(path).status_code == 403, path
    assert send(client, hubs(2)).status_code == 403
    assert client.post(f"/imports/files/{file.pk}/", {"act": "call_off"}).status_code == 403
    assert client.post(f"/imports/{file.estate_import_id}/differences/", {"act": "take"}).status_code in {
        400,
        403,
    }
