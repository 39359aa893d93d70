"""Identifiers of the industry, checked as far as the industry checks them."""

from __future__ import annotations

import pytest

from rollouts.rules.identifiers import (
    NotAnIdentifier,
    RequestId,
    normalise_gas_code,
    normalise_market_participant,
    parse_user_id,
)

SUPPLIER, DCC = "90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-00-00-02"


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


@pytest.mark.parametrize("counter", ["0", "1763640000000", "18446744073709551615"])
def test_a_request_id_is_read_and_answered(counter: str) -> None:
    request_id = RequestId.parse(f"{SUPPLIER}:{DCC}:{counter}")

    assert str(request_id) == f"{SUPPLIER}:{DCC}:{counter}"
    assert str(request_id.answered) == f"{DCC}:{SUPPLIER}:{counter}"


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
