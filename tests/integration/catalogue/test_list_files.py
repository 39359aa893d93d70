"""The Central Products List as a file of any make: what is taken, what comes back, what is named as not read."""

from __future__ import annotations

import csv
import hashlib
import io

import pytest
import xlsxwriter

from hubsim.catalogue import make_image
from portal.kernel.refusals import NotPermitted
from portal.kernel.spreadsheets import FileRefused
from portal.kernel.versions import EditConflict
from rollouts import services
from rollouts.models import CplEntry, EstateImportLine
from rollouts.queries.estate.imports import refused_lines_csv
from rollouts.states.inventory import FileKind, LineProblem
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)
HASH = "AB" * 32
HEADING = ("CPL Entry ID", "Device Type", "Model", "Firmware Version", "Image Hash", "Status", "Upgrade Path")


def row(version, *, path="N/A", status="Current", model="433100AC", number="", kind="CH", digest=HASH):
    return (number, kind, model, version, digest, status, path)


def text(*rows, heading=HEADING, delimiter=",", encoding="utf-8"):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([heading, *rows])
    return out.getvalue().encode(encoding)


def book(**sheets):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return data.getvalue()


@pytest.fixture
def world():
    return make_world(hubs=2)


@pytest.fixture
def take(world, now):
    def take(data, **more):
        return services.take_cpl_list(world.operator, data=data, file_name="cpl.csv", now=now, **more)

    return take


def problems(report):
    lines = EstateImportLine.objects.filter(estate_import_id=report.id).order_by("line_no")
    return [(line.line_no, line.reason) for line in lines]


def entry(version):
    return CplEntry.objects.get(firmware_version=version)


@pytest.mark.parametrize(
    "data",
    [
        text(row("0C24 0000", path="0C230000 ; 0C22.00.00", number="CH-24")),
        text(row("0C240000", path="0C230000|0C220000", number="CH-24"), delimiter=";", encoding="utf-16"),
        text(row("0x0C240000", path="0C230000,0C220000", number="CH-24"), delimiter="\t", encoding="cp1252"),
        book(
            Cover=[["Central Products List"]],
            CPL=[["As of 1 March"], HEADING, row("0C240000", path="0C230000, 0C220000", number="CH-24")],
        ),
    ],
    ids=["csv", "utf-16", "tabs", "workbook"],
)
def test_an_entry_is_added_from_a_file_of_any_make(world, take, data):
    report = take(data)

    added = entry("0C240000")
    assert (report.lines, report.accepted, report.summary["added"]) == (1, 1, 1)
    assert added.allowed_predecessor_ids == [world.current.pk, world.target.pk]
    assert (added.reference, bytes(added.image_sha256)) == ("CH-24", bytes.fromhex(HASH))


def test_a_path_may_name_entries_by_number_and_what_stands_further_down(take):
    report = take(
        text(
            row("0C260000", path="CH-25"),
            row("0C250000", path="CH-24", number="CH-25"),
            row("0C240000", path="0C230000", number="CH-24"),
        )
    )

    assert report.refused == 0
    assert entry("0C260000").allowed_predecessor_ids == [entry("0C250000").pk]
    assert entry("0C250000").allowed_predecessor_ids == [entry("0C240000").pk]


def test_every_row_is_taken_comes_back_or_is_named(world, take):
    sheet = [
        HEADING,
        row("0C240000"),
        row("0C240000", digest="CD" * 32),
        row("no version!"),
        row("0C250000", digest="12"),
        row("0C250000", status="Perhaps"),
        row("0C250000", model="UNHEARD"),
        row("0C250000", path="0C990000"),
        row("0C260000", path="0C250000"),
        row("1", kind="ESME"),
        row("2", kind="GSME"),
        row("0C270000", number="N" * 41),
    ]
    report = take(book(CPL=sheet, Notes=[["nothing"], ["of note"]]))

    assert problems(report) == [
        (3, "DUPLICATE_ENTRY"),
        (4, "BAD_VERSION"),
        (5, "BAD_HASH"),
        (6, "BAD_CPL_STATUS"),
        (7, "UNKNOWN_MODEL"),
        (8, "BAD_PREDECESSOR"),
        (9, "BAD_PREDECESSOR"),
        (12, "TEXT_TOO_LONG"),
    ]
    assert [part.words for part in report.not_read] == [
        "Sheet “Notes”: the sheet has not the columns of such a file. Rows not read: 2.",
        "Sheet “CPL”: rows of other kinds of device were not read: 2 (row 10 to 11).",
    ]
    assert report.lines + sum(part.rows for part in report.not_read) == len(sheet) - 1 + 2


