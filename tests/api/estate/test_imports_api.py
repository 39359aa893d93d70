"""Imports over REST: sent, followed, their columns named, the list confirmed, differences decided."""

from __future__ import annotations

import gzip

import pytest

from portal.kernel.guid import Guid
from rollouts import tasks
from rollouts.models import CplEntry, HeldDifference, Hub, ImportFile
from tests.api.conftest import stage_of
from tests.api.systems import body_of
from tests.factories import make_world

pytestmark = pytest.mark.django_db(transaction=True)
OCTETS = "application/octet-stream"
HUBS = b"guid,model,firmware_version,region,smi_status\n00-DB-12-34-FF-00-00-01,433100AC,0C220000,%s,Commissioned\n"


@pytest.fixture
def stage(transactional_db, now, media):
    return stage_of(make_world(), now=now)


def send(system, data, kind="LOAD", **headers):
    return system.post(f"/imports/files?kind={kind}&file_name=own.csv", data, kind=OCTETS, **headers)


def test_an_inventory_is_sent_and_followed_to_its_outcome(stage):
    sent = send(stage.dcc, gzip.compress(HUBS % b"Mars"), Content_Encoding="gzip")
    path = f"/imports/files/{body_of(sent)['id']}"
    waiting = body_of(stage.dcc.get(path))
    tasks.take_import(import_file_id=body_of(sent)["id"])
    done = body_of(stage.dcc.get(path))

    assert (sent.status_code, waiting["status"], done["status"]) == (202, "WAITING", "DONE")
    assert waiting["size"] == len(HUBS % b"Mars")
    lines = stage.dcc.get(f"/imports/{done['import_id']}/refused-lines")
    assert b"UNKNOWN_REGION" in b"".join(lines.streaming_content)
    assert body_of(stage.dcc.get("/imports"))["items"][0]["refused"] == 1


def test_a_file_waits_until_its_columns_are_named(stage):
    data = (HUBS % b"Central").replace(b"guid,model", b"CHF,Kind")
    sent = body_of(send(stage.dcc, data))
    assert (sent["status"], sent["headings"][:2]) == ("HELD", ["CHF", "Kind"])

    too_soon = body_of(stage.dcc.post(f"/imports/files/{sent['id']}/resume"))
    tag = stage.dcc.get("/imports/columns")["ETag"]
    mapping = {"kind": "LOAD", "columns": {"guid": "CHF", "model": "Kind"}}
    named = stage.dcc.put("/imports/columns", mapping, If_Match=tag)
    stale = stage.dcc.put("/imports/columns", {"kind": "LOAD", "columns": {}}, If_Match=tag)
    resumed = body_of(stage.dcc.post(f"/imports/files/{sent['id']}/resume"))
    again = stage.dcc.put(
        "/imports/columns", {"kind": "CPL", "columns": {"model": "Kind"}}, If_Match=named["ETag"]
    )

    assert (too_soon["status"], resumed["status"]) == ("HELD", "WAITING")
    assert (named.status_code, stale.status_code, again.status_code) == (200, 412, 200)


def test_the_list_is_changed_only_as_it_was_seen(stage):
    text = f"model,firmware_version,hash,status\n433100AC,0C230000,{'AB' * 32},Expired\n"
    path = f"/imports/files/{body_of(send(stage.dcc, text.encode(), kind='CPL'))['id']}"

    seen = stage.dcc.get(f"{path}/changes")
    CplEntry.objects.filter(pk=stage.world.target.pk).update(status="CANCELLED")
    stage.rollout.__class__.objects.update(status="COMPLETE")
    stale = stage.dcc.post(f"{path}/changes", If_Match=seen["ETag"])
    again = stage.dcc.get(f"{path}/changes")
    done = stage.dcc.post(f"{path}/changes", If_Match=again["ETag"])

    assert (body_of(seen)["statuses"], body_of(seen)["suspends"]) == (1, [stage.rollout.pk])
    assert (stale.status_code, done.status_code) == (412, 200)
    assert body_of(done)["status"] == "DONE"
    assert CplEntry.objects.get(pk=stage.world.target.pk).status == "EXPIRED"
    assert stage.dcc.post(f"{path}/changes").status_code == 409


def test_an_import_is_called_off(stage):
    path = f"/imports/files/{body_of(send(stage.dcc, HUBS % b'Central'))['id']}"

    assert stage.dcc.delete(path).status_code == 204
    assert stage.dcc.delete(path).status_code == 409
    assert ImportFile.objects.get().status == "CALLED_OFF"


def test_versions_held_back_are_decided(stage):
    sent = body_of(send(stage.dcc, HUBS % b"Central"))
    tasks.take_import(import_file_id=sent["id"])
    number = ImportFile.objects.get().estate_import_id
    for n in range(2):
        HeldDifference.objects.create(
            estate_import_id=number,
            guid=stage.world.guid(n),
            line_no=n,
            file_entry_id=stage.world.oldest.pk,
            hub_entry_id=stage.world.current.pk,
        )
    path = f"/imports/{number}/differences"

    named = body_of(stage.dcc.post(path, {"decision": "TAKE", "hubs": [stage.guid(0)]}))
    rest = body_of(stage.dcc.post(path, {"decision": "KEEP"}))

    assert (named, rest) == ({"kept": 0, "taken": 1, "passed": 0}, {"kept": 1, "taken": 0, "passed": 0})
    assert [row["decision"] for row in body_of(stage.dcc.get(path))["items"]] == ["TAKEN", "KEPT"]
    assert Hub.objects.get(guid=Guid.parse(stage.guid(0)).db).cpl_entry_id == stage.world.oldest.pk


def test_imports_are_the_dccs_alone(stage):
    number = body_of(send(stage.dcc, HUBS % b"Central"))["id"]

    for system in (stage.supplier, stage.csp):
        assert send(system, HUBS % b"Central").status_code == 403
        for path in ("/imports/files", f"/imports/files/{number}", f"/imports/files/{number}/changes"):
            assert system.get(path).status_code == 403, path
