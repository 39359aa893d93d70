"""Answers: JSON at speed, files piece by piece, gzip where it is wanted, 304 where nothing has changed."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer

JSON: Final = "application/json"
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SMALLEST_TO_PACK: Final = 1_024
_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_GZIP: Final = 31
_FAST: Final = 1
_TAKES_GZIP: Final = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
_ROWS_A_PIECE: Final = 1_000


class Negotiation(DefaultContentNegotiation):
    """Takes an empty `Accept` for none."""

    def get_accept_list(self, request: Any) -> list[str]:
        """Return the media types that are wanted."""
        if not request.headers.get("Accept", "").strip(" ,"):
            return ["*/*"]
        wanted: list[str] = super().get_accept_list(request)
        return wanted


class JsonRenderer(BaseRenderer):
    """`application/json`, times in UTC with a Z."""

    media_type = JSON
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the document as bytes; nothing where there is none."""
        return b"" if data is None else dumps(data)


class FileRenderer(BaseRenderer):
    """A whole list in another form than JSON."""

    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Files are streamed by the view; what is left for here is small."""
        return data if isinstance(data, bytes) else dumps(data)


class CsvRenderer(FileRenderer):
    """`text/csv`."""

    media_type = CSV
    format = "csv"


class NdjsonRenderer(FileRenderer):
    """`application/x-ndjson`."""

    media_type = NDJSON
    format = "ndjson"


class XlsxRenderer(FileRenderer):
    """An Excel workbook."""

    media_type = XLSX
    format = "xlsx"


def dumps(document: object) -> bytes:
    """Write a document as JSON."""
    return orjson.dumps(document, option=_OPTIONS)


def ndjson(rows: Iterable[object]) -> Iterator[bytes]:
    """Yield a document a line, some thousand lines at a time."""
    piece = bytearray()
    for number, row in enumerate(rows, start=1):
        piece += orjson.dumps(row, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)
        if number % _ROWS_A_PIECE == 0:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def file_response(pieces: Iterable[bytes], *, kind: str, name: str) -> StreamingHttpResponse:
    """Answer with a file, piece by piece, in constant memory."""
    response = StreamingHttpResponse(pieces, content_type=f"{kind}; charset=utf-8" if kind == CSV else kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def compressed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Pack an answer with gzip where the caller takes it and it is worth it."""
    if response.has_header("Accept-Ranges"):  # its parts are counted as they are
        return response
    patch_vary_headers(response, ["Accept-Encoding"])
    if response.has_header("Content-Encoding") or not _TAKES_GZIP.search(
        request.headers.get("Accept-Encoding", "")
    ):
        return response
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _gzip(cast("Iterable[bytes]", response.streaming_content))
    elif isinstance(response, HttpResponse) and len(response.content) >= SMALLEST_TO_PACK:
        response.content = b"".join(_gzip([response.content]))
        response["Content-Length"] = str(len(response.content))
    else:
        return response
    response["Content-Encoding"] = "gzip"
    return response


def etag_of(content: bytes) -> str:
    """Return the weak tag of a document: equal documents, equal tags, however they are packed."""
    return f'W/"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def conditional_response(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Tag a document, and answer 304 to whoever has it already."""
    tag = etag_of(response.content)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    answer = get_conditional_response(request, etag=tag, response=response)
    if answer is None or answer is response:
        return response
    for name, value in response.items():
        if not name.startswith("Content-"):
            answer.headers.setdefault(name, value)
    return cast("HttpResponseBase", answer)


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=_FAST, wbits=_GZIP)
    for piece in pieces:
        if out := packer.compress(piece):
            yield out
    yield packer.flush()
