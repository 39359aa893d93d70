"""The Central Products List over REST: entries, images and statuses, changed only from what was read."""

from __future__ import annotations

import hashlib

import pytest

from hubsim.catalogue import make_image
from rollouts.models import CplEntry
from tests.api.systems import body_of

pytestmark = pytest.mark.django_db
HASH = "ab" * 32


def entry(stage, **changes):
    fields = {
        "device_model_id": stage.world.model.pk,
        "firmware_version": "0C240000",
        "image_sha256": HASH,
        "predecessors": [stage.world.target.pk],
    }
    return stage.dcc.post("/cpl-entries", {**fields, **changes})


@pytest.mark.requirement("R6.2")
def test_an_entry_is_added_and_read(stage):
    made = entry(stage, reference="CH-9")
    again = entry(stage)
    read = stage.supplier.get(made["Location"].removeprefix("/api/v1"))

    assert (made.status_code, again.status_code) == (201, 409)
    assert body_of(read)["predecessors"] == ["0C230000"]
    assert body_of(read)["reference"] == "CH-9"
    assert body_of(again)["code"] == "already_listed"


def test_a_hub_model_is_added(stage):
    model = {
        "manufacturer": "EDMI",
        "manufacturer_code": "AB01",
        "model": "010A030B",
        "hardware_version": "030B",
        "band": "DUAL",
        "regions": ["NORTH"],
    }

    made = stage.dcc.post("/device-models", model)

    assert (made.status_code, body_of(made)["regions"]) == (201, ["NORTH"])
    assert stage.dcc.post("/device-models", model).status_code == 409
    assert stage.supplier.post("/device-models", model).status_code == 403


def test_every_change_of_an_entry_heeds_if_match(stage):
    path = f"/cpl-entries/{stage.world.target.pk}"
    image = make_image(model="433100AC", version="0C230000", seed=7)
    first = stage.dcc.get(path)["ETag"]

    changed = stage.dcc.patch(
        path, {"image_sha256": hashlib.sha256(image).hexdigest(), "gbcs_version": "4.2"}, If_Match=first
    )
    stale = [
        stage.dcc.patch(path, {"gbcs_version": "4.3"}, If_Match=first),
        stage.dcc.put(f"{path}/status", {"status": "EXPIRED", "reason": "-"}, If_Match=first),
        put_image(stage, path, image, If_Match=first),
    ]
    with_image = put_image(stage, path, image, If_Match=changed["ETag"])
    after_image = stage.dcc.put(
        f"{path}/status", {"status": "EXPIRED", "reason": "-"}, If_Match=changed["ETag"]
    )
    expired = stage.dcc.put(
        f"{path}/status", {"status": "EXPIRED", "reason": "-"}, If_Match=with_image["ETag"]
    )

    assert changed.status_code == 200
    assert [answer.status_code for answer in stale] == [412] * 3
    assert with_image.status_code == 200
    assert after_image.status_code == 412
    assert expired.status_code == 200
    assert expired["ETag"] == stage.dcc.get(path)["ETag"]
    entry_after = CplEntry.objects.get(pk=stage.world.target.pk)
    assert (entry_after.gbcs_version, entry_after.status) == ("4.2", "EXPIRED")


def put_image(stage, path, image, **headers):
    return stage.dcc.put(f"{path}/image?file_name=hub.ota", image, kind="application/octet-stream", **headers)


def test_what_is_not_named_of_an_entry_stays(stage):
    path = f"/cpl-entries/{stage.world.target.pk}"

    body = body_of(stage.dcc.patch(path, {"chts_version": "CHTS V1.4"}))

    assert (body["predecessors"], body["chts_version"]) == (["0C220000"], "CHTS V1.4")


def test_what_leaving_the_list_would_do_is_counted_for_the_dcc_alone(stage):
    path = f"/cpl-entries/{stage.world.target.pk}/status"

    effects = body_of(stage.dcc.get(path))

    assert [each["would_be_suspended"] for each in effects["rollouts"]] == [True]
    assert effects["rollouts"][0]["hubs"]["total"] == 20
    assert stage.supplier.get(path).status_code == 403
