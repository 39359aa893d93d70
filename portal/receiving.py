"""Where bodies come in: read to their end before anything else happens, however they are sent.

Django takes a body without a Content-Length for an empty one, and what has arrived of a body whose sender
is gone for the whole. Here each is read first, within limits of size and time, into memory or a temporary
file: what goes on from here has a length, and is complete. The rest is refused as a problem.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socket import SHUT_RD, socket
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.module_loading import import_string
from gunicorn import util  # type: ignore[import-untyped]
from structlog.contextvars import bound_contextvars

from portal.middleware import request_id_of
from portal.problems import CONTENT_TYPE, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_MEGABYTE: Final = 1024 * 1024
_PIECE: Final = 256 * 1024
_STRANGERS_MOST: Final = _MEGABYTE
"""So much of somebody who shows neither a session nor a token: nobody fills the disk before logging in."""
_IN_MEMORY: Final = _MEGABYTE
#: The largest body, in octets, by the beginning of the address; views may want less.
_LARGEST: Final = (
    ("/api/", 64 * _MEGABYTE),
    ("/csp/", 8 * _MEGABYTE),
    ("/service-requests", 3 * _MEGABYTE),  # the view says what is too large by a message of its own
    ("/oauth/", _MEGABYTE),
    ("/accounts/", _MEGABYTE),
    ("", 130 * _MEGABYTE),  # a form with a file of LARGEST_FILE
)
_MAY_BE_PACKED: Final = ("/api/", "/csp/")


class _UnreadableBody(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@dataclass(slots=True)
class BodySpool:
    """WSGI middleware: the application behind it finds every body whole, with its length."""

    application: WSGIApplication
    largest: Iterable[tuple[str, int]] = field(default=_LARGEST)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Read the body, then let the application answer; or say why it cannot be read."""
        is_chunked = bool(environ.pop("HTTP_TRANSFER_ENCODING", ""))
        length = environ.get("CONTENT_LENGTH") or ""
        if not is_chunked and length in {"", "0"}:
            return self.application(environ, start_response)
        if not environ.get("PATH_INFO", "").startswith(_MAY_BE_PACKED) and _is_packed(environ):
            refusal = _UnreadableBody(415, "unsupported_media_type", "Send the form as it is, not packed.")
            return _refused(refusal, environ, start_response)
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
            try:
                self._fill(spool, environ, is_chunked=is_chunked, length=length)
            except _UnreadableBody as refusal:
                return _refused(refusal, environ, start_response)
            environ["CONTENT_LENGTH"] = str(spool.tell())
            spool.seek(0)
            environ["wsgi.input"] = spool
            # What is streamed is made after this: by then nobody reads the request any more.
            return self.application(environ, start_response)

    def _fill(self, spool: IO[bytes], environ: WSGIEnvironment, *, is_chunked: bool, length: str) -> None:
        path = environ.get("PATH_INFO", "")
        most = next(most for beginning, most in self.largest if path.startswith(beginning))
        too_large = _UnreadableBody(413, "body_too_large", f"A body has at most {most // _MEGABYTE} MB here.")
        if is_chunked and not environ.get("wsgi.input_terminated"):
            raise _UnreadableBody(411, "length_required", "Send the body with a Content-Length.")
        if not is_chunked and not (length.isascii() and length.isdigit()):
            raise _UnreadableBody(400, "malformed_body", "The Content-Length is not a number.")
        is_large = is_chunked or int(length) > _STRANGERS_MOST
        if most > _STRANGERS_MOST and is_large and not _is_known(environ):
            most = _STRANGERS_MOST
            too_large = _UnreadableBody(413, "body_too_large", "Log in before you send so much.")
        wanted = most + 1 if is_chunked else int(length)
        if wanted > most and not is_chunked:
            raise too_large
        with _deadline(environ) as is_late:
            _copy(environ["wsgi.input"], spool, wanted, is_late)
        if is_late():
            raise _UnreadableBody(
                408, "body_too_slow", f"A body has to arrive within {settings.BODY_SECONDS} seconds."
            )
        if is_chunked and spool.tell() > most:
            raise too_large
        if not is_chunked and spool.tell() < wanted:
            raise _UnreadableBody(400, "malformed_body", "The body ends before its Content-Length.")


def _is_packed(environ: WSGIEnvironment) -> bool:
    return environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in {"", "identity"}


def _is_known(environ: WSGIEnvironment) -> bool:
    known: Callable[[WSGIEnvironment], bool] = import_string(settings.BODY_SENDERS)
    return known(environ)


def _copy(source: IO[bytes], spool: IO[bytes], wanted: int, is_late: Callable[[], bool]) -> None:
    try:
        while wanted and (piece := source.read(min(_PIECE, wanted))):
            spool.write(piece)
            wanted -= len(piece)
    except (
        Exception
    ) as error:  # each server has its own for a chunk that is none, and for a sender that is gone
        if not is_late():
            raise _UnreadableBody(
                400, "malformed_body", "The body breaks off, or its chunks are none."
            ) from error


@contextmanager
def _deadline(environ: WSGIEnvironment) -> Iterator[Callable[[], bool]]:
    """Stop reading from the sender once the time is over; yields whether that has happened."""
    late = threading.Event()
    connection: Any = environ.get("gunicorn.socket")

    def stop() -> None:
        late.set()
        with suppress(OSError):
            connection.shutdown(SHUT_RD)

    if connection is None:
        yield late.is_set
        return
    timer = threading.Timer(settings.BODY_SECONDS, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late.is_set
    finally:
        timer.cancel()


def refuse_as_problems() -> None:
    """Have gunicorn say as problems what it refuses itself: too long an address, headers it cannot read."""
    util.write_error = _write_problem


def _write_problem(sock: socket, status: int, reason: str, message: str) -> None:
    code = {414: "address_too_long", 431: "headers_too_large", 500: "internal_error"}.get(
        status, "bad_request"
    )
    detail = message if status < 500 and message.isprintable() else reason  # noqa: PLR2004
    body = problem(code=code, status=status, detail=detail[:200]).content
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin-1") + body)


def _refused(
    refusal: _UnreadableBody, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
    with bound_contextvars(request_id=request_id):
        response = problem(
            code=refusal.code,
            status=refusal.status,
            detail=refusal.detail,
            instance=environ.get("PATH_INFO", ""),
            headers={"Connection": "close", "X-Request-ID": request_id},  # the rest of the body is not read
        )
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    body: Any = response.content
    return [body]
