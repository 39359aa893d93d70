"""Versions, hashes and image files, as the CPL and the hubs spell them."""

from __future__ import annotations

import struct
from dataclasses import replace
from hashlib import sha256
from io import BytesIO

import pytest

from rollouts.rules.firmware import (
    CplFacts,
    HashCovers,
    NotAHash,
    NotAnImage,
    NotAVersion,
    check_image,
    manufacturer_image,
    normalise_hash,
    normalise_version,
    parse_header,
)

BODY = b"the code of the hub" * 10
SIGNATURE = b"\x00\x40" + bytes(64)


def image_file(
    *,
    magic: int = 0x0BEEF11E,
    header_length: int = 60,
    manufacturer: int = 0x106C,
    version: int = 0x0C230000,
    total_size: int | None = None,
    body: bytes = BODY,
    signature: bytes = SIGNATURE,
) -> bytes:
    """Make an image file after the description of the OTA header."""
    size = 60 + len(body) + len(signature) if total_size is None else total_size
    header = struct.pack(
        "<IHHHHHIH32sI",
        magic,
        0x0100,
        header_length,
        4,
        manufacturer,
        0x0001,
        version,
        2,
        b"CH test image",
        size,
    )
    return header + struct.pack("<HH", 0x1111, 0x1211) + body + signature


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


EXPECTED = CplFacts(manufacturer_code="106C", firmware_version="0C230000", image_hash=digest(BODY))


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("0C230000", "0C230000"),
        ("0c230000", "0C230000"),
        ("0x0C230000", "0C230000"),
        ("0C.23.00.00", "0C230000"),
        (" 0C23 0000 ", "0C230000"),
        ("9001", "00009001"),
        ("00000000", "00000000"),
        ("V1.2.3", "V123"),
    ],
)
def test_equal_versions_are_spelt_equally(text: str, spelt: str) -> None:
    assert normalise_version(text) == spelt


@pytest.mark.parametrize("text", ["", "0x", " . ", "0C2300001", "0C23-000", "0C23000é"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(NotAVersion):
        normalise_version(text)


def test_a_hash_has_64_digits() -> None:
    assert normalise_hash("ab:" * 31 + "ab") == "AB" * 32
    for text in ("", "ab" * 31, "zz" * 32):
        with pytest.raises(NotAHash):
            normalise_hash(text)


def test_the_header_of_an_image_is_read() -> None:
    header = parse_header(image_file())

    assert header.manufacturer_code == "106C"
    assert header.firmware_version == "0C230000"
    assert header.name == "CH test image"
    assert (header.oldest_hardware, header.newest_hardware) == (0x1111, 0x1211)
    assert image_file()[:4] == b"\x1e\xf1\xee\x0b"


def test_a_header_without_hardware_versions_has_none() -> None:
    assert parse_header(image_file(header_length=56)).oldest_hardware is None


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", image_file(magic=1), image_file(header_length=9)])
def test_another_file_is_no_image(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        parse_header(data)


def test_the_manufacturer_image_leaves_out_header_and_signature() -> None:
    signed, unsigned = image_file(), image_file(signature=b"")

    assert manufacturer_image(signed, parse_header(signed)) == BODY
    assert manufacturer_image(unsigned, parse_header(unsigned)) == BODY


def test_an_image_that_is_what_the_cpl_says_has_no_problems() -> None:
    check = check_image(image_file(), expected=EXPECTED)

    assert check.is_good
    assert check.size == len(image_file())
    assert check.file_hash == digest(image_file()).upper()


@pytest.mark.parametrize(
    ("covers", "hashed", "is_good"),
    [
        (HashCovers.WHOLE_FILE, image_file(), True),
        (HashCovers.WHOLE_FILE, BODY, False),
        (HashCovers.MANUFACTURER_IMAGE, BODY, True),
        (HashCovers.MANUFACTURER_IMAGE, image_file(), False),
        (HashCovers.EITHER, BODY, True),
        (HashCovers.EITHER, image_file(), True),
        (HashCovers.EITHER, b"something else", False),
    ],
)
def test_the_operator_says_what_the_hash_covers(covers: HashCovers, hashed: bytes, *, is_good: bool) -> None:
    expected = replace(EXPECTED, image_hash=digest(hashed), hash_covers=covers)

    check = check_image(BytesIO(image_file()), expected=expected)

    assert [problem.code for problem in check.problems] == ([] if is_good else ["HASH_DIFFERS"])


def test_every_difference_is_listed() -> None:
    data = image_file(manufacturer=0x121D, version=0xACDCACDC, total_size=1, body=b"other")

    check = check_image(data, expected=EXPECTED)

    assert [problem.code for problem in check.problems] == [
        "SIZE_DIFFERS",
        "VERSION_DIFFERS",
        "MANUFACTURER_DIFFERS",
        "HASH_DIFFERS",
    ]
    assert "ACDCACDC" in check.problems[1].message


@pytest.mark.parametrize(("data", "code"), [(b"", "EMPTY"), (b"GIF89a" * 20, "NOT_AN_IMAGE")])
def test_a_file_that_is_no_image_says_so(data: bytes, code: str) -> None:
    assert [problem.code for problem in check_image(data, expected=EXPECTED).problems] == [code]


def test_a_file_over_the_cap_is_not_read_to_its_end() -> None:
    source = BytesIO(image_file() + bytes(1000))

    check = check_image(source, expected=EXPECTED, largest=100)

    assert check.problems[0].code == "TOO_LARGE"
    assert source.tell() == 101
