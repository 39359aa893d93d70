"""Organisations, device models, the CPL and images: what an installation starts from."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest
from django.core.management import CommandError, call_command

from hubsim.catalogue import make_image
from hubsim.reference import reference_data
from portal.events.models import Event
from portal.identity.models import (
    MarketParticipant,
    Organisation,
    OrganisationKind,
    ServiceToken,
    UserIdentifier,
)
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import CplEntry, CspChannel, DeviceModel, FirmwareImage, Hub
from rollouts.services import CspAccess, ImageRefused

pytestmark = pytest.mark.django_db(transaction=True)

ACCESS = CspAccess("http://csp.example", "ours", {"north": "n", "central": "c", "fourg": "f"})


@pytest.fixture
def loaded(now):
    return services.load_reference(reference_data(7), csps=ACCESS, now=now)


@pytest.fixture
def operator(loaded):
    return Scope.system(Organisation.objects.get(kind=OrganisationKind.DCC).pk)


def entry_of(version="0C230000", model="433100AC"):
    return CplEntry.objects.get(device_model__model=model, firmware_version=version)


class TestReferenceData:
    def test_makes_parties_with_all_their_codes(self, loaded):
        ambergate = Organisation.objects.get(name="Ambergate Energy")

        assert loaded.organisations == Organisation.objects.count() == 17
        assert set(ambergate.participants.values_list("code", flat=True)) == {"AMBE", "AMBP", "AMG"}
        assert ambergate.user_ids.count() == 2

    def test_makes_the_cpl_with_its_upgrade_paths(self, loaded):
        third = entry_of()

        assert loaded.cpl_entries == CplEntry.objects.count()
        assert loaded.device_models == DeviceModel.objects.count()
        earlier = CplEntry.objects.filter(pk__in=third.allowed_predecessor_ids)
        versions = earlier.order_by("firmware_version").values_list("firmware_version", "status")
        assert list(versions) == [("0C220000", "ACTIVE"), ("0C220100", "WITHDRAWN")]
        withdrawn = CplEntry.objects.get(firmware_version="0C220100")
        assert (withdrawn.removed_on.isoformat(), withdrawn.removed_reason[:4]) == ("2026-06-30", "Hubs")

    def test_makes_a_channel_for_each_region_a_csp_serves(self, loaded):
        channels = CspChannel.objects.order_by("region")

        assert [each.region for each in channels] == [1, 2, 3, 4, 5, 6]
        assert {each.csp.name for each in channels} == {"CSP North", "CSP Central & South", "CSP 4G"}
        assert {(each.base_url, each.token) for each in channels} == {("http://csp.example", "ours")}
        assert ServiceToken.objects.count() == 3

    def test_doubles_nothing_when_loaded_again(self, loaded, now):
        tables = (
            Organisation,
            MarketParticipant,
            UserIdentifier,
            DeviceModel,
            CplEntry,
            CspChannel,
            ServiceToken,
        )
        before = [table.objects.count() for table in tables]

        services.load_reference(reference_data(7), csps=ACCESS, now=now)

        assert [table.objects.count() for table in tables] == before

    def test_is_written_in_the_journal(self, loaded):
        assert Event.objects.get(name="reference.loaded").facts["cpl_entries"] == loaded.cpl_entries

    @pytest.mark.parametrize("part", ["organisations", "device_models", "cpl_entries", "regions"])
    def test_is_refused_whole_when_a_part_is_missing(self, now, part):
        document = {name: value for name, value in reference_data(7).items() if name != part}

        with pytest.raises(BadInput):
            services.load_reference(document, now=now)

        assert Organisation.objects.count() == 0


class TestImages:
    def test_are_kept_when_they_are_what_the_cpl_says(self, operator, now):
        image = make_image(model="433100AC", version="0C230000", seed=7)

        stored = services.upload_image(
            operator, cpl_entry_id=entry_of().pk, file_name="hub.ota", source=image, now=now
        )

        assert (stored.size, stored.header["firmware_version"]) == (len(image), "0C230000")
        assert FirmwareImage.objects.get().cpl_entry == entry_of()

    def test_are_refused_with_every_difference(self, operator, now):
        other = make_image(model="433100AC", version="0C220000", seed=7)

        with pytest.raises(ImageRefused) as refusal:
            services.upload_image(
                operator, cpl_entry_id=entry_of().pk, file_name="hub.ota", source=other, now=now
            )

        codes = [problem["code"] for problem in refusal.value.facts["problems"]]
        assert codes == ["VERSION_DIFFERS", "HASH_DIFFERS"]
        assert FirmwareImage.objects.count() == 0

    def test_are_refused_when_they_are_no_image(self, operator, now):
        with pytest.raises(ImageRefused):
            services.upload_image(operator, cpl_entry_id=entry_of().pk, file_name="x", source=b"", now=now)

    def test_belong_to_an_entry_and_come_from_the_dcc(self, operator, now):
        with pytest.raises(NotFound):
            services.upload_image(operator, cpl_entry_id=0, file_name="x", source=b"", now=now)
        stranger = Scope(organisation_id=operator.organisation_id, kind=OrganisationKind.SUPPLIER)
        with pytest.raises(NotPermitted):
            services.upload_image(stranger, cpl_entry_id=1, file_name="x", source=b"", now=now)


class TestCommands:
    def test_load_what_the_simulator_writes(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setenv("HUBSIM_TOKENS", "north=a, central=b, fourg=c")
        reference, estate = tmp_path / "reference.json", tmp_path / "estate.csv"
        reference.write_bytes(orjson.dumps(reference_data(3)))
        written = subprocess.run(
            [sys.executable, "-m", "hubsim", "estate", "--hubs=300", "--seed=3"],
            capture_output=True,
            check=True,
        )
        estate.write_bytes(written.stdout)

        call_command("load_reference", str(reference))
        call_command("load_estate", str(estate))

        assert Hub.objects.count() == 300
        assert ServiceToken.objects.count() == 3
        assert "300 lines" in capsys.readouterr().out

    def test_print_what_was_not_taken_and_what_was_not_read(self, tmp_path, capsys, world):
        estate, listed = tmp_path / "estate.csv", tmp_path / "cpl.csv"
        estate.write_text(
            "guid,model,firmware_version,region,smi_status,Engineer\n"
            "00-DB-77-00-00-00-00-01,433100AC,0C220000,Mars,Commissioned,Ann\n"
        )
        listed.write_text(f"type,model,firmware,hash\nCH,433100AC,0C240000,{'AB' * 32}\nESME,1,1,1\n")

        call_command("load_estate", str(estate))
        call_command("load_estate", str(listed), "--kind=cpl")

        out = capsys.readouterr().out
        assert "1 UNKNOWN_REGION: There is no such region." in out
        assert "Not read: Column F is no part of such a file and was not read: “Engineer”." in out
        assert "added 1, changed 0" in out
        assert "Not read: Rows of other kinds of device were not read: 1 (line 3)." in out

    def test_say_plainly_what_is_wrong(self, tmp_path):
        damaged = tmp_path / "damaged"
        damaged.write_bytes(b"{")

        with pytest.raises(CommandError):
            call_command("load_reference", str(damaged))
        with pytest.raises(CommandError, match="load_reference first"):
            call_command("load_estate", str(damaged))
