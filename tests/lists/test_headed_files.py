"""Inventories, feeds and the Central Products List as they really arrive: every row is taken, refused or named."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass, field

import pytest

from portal.identity.models import MarketParticipant
from portal.kernel.spreadsheets import ROW_KINDS, FileRefused
from rollouts import services
from rollouts.models import EstateImportLine
from tests.factories import make_world
from tests.lists.workbooks import archive, opened, rewritten, written

pytestmark = pytest.mark.django_db(transaction=True)
HASH = "AB" * 32
#: Of each kind: its heading, a good row by number, and a row that cannot be taken.
KINDS = {
    "inventory": (
        ("guid", "model", "firmware_version", "region", "smi_status"),
        lambda n: (f"00-DB-77-00-00-00-00-{n:02X}", "433100AC", "0C220000", "Central", "Commissioned"),
        ("00-DB-77-00-00-00-00-EE", "433100AC", "0C220000", "Mars", "Commissioned"),
    ),
    "statuses": (
        ("guid", "smi_status"),
        lambda n: (f"00-DB-12-34-00-00-00-{n:02X}", "Suspended"),
        ("00-DB-12-34-00-00-00-00", "Asleep"),
    ),
    "suppliers": (
        ("guid", "role", "code"),
        lambda n: (f"00-DB-12-34-00-00-00-{n:02X}", "IMPORT", "KEST"),
        ("00-DB-12-34-00-00-00-00", "IMPORT", "NONE"),
    ),
    "list": (
        ("model", "firmware_version", "hash"),
        lambda n: ("433100AC", f"0D{n:06X}", HASH),
        ("433100AC", "0E000000", "no hash"),
    ),
}


@dataclass(frozen=True)
class Arrival:
    """A file made of the rows of a kind, with how many are taken and refused, and rows named by kind."""

    name: str
    make: object
    taken: int
    refused: int = 0
    named: dict[str, int] = field(default_factory=dict)


def text(*rows, delimiter=",", end="\r\n", encoding="utf-8"):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode(encoding)


def hidden_rows(book):
    book.active.row_dimensions[3].hidden = True


def hidden_sheet(book):
    book.worksheets()[1].hide()


def formula(book):
    book.worksheets()[0].write_formula(2, 0, "=A2", None, "")


def error(book):
    book.active["A3"] = "#N/A"


def merged(book):
    book.active.merge_cells("A2:A3")


ARRIVALS = [
    Arrival("plain", lambda h, g, b: text(h, g(1), g(2)), 2),
    Arrival("a bad row", lambda h, g, b: text(h, g(1), b, g(2)), 2, 1),
    Arrival(
        "semicolons of Windows", lambda h, g, b: text(h, g(1), b, delimiter=";", encoding="cp1252"), 1, 1
    ),
    Arrival("tabs", lambda h, g, b: text(h, g(1), g(2), delimiter="\t", end="\n"), 2),
    Arrival("old Mac", lambda h, g, b: text(h, g(1), g(2), end="\r"), 2),
    Arrival("UTF-16", lambda h, g, b: text(h, g(1), g(2), encoding="utf-16"), 2),
    Arrival("UTF-16 without mark", lambda h, g, b: text(h, g(1), g(2), encoding="utf-16-le"), 2),
    Arrival("UTF-8 with mark", lambda h, g, b: codecs.BOM_UTF8 + text(h, g(1)), 1),
    Arrival("empty lines", lambda h, g, b: text(h, g(1)) + b"\r\n\r\n" + text(g(2)), 2),
    Arrival("blank cells alone", lambda h, g, b: text(h, g(1), [""] * len(h), g(2)), 2),
    Arrival("title above", lambda h, g, b: text(["As of 1 March"], h, g(1)), 1, 0, {"ABOVE_HEADING": 1}),
    Arrival("an open quote", lambda h, g, b: text(h, g(1)) + b'"open\r\n' + text(g(2)), 2, 1),
    Arrival("more cells", lambda h, g, b: text([*h, "note"], [*g(1), "x"], [*g(2), "y"]), 2),
    Arrival("no last line end", lambda h, g, b: text(h, g(1), g(2)).rstrip(), 2),
    Arrival("columns in another order", lambda h, g, b: text(h[::-1], g(1)[::-1], b[::-1]), 1, 1),
    Arrival("a workbook", lambda h, g, b: written(("A", [h, g(1), b])), 1, 1),
    Arrival("by openpyxl", lambda h, g, b: opened([h, g(1), g(2)]), 2),
    Arrival("two sheets", lambda h, g, b: written(("A", [h, g(1)]), ("B", [h, g(2), b])), 2, 1),
    Arrival(
        "two sheets in two orders",
        lambda h, g, b: written(("A", [h, g(1)]), ("B", [h[::-1], g(2)[::-1], b[::-1]])),
        2,
        1,
    ),
    Arrival(
        "another sheet",
        lambda h, g, b: written(("A", [["Notes"], ["x"]]), ("B", [h, g(1)])),
        1,
        0,
        {"OTHER_SHEET": 2},
    ),
    Arrival(
        "a hidden sheet",
        lambda h, g, b: written(("A", [h, g(1)]), ("B", [h, g(2)]), change=hidden_sheet),
        1,
        0,
        {"HIDDEN_SHEET": 2},
    ),
    Arrival("a hidden row", lambda h, g, b: opened([h, g(1), g(2)], hidden_rows), 1, 0, {"HIDDEN_ROWS": 1}),
    Arrival(
        "a formula without result", lambda h, g, b: written(("A", [h, g(1), g(2)]), change=formula), 1, 1
    ),
    Arrival("an error", lambda h, g, b: opened([h, g(1), g(2)], error), 1, 1),
    Arrival("merged cells", lambda h, g, b: opened([h, g(1), g(2)], merged), 1, 1),
    Arrival(
        "names with backslashes",
        lambda h, g, b: rewritten(
            written(("A", [h, g(1)])), lambda part: part, name=lambda name: name.replace("/", "\\")
        ),
        1,
    ),
    Arrival("far down", lambda h, g, b: written(("A", [h, *[[]] * 700, g(1), *[[]] * 300, b])), 1, 1),
]


@pytest.fixture
def take(now):
    world = make_world()
    fuel = MarketParticipant.Fuel.ELECTRICITY
    MarketParticipant.objects.create(organisation=world.third, fuel=fuel, code="KEST")
    takers = {
        "inventory": lambda data: services.load_estate(world.operator, source=data, now=now),
        "statuses": lambda data: services.take_status_changes(world.operator, source=data, now=now),
        "suppliers": lambda data: services.take_supplier_changes(world.operator, source=data, now=now),
        "list": lambda data: services.take_cpl_list(world.operator, data=data, now=now),
    }
    return lambda kind, data: takers[kind](data)


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_taken_comes_back_or_is_named(take, kind):
    heading, good, bad = KINDS[kind]
    wrong = []
    for arrival in ARRIVALS:
        # The list is compared by its second column, so errors and merging there make a row bad, too.
        report = take(kind, arrival.make(heading, good, bad))
        named = {part.kind.value: part.rows for part in report.not_read if part.kind in ROW_KINDS}
        lines = EstateImportLine.objects.filter(estate_import_id=report.id).exclude(reason="OLDER_VERSION")
        outcome = (report.accepted, report.refused, named, lines.count())
        if outcome != (arrival.taken, arrival.refused, arrival.named, arrival.refused):
            wrong.append((arrival.name, outcome, list(lines.values_list("line_no", "reason", "raw"))))

    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_read_says_how_to_save_it(take, kind):
    ole = bytes.fromhex("D0CF11E0A1B11AE1")
    refused = {
        "xls": (ole + bytes(4000), "Save it as .xlsx"),
        "password": (ole + bytes(2000) + "EncryptedPackage".encode("utf-16-le") + bytes(99), "password"),
        "ods": (archive("mimetype", "content.xml"), "Save"),
        "xlsb": (archive("xl/workbook.bin"), "Save"),
        "pdf": (b"%PDF-1.7\n\0", "neither text nor a workbook"),
        "empty": (b" \n\n", "empty"),
    }
    for name, (data, words) in refused.items():
        with pytest.raises(FileRefused) as refusal:
            take(kind, data)
        assert words.lower() in refusal.value.message.lower(), name


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("statuses", "00-DB-12-34-00-00-00-01,Suspended", "00db123400000001,Commissioned"),
        ("suppliers", "00-DB-12-34-00-00-00-01,IMPORT,KEST", "00-DB-12-34-00-00-00-01,IS,"),
    ],
)
def test_of_two_lines_about_one_hub_the_first_comes_back(take, kind, first, second):
    heading = ",".join(KINDS[kind][0])

    report = take(kind, f"{heading}\n{first}\n{second}\n".encode())

    (line,) = EstateImportLine.objects.filter(estate_import_id=report.id)
    assert (report.lines, report.accepted) == (2, 1)
    assert (line.line_no, line.reason, line.raw) == (2, "OVERTAKEN", first)
