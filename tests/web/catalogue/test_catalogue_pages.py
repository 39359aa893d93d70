"""The Central Products List on pages: read by all, kept by a DCC operator."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hubsim.catalogue import make_image
from portal.identity.models import User
from rollouts.models import CplEntry, DeviceModel, FirmwareImage
from tests.factories import make_rollout
from tests.web.forms import fields_in

pytestmark = pytest.mark.django_db
HASH = "ab" * 32


@pytest.fixture
def operator(seat):
    return seat("operator")


def added(operator, world, **changes):
    fields = {
        "device_model_id": world.model.pk,
        "firmware_version": "0C24 0000",
        "image_sha256": HASH,
        "hash_covers": "WHOLE_FILE",
        "predecessors": [world.target.pk],
        "chts_version": "CHTS V1.4",
        "added_on": "15/03/2030",
    }
    return operator.post("/catalogue/new/", {**fields, **changes})


def test_an_entry_is_added_with_its_upgrade_path(operator, world):
    answer = added(operator, world)

    entry = CplEntry.objects.get(firmware_version="0C240000")
    assert answer["Location"] == f"/catalogue/{entry.pk}/"
    assert entry.allowed_predecessor_ids == [world.target.pk]
    page = operator.get("/catalogue/").content.decode()
    assert "0C240000" in page
    assert "0C230000" in operator.get(f"/catalogue/{entry.pk}/").content.decode()


def test_what_is_wrong_with_an_entry_is_said_at_its_field_and_nothing_typed_is_lost(operator, world):
    malformed = added(operator, world, image_sha256="abc")
    taken = added(operator, world, firmware_version="0C230000")

    assert malformed.status_code == 422
    assert "64 hexadecimal digits" in malformed.content.decode()
    assert fields_in(malformed, "catalogue-form")["firmware_version"] == "0C24 0000"
    assert taken.status_code == 409
    assert "already" in taken.content.decode()
    assert CplEntry.objects.count() == 3


def test_a_path_leads_from_versions_of_the_same_model(operator, world):
    other = DeviceModel.objects.create(
        manufacturer="EDMI", manufacturer_code="AB01", model="010A030B", hardware_version="1", band="DUAL"
    )

    answer = added(operator, world, device_model_id=other.pk)

    assert answer.status_code == 422
    assert "same hub model" in answer.content.decode()


def test_a_hub_model_is_added(operator, world):
    answer = operator.post(
        "/catalogue/models/new/",
        {
            "manufacturer": "EDMI",
            "manufacturer_code": "ab01",
            "model": "010A030B",
            "hardware_version": "030B",
            "band": "DUAL",
            "smets_generation": "2",
            "regions": ["1"],
        },
    )

    assert answer.status_code == 302
    assert DeviceModel.objects.get(model="010A030B").manufacturer_code == "AB01"


def test_of_two_who_change_an_entry_the_second_merges_or_is_asked(operator, world, seat):
    path = f"/catalogue/{world.target.pk}/change/"
    mine, theirs = (fields_in(operator.get(path), "catalogue-form") for _ in range(2))
    operator.post(path, {**theirs, "chts_version": "CHTS V1.5"})

    merged = operator.post(path, {**mine, "gbcs_version": "4.2"})
    clash = operator.post(path, {**mine, "chts_version": "CHTS V1.6"})

    entry = CplEntry.objects.get(pk=world.target.pk)
    assert (merged.status_code, entry.chts_version, entry.gbcs_version) == (302, "CHTS V1.5", "4.2")
    assert clash.status_code == 409
    assert "CHTS V1.5" in clash.content.decode()
    assert "CHTS V1.6" in clash.content.decode()


def test_an_image_is_checked_and_every_difference_is_told(operator, world):
    image = make_image(model="433100AC", version="0C230000", seed=7)
    CplEntry.objects.filter(pk=world.target.pk).update(image_sha256=hashlib.sha256(image).digest())
    path = f"/catalogue/{world.target.pk}/"
    wrong = SimpleUploadedFile("old.ota", make_image(model="433100AC", version="0C220000", seed=7))

    refused = operator.post(f"{path}image/", {"image": wrong})
    taken = operator.post(f"{path}image/", {"image": SimpleUploadedFile("hub.ota", image)})

    words = refused.content.decode()
    assert refused.status_code == 422
    assert "The image is version 0C220000; the CPL says 0C230000." in words
    assert "The SHA-256 hash on the CPL" in words
    assert taken.status_code == 302
    assert FirmwareImage.objects.get().file_name == "hub.ota"
    assert "hub.ota" in operator.get(path).content.decode()


def test_a_hash_that_an_image_was_checked_against_stays(operator, world):
    image = make_image(model="433100AC", version="0C230000", seed=7)
    CplEntry.objects.filter(pk=world.target.pk).update(image_sha256=hashlib.sha256(image).digest())
    operator.post(f"/catalogue/{world.target.pk}/image/", {"image": SimpleUploadedFile("hub.ota", image)})
    path = f"/catalogue/{world.target.pk}/change/"

    answer = operator.post(path, {**fields_in(operator.get(path), "catalogue-form"), "image_sha256": HASH})

    assert answer.status_code == 422
    assert "cannot change any more" in answer.content.decode()


def test_what_a_new_status_would_do_is_counted_before_it_is_done(operator, world, today):
    rollout = make_rollout(world, now=today)
    path = f"/catalogue/{world.target.pk}/status/"

    before = operator.get(path)
    done = operator.post(
        path, {**fields_in(before, "status-form"), "status": "WITHDRAWN", "reason": "Security flaw"}
    )

    assert "<strong>1 rollout</strong> would be suspended at once" in before.content.decode()
    assert rollout.name in before.content.decode()
    assert done["Location"] == f"/catalogue/{world.target.pk}/"
    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"


def test_a_rollout_that_began_since_the_preview_is_shown_before_it_is_suspended(operator, world, today):
    path = f"/catalogue/{world.target.pk}/status/"
    seen = fields_in(operator.get(path), "status-form")
    rollout = make_rollout(world, now=today)

    answer = operator.post(path, {**seen, "status": "EXPIRED", "reason": "Certificate ended"})

    assert answer.status_code == 409
    assert rollout.name in answer.content.decode()
    assert CplEntry.objects.get(pk=world.target.pk).status == "ACTIVE"
    assert fields_in(answer, "status-form")["reason"] == "Certificate ended"


@pytest.mark.parametrize("actor", ["supplier", "csp", "panel"])
def test_others_read_the_list_and_neither_keep_it_nor_see_images(seat, world, actor, operator, today):
    make_rollout(world, now=today)
    client = seat(actor)

    page = client.get("/catalogue/")
    entry = client.get(f"/catalogue/{world.target.pk}/")

    assert (page.status_code, entry.status_code) == (200, 200)
    assert "Add an entry" not in page.content.decode()
    assert "Firmware image" not in entry.content.decode()
    assert "Where it is used" not in entry.content.decode()
    for path in ("new/", "models/new/", f"{world.target.pk}/change/", f"{world.target.pk}/status/"):
        assert client.get(f"/catalogue/{path}").status_code == 403
        assert client.post(f"/catalogue/{path}", {}).status_code == 403
    assert client.post(f"/catalogue/{world.target.pk}/image/", {}).status_code == 403


def test_a_dcc_viewer_sees_and_changes_nothing(seat, world):
    User.objects.filter(pk=world.operator_user.pk).update(roles=["DCC_VIEWER"])
    viewer = seat("operator")

    assert "Where it is used" in viewer.get(f"/catalogue/{world.target.pk}/").content.decode()
    assert viewer.get(f"/catalogue/{world.target.pk}/status/").status_code == 403


def test_the_list_is_filtered_in_place(operator, world):
    answer = operator.get("/catalogue/?status=EXPIRED", headers={"HX-Request": "true"})

    assert "No entry matches" in answer.content.decode()
