"""Firmware files as they would be uploaded: an OTA header, a body, a signature block, made from the seed."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Final

MAGIC: Final = 0x0BEEF11E
HEADER_VERSION: Final = 0x0100
HEADER_LENGTH: Final = 60
HARDWARE_VERSIONS_PRESENT: Final = 0x0004
STACK_VERSION: Final = 0x0002
BODY_LENGTH: Final = 48_000
SIGNATURE_LENGTH: Final = 64

_HEADER: Final = struct.Struct("<IHHHHHIH32sIHH")


@dataclass(frozen=True)
class FirmwareFile:
    """One firmware file and the digest the CPL gives of its body."""

    manufacturer_code: str
    model: str
    hardware_version: str
    version: str
    body: bytes

    @classmethod
    def of(
        cls, *, seed: int, manufacturer_code: str, model: str, hardware_version: str, version: str
    ) -> FirmwareFile:
        """Make the image of a version; equal arguments make equal bytes."""
        recipe = f"{seed}/{manufacturer_code}/{model}/{version}".encode()
        body = hashlib.shake_256(recipe).digest(BODY_LENGTH)
        return cls(manufacturer_code, model, hardware_version, version, body)

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of the manufacturer image: the body, without header and signature block."""
        return hashlib.sha256(self.body).hexdigest().upper()

    @cached_property
    def file(self) -> bytes:
        """Return the whole OTA file. Its signature has the right form but is nobody's."""
        signature = hashlib.shake_256(b"signature/" + self.body[:64]).digest(SIGNATURE_LENGTH)
        block = struct.pack(">H", SIGNATURE_LENGTH) + signature
        hardware = int(self.hardware_version, 16)
        header = _HEADER.pack(
            MAGIC,
            HEADER_VERSION,
            HEADER_LENGTH,
            HARDWARE_VERSIONS_PRESENT,
            int(self.manufacturer_code, 16),
            int(self.model[:4], 16),
            int(self.version, 16),
            STACK_VERSION,
            f"CH {self.model} {self.version}".encode(),
            HEADER_LENGTH + len(self.body) + len(block),
            hardware,
            hardware,
        )
        return header + self.body + block

    @cached_property
    def file_sha256(self) -> str:
        """Return the SHA-256 of the whole file."""
        return hashlib.sha256(self.file).hexdigest().upper()
