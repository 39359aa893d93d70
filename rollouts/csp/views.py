"""`POST /csp/v1/alerts`: up to 10,000 alerts a call, stored durably, then answered with 202."""

from __future__ import annotations

import gzip
import io
import zlib
from codecs import BOM_UTF8
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from portal.identity.api import challenge
from portal.identity.tokens import csp_of
from portal.kernel import clock
from portal.recurring.ringing import ring
from rollouts import services, tasks
from rollouts.csp import alert_lines

MOST_BYTES = 8 * 1024 * 1024


class _UnreadableAlerts(Exception):
    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.more = status, code, detail, more


@csrf_exempt
@require_POST
def alerts(request: HttpRequest) -> HttpResponse:
    """Take a call of alerts; 202 means stored, whatever happens afterwards."""
    csp = csp_of(request)
    if csp is None:
        answer = _problem(401, "unauthorised", "Send the bearer token that was issued to your organisation.")
        answer["WWW-Authenticate"] = challenge("invalid_token" if "Authorization" in request.headers else "")
        return answer
    try:
        lines = _lines(_body(request))
    except _UnreadableAlerts as refusal:
        return _problem(refusal.status, refusal.code, refusal.detail, **refusal.more)
    return _stored(csp.pk, lines)


def _lines(body: bytes) -> alert_lines.AlertLines:
    lines = alert_lines.read(body)
    if lines.count > alert_lines.MOST_LINES:
        raise _too_large()
    if lines.problems:
        named = [{"line": number, "problem": words} for number, words in lines.problems]
        detail = "Nothing was stored. Correct the lines named and send the call again."
        raise _UnreadableAlerts(422, "bad_lines", detail, lines=named)
    if not lines.count:
        raise _UnreadableAlerts(400, "empty_body", "The call holds no alerts. Nothing was stored.")
    return lines


def _stored(csp_id: int, lines: alert_lines.AlertLines) -> HttpResponse:
    try:
        batch_id = services.receive_alerts(
            csp_id=csp_id, copy_text=lines.copy_text, count=lines.count, received_at=clock.now()
        )
    except services.TooManyWaiting as refusal:
        answer = _problem(429, refusal.code, refusal.message)
        answer["Retry-After"] = "1"
        return answer
    _ring()
    return JsonResponse({"accepted": lines.count, "batch": batch_id}, status=202)


def _ring() -> None:
    """Wake a worker; without a broker the tick finds the batch a second later."""
    with suppress(OperationalError):
        ring(tasks.apply_alerts)


def _body(request: HttpRequest) -> bytes:
    """Read the body, unpacked."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        raise _too_large()
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise _UnreadableAlerts(415, "bad_encoding", "Send the alerts plain or with gzip.")
    body = request.read(MOST_BYTES + 1)
    if encoding == "gzip":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
                body = unpacked.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            detail = "The body says it is gzip and cannot be unpacked. Send it again."
            raise _UnreadableAlerts(400, "bad_gzip", detail) from error
    if len(body) > MOST_BYTES:
        raise _too_large()
    return body.removeprefix(BOM_UTF8)


def _too_large() -> _UnreadableAlerts:
    detail = f"Send at most {MOST_BYTES} bytes and {alert_lines.MOST_LINES} lines a call."
    return _UnreadableAlerts(413, "too_large", detail)


def _problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    content = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": code,
        "status": status,
        "detail": detail,
        **more,
    }
    return JsonResponse(content, status=status, content_type="application/problem+json")
