"""Firmware facts: how a version is spelt, and whether an image file is what the CPL entry says it is."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import BinaryIO, Final

from portal.kernel.refusals import BadInput

#: Octets an image may have: what the DUIS interface takes.
LARGEST_IMAGE: Final = 10_240_000

_MAGIC: Final = 0x0BEEF11E
_HEADER: Final = struct.Struct("<IHHHHHIH32sI")
_HARDWARE: Final = struct.Struct("<HH")
_SIGNATURE_MARK: Final = b"\x00\x40"
_SIGNATURE_BLOCK: Final = len(_SIGNATURE_MARK) + 64
_VERSION_LENGTH: Final = 8
_HEX: Final = re.compile(r"[0-9A-F]+", re.ASCII)
_VERSION: Final = re.compile(r"[0-9A-Z]{1,8}", re.ASCII)
_HASH: Final = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)


class NotAVersion(BadInput):
    """The text is no firmware version."""

    code = "bad_firmware_version"


class NotAHash(BadInput):
    """The text is no SHA-256 hash."""

    code = "bad_firmware_hash"


class NotAnImage(BadInput):
    """The file does not begin with the header of a firmware image."""

    code = "bad_firmware_image"


def normalise_version(text: str) -> str:
    """Spell a firmware version for comparison: eight upper-case digits where it is hexadecimal.

    Equal versions compare equal; nothing says that a higher one is newer (the upgrade path does).

    Raises:
        NotAVersion: it is not one to eight letters and digits.
    """
    bare = re.sub(r"[.\s]", "", text).upper().removeprefix("0X")
    if not _VERSION.fullmatch(bare):
        raise NotAVersion(
            f"“{text[:40]}” is no firmware version: one to eight letters and digits, such as 0C230000."
        )
    return bare.zfill(_VERSION_LENGTH) if _HEX.fullmatch(bare) else bare


def normalise_hash(text: str) -> str:
    """Spell a SHA-256 hash as 64 upper-case digits.

    Raises:
        NotAHash: it is not 64 hexadecimal digits.
    """
    bare = re.sub(r"[\s:-]", "", text)
    if not _HASH.fullmatch(bare):
        raise NotAHash("A firmware hash is a SHA-256 hash: 64 hexadecimal digits.")
    return bare.upper()


@dataclass(frozen=True, slots=True)
class OtaHeader:
    """What the header of an image file says about it."""

    header_length: int
    manufacturer_code: str
    firmware_version: str
    name: str
    total_size: int
    oldest_hardware: int | None
    newest_hardware: int | None


class HashCovers(StrEnum):
    """What the hash on the CPL was taken over."""

    WHOLE_FILE = "WHOLE_FILE"
    MANUFACTURER_IMAGE = "MANUFACTURER_IMAGE"
    EITHER = "EITHER"


class ImageProblemCode(StrEnum):
    """What is wrong with an image file."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    NOT_AN_IMAGE = "NOT_AN_IMAGE"
    SIZE_DIFFERS = "SIZE_DIFFERS"
    VERSION_DIFFERS = "VERSION_DIFFERS"
    MANUFACTURER_DIFFERS = "MANUFACTURER_DIFFERS"
    HASH_DIFFERS = "HASH_DIFFERS"


@dataclass(frozen=True, slots=True)
class ImageProblem:
    """One thing that is wrong with an image file, in words for the operator."""

    code: ImageProblemCode
    message: str


@dataclass(frozen=True, slots=True)
class CplFacts:
    """What the CPL entry says about the image."""

    manufacturer_code: str
    firmware_version: str
    image_hash: str
    hash_covers: HashCovers = HashCovers.EITHER


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """What an image file is, and everything that is wrong with it."""

    size: int
    file_hash: str
    image_hash: str | None
    header: OtaHeader | None
    problems: tuple[ImageProblem, ...]

    @property
    def is_good(self) -> bool:
        """Return whether the file is what the CPL entry says."""
        return not self.problems


