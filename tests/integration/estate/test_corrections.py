"""Lines that were not accepted come back in the columns of their file: correct the wrong cell and send it again."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
import xlsxwriter

from rollouts import services
from rollouts.models import EstateImportLine, Hub
from rollouts.queries.estate.imports import refused_lines_csv, refused_lines_xlsx
from rollouts.states import Region
from rollouts.states.inventory import FileKind

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.hubs(0), pytest.mark.requirement("R4.2")]
OWN = {
    "guid": "CHF",
    "smi_status": "State",
    "region": "Where",
    "model": "Type",
    "firmware_version": "Version",
}
HEADING = ("CHF", "State", "Where", "Type", "Version", "Notes")


def row(n, **changes):
    cells = {
        "CHF": f"00-DB-12-34-FF-00-00-{n:02X}",
        "State": "Commissioned",
        "Where": "Central",
        "Type": "433100AC",
        "Version": "0C220000",
        "Notes": 'a "quoted" note; with £',
    }
    return [*{**cells, **changes}.values()]


def csv_of(*rows, delimiter=";"):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADING, *rows])
    return text.getvalue().encode("cp1252")


def workbook(**sheets):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return data.getvalue()


@pytest.fixture
def load(world, now):
    services.map_columns(world.operator, kind=FileKind.LOAD, columns=OWN, now=now)

    def load(source):
        return services.load_estate(world.operator, source=source, file_name="own.csv", now=now)

    return load


@pytest.fixture
def given_back(world):
    def given_back(report):
        text = b"".join(refused_lines_csv(world.operator, import_id=report.id)).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))

    return given_back


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_correcting_the_wrong_cells_alone_is_enough(load, given_back, delimiter):
    rows = (row(1), row(2, Where="Mars"), row(1, Where="North"), row(3, Type="?"))
    report = load(csv_of(*rows, delimiter=delimiter))

    heading, *rows = given_back(report)

    assert heading == [*HEADING, "line", "sheet", "reason", "what_to_do"]
    assert [(each[6], each[8]) for each in rows] == [
        ("3", "UNKNOWN_REGION"),
        ("4", "DUPLICATE_IN_FILE"),
        ("5", "UNKNOWN_MODEL"),
    ]
    assert [each[:6] for each in rows] == [row(2, Where="Mars"), row(1, Where="North"), row(3, Type="?")]
    rows[0][2], rows[1][0], rows[2][3] = "South", row(4)[0], "433100AC"
    text = io.StringIO()
    csv.writer(text).writerows([heading, *rows])

    again = load(text.getvalue().encode())

    assert (again.lines, again.accepted) == (3, 3)
    assert [part.name for part in again.not_read] == ["Notes"]
    assert Hub.objects.count() == 4


def test_a_corrected_workbook_is_taken_too_whatever_sheets_the_lines_came_from(world, load):
    other_order = [list(reversed(cells)) for cells in (HEADING, row(2), row(3, Where="Mars"))]
    report = load(workbook(First=[HEADING, row(1, State="?")], Second=other_order, Cover=[["Notes"]]))

    data = b"".join(refused_lines_xlsx(world.operator, import_id=report.id))
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [[cell.value or "" for cell in line] for line in book.active.iter_rows()]

    assert [(each[:6], each[6:9]) for each in cells[1:]] == [
        (row(1, State="?"), [2, "First", "UNKNOWN_STATUS"]),
        ([*row(3, Where="Mars")[:5], ""], [3, "Second", "UNKNOWN_REGION"]),
    ]
    assert [part.words for part in report.not_read if part.sheet == "Cover"] == [
        "Sheet “Cover”: the sheet has not the columns of such a file. Rows not read: 1."
    ]
    book.active["B2"], book.active["C3"] = "Commissioned", "North"
    corrected = io.BytesIO()
    book.save(corrected)
    again = load(corrected.getvalue())
    assert (again.lines, again.accepted, Hub.objects.count()) == (2, 2, 3)


def test_a_line_of_another_width_comes_back_with_what_was_left_over(load, given_back):
    report = load(csv_of(row(1), [*row(2), "too much"], row(3)[:3]) + b'"never closed\n')

    _, longer, shorter, unclosed = given_back(report)

    assert longer[:6] == row(2)
    assert longer[-1].endswith("Left over: too much")
    assert shorter[:6] == [*row(3)[:3], "", "", ""]
    assert unclosed[0] == '"never closed'


def test_a_sheet_with_other_columns_than_the_first_is_named_and_not_taken_for_empty_cells(load):
    fewer = [cells[:3] + cells[3:5] for cells in (list(HEADING), row(2))]
    with_area = [[*HEADING[:5], "postcode_area"], [*row(3)[:5], "DE"]]

    report = load(workbook(First=[HEADING, row(1)], Fewer=fewer, More=with_area))

    assert (report.accepted, Hub.objects.count()) == (2, 2)
    assert "Sheet “More”: the sheet has other columns than the first. Rows not read: 2." in [
        part.words.removesuffix(" Send it as a file of its own.") for part in report.not_read
    ]


def test_a_feed_comes_back_the_same_way(world, load, given_back, now):
    load(csv_of(row(1), row(2)))
    feed = "hub,status,effective\n" + f"{row(1)[0]},Suspended,2020-01-01\n{row(2)[0]},Asleep,\n"

    report = services.take_status_changes(world.operator, source=feed.encode(), now=now)

    heading, line = given_back(report)
    assert heading[:3] == ["hub", "status", "effective"]
    assert line[:3] == [row(2)[0], "Asleep", ""]
    line[1] = "Suspended"
    text = "\n".join(",".join(f'"{cell}"' for cell in each) for each in (heading, line))
    again = services.take_status_changes(world.operator, source=text.encode(), now=now)
    assert (again.lines, again.accepted, again.not_read) == (1, 1, [])


def test_of_a_feed_every_sheet_that_has_the_heading_is_read(world, load, now):
    load(csv_of(row(1), row(2)))
    heading = ("guid", "smi_status")
    book = workbook(
        March=[heading, (row(1)[0], "Suspended")],
        April=[heading[::-1], ("Suspended", row(2)[0]), ("Suspended", "no guid")],
        Notes=[("nothing",)],
    )

    report = services.take_status_changes(world.operator, source=book, now=now)

    assert (report.lines, report.accepted) == (3, 2)
    assert [part.sheet for part in report.not_read] == ["Notes"]
    assert EstateImportLine.objects.get(estate_import_id=report.id).line_no % (1 << 32) == 3
    assert set(Hub.objects.values_list("region", flat=True)) == {Region.CENTRAL}