def test_correcting_the_wrong_cell_alone_is_enough(world, take):
    report = take(text(row("0C240000"), row("0C250000", path="0C42000")))
    given = b"".join(refused_lines_csv(world.operator, import_id=report.id)).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(given)))
    assert rows[0] == [*HEADING, "line", "sheet", "reason", "what_to_do"]
    rows[1][6] = "0C240000"

    again = take(text(*rows[1:], heading=rows[0]))

    assert (again.accepted, again.not_read) == (1, [])
    assert entry("0C250000").allowed_predecessor_ids == [entry("0C240000").pk]


def test_a_file_sent_again_changes_nothing_and_what_it_lacks_stays(world, take):
    CplEntry.objects.filter(pk=world.target.pk).update(chts_version="CHTS V1.4")
    first = take(text(row("0C240000", path="0C230000"), row("0C230000", path="0C220000")))

    again = take(text(row("0C240000", path="0C230000"), row("0C230000", path="0C220000")))

    assert (first.summary["added"], first.summary["changed"]) == (1, 1)
    assert again.summary == {"added": 0, "changed": 0, "unchanged": 2, "statuses": 0, "suspended": 0}
    assert entry("0C230000").chts_version == "CHTS V1.4"
    assert entry("0C220000").status == "ACTIVE"


@pytest.mark.requirement("R1.6")
def test_an_entry_that_leaves_the_list_suspends_its_rollouts_as_by_hand(world, take, now):
    rollout = make_rollout(world, now=now)
    data = text(row("0C230000", path="0C220000", status="Removed"))
    plan = services.preview_cpl_list(world.operator, data=data)
    assert plan.running == [rollout.pk]

    report = take(data, expected=plan.version)

    rollout.refresh_from_db()
    assert (report.summary["statuses"], report.summary["suspended"]) == (1, 1)
    assert rollout.status == "SUSPENDED"
    assert entry("0C230000").status == "WITHDRAWN"
    with pytest.raises(EditConflict):
        take(data, expected=plan.version)


def test_a_hash_that_an_image_was_checked_against_is_not_changed_by_a_file(world, take, now):
    image = make_image(model="433100AC", version="0C230000", seed=7)
    CplEntry.objects.filter(pk=world.target.pk).update(image_sha256=hashlib.sha256(image).digest())
    services.upload_image(
        world.operator, cpl_entry_id=world.target.pk, file_name="hub.ota", source=image, now=now
    )

    report = take(text(row("0C230000", path="0C220000")))

    assert report.refused_by_reason == {LineProblem.IMAGE_DIFFERS: 1}


def test_columns_of_ones_own_are_read_once_they_are_mapped(world, take, now):
    data = text(("433100AC", "0C240000", HASH), heading=("Kind", "Build", "Digest"))
    with pytest.raises(services.NotACpl) as refusal:
        take(data)
    assert refusal.value.facts["headings"] == ["Kind", "Build", "Digest"]

    columns = {"model": "Kind", "firmware_version": "Build", "hash": "Digest"}
    services.map_columns(world.operator, kind=FileKind.CPL, columns=columns, now=now)

    assert take(data).accepted == 1


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\0", b"PK\x03\x04rest"])
def test_what_is_no_list_is_refused(take, data):
    with pytest.raises(FileRefused):
        take(data)


def test_the_list_is_the_dccs_to_keep(world, now):
    for scope in (world.as_supplier, world.as_csp, world.as_panel):
        with pytest.raises(NotPermitted):
            services.take_cpl_list(scope, data=text(row("0C240000")), now=now)
        with pytest.raises(NotPermitted):
            services.preview_cpl_list(scope, data=text(row("0C240000")))