def parse_header(data: bytes) -> OtaHeader:
    """Read the header of an image file.

    Raises:
        NotAnImage: the file is too short, or begins with something else.
    """
    if len(data) < _HEADER.size:
        raise NotAnImage(f"The file has {len(data)} octets, fewer than the header of a firmware image.")
    magic, _, length, _, maker, _, version, _, name, total = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise NotAnImage("The file does not begin with 1E F1 EE 0B, as a firmware image does.")
    if not _HEADER.size <= length <= len(data):
        raise NotAnImage(f"The header says that it has {length} octets, which cannot be.")
    has_hardware = length >= _HEADER.size + _HARDWARE.size
    oldest, newest = _HARDWARE.unpack_from(data, _HEADER.size) if has_hardware else (None, None)
    return OtaHeader(
        header_length=length,
        manufacturer_code=f"{maker:04X}",
        firmware_version=f"{version:08X}",
        name=name.split(b"\0", 1)[0].decode("ascii", "replace"),
        total_size=total,
        oldest_hardware=oldest,
        newest_hardware=newest,
    )


def manufacturer_image(data: bytes, header: OtaHeader) -> bytes:
    """Return what the manufacturer made: the file without header, and without signature if it has one."""
    end = len(data)
    marked_at = end - _SIGNATURE_BLOCK
    if marked_at >= header.header_length and data[marked_at : marked_at + 2] == _SIGNATURE_MARK:
        end = marked_at
    return data[header.header_length : end]


def check_image(source: bytes | BinaryIO, *, expected: CplFacts, largest: int = LARGEST_IMAGE) -> ImageCheck:
    """Compare an image file with its CPL entry, and list every difference rather than the first."""
    data = source if isinstance(source, bytes) else source.read(largest + 1)
    header, parsed = _try_header(data)
    image = manufacturer_image(data, header) if header else None
    file_hash = sha256(data).hexdigest().upper()
    image_hash = sha256(image).hexdigest().upper() if image is not None else None
    if len(data) > largest:
        parsed.append(
            _problem("TOO_LARGE", f"The file is larger than {largest:,} octets, the most a hub is sent.")
        )
    if header:
        parsed.extend(_differences(header, size=len(data), expected=expected))
        parsed.extend(_hash_difference(file_hash, image_hash, expected=expected))
    return ImageCheck(len(data), file_hash, image_hash, header, tuple(parsed))


def _try_header(data: bytes) -> tuple[OtaHeader | None, list[ImageProblem]]:
    if not data:
        return None, [_problem("EMPTY", "The file is empty.")]
    try:
        return parse_header(data), []
    except NotAnImage as refusal:
        return None, [_problem("NOT_AN_IMAGE", refusal.message)]


def _differences(header: OtaHeader, *, size: int, expected: CplFacts) -> Iterator[ImageProblem]:
    if header.total_size != size:
        yield _problem(
            "SIZE_DIFFERS", f"The header says {header.total_size:,} octets; the file has {size:,}."
        )
    version = normalise_version(expected.firmware_version)
    if header.firmware_version != version:
        yield _problem(
            "VERSION_DIFFERS", f"The image is version {header.firmware_version}; the CPL says {version}."
        )
    maker = normalise_version(expected.manufacturer_code)[-4:]
    if header.manufacturer_code != maker:
        yield _problem(
            "MANUFACTURER_DIFFERS",
            f"The image is by manufacturer {header.manufacturer_code}; the CPL says {maker}.",
        )


def _hash_difference(file_hash: str, image_hash: str | None, *, expected: CplFacts) -> Iterator[ImageProblem]:
    hash_by_cover = {HashCovers.WHOLE_FILE: file_hash, HashCovers.MANUFACTURER_IMAGE: image_hash}
    is_either = expected.hash_covers == HashCovers.EITHER
    candidates = set(hash_by_cover.values()) if is_either else {hash_by_cover[expected.hash_covers]}
    if normalise_hash(expected.image_hash) not in candidates:
        covered = (
            expected.hash_covers.replace("_", " ")
            .lower()
            .replace("either", "whole file or manufacturer image")
        )
        yield _problem("HASH_DIFFERS", f"The SHA-256 hash on the CPL is not that of the {covered}.")


def _problem(code: str, message: str) -> ImageProblem:
    return ImageProblem(ImageProblemCode(code), message)
