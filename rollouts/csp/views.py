"""`POST /csp/v1/alerts`: up to 10,000 alerts a call, stored durably, then answered with 202."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from portal.identity.tokens import csp_of
from portal.kernel import clock
from rollouts import services, tasks
from rollouts.csp import alert_lines

MOST_BYTES = 8 * 1024 * 1024


@csrf_exempt
@require_POST
def alerts(request: HttpRequest) -> HttpResponse:
    """Take a call of alerts; 202 means stored, whatever happens afterwards."""
    csp = csp_of(request)
    if csp is None:
        return _problem(401, "unauthorised", "Send the bearer token that was issued to your organisation.")
    try:
        body = _body(request)
    except (OSError, EOFError, zlib.error):
        return _problem(400, "bad_gzip", "The body says it is gzip and cannot be unpacked. Send it again.")
    lines = alert_lines.read(body or b"")
    if body is None or lines.count > alert_lines.MOST_LINES:
        return _problem(
            413, "too_large", f"Send at most {MOST_BYTES} bytes and {alert_lines.MOST_LINES} lines a call."
        )
    if lines.problems:
        named = [{"line": number, "problem": words} for number, words in lines.problems]
        return _problem(
            422,
            "bad_lines",
            "Nothing was stored. Correct the lines named and send the call again.",
            lines=named,
        )
    return _stored(csp.pk, lines)


def _stored(csp_id: int, lines: alert_lines.AlertLines) -> HttpResponse:
    if lines.count == 0:
        return JsonResponse({"accepted": 0}, status=202)
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
        tasks.apply_alerts.delay()


def _body(request: HttpRequest) -> bytes | None:
    """Read the body, unpacked; None when it is larger than a call may be."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return None
    body = request.read(MOST_BYTES + 1)
    if request.headers.get("Content-Encoding") == "gzip":
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
            body = unpacked.read(MOST_BYTES + 1)
    return body if len(body) <= MOST_BYTES else None


def _problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    content = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": code,
        "status": status,
        "detail": detail,
        **more,
    }
    return JsonResponse(content, status=status, content_type="application/problem+json")
