"""Files that are fetched whole or in part (RFC 9110, 14): one range at a time, tagged, never packed again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from portal.rest.responses import CSV

_PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def range_response(
    request: Request, body: IO[Any], *, size: int, kind: str, name: str, tag: str
) -> HttpResponseBase:
    """Answer with a file, or the part of it that `Range` asks for; 304 to whoever has it, 416 past its end.

    `tag` names the file for good: what bears it never changes. Several ranges are answered with the whole.
    """
    etag = f'"{tag}"'
    if (had := get_conditional_response(request._request, etag=etag)) is not None:  # noqa: SLF001
        body.close()
        return _named(had, etag)
    begin, end = 0, size
    wanted = request.headers.get("Range", "")
    if wanted and request.headers.get("If-Range", etag) == etag and (match := _RANGE.fullmatch(wanted)):
        begin, end = _bounds(match, size)
    if begin >= end and size:
        body.close()
        return _named(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}), etag)
    is_part = (begin, end) != (0, size)
    response = StreamingHttpResponse(
        _pieces(body, begin, end),
        status=206 if is_part else 200,
        content_type=f"{kind}; charset=utf-8" if kind == CSV else kind,
    )
    if is_part:
        response["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    response["Content-Length"] = str(end - begin)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return _named(response, etag)


def _bounds(match: re.Match[str], size: int) -> tuple[int, int]:
    first, last, tail = match.groups()
    if tail is not None:
        return max(0, size - int(tail)), size
    return int(first), min(size, int(last) + 1) if last else size


def _named(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    return response


def _pieces(body: IO[Any], begin: int, end: int) -> Iterator[bytes]:
    with body:
        body.seek(begin)
        left = end - begin
        while left and (piece := body.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece
