"""Inventory files in pieces: fields, words, dates and repeats, whatever way the file is cut."""

from __future__ import annotations

import struct
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.services.estate.inventory import files
from rollouts.services.estate.inventory.columns import days_in, guids_in, read_day
from rollouts.services.estate.inventory.files import COLUMNS, pieces_of
from rollouts.services.estate.inventory.judging import JudgedPiece
from rollouts.services.estate.inventory.repeats import Repeats
from rollouts.services.estate.inventory.words import PADDING, Vocabulary
from rollouts.states.inventory import LineProblem

HEADING = ",".join(COLUMNS)
CELL = st.text(alphabet='abcAB4Gü ".-', max_size=12)


def pieces(*lines, ending="\n", cut=None):
    data = ending.join([HEADING, *lines, ""]).encode()
    source = [data[at : at + cut] for at in range(0, len(data), cut)] if cut else data
    return list(pieces_of(source)[1])


def cells(found):
    """The fields of every line that has the right number of them, by its number."""
    return {
        int(number): [
            piece.block[begin:end].decode()
            for begin, end in zip(piece.begins[row], piece.ends[row], strict=True)
        ]
        for piece in found
        for row, number in enumerate(piece.numbers)
    }


def filled(**given_cells):
    return ",".join(given_cells.get(name, "") for name in COLUMNS)


class TestPieces:
    @settings(deadline=None)
    @given(
        st.lists(st.lists(CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=6),
        st.integers(1, 90),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_hold_the_same_fields_however_the_file_comes(self, rows, cut, ending):
        lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]

        found = cells(pieces(*lines, ending=ending, cut=cut))

        assert found == {number: [cell.strip() for cell in row] for number, row in enumerate(rows, start=2)}

    def test_are_cut_between_lines(self, monkeypatch):
        monkeypatch.setattr(files, "_PIECE", 64)
        lines = [filled(guid=f"hub {n}") for n in range(40)]

        found = pieces(*lines)

        assert len(found) > 10
        assert [row[0] for row in cells(found).values()] == [f"hub {n}" for n in range(40)]


class TestWords:
    @given(
        st.lists(st.binary(max_size=110).map(lambda text: text.replace(b"\0", b"")), min_size=1, max_size=60)
    )
    def test_mean_what_was_learnt_of_them(self, texts):
        learnt = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        vocabulary = Vocabulary(lambda text: (learnt[text],), width=1)
        block = b"|".join(texts)
        ends = np.cumsum([len(text) + 1 for text in texts]) - 1
        begins = ends - [len(text) for text in texts]

        for _ in range(2):
            meanings = vocabulary.look_up(block + PADDING, begins, ends)[:, 0].tolist()
            short = [
                (text, meaning) for text, meaning in zip(texts, meanings, strict=True) if len(text) <= 96
            ]
            assert [meaning for _, meaning in short] == [learnt[text] for text, _ in short]

    def test_differ_by_a_single_letter_anywhere(self):
        texts = [
            b"x" * place + letter + b"x" * (79 - place)
            for place in range(80)
            for letter in (b"0", b"p", b"P")
        ]
        vocabulary = Vocabulary(lambda text: (texts.index(text),), width=1)
        block = b"".join(texts)
        begins = np.arange(len(texts)) * 80

        assert vocabulary.look_up(block + PADDING, begins, begins + 80)[:, 0].tolist() == [*range(len(texts))]


class TestDates:
    @given(
        st.lists(
            st.one_of(
                st.dates(date(1985, 1, 1), date(2105, 1, 1)).map(str), st.text("0123456789-", max_size=10)
            )
        )
    )
    def test_are_read_as_one_by_one(self, texts):
        found = pieces(*(filled(guid="x", commissioned_on=text) for text in texts))

        for piece in found:
            days = days_in(piece, COLUMNS.index("commissioned_on"))
            for row, number in enumerate(piece.numbers):
                wanted = read_day(texts[number - 2])
                assert bool(days.is_given[row]) == bool(texts[number - 2])
                assert bool(days.is_good[row]) == (wanted is not None)
                if wanted:
                    assert days.values[row] == (wanted - date(2000, 1, 1)).days

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
        ]

        piece = pieces(*(filled(guid=text) for text in texts))[0]
        found = guids_in(piece, 0)

        assert found.is_good.tolist() == [True, False, True, False, False]
        assert struct.pack(">q", int(found.values[2]) ^ -(1 << 63)).hex() == "00db123400000003"


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
            repeats.add(judged(hubs[begin : begin + size], first_line=begin + 2))

        assert repeats.found() == wanted

    def test_may_be_of_a_hub_as_gpf(self):
        repeats = Repeats()
        repeats.add(judged([(1, 50), (2, 1)], first_line=2))

        assert repeats.found() == {3: LineProblem.GPF_IS_A_HUB}
        assert repeats.guids_of([3]) == {3: 2}


def judged(hubs, *, first_line):
    none = np.zeros((len(hubs), 5), dtype=np.int32)
    return JudgedPiece(
        lines=np.arange(first_line, first_line + len(hubs)),
        guid=np.array([guid for guid, _ in hubs], dtype=np.int64),
        gpf=np.array([gpf for _, gpf in hubs], dtype=np.int64),
        has_gpf=np.ones(len(hubs), dtype=bool),
        kind=none,
        status=none,
        registration=none,
        home=none,
        commissioned=None,
        installed=None,
        refused=(),
    )
