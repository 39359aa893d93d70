"""Loading the inventory: what a first file fills, a later one changes, and who is told what was imported."""

from __future__ import annotations

import csv
import io

import pytest

from hubsim.estate_csv import csv_chunks
from hubsim.reference import reference_data
from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound, NotPermitted
from rollouts import services
from rollouts.models import EstateImport, EstateTally, Hub, HubHistory, Target
from rollouts.queries.estate.imports import estate_imports, refused_lines_csv
from rollouts.states import HistoryKind, Region, SmiStatus, TargetState
from rollouts.states.inventory import LineProblem
from tests.factories import make_rollout
from tests.integration.inventories import GOOD, HEADING, file_of, line, numbered, tallied

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.hubs(0),
]


def index_definitions() -> list[str]:
    rows = sql.rows("SELECT indexdef FROM pg_indexes WHERE tablename = 'rollouts_hub' ORDER BY indexname")
    return [row.indexdef for row in rows]


@pytest.mark.usefixtures("market_participants")
class TestTheFirstLoad:
    def test_takes_a_hub_as_the_line_says(self, world, load):
        report = load(line())

        hub = Hub.objects.get()
        assert (report.lines, report.accepted, report.refused, report.is_first) == (1, 1, 0, True)
        assert Guid.from_db(hub.guid) == Guid.parse(GOOD["guid"])
        assert Guid.from_db(hub.gpf_guid) == Guid.parse(GOOD["gpf_guid"])
        assert (hub.device_model_id, hub.cpl_entry_id, hub.gpf_cpl_entry_id) == (
            world.model.pk,
            world.current.pk,
            world.current.pk,
        )
        assert (hub.import_supplier_id, hub.gas_supplier_id) == (world.supplier.pk, world.other.pk)
        assert (hub.region, hub.smi_status, hub.gpf_status) == (
            Region.CENTRAL,
            SmiStatus.COMMISSIONED,
            SmiStatus.COMMISSIONED,
        )
        assert (str(hub.commissioned_on), str(hub.installed_on)) == ("2023-05-10", "2023-05-08")
        assert (hub.han_devices, hub.postcode_area) == (3, "DE")

    def test_leaves_empty_what_is_empty(self, load):
        empty = dict.fromkeys(
            ("gpf_guid", "gpf_firmware_version", "gpf_status", "import_mpid", "gas_code", "commissioned_on"),
            "",
        )

        load(line(**empty, installed_on="", han_devices="", postcode_area="", smi_status="Pending"))

        hub = Hub.objects.get()
        assert (hub.gpf_guid, hub.gpf_cpl_entry_id, hub.gpf_status) == (None, None, None)
        assert (hub.import_supplier_id, hub.gas_supplier_id) == (None, None)
        assert (hub.commissioned_on, hub.installed_on, hub.han_devices, hub.postcode_area) == (
            None,
            None,
            0,
            "",
        )

    def test_has_every_index_again(self, load):
        before = index_definitions()

        load(line())

        assert index_definitions() == before
        assert len(before) == 5

    def test_counts_the_estate_and_watches_it_from_then_on(self, load):
        load(*(numbered(n) for n in range(1, 9)))
        Hub.objects.filter(guid__lt=Guid.parse("00-DB-12-34-FF-00-00-04").db).update(smi_status=7)

        assert tallied() == 8
        assert services.measure_estate_drift() == 0

    def test_is_all_or_nothing(self, world, load, monkeypatch):
        monkeypatch.setattr("rollouts.services.estate.load.keep_import", lambda *_, **__: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            load(line())

        assert (Hub.objects.count(), EstateImport.objects.count(), tallied()) == (0, 0, 0)
        assert len(index_definitions()) == 5

    def test_is_for_dcc_operators(self, world, now):
        with pytest.raises(NotPermitted):
            services.load_estate(world.as_supplier, source=file_of(line()), now=now)


@pytest.mark.usefixtures("market_participants")
class TestALaterFile:
    def test_changes_nothing_when_it_says_nothing_new(self, load):
        load(numbered(1), numbered(2))

        report = load(numbered(1), numbered(2))

        assert dict(report.summary) == {"added": 0, "changed": 0, "unchanged": 2, "moving": 0}
        assert HubHistory.objects.count() == 0

    def test_brings_hubs_up_to_date_and_keeps_the_history(self, world, load, now):
        load(numbered(1), numbered(2))

        report = load(numbered(1, firmware_version="0C230000", smi_status="Suspended"), numbered(3))

        hub = Hub.objects.get(guid=Guid.parse("00-DB-12-34-FF-00-00-01").db)
        records = HubHistory.objects.order_by("kind").values_list(
            "kind", "old_value", "new_value", "evidence"
        )
        assert (report.added, report.changed) == (1, 1)
        assert (hub.cpl_entry_id, hub.smi_status) == (world.target.pk, SmiStatus.SUSPENDED)
        assert list(records) == [
            (HistoryKind.VERSION, "0C220000", "0C230000", f"import {report.id}"),
            (HistoryKind.STATUS, "Commissioned", "Suspended", f"import {report.id}"),
        ]
        assert services.measure_estate_drift() == 0

    def test_keeps_what_it_has_no_column_for(self, load, world, now):
        load(line())
        source = (
            b"guid,model,firmware_version,region,smi_status\n"
            b"00-DB-12-34-FF-00-00-01,433100AC,0C230000,South,Commissioned\n"
        )

        services.load_estate(world.operator, source=source, now=now)

        hub = Hub.objects.get()
        assert (hub.cpl_entry_id, hub.region) == (world.target.pk, Region.SOUTH)
        assert hub.gpf_guid is not None
        assert (hub.import_supplier_id, hub.gas_supplier_id) == (world.supplier.pk, world.other.pk)
        assert (str(hub.commissioned_on), hub.han_devices, hub.postcode_area) == ("2023-05-10", 3, "DE")

    def test_hands_hubs_over_whose_supplier_it_changes(self, world, load):
        load(numbered(1), numbered(2))

        report = load(numbered(1, import_mpid="KEST"), numbered(2))

        hub = Hub.objects.get(guid=Guid.parse("00-DB-12-34-FF-00-00-01").db)
        change = HubHistory.objects.get()
        assert report.summary["moving"] == 1
        assert hub.import_supplier_id == world.third.pk
        assert (change.kind, change.old_value, change.new_value) == (
            HistoryKind.IMPORT_SUPPLIER,
            str(world.supplier.pk),
            str(world.third.pk),
        )
        assert services.measure_estate_drift() == 0

    @pytest.mark.requirement("R1.6")
    def test_lets_open_rollouts_follow(self, world, load, now):
        load(*(numbered(n) for n in range(1, 5)))
        rollout = make_rollout(world, now=now)

        load(numbered(2, smi_status="Decommissioned"), numbered(5))

        states = dict(Target.objects.filter(rollout_id=rollout.pk).values_list("guid", "state"))
        assert states[Guid.parse("00-DB-12-34-FF-00-00-02").db] == TargetState.WITHDRAWN
        assert Guid.parse("00-DB-12-34-FF-00-00-05").db in states
        assert len(states) == 5


class TestTheSimulatedEstate:
    @pytest.fixture
    def operator(self, now):
        services.load_reference(reference_data(7), now=now)
        return Scope.system(Organisation.objects.get(kind="DCC").pk)

    def test_loads_whole_and_by_the_recipe(self, operator, now):
        report = services.load_estate(operator, source=csv_chunks(hubs=20_000, seed=7), now=now)

        hubs = Hub.objects.all()
        both = hubs.filter(import_supplier__isnull=False, gas_supplier__isnull=False)
        split = both.extra(where=["import_supplier_id <> gas_supplier_id"]).count()
        assert (report.accepted, report.refused, hubs.count(), tallied()) == (20_000, 0, 20_000, 20_000)
        assert split / 20_000 == pytest.approx(0.13, abs=0.01)
        assert (both.count() - split) / 20_000 == pytest.approx(0.62, abs=0.01)
        assert hubs.filter(smi_status=4).count() / 20_000 == pytest.approx(0.82, abs=0.01)
        assert hubs.filter(smi_status=7).count() / 20_000 == pytest.approx(0.04, abs=0.01)
        assert hubs.filter(import_supplier=None, gas_supplier=None).count() / 20_000 == pytest.approx(
            0.02, abs=0.005
        )

    def test_loaded_again_it_changes_nothing(self, operator, now):
        services.load_estate(operator, source=csv_chunks(hubs=2_000, seed=7), now=now)

        report = services.load_estate(operator, source=csv_chunks(hubs=2_000, seed=7), now=now)

        assert dict(report.summary) == {"added": 0, "changed": 0, "unchanged": 2_000, "moving": 0}

    def test_the_tally_folds_to_the_same_counts(self, operator, now, monkeypatch):
        monkeypatch.setattr("rollouts.services.rollouts.fold_tallies.WORTH_FOLDING_OF_ESTATE", 1)
        services.load_estate(operator, source=csv_chunks(hubs=5_000, seed=7), now=now)
        rows = EstateTally.objects.count()

        folded = services.fold_estate_tally()

        assert folded
        assert (tallied(), EstateTally.objects.count()) == (5_000, rows)
        assert not services.fold_estate_tally()
        assert services.measure_estate_drift() == 0


@pytest.mark.usefixtures("market_participants")
class TestWhatWasImported:
    def test_is_listed_to_the_dcc_the_latest_first(self, world, load):
        load(line())
        load(line(region="East"), numbered(2))

        page = estate_imports(world.operator)

        assert [(each.lines, each.refused) for each in page.items] == [(2, 1), (1, 0)]
        assert page.items[0].refused_by_reason == {LineProblem.UNKNOWN_REGION: 1}
        assert [len(estate_imports(world.operator, before=page.items[0].id).items)] == [1]
        with pytest.raises(NotPermitted):
            estate_imports(world.as_supplier)

    @pytest.mark.requirement("R4.2")
    def test_gives_the_refused_lines_as_a_file_without_formulas(self, world, load):
        report = load(line(region="East"), "=cmd|'/c calc'!A1")

        csv_text = b"".join(refused_lines_csv(world.operator, import_id=report.id)).decode("utf-8-sig")

        rows = list(csv.reader(io.StringIO(csv_text)))
        assert rows[0] == [*HEADING.split(","), "line", "sheet", "reason", "what_to_do"]
        assert rows[1][:-1] == [*line(region="East").split(","), "2", "", "UNKNOWN_REGION"]
        assert rows[2][0].startswith("'=cmd")
        for bad in (NotPermitted, NotFound):
            scope, wanted = (world.as_supplier, report.id) if bad is NotPermitted else (world.operator, 0)
            with pytest.raises(bad):
                refused_lines_csv(scope, import_id=wanted)
