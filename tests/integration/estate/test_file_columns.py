"""Files as they are really kept: their own headings, mapped once; what of them is not read is named."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from portal.kernel.refusals import BadInput, NotPermitted
from portal.kernel.spreadsheets import FileRefused
from rollouts import services
from rollouts.models import ColumnMapping, EstateImportLine, Hub
from rollouts.queries.estate.imports import estate_imports, file_columns, propose_columns
from rollouts.services.estate.inventory import NotAnInventory
from rollouts.states.inventory import FileKind, LineProblem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.hubs(0)]

HEADING = "CHF;State;Where;Type;Version;Notes"
OWN = {
    "guid": "CHF",
    "smi_status": "State",
    "region": "Where",
    "model": "Type",
    "firmware_version": "Version",
}
LINE = "00-DB-12-34-FF-00-00-{n:02X};Commissioned;Central;433100AC;0C220000;£5 top-up"


@pytest.fixture
def load(world, now):
    def load(source):
        return services.load_estate(world.operator, source=source, file_name="own.csv", now=now)

    return load


def own_file(*numbers, heading=HEADING):
    return "\r\n".join([heading, *(LINE.format(n=n) for n in numbers), ""])


def workbook(*sheets):
    """Sheets as (name, rows, hidden rows, is hidden)."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows, hidden, is_hidden in sheets:
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
            for number in hidden:
                sheet.set_row(number - 1, None, None, {"hidden": True})
            if is_hidden:
                sheet.hide()
    return buffer.getvalue()


class TestAMapping:
    def test_is_made_once_and_remembered(self, world, load, now):
        with pytest.raises(NotAnInventory) as refusal:
            load(own_file(1).encode())
        assert refusal.value.facts["headings"] == HEADING.split(";")

        services.map_columns(world.operator, kind=FileKind.LOAD, columns=OWN, now=now)

        assert (load(own_file(1).encode()).accepted, load(own_file(1, 2).encode()).accepted) == (1, 2)

    def test_counts_before_the_names_the_portal_knows(self, world, load, now):
        services.map_columns(world.operator, kind=FileKind.LOAD, columns={**OWN, "guid": "chf"}, now=now)

        report = load(own_file(1, heading=HEADING.replace("Notes", "guid")).encode())

        assert report.accepted == 1
        assert [part.words for part in report.not_read] == [
            "Column F is no part of such a file and was not read: “guid”."
        ]

    def test_is_forgotten_when_it_is_empty(self, world, load, now):
        services.map_columns(world.operator, kind=FileKind.LOAD, columns=OWN, now=now)
        services.map_columns(world.operator, kind=FileKind.LOAD, columns={}, now=now)

        with pytest.raises(NotAnInventory):
            load(own_file(1).encode())
        assert ColumnMapping.objects.count() == 1

    @pytest.mark.parametrize(
        "columns", [{"colour": "Red"}, {"guid": "x" * 201}, {"guid": " - "}, {"guid": "CHF", "region": "chf"}]
    )
    def test_is_refused_when_it_leads_nowhere(self, world, now, columns):
        with pytest.raises(BadInput):
            services.map_columns(world.operator, kind=FileKind.LOAD, columns=columns, now=now)

    def test_is_for_dcc_operators(self, world, now):
        with pytest.raises(NotPermitted):
            services.map_columns(world.as_supplier, kind=FileKind.LOAD, columns=OWN, now=now)
        with pytest.raises(NotPermitted):
            file_columns(world.as_supplier)
        with pytest.raises(NotPermitted):
            propose_columns(world.as_supplier, kind=FileKind.LOAD, headings=["guid"])

    def test_holds_for_feeds_too(self, world, load, now):
        services.map_columns(world.operator, kind=FileKind.LOAD, columns=OWN, now=now)
        load(own_file(1).encode())
        columns = {"guid": "Box", "status": "New state"}
        services.map_columns(world.operator, kind=FileKind.STATUS_CHANGE, columns=columns, now=now)
        source = "Box,New state,guid\n00-DB-12-34-FF-00-00-01,Suspended,7\n".encode("utf-16")

        report = services.take_status_changes(world.operator, source=source, now=now)

        assert (report.changed, [part.name for part in report.not_read]) == (1, ["guid"])

    def test_is_proposed_from_the_headings(self, world):
        proposal = propose_columns(
            world.operator,
            kind=FileKind.LOAD,
            headings=["CHF ID", "Device Model", "Firmware Version", "CSP Region", "Engineer"],
        )

        assert proposal.columns == {
            "guid": "CHF ID",
            "model": "Device Model",
            "firmware_version": "Firmware Version",
            "region": "CSP Region",
        }
        assert (proposal.missing, proposal.not_read) == (["smi_status"], ["Engineer"])


