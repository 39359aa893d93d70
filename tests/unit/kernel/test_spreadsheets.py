"""Files that people send are read as they come; files they take away open safely."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from portal.kernel.guid import GuidProblem, format_many
from portal.kernel.spreadsheets import (
    SHEET_STEP,
    FileProblem,
    FileRefused,
    GuidColumn,
    NotReadKind,
    csv_safe,
    read_guid_column,
    read_rows,
    stream_csv,
    stream_xlsx,
    workbooks,
    write_xlsx,
)

ONE, TWO, THREE = (f"00-DB-12-34-00-00-00-0{n}" for n in (1, 2, 3))
GPF_ONE, GPF_TWO = (f"00-DB-12-CC-00-00-00-0{n}" for n in (1, 2))


def numbered_texts(column: GuidColumn) -> list[tuple[int, str]]:
    return list(zip(column.parsed.lines.tolist(), format_many(column.parsed.values), strict=True))


def problems(column: GuidColumn) -> list[tuple[int, GuidProblem]]:
    return [(problem.line, problem.code) for problem in column.parsed.problems]


def workbook(*sheets: Iterable[Sequence[object]], hidden: int | None = None) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet()
            if number == hidden:
                sheet.hide()
            else:
                sheet.activate()
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return target.getvalue()


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            copy.writestr(name, change(name, source.read(name)))
    return target.getvalue()


def with_cell_at(reference: bytes) -> bytes:
    """Make a small workbook in which one cell claims to stand far away."""
    return rewritten(
        workbook([["GUID"], [ONE]]),
        lambda name, part: part.replace(b'r="A2"', b'r="' + reference + b'"') if "sheet1" in name else part,
    )


class TestText:
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_a_plain_list_is_read_with_its_line_numbers(self, encoding: str, end: str) -> None:
        column = read_guid_column(end.join(["GUID", ONE, "", TWO]).encode(encoding))

        assert numbered_texts(column) == [(2, ONE), (4, TWO)]
        assert problems(column) == []

    def test_a_single_line_between_commas_is_read(self) -> None:
        assert numbered_texts(read_guid_column(f"{ONE},{TWO}".encode())) == [(1, ONE), (2, TWO)]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_column_is_found_by_its_heading_whatever_separates(self, delimiter: str) -> None:
        rows = [["Ref", "GPF GUID", "CHF GUID", "Note"], ["1", GPF_ONE, ONE, "a"], ["2", GPF_TWO, TWO, ""]]

        column = read_guid_column("\r\n".join(delimiter.join(row) for row in rows).encode())

        assert column.heading == "CHF GUID"
        assert numbered_texts(column) == [(2, ONE), (3, TWO)]

    def test_without_a_known_heading_the_first_column_that_looks_like_guids_is_taken(self) -> None:
        column = read_guid_column(f"Ref,Serial,Town\n1,{ONE},Leeds\n2,{TWO},York\n".encode())

        assert numbered_texts(column) == [(2, ONE), (3, TWO)]

    def test_without_any_heading_too(self) -> None:
        assert numbered_texts(read_guid_column(f"1,{ONE},Leeds\n2,{TWO},York\n".encode())) == [
            (1, ONE),
            (2, TWO),
        ]

    def test_a_file_that_is_nothing_but_guids_loses_none(self) -> None:
        column = read_guid_column(f"{ONE},{TWO}\n{THREE}\n{GPF_ONE}, {GPF_TWO}\n".encode())

        assert numbered_texts(column) == [(1, ONE), (1, TWO), (2, THREE), (3, GPF_ONE), (3, GPF_TWO)]

    def test_of_two_columns_that_may_be_meant_the_one_with_guids_is_taken(self) -> None:
        column = read_guid_column(f"ID,Device ID\n17,{ONE}\n18,{TWO}\n".encode())

        assert column.heading == "Device ID"
        assert numbered_texts(column) == [(2, ONE), (3, TWO)]

    def test_the_hint_of_excel_is_passed_over(self) -> None:
        assert numbered_texts(read_guid_column(f"sep=;\r\nGUID;Note\r\n{ONE};a\r\n".encode())) == [(3, ONE)]

    @pytest.mark.requirement("R4.2")
    def test_bad_lines_are_listed_with_their_line_and_reason(self) -> None:
        lines = [
            "guid,note",
            f"{ONE},x",
            "1.23457E+15,x",
            "11223344556677,x",
            "=cmd|'/c calc'!A1,x",
            f'"{TWO}",x',
        ]

        column = read_guid_column("\n".join(lines).encode())

        assert numbered_texts(column) == [(2, ONE), (6, TWO)]
        assert problems(column) == [
            (3, GuidProblem.EXCEL_EXPONENT),
            (4, GuidProblem.EXCEL_LOST_ZEROS),
            (5, GuidProblem.FORMULA),
        ]

    def test_a_column_that_excel_has_ruined_is_still_found(self) -> None:
        column = read_guid_column(b"ref,x\n1,1.23457E+15\n2,1.23458E+15\n")

        assert problems(column) == [(2, GuidProblem.EXCEL_EXPONENT), (3, GuidProblem.EXCEL_EXPONENT)]

    def test_lines_within_quotes_do_not_shift_the_numbers(self) -> None:
        column = read_guid_column(f'guid,note\n{ONE},"two\nlines"\n{TWO},x\n'.encode())

        assert numbered_texts(column) == [(2, ONE), (4, TWO)]

    def test_a_quote_left_open_does_not_swallow_the_rest(self) -> None:
        column = read_guid_column(f'guid,note\n{ONE},"oops\n{TWO},x\n{THREE},x\n'.encode())

        assert numbered_texts(column) == [(3, TWO), (4, THREE)]
        assert problems(column) == [(2, GuidProblem.OPEN_QUOTE)]

    def test_windows_text_with_long_dashes_is_read(self) -> None:
        text = f"guid;note\n{ONE};caf\u00e9\n".replace("-", "\u2013")

        column = read_guid_column(text.encode("cp1252"))

        assert numbered_texts(column) == [(2, ONE)]

    def test_rows_are_read_for_other_uses(self) -> None:
        assert list(read_rows(f"GUID,Label\n{ONE},north\n".encode())) == [
            (1, ["GUID", "Label"]),
            (2, [ONE, "north"]),
        ]


class TestWorkbooks:
    def test_a_workbook_is_read_with_its_row_numbers(self) -> None:
        column = read_guid_column(io.BytesIO(workbook([["Ref", "Device ID"], [1, ONE], [], [2, TWO]])))

        assert (column.heading, column.sheets) == ("Device ID", ("Sheet1",))
        assert numbered_texts(column) == [(2, ONE), (4, TWO)]

    def test_every_visible_sheet_with_guids_is_taken_and_the_others_are_named(self) -> None:
        guids = [["GUID"], [ONE]]
        data = workbook(guids, [["Read", "me"]], [["GUID"], [TWO]], [["GUID"], [], [THREE], ["x"]], hidden=0)

        column = read_guid_column(data)

        assert numbered_texts(column) == [(2, TWO), (SHEET_STEP + 3, THREE)]
        assert column.sheets == ("Sheet3", "Sheet4")
        assert problems(column) == [(SHEET_STEP + 4, GuidProblem.NOT_HEX)]
        assert [(part.kind, part.sheet, part.rows) for part in column.not_read] == [
            (NotReadKind.HIDDEN_SHEET, "Sheet1", 2),
            (NotReadKind.SHEET, "Sheet2", 1),
            (NotReadKind.HEADING, "Sheet3", 1),
            (NotReadKind.HEADING, "Sheet4", 1),
        ]

    @pytest.mark.requirement("R4.2")
    def test_numbers_that_were_guids_are_recognised_as_damaged(self) -> None:
        data = workbook([["GUID"], [ONE], [1234567890123456], [11223344556677], [8873849061000200], [1e250]])

        assert problems(read_guid_column(data)) == [
            (3, GuidProblem.EXCEL_EXPONENT),
            (4, GuidProblem.EXCEL_LOST_ZEROS),
            (5, GuidProblem.EXCEL_EXPONENT),
            (6, GuidProblem.EXCEL_EXPONENT),
        ]

    def test_dates_and_truths_beside_the_guids_do_no_harm(self) -> None:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            for column, cell in enumerate([ONE, True, 1.5]):
                sheet.write(0, column, cell)
            sheet.write_datetime(0, 3, datetime(2027, 3, 15), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001

        assert list(read_rows(target.getvalue())) == [(1, [ONE, "True", "1.5", "2027-03-15"])]
        assert numbered_texts(read_guid_column(target.getvalue())) == [(1, ONE)]

    @pytest.mark.parametrize(
        "reference",
        [
            b"ZZ1048576",
            b"XFD1048576",
            b"A4294967295",
            b"ZZZZZZ2",
            b"zz1048576",
            b"&#90;Z1048576",
            b"O1048576",
        ],
    )
    def test_a_cell_far_away_does_not_eat_the_memory(self, reference: bytes) -> None:
        with pytest.raises(FileRefused) as refused:
            read_guid_column(with_cell_at(reference))
        assert refused.value.problem is FileProblem.UNPACKS_TOO_LARGE

    def test_a_reference_without_end_is_refused(self) -> None:
        with pytest.raises(FileRefused) as refused:
            read_guid_column(with_cell_at(b"A" + b"9" * 5000))
        assert refused.value.problem is FileProblem.DAMAGED

    def test_a_workbook_that_unpacks_too_large_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "LARGEST_UNPACKED", 1000)

        with pytest.raises(FileRefused) as refused:
            list(workbooks.workbook_tables(workbook([["GUID"], [ONE]])))
        assert refused.value.problem is FileProblem.UNPACKS_TOO_LARGE

    def test_entities_are_refused(self) -> None:
        data = rewritten(
            workbook([["GUID"], [ONE]]),
            lambda name, part: b"<!DOCTYPE x>" + part if "sheet1" in name else part,
        )

        with pytest.raises(FileRefused):
            read_guid_column(data)


class TestRefusedFiles:
    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            (b"", FileProblem.EMPTY),
            (b" \r\n ", FileProblem.EMPTY),
            (workbook([]), FileProblem.EMPTY),
            (b"%PDF-1.7 ...", FileProblem.BINARY),
            (b"\x89PNG\r\n\x1a\n", FileProblem.BINARY),
            (b"00-DB\x00\x01\x02", FileProblem.BINARY),
            (bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600), FileProblem.LEGACY_WORKBOOK),
            (
                bytes.fromhex("D0CF11E0A1B11AE1") + bytes(99) + "EncryptedPackage".encode("utf-16-le"),
                FileProblem.ENCRYPTED,
            ),
            (b"PK\x03\x04 and nothing more", FileProblem.DAMAGED),
            (workbook([["GUID"], [ONE]])[:2000], FileProblem.DAMAGED),
            (workbook([["Town", "Size"], ["Leeds", 5]]), FileProblem.NO_GUID_COLUMN),
            (b"town,size\nLeeds,5\nYork,6\n", FileProblem.NO_GUID_COLUMN),
        ],
    )
    def test_what_cannot_be_read_is_refused_in_plain_words(self, data: bytes, problem: FileProblem) -> None:
        with pytest.raises(FileRefused) as refused:
            read_guid_column(data)

        assert refused.value.problem is problem
        assert refused.value.message.endswith(".")

    def test_another_kind_of_archive_is_refused(self) -> None:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")

        with pytest.raises(FileRefused) as refused:
            read_guid_column(target.getvalue())
        assert refused.value.problem is FileProblem.OPEN_DOCUMENT

    def test_a_file_over_the_limit_is_not_read_to_its_end(self) -> None:
        source = io.BytesIO(b"0" * 1000)

        with pytest.raises(FileRefused) as refused:
            read_guid_column(source, largest=100)
        assert refused.value.problem is FileProblem.TOO_LARGE
        assert source.tell() == 101

    @given(st.binary(max_size=60), st.integers(0, 5000))
    @settings(max_examples=40, deadline=None)
    def test_a_workbook_with_any_damage_is_read_or_refused_and_nothing_else(
        self, damage: bytes, at: int
    ) -> None:
        complete = workbook([["GUID"], [ONE]])
        at %= len(complete)

        with suppress(FileRefused):
            read_guid_column(complete[:at] + damage + complete[at + len(damage) :])


class TestWriting:
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1"])
    def test_a_text_that_could_be_a_formula_is_made_safe(self, text: str) -> None:
        assert csv_safe(text) == f"'{text}"

    @pytest.mark.parametrize(
        ("value", "safe"),
        [
            (ONE, ONE),
            (-5, -5),
            (1.5, 1.5),
            (None, ""),
            (True, "yes"),
            (datetime(2027, 7, 15, 0, 30, tzinfo=UTC), "2027-07-15T00:30:00Z"),
            (date(2027, 7, 15), "2027-07-15"),
            ("O'Neill, \u201cLtd\u201d", "O'Neill, \u201cLtd\u201d"),
        ],
    )
    def test_other_values_keep_their_meaning(self, value: object, safe: object) -> None:
        assert csv_safe(value) == safe

    @pytest.mark.requirement("R4.2")
    def test_a_csv_is_streamed_and_can_be_read_back(self) -> None:
        rows = ((ONE, "=1+1", n) for n in range(4100))

        pieces = list(stream_csv(rows, header=("GUID", "Note", "Number"), with_mark=True))

        assert len(pieces) == 3
        lines = list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))
        assert lines[0] == ["GUID", "Note", "Number"]
        assert lines[4100] == [ONE, "'=1+1", "4099"]
        assert len(read_guid_column(b"".join(pieces)).parsed) == 4100

    def test_an_empty_csv_still_has_its_heading(self) -> None:
        assert b"".join(stream_csv([], header=("GUID",))) == b"GUID\r\n"

    def test_a_workbook_is_streamed_and_keeps_texts_as_texts(self) -> None:
        rows = [(ONE, "=1+1", 3, None, datetime(2027, 7, 15, tzinfo=UTC)), ("1.5", "https://x", 4, True, "")]

        data = b"".join(stream_xlsx(rows, header=("GUID", "Note", "Number", "None", "At")))

        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("Hubs")
        assert sheet.to_python() == [
            ["GUID", "Note", "Number", "None", "At"],
            [ONE, "=1+1", 3.0, "", "2027-07-15T00:00:00Z"],
            ["1.5", "https://x", 4.0, "yes", ""],
        ]

    def test_more_rows_than_a_sheet_holds_go_on_in_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from portal.kernel.spreadsheets import writing

        monkeypatch.setattr(writing, "_MOST_ROWS", 4)
        target = io.BytesIO()

        assert write_xlsx(target, ([n] for n in range(7)), header=["n"]) == 7

        book = CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue()))
        assert book.sheet_names == ["Hubs", "Hubs 2", "Hubs 3"]
        assert [book.get_sheet_by_name(name).height for name in book.sheet_names] == [4, 4, 2]

    def test_an_empty_workbook_still_has_its_heading(self) -> None:
        target = io.BytesIO()
        assert write_xlsx(target, [], header=["GUID"]) == 0
        assert list(read_rows(target.getvalue())) == [(1, ["GUID"])]
