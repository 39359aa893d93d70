"""Lines and files of the inventory: every make that is read, and every line that is refused with its reason."""

from __future__ import annotations

import io
from collections import Counter

import pytest
import xlsxwriter

from portal.kernel.guid import Guid
from portal.kernel.spreadsheets import FileRefused
from rollouts import services
from rollouts.models import EstateImport, EstateImportLine, Hub
from rollouts.services.estate.inventory.files import NotAnInventory
from rollouts.states import Region
from rollouts.states.inventory import LineProblem
from tests.integration.inventories import GOOD, HEADING, file_of, line, numbered, reasons, tallied

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.hubs(0),
]


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


@pytest.mark.usefixtures("market_participants")
class TestRefusedLines:
    def test_say_what_is_wrong_with_them_and_the_others_go_on(self, load):
        report = load(numbered(7), *(line(**changes) for changes, _ in BAD), numbered(9))

        assert reasons(report) == [(number, problem) for number, (_, problem) in enumerate(BAD, start=3)]
        assert report.refused_by_reason == Counter(problem for _, problem in BAD)
        assert (report.lines, report.accepted, Hub.objects.count()) == (len(BAD) + 2, 2, 2)

    def test_name_the_models_and_firmware_the_list_lacks_each_once(self, load, world):
        known = world.model.pk
        load(
            line(model="51A00002", hardware_version="0002", firmware_version="5A000001"),
            line(model="51A00002", hardware_version="0002", firmware_version="5A000002"),
            line(firmware_version="0D000000"),
            line(firmware_version="0D000000"),
            line(gpf_firmware_version="0E000000"),
            numbered(7),
        )

        named = EstateImport.objects.latest("pk").unlisted
        assert [(each["model"], each["firmware_version"], each["model_id"]) for each in named] == [
            ("51A00002", "5A000001", -1),
            ("51A00002", "5A000002", -1),
            (world.model.model, "0D000000", known),
            (world.model.model, "0E000000", known),
        ]

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


@pytest.mark.usefixtures("market_participants")
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