class TestWhatIsNotRead:
    @pytest.fixture(autouse=True)
    def mapped(self, world, now):
        services.map_columns(world.operator, kind=FileKind.LOAD, columns=OWN, now=now)

    def test_is_named_in_the_report_and_the_list(self, world, load):
        report = load(("Extract of 1 March\n\n" + own_file(1)).encode("cp1252"))

        assert [part.words for part in report.not_read] == [
            "Above the heading, line 1 was not read.",
            "Column F is no part of such a file and was not read: “Notes”.",
        ]
        assert list(estate_imports(world.operator).items[0].not_read) == list(report.not_read)

    def test_are_hidden_rows_and_other_sheets_of_a_workbook(self, load):
        rows = [HEADING.split(";")[:5], *(LINE.format(n=n).split(";")[:5] for n in range(1, 7))]
        source = workbook(
            ("Cover", [["Notes"], ["Old"]], (), False),
            ("Hubs", rows, (3, 4), False),
            ("More", rows, (), False),
            ("Old", rows[:3], (), True),
        )

        report = load(source)

        # Of the second sheet four hubs stand on the first already.
        assert (report.lines, report.accepted, Hub.objects.count()) == (10, 6, 6)
        assert [part.words for part in report.not_read] == [
            "Sheet “Hubs”: hidden rows were not read: 2 (row 3 to 4). Show them to include them.",
            "Sheet “Cover”: the sheet has not the columns of such a file. Rows not read: 2.",
            "Sheet “Old”: the sheet is hidden. Rows not read: 3. Show the sheet to include it.",
        ]

    def test_are_formulas_without_a_value(self, load):
        rows = [HEADING.split(";")[:5], *(LINE.format(n=n).split(";")[:5] for n in range(1, 3))]
        rows[2][0] = "=A2"
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer) as book:
            sheet = book.add_worksheet()
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
            sheet.write_formula(2, 0, "=A2", None, "")

        report = load(buffer.getvalue())

        assert (report.accepted, report.refused_by_reason) == (1, {LineProblem.MALFORMED_ID: 1})


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_file_of_any_make_is_read_to_its_last_line(world, load, now, encoding, ending):
    services.map_columns(world.operator, kind=FileKind.LOAD, columns=OWN, now=now)
    text = own_file(*range(1, 9)).replace("\r\n", ending)
    text = text.replace("FF-00-00-03;", 'FF-00-00-03;"').replace(
        "00-DB-12-34-FF-00-00-05", "\u200e00db1234ff000005"
    )

    if encoding == "cp1252":
        text = text.replace("\u200e", "\u00a0")
    report = load(text.encode(encoding))

    assert (report.lines, report.accepted) == (8, 7)
    assert [(each.line_no, each.reason) for each in EstateImportLine.objects.all()] == [(4, "MALFORMED_LINE")]


@pytest.mark.parametrize("source", [b"\0\1\2" * 4000, b"PK\x03\x04rest", b"\n\n  \n"])
def test_what_is_no_file_of_lines_is_refused(load, source):
    with pytest.raises(FileRefused):
        load(source)
