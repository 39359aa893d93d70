"""GUIDs: every spelling in, one spelling out, and nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.guid import (
    Guid,
    GuidProblem,
    NotAGuid,
    format_block,
    format_many,
    is_guid_heading,
    parse_block,
    parse_texts,
    read,
    to_db,
)
from portal.kernel.marks import INVISIBLE

CANONICAL = "88-73-84-90-6A-10-02-DB"
VALUE = 0x887384906A1002DB
SPELLINGS = [
    CANONICAL,
    CANONICAL.lower(),
    "88:73:84:90:6A:10:02:DB",
    "887384906A1002DB",
    "0x887384906a1002db",
    "0X88-73-84-90-6A-10-02-DB",
    "8873.8490.6A10.02DB",
    "88 73 84 90 6A 10 02 DB",
    "8873 8490 6A10 02DB",
    f"  {CANONICAL}\t",
    f'"{CANONICAL}"',
    f"'{CANONICAL}",
    f"\u201c{CANONICAL}\u201d",
    f'="{CANONICAL}"',
    f"\ufeff{CANONICAL}",
    f"\u00a0{CANONICAL}\u00a0",
    f"{CANONICAL},",
    f"{CANONICAL};",
    f'"{CANONICAL}", ',
    CANONICAL.replace("-", "\u2013"),
    CANONICAL.replace("-", "\u2011"),
    CANONICAL.replace("-", "\u2010"),
    CANONICAL.replace("-", "\u00a0"),
    "88-73-84-90-\u200b6A-10-02-DB",
    "88738490-6A1002DB",
    "\uff18\uff18\uff17\uff13\uff18\uff14\uff19\uff10\uff16\uff21\uff11\uff10\uff10\uff12\uff24\uff22",
    *(f"{mark}{CANONICAL}{mark}" for mark in INVISIBLE),
]
REFUSED = [
    ("", GuidProblem.EMPTY),
    (' "" ,', GuidProblem.EMPTY),
    ("00-DB-12-34-56-78-00", GuidProblem.TOO_SHORT),
    ("00-DB-12-34-56-78-00-0", GuidProblem.TOO_SHORT),
    ("0-DB-12-34-56-78-00-04", GuidProblem.TOO_SHORT),
    ("00-DB-12-34-56-78-00-04-05", GuidProblem.TOO_LONG),
    ("0" * 300, GuidProblem.TOO_LONG),
    ("00-DB-12-34-56-78-00-0G", GuidProblem.NOT_HEX),
    ("00DB12345678_004", GuidProblem.NOT_HEX),
    ("+0DB123456780004", GuidProblem.NOT_HEX),
    ("=cmd|'/c calc'!A1", GuidProblem.FORMULA),
    ("=", GuidProblem.FORMULA),
    ("=A2", GuidProblem.FORMULA),
    ("#N/A", GuidProblem.EXCEL_ERROR),
    ("-", GuidProblem.TOO_SHORT),
    ("00-DB12-3456-78-9ABC", GuidProblem.UNEVEN),
    ("00-DB-12-34-56-78-9A BC", GuidProblem.UNEVEN),
    ("00-DB-12-34-56-78-9A-BC-", GuidProblem.UNEVEN),
    ("00--DB-12-34-56-78-9ABC", GuidProblem.UNEVEN),
    ("00 DB1234 56789ABC", GuidProblem.UNEVEN),
    ("00:DB-12:34-56:78-9A:BC", GuidProblem.UNEVEN),
    ("00-00-00-00-00-00-00-00", GuidProblem.ALL_ZERO),
    ("ffffffffffffffff", GuidProblem.ALL_ONES),
    ("1.23457E+15", GuidProblem.EXCEL_EXPONENT),
    ("1,23457E+15", GuidProblem.EXCEL_EXPONENT),
    ("12E+45", GuidProblem.EXCEL_EXPONENT),
    ("1.23457e15", GuidProblem.EXCEL_EXPONENT),
    ("1.234567890123E15", GuidProblem.EXCEL_EXPONENT),
    ("11223344556677", GuidProblem.EXCEL_LOST_ZEROS),
    ("112233445566778", GuidProblem.EXCEL_LOST_ZEROS),
]
guid_values = st.integers(min_value=1, max_value=2**64 - 2)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_in_use_is_read(spelling: str) -> None:
    assert str(Guid.parse(spelling)) == CANONICAL
    assert Guid.parse(spelling).value == VALUE


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_not_64_bits_is_refused_with_its_reason(text: str, problem: GuidProblem) -> None:
    with pytest.raises(NotAGuid) as refused:
        Guid.parse(text)

    assert refused.value.problem is problem
    assert refused.value.message == problem.advice


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("00-DB-12-34-56-78-9\u0410-BC", "CYRILLIC CAPITAL LETTER A"),
        ("00-DB-12-34-56-78-9A-\u0392C", "GREEK CAPITAL LETTER BETA"),
        ("0\u041e-DB-12-34-56-78-9A-BC", "CYRILLIC CAPITAL LETTER O"),
        ("\u0660\u0660-DB-12-34-56-78-9A-BC", "ARABIC-INDIC DIGIT ZERO"),
        ("00-DB-12-34-56-78-9A-B\u00b2", "SUPERSCRIPT TWO"),
        ("00-DB-\u202e12-34-56-78-9A-BC", "RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_a_letter_of_another_script_is_refused_and_named(text: str, name: str) -> None:
    with pytest.raises(NotAGuid) as refused:
        Guid.parse(text)
    (problem,) = parse_block(f"{CANONICAL}\n{text}\n").problems

    assert refused.value.problem is problem.code is GuidProblem.OTHER_SCRIPT
    assert name in refused.value.message
    assert problem.advice == refused.value.message


@pytest.mark.parametrize("problem", list(GuidProblem))
def test_every_problem_has_advice(problem: GuidProblem) -> None:
    assert problem.advice.endswith(".")


@given(guid_values, guid_values)
@settings(max_examples=50)
def test_the_stored_number_keeps_the_order_and_comes_back(first: int, other: int) -> None:
    assert Guid.from_db(Guid(first).db) == Guid(first)
    assert -(2**63) <= Guid(first).db < 2**63
    assert (Guid(first).db < Guid(other).db) == (Guid(first) < Guid(other))


def test_a_guid_has_64_bits() -> None:
    for value in (-1, 2**64):
        with pytest.raises(ValueError, match="64 bits"):
            Guid(value)


@given(st.lists(guid_values, max_size=60))
@settings(max_examples=50)
def test_what_is_written_is_read_back(values: list[int]) -> None:
    stored = to_db(values)

    assert format_many(stored) == [str(Guid(value)) for value in values]
    assert parse_block(format_block(stored)).values.tolist() == stored.tolist()


def _spell(value: int, spelling: int) -> str:
    text = str(Guid(value))
    return [
        text,
        text.lower(),
        text.replace("-", ""),
        text.replace("-", ":"),
        f"0x{text.replace('-', '')}",
        f'"{text}",',
        text.replace("-", "\u2013"),
        f"{value:X}",
    ][spelling]


junk = st.sampled_from(
    [text for text, _ in REFUSED[2:]] + ["zz-DB-12-34-56-78-00-04", "00=DB-12-34-56-78-00-04"]
)
lines_of_lists = st.lists(
    st.one_of(
        st.builds(_spell, guid_values, st.integers(0, 7)),
        st.builds(_spell, guid_values, st.just(0)),
        st.sampled_from([0, 2**64 - 1]).map(lambda value: f"{value:016x}"),
        junk,
        st.just(""),
    ),
    max_size=200,
)


@pytest.mark.requirement("R4.2")
@given(lines_of_lists, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_reading_lines_together_gives_what_reading_them_one_by_one_gives(lines: list[str], end: str) -> None:
    alone = [(number, text, read(text)) for number, text in enumerate(lines, start=1)]
    alone = [each for each in alone if each[2] is not GuidProblem.EMPTY]

    together = parse_block(end.join(lines))

    good = [(number, result - 2**63) for number, _, result in alone if not isinstance(result, GuidProblem)]
    bad = [(number, result) for number, _, result in alone if isinstance(result, GuidProblem)]
    assert list(zip(together.lines.tolist(), together.values.tolist(), strict=True)) == good
    assert [(problem.line, problem.code) for problem in together.problems] == bad


def test_a_long_list_in_one_spelling_keeps_its_line_numbers() -> None:
    values = [0x00DB_1234_0000_0000 + n for n in range(1000)]
    lines = [str(Guid(value)) for value in values]
    lines[700] = "not a hub"
    lines[500] = "00-00-00-00-00-00-00-00"

    parsed = parse_block("\r\n".join(lines))

    assert [(problem.line, problem.code) for problem in parsed.problems] == [
        (501, GuidProblem.ALL_ZERO),
        (701, GuidProblem.NOT_HEX),
    ]
    assert parsed.problems[1].text == "not a hub"
    assert len(parsed) == 998
    assert parsed.lines[-1] == 1000


def test_a_single_line_between_commas_is_a_list() -> None:
    parsed = parse_block(f"{CANONICAL},00-DB-12-34-56-78-00-04;oops")

    assert format_many(parsed.values) == [CANONICAL, "00-DB-12-34-56-78-00-04"]
    assert [problem.line for problem in parsed.problems] == [3]


def test_a_damaged_guid_with_a_decimal_comma_is_one_problem() -> None:
    assert [problem.code for problem in parse_block("1,23457E+15").problems] == [GuidProblem.EXCEL_EXPONENT]


def test_several_guids_on_a_line_are_all_read() -> None:
    parsed = parse_block(f"00-DB-12-34-56-78-00-01\n{CANONICAL}, 00-DB-12-34-56-78-00-04\n00DB123456780005\n")

    assert parsed.lines.tolist() == [1, 2, 2, 3]
    assert format_many(parsed.values)[1] == CANONICAL


@pytest.mark.parametrize("heading", ["GUID", "Device ID", "chf_id", "CH GUID", "Comms Hub GUID", "device_id"])
def test_a_heading_is_passed_over(heading: str) -> None:
    parsed = parse_block(f"\n{heading}\n{CANONICAL}\n")

    assert parsed.problems == ()
    assert parsed.lines.tolist() == [3]
    assert parsed.heading == 2


def test_a_heading_is_found_below_a_title() -> None:
    parsed = parse_block(f"Hubs of March\nGUID\n{CANONICAL}\n")

    assert ([problem.line for problem in parsed.problems], parsed.heading) == ([1], 2)


def test_texts_of_a_column_have_no_heading() -> None:
    parsed = parse_texts(["GUID", CANONICAL, "two\rlines"])

    assert (parsed.lines.tolist(), [problem.line for problem in parsed.problems]) == ([2], [1, 3])


def test_line_ends_of_all_kinds_count_once_each() -> None:
    parsed = parse_block(f"{CANONICAL}\r\n{CANONICAL}\r{CANONICAL}\n\r{CANONICAL}".encode())

    assert parsed.lines.tolist() == [1, 2, 3, 5]


def test_a_lone_quotation_mark_is_a_problem() -> None:
    parsed = parse_block(f'{CANONICAL}\n"\n""\n')

    assert [(problem.line, problem.code) for problem in parsed.problems] == [(2, GuidProblem.OPEN_QUOTE)]


def test_a_heading_lower_down_is_a_problem() -> None:
    assert [problem.line for problem in parse_block(f"{CANONICAL}\nGUID\n").problems] == [2]


@pytest.mark.parametrize("text", ["MPAN", "", "GPF", "region"])
def test_other_words_are_no_headings(text: str) -> None:
    assert not is_guid_heading(text)


@pytest.mark.parametrize(
    "data",
    [
        f"\ufeff{CANONICAL}\r\n".encode(),
        f"{CANONICAL}\r".encode(),
        f"\r\n\n{CANONICAL}\r\r\n".encode(),
        f"{CANONICAL}\n".encode("utf-16"),
        CANONICAL.replace("-", "\u2013").encode("cp1252"),
    ],
)
def test_bytes_in_any_usual_encoding_are_read(data: bytes) -> None:
    parsed = parse_block(data)

    assert format_many(parsed.values) == [CANONICAL]
    assert parsed.problems == ()


def test_an_empty_list_holds_nothing() -> None:
    for data in ("", b"", "\n\n", " \n"):
        assert len(parse_block(data)) == 0
        assert parse_block(data).problems == ()


def test_texts_from_a_file_keep_the_line_numbers_of_the_file() -> None:
    parsed = parse_texts([CANONICAL, "", "bad\nworse", "00DB123456780004"]).at_lines([2, 3, 5, 8])

    assert parsed.lines.tolist() == [2, 8]
    assert [(problem.line, problem.text) for problem in parsed.problems] == [(5, "bad worse")]


def test_a_long_bad_text_is_shown_shortened_and_printable() -> None:
    (problem,) = parse_block("\x00zz" + "q" * 100 + "\n").problems

    assert len(problem.text) <= 61
    assert problem.text.isprintable()
