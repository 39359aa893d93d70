"""Inventory files block by block: cells, words, days and repeats, whatever way the file is written and cut."""

from __future__ import annotations

import struct
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.spreadsheets import FileRefused
from rollouts.services.estate.inventory import (
    NotAnInventory,
    Repeats,
    files,
    open_inventory,
    parsed_blocks,
    read_day,
)
from rollouts.services.estate.inventory.files import COLUMNS
from rollouts.services.estate.inventory.judging import JudgedBlock, guids_in
from rollouts.services.estate.inventory.words import Vocabulary
from rollouts.states.inventory import LineProblem

HEADING = ",".join(COLUMNS)
CELL = st.text(alphabet='abcAB4Gü ".-', max_size=12)


def parsed(data, **mapping):
    return list(parsed_blocks(open_inventory(data, mapping=mapping)))


def blocks(*lines, ending="\n", cut=None):
    data = ending.join([HEADING, *lines, ""]).encode()
    return parsed([data[at : at + cut] for at in range(0, len(data), cut)] if cut else data)


def cells(parsed):
    """The cells of every line that has the right number of them, by its number."""
    return {
        number: [text.decode().strip() for text in texts]
        for block in parsed
        if len(block)
        for number, *texts in zip(
            block.numbers.tolist(), *(block.columns[name].to_pylist() for name in COLUMNS), strict=True
        )
    }


def odd(parsed):
    return [number for block in parsed for number in block.odd]


def filled(**given_cells):
    return ",".join(given_cells.get(name, "") for name in COLUMNS)


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


