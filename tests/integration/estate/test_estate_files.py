"""Estates in numbers, as files, and by the labels of their Suppliers."""

from __future__ import annotations

import io

import pytest

from portal.kernel.refusals import BadInput, NotPermitted
from portal.kernel.spreadsheets import read_rows
from rollouts import services
from rollouts.models import DeviceModel, EstateTally, Hub, Target
from rollouts.queries.estate.estate import (
    TooManyForWorkbook,
    estate_counts,
    estate_total,
    export_estate,
    write_estate_workbook,
)
from rollouts.queries.estate.keyset import EstateFilter
from rollouts.queries.estate.labels import labels
from rollouts.services import HubList
from rollouts.states import Region, SmiStatus, TargetState
from tests.factories import make_rollout
from tests.integration.estates import all_rows, exported

pytestmark = pytest.mark.django_db


class TestNumbers:
    @pytest.mark.requirement("R4.3")
    def test_count_an_estate_by_role_region_status_and_version(self, world):
        Hub.objects.filter(guid=world.guid(4)).update(cpl_entry=world.oldest, region=Region.SOUTH)

        counts = estate_counts(world.as_supplier)

        assert (counts.total, counts.split) == (16, 5)
        assert counts.by_role == {"BOTH": 9, "IMPORT": 5, "GAS": 2}
        assert counts.by_region == {Region.CENTRAL: 15, Region.SOUTH: 1}
        assert counts.by_status == {SmiStatus.COMMISSIONED: 16}
        assert [(each.version, each.hubs) for each in counts.by_version] == [
            ("0C210000", 1),
            ("0C220000", 15),
        ]

    def test_count_each_hub_once_for_the_dcc(self, world):
        assert estate_counts(world.operator).total == 20

    @pytest.mark.requirement("R4.3")
    def test_agree_with_the_pages(self, world):
        Hub.objects.filter(guid=world.guid(4)).update(cpl_entry=world.oldest)

        for scope in (world.as_supplier, world.as_other, world.as_csp, world.operator):
            for filters in ({}, {"versions": ["0C210000"]}, {"is_split": True}, {"roles": ["BOTH"]}):
                total = estate_total(scope, filters=EstateFilter(**filters))
                assert total == len(all_rows(scope, **filters)), (scope.organisation_name, filters)

    def test_are_not_given_where_each_hub_would_be_looked_at(self, world):
        assert estate_total(world.as_supplier, filters=EstateFilter(label="vans")) is None

    @pytest.mark.requirement("R4.3")
    def test_follow_every_change_of_hubs(self, world):
        Hub.objects.filter(guid__lte=world.guid(2)).delete()
        Hub.objects.filter(guid=world.guid(5)).update(smi_status=5)

        assert estate_counts(world.as_supplier).by_status == {
            SmiStatus.COMMISSIONED: 12,
            SmiStatus.DECOMMISSIONED: 1,
        }
        assert services.measure_estate_drift() == 0

    def test_show_drift_where_the_tally_is_wrong(self, world):
        EstateTally.objects.create(
            import_supplier_id=0,
            gas_supplier_id=0,
            device_model_id=1,
            cpl_entry_id=1,
            region=1,
            smi_status=1,
            n=3,
        )

        assert services.measure_estate_drift() == 3


