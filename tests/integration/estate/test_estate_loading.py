"""Loading the inventory: every line taken or refused with its reason, and what a later file changes."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
import xlsxwriter

from hubsim.estate_csv import csv_chunks
from hubsim.reference import reference_data
from portal.identity.models import MarketParticipant, Organisation
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound, NotPermitted
from portal.kernel.spreadsheets import FileRefused
from rollouts import services
from rollouts.models import EstateImport, EstateImportLine, EstateTally, Hub, HubHistory, Target
from rollouts.queries.estate.imports import estate_imports, refused_lines_csv
from rollouts.services.estate.inventory.files import NotAnInventory
from rollouts.states import HistoryKind, Region, SmiStatus, TargetState
from rollouts.states.inventory import LineProblem
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)

HEADING = (
    "guid,gpf_guid,manufacturer,model,hardware_version,firmware_version,gpf_firmware_version,region,smi_status,"
    "gpf_status,import_mpid,gas_code,commissioned_on,installed_on,han_devices,postcode_area"
)
GOOD = {
    "guid": "00-DB-12-34-FF-00-00-01",
    "gpf_guid": "00-DB-12-CC-FF-00-00-01",
    "manufacturer": "Toshiba",
    "model": "433100AC",
    "hardware_version": "00AC",
    "firmware_version": "0C220000",
    "gpf_firmware_version": "0C220000",
    "region": "Central",
    "smi_status": "Commissioned",
    "gpf_status": "Commissioned",
    "import_mpid": "BRIG",
    "gas_code": "FER",
    "commissioned_on": "2023-05-10",
    "installed_on": "2023-05-08",
    "han_devices": "3",
    "postcode_area": "DE",
}


def line(**changes):
    return ",".join({**GOOD, **changes}.values())


def numbered(n, **changes):
    return line(guid=f"00-DB-12-34-FF-00-00-{n:02X}", gpf_guid=f"00-DB-12-CC-FF-00-00-{n:02X}", **changes)


def file_of(*lines):
    return "\n".join([HEADING, *lines, ""]).encode()


@pytest.fixture
def world():
    made = make_world(hubs=0)
    fuel = MarketParticipant.Fuel
    for organisation, mpid, gas in (
        (made.supplier, "BRIG", "BRG"),
        (made.other, "FERN", "FER"),
        (made.third, "KEST", "KES"),
    ):
        MarketParticipant.objects.create(organisation=organisation, fuel=fuel.ELECTRICITY, code=mpid)
        MarketParticipant.objects.create(organisation=organisation, fuel=fuel.GAS, code=gas)
    return made


@pytest.fixture
def load(world, now):
    def load(*lines, **more):
        return services.load_estate(
            world.operator, source=file_of(*lines), file_name="estate.csv", now=now, **more
        )

    return load


def reasons(report):
    records = EstateImportLine.objects.filter(estate_import_id=report.id).order_by("line_no")
    return [(each.line_no, each.reason) for each in records]


def tallied():
    return sum(EstateTally.objects.values_list("n", flat=True))


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
        before = [row.making for row in sql.fetch_all("rollouts", "hub_indexes")]

        load(line())

        assert [row.making for row in sql.fetch_all("rollouts", "hub_indexes")] == before
        assert len(before) == 4

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
        assert len(sql.fetch_all("rollouts", "hub_indexes")) == 4

    def test_is_for_dcc_operators(self, world, now):
        with pytest.raises(NotPermitted):
            services.load_estate(world.as_supplier, source=file_of(line()), now=now)


BAD = [
    ({"guid": "00-DB-12-34-FF-00-00"}, LineProblem.MALFORMED_ID),
    ({"guid": "1.23457E+15"}, LineProblem.MALFORMED_ID),
    ({"guid": "00-00-00-00-00-00-00-00"}, LineProblem.MALFORMED_ID),
    ({"guid": ""}, LineProblem.MALFORMED_ID),
    ({"gpf_guid": "nonsense"}, LineProblem.MALFORMED_GPF_ID),
    ({"gpf_guid": GOOD["guid"]}, LineProblem.GPF_IS_THE_HUB),
    ({"manufacturer": "Nobody"}, LineProblem.UNKNOWN_MODEL),
    ({"model": "00000000"}, LineProblem.UNKNOWN_MODEL),
    ({"hardware_version": "FFFF"}, LineProblem.UNKNOWN_MODEL),
    ({"firmware_version": "0D000000"}, LineProblem.UNKNOWN_VERSION),
    ({"firmware_version": ""}, LineProblem.UNKNOWN_VERSION),
    ({"gpf_firmware_version": "0D000000"}, LineProblem.UNKNOWN_GPF_VERSION),
    ({"region": "East"}, LineProblem.UNKNOWN_REGION),
    ({"smi_status": "Broken"}, LineProblem.UNKNOWN_STATUS),
    ({"gpf_status": "Broken"}, LineProblem.UNKNOWN_GPF_STATUS),
    ({"import_mpid": "XXXX"}, LineProblem.UNKNOWN_MPID),
    ({"gas_code": "XXX"}, LineProblem.UNKNOWN_GAS_CODE),
    ({"gas_code": "BRIG"}, LineProblem.UNKNOWN_GAS_CODE),
    ({"commissioned_on": "2023-02-30"}, LineProblem.BAD_DATE),
    ({"installed_on": "yesterday"}, LineProblem.BAD_DATE),
    ({"han_devices": "many"}, LineProblem.BAD_HAN_DEVICES),
    ({"han_devices": "17"}, LineProblem.BAD_HAN_DEVICES),
    ({"postcode_area": "D3"}, LineProblem.BAD_POSTCODE_AREA),
]


class TestRefusedLines:
    def test_say_what_is_wrong_with_them_and_the_others_go_on(self, load):
        report = load(numbered(7), *(line(**changes) for changes, _ in BAD), numbered(9))

        assert reasons(report) == [(number, problem) for number, (_, problem) in enumerate(BAD, start=3)]
        assert report.refused_by_reason == Counter(problem for _, problem in BAD)
        assert (report.lines, report.accepted, Hub.objects.count()) == (len(BAD) + 2, 2, 2)

    def test_are_the_same_in_a_later_file(self, load):
        load(numbered(1))

        report = load(numbered(7), *(line(**changes) for changes, _ in BAD), numbered(9))

        assert reasons(report) == [(number, problem) for number, (_, problem) in enumerate(BAD, start=3)]
        assert (report.added, Hub.objects.count()) == (2, 3)

    def test_keep_their_text(self, load):
        report = load(line(region="East"))

        records = EstateImportLine.objects.get(estate_import_id=report.id)
        assert records.raw == line(region="East")

    def test_are_those_with_too_few_or_too_many_columns_too(self, load):
        report = load(line() + ",more", "one,two", numbered(5), '"never closed,' + line())

        assert reasons(report) == [
            (2, LineProblem.MALFORMED_LINE),
            (3, LineProblem.MALFORMED_LINE),
            (5, LineProblem.MALFORMED_LINE),
        ]

    def test_are_all_but_the_first_of_a_hub_that_stands_there_twice(self, load):
        again = "0x00db1234ff000001"

        report = load(numbered(3), line(), numbered(2), line(guid=again, gpf_guid="", region="South"))

        assert reasons(report) == [(5, LineProblem.DUPLICATE_IN_FILE)]
        assert Hub.objects.get(guid=Guid.parse(again).db).region == Region.CENTRAL
        assert (Hub.objects.count(), tallied()) == (3, 3)
        assert EstateImportLine.objects.get().raw == line(guid=again, gpf_guid="", region="South")

    def test_are_the_later_ones_of_a_gpf_that_stands_there_twice(self, load):
        report = load(numbered(1), numbered(2), line(guid="00-DB-12-34-FF-00-00-03"))

        assert reasons(report) == [(4, LineProblem.DUPLICATE_GPF)]

    def test_are_those_whose_gpf_is_a_hub(self, load):
        report = load(numbered(1), line(guid="00-DB-12-34-FF-00-00-03", gpf_guid="00-DB-12-34-FF-00-00-01"))

        assert reasons(report) == [(3, LineProblem.GPF_IS_A_HUB)]

    def test_are_those_whose_gpf_the_inventory_knows_elsewhere(self, load):
        load(numbered(1), numbered(2))

        report = load(
            numbered(5),
            line(guid="00-DB-12-34-FF-00-00-03", gpf_guid="00-DB-12-CC-FF-00-00-01"),
            line(guid="00-DB-12-34-FF-00-00-04", gpf_guid="00-DB-12-34-FF-00-00-02"),
            line(guid="00-DB-12-CC-FF-00-00-02", gpf_guid=""),
        )

        assert reasons(report) == [
            (3, LineProblem.GPF_OF_ANOTHER_HUB),
            (4, LineProblem.GPF_IS_A_HUB),
            (5, LineProblem.HUB_IS_A_GPF),
        ]

    def test_every_problem_has_words(self):
        assert all(problem.label.endswith(".") for problem in LineProblem)


class TestFilesOfEveryMake:
    def test_spellings_of_the_trade_are_read(self, world, load):
        load(
            line(
                guid="00DB1234FF000001",
                gpf_guid="00:db:12:cc:ff:00:00:01",
                manufacturer="toshiba",
                firmware_version="0x0c220000",
                region="central",
                smi_status="COMMISSIONED",
                import_mpid="brig",
                commissioned_on="10/05/2023",
                installed_on="20230508",
            )
        )

        hub = Hub.objects.get()
        assert (hub.cpl_entry_id, hub.region, hub.import_supplier_id) == (
            world.current.pk,
            2,
            world.supplier.pk,
        )
        assert (str(hub.commissioned_on), str(hub.installed_on)) == ("2023-05-10", "2023-05-08")

    def test_columns_may_stand_in_any_order_among_others_behind_any_separator(self, world, now):
        names = ["comment", *reversed(GOOD)]
        cells = ["=cmd|'/c calc'!A1", *reversed(GOOD.values())]
        source = "\ufeff" + ";".join(names) + "\r\n\r\n" + ";".join(cells) + "\r\n"

        report = services.load_estate(world.operator, source=source.encode(), now=now)

        assert (report.lines, report.refused) == (1, 0)
        assert Hub.objects.get().postcode_area == "DE"

    def test_quoted_cells_are_read(self, load):
        quoted = ",".join(
            f'"{cell}"' for cell in {**GOOD, "guid": "00-DB-12-34-FF-00-00-02", "gpf_guid": ""}.values()
        )

        report = load(line(), quoted)

        assert (report.accepted, report.refused) == (2, 0)

    def test_lines_keep_their_numbers_past_empty_ones(self, load):
        report = load("", numbered(1), "", "", line(region="East"))

        assert reasons(report) == [(6, LineProblem.UNKNOWN_REGION)]
        assert report.lines == 2

    def test_a_file_without_a_last_line_feed_is_complete(self, world, now):
        report = services.load_estate(world.operator, source=file_of(line()).rstrip(), now=now)

        assert report.accepted == 1

    def test_utf_16_is_read(self, world, now):
        report = services.load_estate(
            world.operator, source=file_of(line()).decode().encode("utf-16"), now=now
        )

        assert report.accepted == 1

    def test_a_workbook_is_read(self, world, now):
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer) as workbook:
            sheet = workbook.add_worksheet()
            for row, cells in enumerate(
                [HEADING.split(","), line().split(","), line(region="East").split(",")]
            ):
                sheet.write_row(row, 0, cells)

        report = services.load_estate(
            world.operator, source=buffer.getvalue(), file_name="estate.xlsx", now=now
        )

        assert (report.accepted, reasons(report)) == (1, [(3, LineProblem.UNKNOWN_REGION)])

    def test_pieces_may_end_anywhere(self, world, now):
        data = file_of(*(numbered(n) for n in range(1, 60)))
        pieces = (data[at : at + 7] for at in range(0, len(data), 7))

        report = services.load_estate(world.operator, source=pieces, now=now)

        assert (report.accepted, Hub.objects.count()) == (59, 59)

    @pytest.mark.parametrize(
        ("source", "refusal"),
        [
            (b"", FileRefused),
            (b"%PDF-1.7", FileRefused),
            (b"guid,model\n", NotAnInventory),
            (HEADING.encode().replace(b"gpf_guid", b"guid"), NotAnInventory),
        ],
    )
    def test_what_is_no_inventory_is_refused_as_a_whole(self, world, now, source, refusal):
        with pytest.raises(refusal):
            services.load_estate(world.operator, source=source, now=now)

        assert EstateImport.objects.count() == 0


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

    @pytest.mark.requirement("R3.11")
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
