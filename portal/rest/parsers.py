"""Bodies as systems send them: JSON, or CSV and NDJSON where GUIDs travel by the thousand, plain or gzip."""

from __future__ import annotations

import gzip
import json
import tempfile
import zlib
from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import IO, Any, Final

import orjson
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from portal.kernel.refusals import BadInput

LARGEST_BODY: Final = 64 * 1024 * 1024
LARGEST_UPLOAD: Final = 2 * 1024 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_GZIP: Final = 31
_CHUNK: Final = 64 * 1024
_MOST_MEMBERS: Final = 2_000
_MOST_ITEMS: Final = 1_500_000
"""A list of a million GUIDs, and room."""
_DEEPEST: Final = 64
_MOST_OBJECTS: Final = 100_000


class BodyTooLarge(BadInput):
    """The body is larger than a call may be, as it came or unpacked."""

    code = "body_too_large"
    status = 413


class UnsupportedEncoding(APIException):
    """The body is packed in a way the portal does not unpack."""

    status_code = 415
    default_code = "unsupported_media_type"
    default_detail = "A body may be sent plain or with gzip, not otherwise."
    headers: Final = {"Accept-Encoding": "gzip"}


class _SizeLimitedParser(BaseParser):
    def read(self, stream: IO[Any], context: Mapping[str, Any] | None) -> bytes:
        """Read the whole body, unpacked.

        Raises:
            BodyTooLarge: it is.
            UnsupportedEncoding: it is packed, and not with gzip.
            ParseError: it says it is gzip, and is not.
        """
        headers = context["request"].headers if context else {}
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip"}:
            raise UnsupportedEncoding
        raw = _up_to(stream, LARGEST_BODY)
        return _unpacked(raw) if encoding == "gzip" else raw


class JsonParser(_SizeLimitedParser):
    """`application/json`."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document."""
        raw = self.read(stream, parser_context).removeprefix(BOM_UTF8)
        _check_parts(raw)
        try:
            return loads(raw)
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error


class RawParser(_SizeLimitedParser):
    """A body that is read by whoever asked for it."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the text as it came: whoever asked for it reads it."""
        return self.read(stream, parser_context)


class CsvParser(RawParser):
    """`text/csv`: a column of GUIDs, or one GUID a line."""

    media_type = "text/csv"


class NdjsonParser(RawParser):
    """`application/x-ndjson`: a JSON text or object a line."""

    media_type = "application/x-ndjson"


class FileParser(BaseParser):
    """`application/octet-stream`: a file of up to two gigabytes, kept on disk while it is looked at."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the file, unpacked, at its beginning.

        Raises:
            BodyTooLarge: it is.
            UnsupportedEncoding: it is packed, and not with gzip.
            ParseError: it says it is gzip, and is not.
        """
        headers = parser_context["request"].headers if parser_context else {}
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip"}:
            raise UnsupportedEncoding
        source = gzip.GzipFile(fileobj=stream) if encoding == "gzip" else stream
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with its last reader
        try:
            while piece := source.read(_PIECE):
                if file.tell() + len(piece) > LARGEST_UPLOAD:
                    raise BodyTooLarge(f"A file has at most {LARGEST_UPLOAD // 1024 // 1024:,} MB.")
                file.write(piece)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ParseError("The body says it is gzip and cannot be unpacked.") from error
        file.seek(0)
        return file


def loads(raw: bytes) -> Any:
    """Read JSON in which every object has each of its members once.

    Raises:
        ValueError: it is not JSON, or a member is there twice: of two values one would be dropped.
    """
    document = orjson.loads(raw)
    _check_depth(document)
    if b"{" in raw:
        json.loads(raw, object_pairs_hook=_distinct)
    return document


def _check_depth(document: Any) -> None:
    """Refuse what nests so deep that reading it on would end the reader."""
    level = [document]
    for _ in range(_DEEPEST):
        level = (
            [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, dict | list)
            ]
            if isinstance(level[0], dict | list)
            else []
        )
        if not level:
            return
    raise ValueError(f"it nests more than {_DEEPEST} levels deep")


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{repeated[:60]} is there twice")


def _up_to(stream: IO[Any], most: int) -> bytes:
    pieces, size = [], 0
    while piece := stream.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise BodyTooLarge(f"A body has at most {most // 1024 // 1024} MB.")
    return b"".join(pieces)


def _unpacked(raw: bytes) -> bytes:
    """Unpack every member of a gzip file: tools that pack in parts, or join files, make several."""
    view, place, size, parts = memoryview(raw), 0, 0, []
    for _ in range(_MOST_MEMBERS):
        unpacker = zlib.decompressobj(wbits=_GZIP)
        while place < len(raw) and not unpacker.eof:
            chunk = view[place : place + _CHUNK]
            place += len(chunk)
            part = _part(unpacker, chunk, most=LARGEST_BODY + 1 - size)
            parts.append(part)
            size += len(part)
            if size > LARGEST_BODY:
                raise BodyTooLarge(f"A body has at most {LARGEST_BODY // 1024 // 1024} MB, unpacked.")
        if not unpacker.eof:
            raise ParseError("The body says it is gzip and ends too early.")
        place = len(raw) - len(raw[place - len(unpacker.unused_data) :].lstrip(b"\0"))
        if place >= len(raw):
            return b"".join(parts)
    raise BodyTooLarge(f"A body packed with gzip has at most {_MOST_MEMBERS:,} parts.")


def _part(unpacker: Any, chunk: memoryview, *, most: int) -> bytes:
    try:
        part: bytes = unpacker.decompress(chunk, most)
    except zlib.error as error:
        raise ParseError("The body says it is gzip and cannot be unpacked.") from error
    return part


def _check_parts(raw: bytes) -> None:
    """Refuse what takes a hundred times its size once it is read: millions of empty objects, or texts."""
    if raw.count(b"{") + raw.count(b"[") > _MOST_OBJECTS or raw.count(b",") > _MOST_ITEMS:
        raise BodyTooLarge(f"A document holds at most {_MOST_ITEMS:,} items and {_MOST_OBJECTS:,} objects.")