class TestFiles:
    @pytest.mark.requirement("R4.3")
    @pytest.mark.parametrize("who", ["as_supplier", "as_other", "as_csp", "operator"])
    def test_hold_what_the_pages_show(self, world, now, who):
        make_rollout(world, now=now)
        Target.objects.filter(guid=world.guid(1)).update(state=TargetState.ACTIVATED)
        Hub.objects.filter(guid=world.guid(2)).update(gpf_guid=None, gpf_cpl_entry=None, commissioned_on=None)
        scope = getattr(world, who)

        rows = {row["guid"]: row for row in exported(scope)}

        shown = all_rows(scope)
        assert rows.keys() == {row.guid for row in shown}
        for row in shown:
            line = rows[row.guid]
            assert (line["gpf_guid"], line["manufacturer"], line["model"], line["firmware_version"]) == (
                row.gpf_guid,
                row.manufacturer,
                row.model,
                row.version,
            )
            assert (line["region"], line["status"]) == (row.region.name, row.status.name)
            assert line["has_second_supplier"] == ("yes" if row.has_second_supplier else "no")
            assert line["commissioned_on"] == (row.commissioned_on.isoformat() if row.commissioned_on else "")
            assert (line["rollout_name"], line["state"]) == (
                row.rollout_name,
                row.state.name if row.state else "",
            )
            assert line["effective_at"] == (
                row.effective_at.strftime("%Y-%m-%dT%H:%M:%SZ") if row.effective_at else ""
            )
            if who == "operator":
                assert (line["import_supplier"], line["gas_supplier"]) == (
                    row.import_supplier,
                    row.gas_supplier,
                )
            else:
                assert line["role"] == row.role

    @pytest.mark.requirement("R4.3")
    def test_are_narrowed_as_pages_are(self, world, now):
        rollout = make_rollout(world, now=now)
        Target.objects.filter(guid=world.guid(1)).update(state=TargetState.ACTIVATED)

        rows = exported(world.as_supplier, rollout_id=rollout.pk, states=[TargetState.ACTIVATED])

        assert [(row["guid"], row["state"], row["rollout_name"]) for row in rows] == [
            ("00-DB-12-34-00-00-00-01", "ACTIVATED", rollout.name)
        ]
        assert exported(world.as_supplier, search="00-DB-12-34-00-00-00-11") == []

    def test_hold_no_formula(self, world, now):
        DeviceModel.objects.update(manufacturer="=cmd|'/c calc'!A1", model="@SUM(1)")
        rollout = make_rollout(world, now=now)
        type(rollout).objects.update(name='+1, "quoted"')

        row = exported(world.as_supplier)[0]

        assert (row["manufacturer"], row["model"]) == ("'=cmd|'/c calc'!A1", "'@SUM(1)")
        assert row["rollout_name"] == '\'+1, "quoted"'

    def test_come_in_pieces(self, world):
        pieces = list(export_estate(world.as_supplier))

        assert pieces
        assert all(isinstance(piece, bytes) for piece in pieces)

    @pytest.mark.requirement("R4.3")
    def test_come_as_workbooks_too(self, world, now):
        make_rollout(world, now=now)
        target = io.BytesIO()

        count = write_estate_workbook(world.as_supplier, target=target)

        rows = [cells for _, cells in read_rows(target.getvalue())]
        assert count == 16
        assert rows[0][:4] == ["guid", "gpf_guid", "manufacturer", "model"]
        assert rows[1][0] == "00-DB-12-34-00-00-00-00"
        assert len(rows) == 17
        assert not any(other.name in str(rows) for other in (world.other, world.third))

    def test_a_workbook_of_millions_is_refused(self, world, monkeypatch):
        monkeypatch.setattr("rollouts.queries.estate.estate.MOST_IN_A_WORKBOOK", 15)

        with pytest.raises(TooManyForWorkbook):
            write_estate_workbook(world.as_supplier, target=io.BytesIO())


class TestLabels:
    @pytest.fixture
    def named(self, world):
        return lambda *wanted: HubList.from_stored([world.guid(n) for n in wanted])

    @pytest.fixture(autouse=True)
    def _commits(self, transactional_db):
        """Use cases open transactions of their own."""

    def test_are_put_on_ones_own_hubs_only(self, world, named):
        done = services.add_label(world.as_supplier, label="  Night  vans ", hubs=named(1, 2, 17, 40))

        assert (done.changed, done.unchanged) == (2, 0)
        assert [(line.raw, line.reason) for line in done.rejected] == [
            ("00-DB-12-34-00-00-00-11", "UNKNOWN_DEVICE"),
            ("00-DB-12-34-00-00-00-28", "UNKNOWN_DEVICE"),
        ]
        assert [(each.label, each.hubs) for each in labels(world.as_supplier)] == [("Night vans", 2)]
        assert labels(world.as_other) == []

    def test_are_put_on_once(self, world, named):
        services.add_label(world.as_supplier, label="vans", hubs=named(1, 2))

        done = services.add_label(world.as_supplier, label="vans", hubs=named(2, 3))

        assert (done.changed, done.unchanged) == (1, 1)

    def test_are_taken_off_by_the_list_or_altogether(self, world, named):
        services.add_label(world.as_supplier, label="vans", hubs=named(1, 2, 3))
        services.add_label(world.as_other, label="vans", hubs=named(9))

        assert services.remove_label(world.as_supplier, label="vans", hubs=named(1, 9)).changed == 1
        assert services.remove_label(world.as_supplier, label="vans").changed == 2
        assert [each.hubs for each in labels(world.as_other)] == [1]

    def test_need_a_name_and_somebody_who_may(self, world, named):
        for name in ("", " ", "x" * 41, "two\x00lines"):
            with pytest.raises(BadInput):
                services.add_label(world.as_supplier, label=name, hubs=named(1))
        with pytest.raises(NotPermitted):
            services.add_label(world.operator, label="vans", hubs=named(1))

    def test_are_not_without_number(self, world, named, monkeypatch):
        monkeypatch.setattr("rollouts.services.estate.label.MOST_LABELS", 1)
        services.add_label(world.as_supplier, label="vans", hubs=named(1))

        with pytest.raises(BadInput):
            services.add_label(world.as_supplier, label="lorries", hubs=named(1))
        assert services.add_label(world.as_supplier, label="vans", hubs=named(2)).changed == 1
