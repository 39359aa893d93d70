"""`Idempotency-Key`: a request that creates something, sent twice, is done once and answered twice.

What was done is remembered with its answer for a day and longer; what was refused may be corrected and
sent again under the same key. Instructions keep their key in their own row (`receive_instruction`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, TypeVar, cast

import orjson
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api import scope_of
from portal.kernel import clock, sql
from portal.kernel.models import IdempotencyKey
from portal.kernel.refusals import BadInput, Refusal
from portal.rest.responses import dumps

HEADER: Final = "Idempotency-Key"
LONGEST_KEY: Final = 128
KEPT: Final = timedelta(days=7)
_ANSWERED_WITHIN: Final = timedelta(minutes=2)
_DONE: Final = range(200, 300)
#: What is raised where nothing was done. After anything else nobody can tell.
_NOT_DONE: Final = (Refusal, APIException, ObjectDoesNotExist, Http404)

Method = TypeVar("Method", bound=Callable[..., HttpResponseBase])


class KeyReused(Refusal):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"
    status = 422


class KeyInUse(Refusal):
    """A request with this key is being answered at this moment."""

    code = "idempotency_key_in_use"


class OutcomeUnknown(Refusal):
    """The first request with this key was never answered: it may have been done."""

    code = "idempotency_outcome_unknown"


def idempotent(method: Method) -> Method:
    """Do what a request with an `Idempotency-Key` asks for once, and give its answer each time."""

    @wraps(method)
    def guarded(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        if not key:
            return method(view, request, *args, **kwargs)
        claimed = _claimed(request, key)
        if isinstance(claimed, Response):
            return claimed
        return _answered(claimed, lambda: method(view, request, *args, **kwargs))

    guarded.takes_key = True  # type: ignore[attr-defined]
    return cast("Method", guarded)


def key_of(request: Request) -> str:
    """Return the key of a request; empty where it has none.

    Raises:
        BadInput: it is too long, or not of visible characters.
    """
    key = request.headers.get(HEADER, "").strip()
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadInput(f"An {HEADER} has at most {LONGEST_KEY} visible ASCII characters.")
    return key


def digest_of(request: Request) -> bytes:
    """Return what a request says, as a digest: equal requests, equal digests."""
    data: Any = request.data
    body = data if isinstance(data, bytes) else orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    heading = f"{request.method} {request.path}?{request.META.get('QUERY_STRING', '')}\n".encode()
    return hashlib.sha256(heading + body).digest()


def forget_old_keys(now: datetime) -> int:
    """Forget keys after a week; return how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _claimed(request: Request, key: str) -> int | Response:
    """Claim a key for this request; or else give the answer the key has already had."""
    organisation_id, digest, now = scope_of(request).organisation_id, digest_of(request), clock.now()
    # The unique constraint decides which of two at once goes on.
    params = {"organisation": organisation_id, "key": key, "digest": digest, "now": now}
    if made := sql.fetch_all("portal.rest", "claim_key", **params):
        return int(made[0].id)
    held = IdempotencyKey.objects.filter(organisation_id=organisation_id, key=key).first()
    if held is None:
        raise KeyInUse("The request with this key was refused a moment ago. Send it again.")
    if bytes(held.digest) != digest:
        raise KeyReused("This Idempotency-Key was used for another request. Send a new key with a new one.")
    if held.status is None:
        raise _unanswered(held, now=now)
    return _again(held)


def _unanswered(held: IdempotencyKey, *, now: datetime) -> Refusal:
    if now - held.created_at < _ANSWERED_WITHIN:
        return KeyInUse("A request with this key is being answered. Ask again in a second.")
    return OutcomeUnknown(
        "The first request with this key was interrupted: it may have been done. Look, then use a new key."
    )


def _answered(claim: int, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    own = IdempotencyKey.objects.filter(pk=claim)
    try:
        response = answer()
    except _NOT_DONE:
        own.delete()
        raise
    if response.status_code not in _DONE or not isinstance(response, Response):
        own.delete()
        return response
    answer_document = {"body": orjson.loads(dumps(response.data)), "headers": _kept_headers(response)}
    own.update(status=response.status_code, answer=answer_document)
    return response


def _again(held: IdempotencyKey) -> Response:
    answer = held.answer or {}
    headers = {**answer.get("headers", {}), "Idempotent-Replayed": "true"}
    return Response(answer.get("body"), status=held.status, headers=headers)


def _kept_headers(response: Response) -> dict[str, str]:
    return {name: str(response[name]) for name in ("Location",) if response.has_header(name)}
