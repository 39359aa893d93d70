"""Identifiers of the industry, checked as far as the industry checks them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.rules.identifiers import (
    NotAnIdentifier,
    RequestId,
    distributor_of,
    mpan_check_digit,
    normalise_gas_code,
    normalise_market_participant,
    normalise_mpan,
    normalise_mprn,
    parse_user_id,
)

SUPPLIER, DCC = "90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-00-00-02"


@pytest.mark.parametrize("mpan", ["2000050773706", "1200023305967", "2000024512368", "1012345678903"])
def test_known_mpans_pass_their_check_digit(mpan: str) -> None:
    assert normalise_mpan(mpan) == mpan
    assert normalise_mpan(f"01 801 100 {mpan[:2]} {mpan[2:6]} {mpan[6:10]} {mpan[10:]}") == mpan


@given(st.from_regex(r"[0-9]{12}", fullmatch=True).filter(str.isascii))
@settings(max_examples=40)
def test_a_mistyped_check_digit_is_found(first_twelve: str) -> None:
    right = mpan_check_digit(first_twelve)

    assert normalise_mpan(f"{first_twelve}{right}")
    with pytest.raises(NotAnIdentifier):
        normalise_mpan(f"{first_twelve}{(right + 1) % 10}")


@pytest.mark.parametrize("text", ["", "200005077370", "20000507737060", "2000O50773706", "²000050773706"])
def test_what_is_no_mpan_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(NotAnIdentifier) as refused:
        normalise_mpan(text)
    assert not text or text not in refused.value.message


def test_an_mpan_names_its_distributor() -> None:
    assert distributor_of("1200023305967") == "London"
    assert distributor_of("2400000000000") == "Independent network"


def test_an_mprn_is_six_to_ten_digits() -> None:
    assert normalise_mprn(" 1234 567890 ") == "1234567890"
    for text in ("12345", "12345678901", "12345A"):
        with pytest.raises(NotAnIdentifier):
            normalise_mprn(text)


def test_market_participants_have_four_characters_and_gas_codes_three() -> None:
    assert normalise_market_participant(" lond ") == "LOND"
    assert normalise_gas_code("bgt") == "BGT"
    for text in ("LON", "LOND1", "LO D"):
        with pytest.raises(NotAnIdentifier):
            normalise_market_participant(text)
    with pytest.raises(NotAnIdentifier):
        normalise_gas_code("LOND")


def test_a_user_id_is_an_eui64() -> None:
    assert str(parse_user_id(SUPPLIER.lower())) == SUPPLIER
    with pytest.raises(NotAnIdentifier):
        parse_user_id("supplier")


@pytest.mark.requirement("R6.6")
@pytest.mark.parametrize("counter", ["0", "1763640000000", "18446744073709551615"])
def test_a_request_id_is_read_and_answered(counter: str) -> None:
    request_id = RequestId.parse(f"{SUPPLIER}:{DCC}:{counter}")

    assert str(request_id) == f"{SUPPLIER}:{DCC}:{counter}"
    assert str(request_id.answered) == f"{DCC}:{SUPPLIER}:{counter}"


@pytest.mark.requirement("R6.6")
@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{SUPPLIER}:{DCC}",
        f"{SUPPLIER}:{DCC}:",
        f"{SUPPLIER}:{DCC}:01",
        f"{SUPPLIER}:{DCC}:18446744073709551616",
        f"{SUPPLIER}:{DCC}:-1",
        f"{SUPPLIER.replace('-', '')}:{DCC}:1",
        f"{SUPPLIER}:00-00-00-00-00-00-00-00:1",
        f"{SUPPLIER}:{DCC}:1\n",
    ],
)
def test_what_is_no_request_id_is_refused(text: str) -> None:
    with pytest.raises(NotAnIdentifier):
        RequestId.parse(text)
