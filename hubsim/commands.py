"""Commands as the portal sends them: read, checked, and remembered by number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from hubsim import guids
from hubsim.catalogue import DEVICE_MODELS, cpl_entries
from hubsim.codes import HubCommandKind
from hubsim.randomness import U64

MOST_HUBS: Final = 10_000
MOST_AHEAD_SECONDS: Final = 31 * 86_400
"""DUIS allows thirty days; the day on top forgives clocks that do not agree."""

CommandId = str | int
_ID_LENGTH: Final = 64
_HASH_LENGTH: Final = 64
_VERSION_LENGTH: Final = 8
_FIRST_PRINTABLE: Final = " "


class MalformedCommand(ValueError):
    """The body is not a command."""


@dataclass(frozen=True, slots=True)
class ImageName:
    """Which image a command is about."""

    manufacturer: str
    model: str
    version: str
    hash: str


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """One command to many hubs, each at most once."""

    id: CommandId
    kind: HubCommandKind
    guids: U64
    image: ImageName | None = None
    execute_at: float | None = None


def read_command(kind: HubCommandKind, body: bytes, *, now: float) -> ReceivedCommand:
    """Read a command from its JSON.

    Raises:
        MalformedCommand: with what is wrong.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedCommand(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedCommand("an object is needed")
    return ReceivedCommand(
        id=_read_id(document.get("command_id")),
        kind=kind,
        guids=_read_hubs(document.get("hubs")),
        image=_read_image(
            document.get("image"), needed=kind in (HubCommandKind.DISTRIBUTE, HubCommandKind.ACTIVATE)
        ),
        execute_at=_read_time(document.get("execute_at"), now=now)
        if kind is HubCommandKind.ACTIVATE
        else None,
    )


def _read_id(value: object) -> CommandId:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if (
        isinstance(value, str)
        and 0 < len(value) <= _ID_LENGTH
        and value.isascii()
        and min(value) >= _FIRST_PRINTABLE
    ):
        return value
    raise MalformedCommand(
        f"command_id: a whole number, or text of 1 to {_ID_LENGTH} ASCII characters, is needed"
    )


def _read_hubs(value: object) -> U64:
    if not isinstance(value, list) or not value:
        raise MalformedCommand("hubs: a list of GUIDs is needed")
    if len(value) > MOST_HUBS:
        raise MalformedCommand(f"hubs: at most {MOST_HUBS:,} in one command")
    try:
        return np.unique(guids.parse(value))
    except guids.MalformedGuid as error:
        raise MalformedCommand(f"hubs: {error}") from error


def _read_image(value: object, *, needed: bool) -> ImageName | None:
    if value is None and not needed:
        return None
    if not isinstance(value, dict):
        raise MalformedCommand("image: an object with manufacturer, model, version and hash is needed")
    manufacturer, model, version, digest = (
        _text(value, name) for name in ("manufacturer", "model", "version", "hash")
    )
    if len(digest) != _HASH_LENGTH or not _is_hexadecimal(digest):
        raise MalformedCommand("image.hash: 64 hexadecimal digits are needed")
    if not (0 < len(version) <= _VERSION_LENGTH and version.isalnum() and version.isascii()):
        raise MalformedCommand("image.version: 1 to 8 letters or digits are needed")
    return ImageName(manufacturer, model, version, digest)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise MalformedCommand(f"image.{name}: text is needed")
    return value.strip().upper()


def _is_hexadecimal(text: str) -> bool:
    return not text.strip("0123456789ABCDEF")


def _read_time(value: object, *, now: float) -> float | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise MalformedCommand("execute_at: an ISO 8601 time with its zone is needed")
    if when.timestamp() > now + MOST_AHEAD_SECONDS:
        raise MalformedCommand("execute_at: at most 30 days ahead; to cancel, use /commands/cancel")
    return when.timestamp()


class CommandLog:
    """Every command taken, by number; its columns are read for many hubs at once."""

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self.image = np.full(64, -1, dtype=np.int32)
        self.execute_at = np.full(64, -np.inf)

    def add(self, command: ReceivedCommand, *, image: int) -> int:
        """Remember a command; return its number."""
        number = len(self.ids)
        if number == len(self.image):
            self.image = np.concatenate([self.image, np.full(number, -1, dtype=np.int32)])
            self.execute_at = np.concatenate([self.execute_at, np.full(number, -np.inf)])
        self.ids.append(orjson.dumps(command.id))
        self.image[number] = image
        if command.execute_at is not None:
            self.execute_at[number] = command.execute_at
        return number


class ImageShelf:
    """Every image named so far, by number: its model, its version, and if its hash is right."""

    def __init__(self, *, seed: int, versions: list[str], models: tuple[tuple[str, str, str], ...]) -> None:
        self._numbers: dict[ImageName, int] = {}
        self._versions = versions
        self._models = models
        self._hashes = _known_hashes(seed)
        self.model: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.version: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.genuine: npt.NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    def number_of(self, image: ImageName | None) -> int:
        """Return the number of an image, -1 for none. What the CPL does not know is taken to be genuine."""
        if image is None:
            return -1
        if image not in self._numbers:
            self._numbers[image] = len(self._numbers)
            place = self._place_of_model(image)
            expected = self._hashes.get((place, image.version), image.hash)
            self.model = np.append(self.model, np.int32(place))
            self.version = np.append(self.version, np.int32(self._version_number(image.version)))
            self.genuine = np.append(self.genuine, expected == image.hash)
        return self._numbers[image]

    def _version_number(self, version: str) -> int:
        if version not in self._versions:
            self._versions.append(version)
        return self._versions.index(version)

    def _place_of_model(self, image: ImageName) -> int:
        for place, device_model in enumerate(DEVICE_MODELS):
            if device_model.goes_by(image.manufacturer, image.model):
                return place
        for place, (manufacturer, model, _) in enumerate(self._models):
            if (manufacturer.upper(), model.upper()) == (image.manufacturer, image.model):
                return place
        return -1


@lru_cache(maxsize=4)
def _known_hashes(seed: int) -> dict[tuple[int, str], str]:
    return {(DEVICE_MODELS.index(e.device_model), e.firmware.version): e.hash for e in cpl_entries(seed)}
