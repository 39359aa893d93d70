"""Reference data and firmware files: they fit together."""

from __future__ import annotations

import struct
from hashlib import sha256

import pytest

from hubsim import estate
from hubsim.catalogue import cpl_entries, make_image
from hubsim.reference import reference_data


def test_the_reference_data_is_the_same_for_the_same_seed():
    assert reference_data(1) == reference_data(1)
    assert reference_data(1) != reference_data(2)


def test_every_code_in_the_estate_belongs_to_exactly_one_party():
    suppliers = [each for each in reference_data(1)["organisations"] if each["kind"] == "SUPPLIER"]
    codes = [code for each in suppliers for code in (*each["mpids"], *each["gas_codes"])]

    assert len(suppliers) == 12
    assert len(codes) == len(set(codes))
    assert {pair.mpid for pair in estate.registered()} <= {*codes, ""}
    assert {pair.gas_code for pair in estate.registered()} <= {*codes, ""}


def test_one_party_has_two_electricity_codes_and_one_gas_code():
    suppliers = [each for each in reference_data(1)["organisations"] if each["kind"] == "SUPPLIER"]

    assert any(len(each["mpids"]) == 2 and len(each["gas_codes"]) == 1 for each in suppliers)
    assert any(not each["mpids"] for each in suppliers)
    assert any(not each["gas_codes"] for each in suppliers)


def test_no_user_id_is_given_twice():
    ids = [user for each in reference_data(1)["organisations"] for user in each["user_ids"]]

    assert len(ids) == len(set(ids))


def test_every_region_that_hubs_are_upgraded_in_is_served_by_one_csp():
    document = reference_data(1)
    regions = [name for each in document["organisations"] for name in each.get("regions", ())]

    assert sorted(regions) == sorted(each["name"] for each in document["regions"] if each["csp"])


def test_predecessors_are_versions_of_the_same_model():
    for entry in reference_data(1)["cpl_entries"]:
        siblings = {
            each["firmware_version"]
            for each in reference_data(1)["cpl_entries"]
            if each["model"] == entry["model"] and each["manufacturer"] == entry["manufacturer"]
        }
        assert set(entry["allowed_predecessors"]) < siblings


@pytest.mark.parametrize("entry", cpl_entries(1), ids=lambda entry: entry.id)
def test_the_image_of_an_entry_is_a_valid_ota_file(entry):
    data = make_image(model=entry.device_model.model, version=entry.firmware.version, seed=1)

    magic, _, length, _, maker, kind, version, _, name, total = struct.unpack_from("<IHHHHHIH32sI", data)
    assert data[:4] == bytes.fromhex("1EF1EE0B")
    assert (magic, length, total) == (0x0BEEF11E, 60, len(data))
    assert f"{maker:04X}" == entry.device_model.manufacturer_code
    assert f"{kind:04X}{entry.device_model.hardware_version}" == entry.device_model.model
    assert f"{version:08X}" == entry.firmware.version
    assert name.rstrip(b"\0").isascii()
    assert data[-66:-64] == b"\x00\x40"
    assert sha256(data[60:-66]).hexdigest().upper() == entry.hash
    assert sha256(data).hexdigest().upper() == entry.image.file_sha256


def test_an_image_nobody_lists_cannot_be_made():
    with pytest.raises(LookupError, match="no CPL entry"):
        make_image(model="433100AC", version="0C990000", seed=1)