class TestBlocks:
    @settings(deadline=None)
    @given(
        st.lists(st.lists(CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=6),
        st.integers(1, 90),
        st.sampled_from(["\n", "\r\n", "\r"]),
    )
    def test_hold_the_same_cells_however_the_file_comes(self, rows, cut, ending):
        lines = [",".join(map(quoted, row)) for row in rows]

        result = cells(blocks(*lines, ending=ending, cut=cut))

        assert {number: row for number, row in result.items() if any(row)} == {
            number: [cell.strip() for cell in row]
            for number, row in enumerate(rows, start=2)
            if any(cell.strip() for cell in row)
        }

    def test_are_cut_between_lines(self, monkeypatch):
        monkeypatch.setattr(files, "_BLOCK", 256)
        monkeypatch.setattr(files, "_LOOKED_AT", 256)
        lines = [filled(guid=f"hub {n}") for n in range(40)]

        result = blocks(*lines, cut=64)

        assert len(result) > 3
        assert [row[0] for row in cells(result).values()] == [f"hub {n}" for n in range(40)]

    @settings(deadline=None)
    @given(st.lists(st.text(alphabet='ab,"; \té\r', max_size=30), max_size=12), st.integers(1, 40))
    def test_lose_no_line_that_holds_anything(self, texts, cut):
        data = "\n".join([HEADING, *texts, ""]).encode("cp1252")
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        wanted = {number for number, line in enumerate(lines, start=1) if number > 1 and line.strip(b' ,"\t')}

        result = parsed([data[at : at + cut] for at in range(0, len(data), cut)])

        taken = [number for block in result for number in block.numbers.tolist()]
        assert len({*taken, *odd(result)}) == len(taken) + len(odd(result))
        assert wanted <= {*taken, *odd(result)}

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_may_be_encoded_in_any_way(self, encoding, ending):
        data = ending.join([HEADING, filled(guid="a", manufacturer="£ and é"), filled(guid="b")]).encode(
            encoding
        )

        result = parsed([data[at : at + 5] for at in range(0, len(data), 5)])

        assert [block.numbers.tolist() for block in result] == [[2, 3]]
        assert result[0].columns["guid"].to_pylist() == [b"a", b"b"]
        assert files.decoded(result[0].columns["manufacturer"].to_pylist()[0]) == "£ and é"

    def test_may_be_encoded_in_two_ways(self):
        data = HEADING.encode() + b"\n" + filled(guid="a", model="£").encode()
        data += b"\n" + filled(guid="b", model="£").encode("cp1252") + b"\n"

        words = parsed(data)[0].columns["model"].to_pylist()

        assert [files.decoded(word) for word in words] == ["£", "£"]

    @pytest.mark.parametrize(
        "quotes",
        [('"open', "x"), ("x", '"open'), ('"open', '"open'), ('"a"b"c', "x"), ('"', '"'), ('""x', '"')],
    )
    @pytest.mark.parametrize("place", range(3))
    def test_are_not_swallowed_by_a_quote(self, quotes, place):
        lines = [filled(guid=f"hub {n}") for n in range(9)]
        for offset, text in zip((0, 4), quotes, strict=True):
            lines[place + offset] = filled(guid=f"hub {place + offset}", postcode_area=text)

        result = blocks(*lines)

        assert sorted([*cells(result), *odd(result)]) == [*range(2, 11)]
        assert set(odd(result)) <= {place + 2, place + 6}

    def test_set_lines_of_another_width_aside(self):
        result = blocks(
            filled(guid="a") + ",more", "one,two", filled(guid="b") + ",, ", ",,,", "", filled(guid="c")
        )

        assert odd(result) == [2, 3]
        assert {number: row[0] for number, row in cells(result).items() if row[0]} == {4: "b", 7: "c"}

    def test_have_an_end(self, monkeypatch):
        monkeypatch.setattr(files, "_BLOCK", 64)
        monkeypatch.setattr(files, "_LOOKED_AT", 64)
        monkeypatch.setattr(files, "_LONGEST_LINE", 200)

        with pytest.raises(FileRefused):
            parsed([HEADING.encode() + b"\n", *[b"x" * 50] * 20])


class TestHeadings:
    def test_may_stand_below_a_title(self):
        data = f"Smart Metering Inventory, as of 1 March\n\n{HEADING}\n{filled(guid='a')}\n".encode()

        inventory = open_inventory(data)

        assert inventory.heading.row == 3
        assert [(part.kind, part.where, part.rows) for part in inventory.not_read] == [
            ("ABOVE_HEADING", "1", 1)
        ]
        assert list(cells(list(parsed_blocks(inventory)))) == [4]

    def test_name_the_columns_that_are_not_read(self):
        inventory = open_inventory(f"Notes,{HEADING},Engineer\n".encode())

        assert [(part.kind, part.where, part.name) for part in inventory.not_read] == [
            ("OTHER_COLUMN", "A", "Notes"),
            ("OTHER_COLUMN", "R", "Engineer"),
        ]

    def test_may_be_in_quotes_and_in_capitals_behind_any_separator(self):
        for delimiter in ",;\t|":
            data = delimiter.join(quoted(name.upper().replace("_", " ")) for name in COLUMNS).encode()

            assert list(open_inventory(data + b"\n").heading.places) == list(COLUMNS)

    def test_are_mapped_by_the_user_where_they_are_his_own(self):
        data = b"Device,State,CSP Region,Type,Version,Model\na,Commissioned,North,x,0C,m\n"
        mapping = {
            "guid": "device",
            "smi_status": "State",
            "region": "csp region",
            "firmware_version": "VERSION",
        }

        result = parsed(data, **mapping)[0]

        assert {name: column.to_pylist() for name, column in result.columns.items()} == {
            "guid": [b"a"],
            "smi_status": [b"Commissioned"],
            "region": [b"North"],
            "firmware_version": [b"0C"],
            "model": [b"m"],
        }

    def test_of_one_name_twice_are_refused_unless_the_user_says_which(self):
        data = HEADING.replace("gpf_guid", "Device ID").encode() + b"\n"

        with pytest.raises(NotAnInventory, match="guid and Device ID"):
            open_inventory(data)

        assert open_inventory(data, mapping={"guid": "Device ID"}).heading.places["guid"] == 1
        assert [part.name for part in open_inventory(data, mapping={"guid": "Device ID"}).not_read] == [
            "guid"
        ]

    def test_of_another_name_count_only_where_the_column_has_not_its_own(self):
        data = HEADING.encode() + b",Status\n"

        assert open_inventory(data).heading.places["smi_status"] == COLUMNS.index("smi_status")
        assert [part.name for part in open_inventory(data).not_read] == ["Status"]

    def test_that_lack_a_column_are_told_with_what_there_is(self):
        with pytest.raises(NotAnInventory) as refusal:
            open_inventory(b"guid,type,firmware_version\n")

        assert "lacks model, region, smi_status" in str(refusal.value)
        assert refusal.value.facts["headings"] == ["guid", "type", "firmware_version"]


class TestWords:
    @settings(deadline=None)
    @given(
        st.lists(st.tuples(*[st.text(alphabet="ab-£", max_size=90)] * 3), min_size=1, max_size=60),
        st.sampled_from([1, 1 << 20]),
    )
    def test_mean_what_was_learnt_of_them(self, rows, few):
        learnt = {}
        names = ("manufacturer", "model", "region")
        vocabulary = Vocabulary(names, lambda *words: (learnt.setdefault(words, len(learnt)),))
        result = blocks(
            *(
                ",".join(
                    quoted({"guid": "x", **dict(zip(names, row, strict=True))}.get(name, ""))
                    for name in COLUMNS
                )
                for row in rows
            )
        )

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("rollouts.services.estate.inventory.words._FEW_COMBINATIONS", few)
            for _ in range(2):
                looked_up = [vocabulary.look_up(block) for block in result]
                meanings = [
                    int(meaning) for words in looked_up for meaning in words.meanings[words.places, 0]
                ]

                assert meanings == [learnt[tuple(word.strip() for word in row)] for row in rows]

    def test_of_a_column_the_file_lacks_are_empty(self):
        result = parsed(b"guid,model,firmware_version,region,smi_status\na,b,c,d,e\n")[0]

        words = Vocabulary(("model", "gpf_status"), lambda *words: (len("".join(words)),)).look_up(result)

        assert words.meanings[words.places].tolist() == [[1]]


class TestDays:
    @given(st.dates(date(1985, 1, 1), date(2105, 1, 1)))
    def test_are_those_an_inventory_can_have(self, day):
        wanted = day if 1990 <= day.year <= 2100 else None

        assert read_day(str(day)) == read_day(f"{day:%d/%m/%Y}") == wanted

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("2026-11-20", date(2026, 11, 20)),
            ("20261120", date(2026, 11, 20)),
            ("2026-11-20T00:00:00Z", date(2026, 11, 20)),
            (" 20/11/2026 ", date(2026, 11, 20)),
            ("1.2.2026", date(2026, 2, 1)),
            ("2024-02-29", date(2024, 2, 29)),
            ("2023-02-29", None),
            ("11/20/2026", None),
            ("2026-11-20T09:00:00Z", None),
            ("1066-10-14", None),
            ("", None),
        ],
    )
    def test_have_several_spellings(self, text, day):
        assert read_day(text) == day


