"""The generated estate: reproducible, unique, and of the proportions it promises."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from hubsim import estate, estate_csv, guids
from hubsim.catalogue import DEVICE_MODELS
from hubsim.codes import REGIONS, STATUSES
from hubsim.parties import SUPPLIERS


@pytest.fixture(scope="module")
def million():
    pieces = list(estate.estate_slices(hubs=1_000_000, seed=7))
    return {
        name: np.concatenate([getattr(piece, name) for piece in pieces])
        for name in estate.EstateSlice.__dataclass_fields__
    }


def rows_of(*, hubs, seed, jobs=1):
    text = b"".join(estate_csv.csv_chunks(hubs=hubs, seed=seed, jobs=jobs)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def share(mask):
    return float(np.mean(mask))


def test_no_guid_occurs_twice_in_a_million_hubs(million):
    gpf = million["gpf_guid"][million["gpf_guid"] != 0]
    everything = np.concatenate([million["guid"], gpf])

    assert len(np.unique(everything)) == len(everything)


def test_guids_of_the_last_of_twenty_million_hubs_stay_in_their_range():
    last = estate.estate_slice(19_999_000, 20_000_000, hubs=20_000_000, seed=1)

    assert guids.text_of(int(last.guid[-1])).startswith("00-DB-12-34-")
    assert guids.text_of(int(last.gpf_guid.max())).startswith("00-DB-12-CC-")
    assert (np.diff(last.guid.astype(np.int64)) > 0).all()


def test_an_estate_beyond_its_guids_is_refused():
    with pytest.raises(ValueError, match="at most 20,000,000"):
        estate.estate_slice(0, 1, hubs=20_000_001, seed=1)


def test_the_same_seed_makes_the_same_bytes_however_many_processes_share_the_work():
    alone = b"".join(estate_csv.csv_chunks(hubs=120_000, seed=3))
    together = b"".join(estate_csv.csv_chunks(hubs=120_000, seed=3, jobs=2))

    assert alone == together
    assert alone.count(b"\n") == 120_001


def test_another_seed_makes_another_estate():
    assert rows_of(hubs=50, seed=1) != rows_of(hubs=50, seed=2)


def test_a_hub_is_the_same_whichever_stretch_it_is_made_in():
    complete = estate.estate_slice(0, 1000, hubs=1000, seed=5)
    part = estate.estate_slice(400, 500, hubs=1000, seed=5)

    for name in estate.EstateSlice.__dataclass_fields__:
        assert (getattr(complete, name)[400:500] == getattr(part, name)).all()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Commissioned", 0.82),
        ("Suspended", 0.04),
        ("Pending", 0.06),
        ("InstalledNotCommissioned", 0.03),
        ("Decommissioned", 0.04),
    ],
)
def test_statuses_have_their_shares(million, status, expected):
    assert share(million["status"] == STATUSES.index(status)) == pytest.approx(expected, abs=0.002)


def test_hubs_in_service_are_suspended_exactly_where_their_firmware_was_withdrawn(million):
    withdrawn = np.array([cell.is_withdrawn for cell in estate.cells()])[million["cell"]]
    suspended = million["status"] == STATUSES.index("Suspended")

    assert (million["status"][~withdrawn] != STATUSES.index("Suspended")).all()
    assert not (million["status"][withdrawn] == STATUSES.index("Commissioned")).any()
    assert share(suspended) > 0.03


def test_registrations_have_their_shares(million):
    party_of = {code: party.name for party in SUPPLIERS for code in (*party.mpids, *party.gas_codes)}
    pairs = [(party_of.get(pair.mpid), party_of.get(pair.gas_code)) for pair in estate.registered()]
    electric = np.array([bool(e) for e, _ in pairs])[million["registration"]]
    gas = np.array([bool(g) for _, g in pairs])[million["registration"]]
    same = np.array([bool(e) and e == g for e, g in pairs])[million["registration"]]

    assert share(same) == pytest.approx(0.62, abs=0.003)
    assert share(electric & gas & ~same) == pytest.approx(0.13, abs=0.003)
    assert share(electric & ~gas) == pytest.approx(0.20, abs=0.003)
    assert share(~electric & gas) == pytest.approx(0.03, abs=0.003)
    assert share(~electric & ~gas) == pytest.approx(0.02, abs=0.003)


def test_the_large_suppliers_have_about_their_shares_of_the_import_supply(million):
    supplied = np.array([bool(pair.mpid) for pair in estate.registered()])[million["registration"]]

    for party in SUPPLIERS[:6]:
        theirs = np.array([pair.mpid in party.mpids for pair in estate.registered()])
        of_supplied = theirs[million["registration"]].sum() / supplied.sum()
        assert of_supplied == pytest.approx(party.share, abs=0.015)


def test_firmware_is_mixed_along_the_upgrade_path(million):
    cells = estate.cells()
    toshiba = [cell.model == 3 for cell in cells]
    versions = np.array([cell.version for cell in cells])[million["cell"]]
    running = versions[np.array(toshiba)[million["cell"]]]

    assert share(running == "0C210000") == pytest.approx(0.15, abs=0.005)
    assert share(running == "0C220000") == pytest.approx(0.752, abs=0.005)
    assert share(running == "0C220100") == pytest.approx(0.048, abs=0.005)
    assert share(running == "0C230000") == pytest.approx(0.05, abs=0.005)


def test_models_live_in_the_regions_they_are_made_for(million):
    for place, cell in enumerate(estate.cells()):
        region = REGIONS[cell.region]
        assert region == "Unknown" or region in DEVICE_MODELS[cell.model].regions
        assert (million["cell"] == place).any()


def test_a_few_hubs_are_smets1_and_have_no_gpf(million):
    smets1 = np.array([REGIONS[cell.region] == "SMETS1" for cell in estate.cells()])[million["cell"]]

    assert share(smets1) == pytest.approx(0.03, abs=0.001)
    assert ((million["gpf_guid"] == 0) == smets1).all()


def test_rows_say_what_their_columns_promise():
    rows = rows_of(hubs=5000, seed=2)

    assert list(rows[0]) == estate_csv.HEADER.split(",")
    for row in rows:
        assert row["region"] in REGIONS[1:]
        assert row["smi_status"] in STATUSES[1:]
        assert len(row["guid"]) == 23
        assert (row["gpf_guid"] == "") == (row["gpf_status"] == "") == (row["gpf_firmware_version"] == "")
        assert len(row["import_mpid"]) in {0, 4}
        assert len(row["gas_code"]) in {0, 3}
        assert 2 <= int(row["han_devices"]) <= 7
        assert row["postcode_area"].isalpha()
        if row["smi_status"] == "Commissioned":
            assert row["installed_on"] <= row["commissioned_on"] < "2026-11-01"
        if row["smi_status"] == "Pending":
            assert not row["installed_on"] + row["commissioned_on"]
        if row["smi_status"] == "InstalledNotCommissioned":
            assert row["installed_on"]
            assert not row["commissioned_on"]


def test_an_estate_read_from_its_file_is_the_estate_that_was_written(tmp_path):
    path = tmp_path / "estate.csv"
    path.write_bytes(b"".join(estate_csv.csv_chunks(hubs=60_000, seed=4)))

    read = estate_csv.read_estate(path)

    made = estate.build_estate(hubs=60_000, seed=4)
    for name in ("guid", "model", "region", "status", "han_devices"):
        assert (getattr(read, name) == getattr(made, name)).all()
    assert [read.versions[v] for v in read.version] == [made.versions[v] for v in made.version]


def test_a_file_may_have_its_rows_in_any_order_and_models_of_its_own(tmp_path):
    path = tmp_path / "estate.csv"
    path.write_text(
        "region,guid,manufacturer,model,hardware_version,firmware_version,smi_status\n"
        "South,00-DB-12-34-00-00-00-02,Acme,AAAA0001,0001,00010000,Commissioned\n"
        "North,00-DB-12-34-00-00-00-01,EDMI,42000101,0101,0A1D0000,Pending\n"
    )

    read = estate_csv.read_estate(path)

    assert [guids.text_of(int(value))[-2:] for value in read.guid] == ["01", "02"]
    assert read.models[read.model[1]] == ("Acme", "AAAA0001", "0001")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("Atlantis,00-DB-12-34-00-00-00-02,Acme,AAAA0001,0001,00010000,Commissioned", "Atlantis"),
        ("South,00-DB-12-34-00-00-00-0,Acme,AAAA0001,0001,00010000,Commissioned", "not a GUID"),
        (
            "South,00-DB-12-34-00-00-00-02,A,B,C,D,Commissioned\nSouth,00-DB-12-34-00-00-00-02,A,B,C,D,Commissioned",
            "twice",
        ),
    ],
)
def test_a_file_that_is_no_estate_is_refused_with_the_reason(tmp_path, row, complaint):
    path = tmp_path / "estate.csv"
    header = "region,guid,manufacturer,model,hardware_version,firmware_version,smi_status"
    path.write_text(f"{header}\n{row}\n")

    with pytest.raises(estate_csv.MalformedEstate, match=complaint):
        estate_csv.read_estate(path)


def test_a_file_without_a_needed_column_is_refused(tmp_path):
    path = tmp_path / "estate.csv"
    path.write_text("guid,region\n")

    with pytest.raises(estate_csv.MalformedEstate, match="no column"):
        estate_csv.read_estate(path)