class TestGuids:
    def test_are_read_in_the_usual_spelling_and_in_others(self):
        texts = [
            "00-DB-12-34-00-00-00-01",
            "00db:12:34:..",
            "0x00DB123400000003",
            "FF-FF-FF-FF-FF-FF-FF-FF",
            "zz",
            "",
            "guid",
            "00-DB-12-34-00-00-00-08 00-DB-12-34-00-00-00-09",
            "\u200e00-DB-12-34-00-00-00-0A\u2069",
        ]

        result = guids_in(blocks(*(filled(guid=text, model="x") for text in texts))[0], "guid")

        assert result.is_good.tolist()[:8] == [True, False, True, False, False, False, False, False]
        assert result.is_given.tolist() == [True] * 5 + [False] + [True] * 3
        assert struct.pack(">q", int(result.values[2]) ^ -(1 << 63)).hex() == "00db123400000003"

    def test_are_absent_where_there_is_no_column(self):
        result = guids_in(
            parsed(b"guid,model,firmware_version,region,smi_status\na,b,c,d,e\n")[0], "gpf_guid"
        )

        assert (result.is_given.tolist(), result.is_good.tolist()) == ([False], [False])


class TestRepeats:
    @given(st.lists(st.tuples(st.integers(0, 30), st.integers(40, 60)), max_size=40), st.integers(1, 7))
    def test_are_all_but_the_first(self, hubs, size):
        repeats, seen, gpfs, wanted = Repeats(), set(), set(), {}
        for line, (guid, gpf) in enumerate(hubs, start=2):
            if guid in seen:
                wanted[line] = LineProblem.DUPLICATE_IN_FILE
            elif gpf in gpfs:
                wanted[line] = LineProblem.DUPLICATE_GPF
            seen.add(guid)
            gpfs.add(gpf)
        for begin in range(0, len(hubs), size):
            repeats.add(parsed_rows(hubs[begin : begin + size], first_line=begin + 2))

        assert repeats.problems_by_line() == wanted

    def test_may_be_of_a_hub_as_gpf(self):
        repeats = Repeats()
        repeats.add(parsed_rows([(1, 50), (2, 1)], first_line=2))

        assert repeats.problems_by_line() == {3: LineProblem.GPF_IS_A_HUB}
        assert repeats.guids_of([3]) == {3: 2}


def parsed_rows(hubs, *, first_line):
    return JudgedBlock(
        lines=np.arange(first_line, first_line + len(hubs)),
        guid=np.array([guid for guid, _ in hubs], dtype=np.int64),
        gpf=np.array([gpf for _, gpf in hubs], dtype=np.int64),
        has_gpf=np.ones(len(hubs), dtype=bool),
        words=(),
    )
