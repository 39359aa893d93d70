"""Every "no" of the REST interface, as RFC 9457 problem details: one shape, one place, stable types.

A refusal has a code; the code is the last part of the problem's `type`, under which the portal itself
explains it. Areas add their own codes to the catalogue, from which docs/reference/problems.md is made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson
from django.core.exceptions import DisallowedHost, ObjectDoesNotExist, PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.defaults import bad_request as bad_request_page
from django.views.defaults import page_not_found as not_found_page
from django.views.defaults import server_error as server_error_page
from rest_framework import exceptions
from rest_framework.exceptions import APIException
from structlog.contextvars import get_contextvars

from portal.kernel.refusals import Refusal

CONTENT_TYPE: Final = "application/problem+json"
_TOKENS: Final = "/oauth/"
_AWAY: Final = "The portal cannot reach its database at the moment. Try again shortly."
_SECONDS_UNTIL_BACK: Final = 5
_NO_CONNECTION: Final = ("08", "53", "57P")  # classes of SQLSTATE: connection, resources, shutdown
API_PREFIXES: Final = ("/api/", "/csp/", "/service-requests")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its code and status, when it occurs, and what to do about it."""

    code: str
    status: int
    when: str
    advice: str = ""

    @property
    def type(self) -> str:
        """The stable address under which the problem is explained."""
        return type_of(self.code)

    @property
    def title(self) -> str:
        """The code in words: the same for every occurrence."""
        return title_of(self.code)


CATALOGUE: Final[dict[str, ProblemType]] = {}


def add_to_catalogue(*entries: ProblemType) -> None:
    """Make codes known: to the description of the interface, and to the page that explains them."""
    CATALOGUE.update({entry.code: entry for entry in entries})


add_to_catalogue(
    ProblemType(
        "address_too_long", 414, "The address is longer than 4,094 octets.", "Send less in the query."
    ),
    ProblemType(
        "bad_cursor", 422, "The cursor is not one this portal gave out.", "Start from the first page."
    ),
    ProblemType("bad_input", 422, "What was sent makes no sense by itself.", "Read `detail`."),
    ProblemType(
        "bad_request",
        400,
        "The request cannot be understood: its host, its headers or its address are none of the portal's.",
        "Read `detail`.",
    ),
    ProblemType(
        "body_too_large", 413, "The body is larger than a call may be.", "Split it, or send it with gzip."
    ),
    ProblemType(
        "body_too_slow", 408, "The body took longer to arrive than a call may take.", "Send it again."
    ),
    ProblemType("clock_not_shiftable", 409, "Only a demonstration may move the clock."),
    ProblemType("sandbox_unreachable", 503, "A part of the sandbox does not answer.", "Try again."),
    ProblemType(
        "database_unavailable",
        503,
        "The portal cannot reach its database.",
        "Send it again after `Retry-After`, with the same `Idempotency-Key`.",
    ),
    ProblemType(
        "headers_too_large", 431, "A header, or all of them, are too long.", "Send fewer and shorter ones."
    ),
    ProblemType("idempotency_key_in_use", 409, "A request with this key is being answered.", "Ask again."),
    ProblemType(
        "idempotency_key_reused",
        422,
        "The key was used before, for a request that says something else.",
        "Send a new key with a new request.",
    ),
    ProblemType(
        "idempotency_outcome_unknown",
        409,
        "The portal was interrupted while it answered the first request with this key: it may be done.",
        "Look at what there is now; if it was not done, send it again under a new key.",
    ),
    ProblemType(
        "insufficient_scope", 403, "The token does not carry the scope that is needed.", "Ask for it."
    ),
    ProblemType("internal_error", 500, "The portal failed; `request_id` names the case.", "Try later."),
    ProblemType(
        "invalid_input",
        422,
        "A parameter or a member of the body is missing, unknown, or has a value that cannot be.",
        "`errors` names each, with a JSON pointer or the name of the parameter.",
    ),
    ProblemType(
        "invalid_token",
        401,
        "The access token is unknown, has ended, or is bound to another certificate.",
        "Get a new one and try again.",
    ),
    ProblemType(
        "length_required",
        411,
        "The body came in chunks, to a server that takes none.",
        "Send it with a `Content-Length`.",
    ),
    ProblemType(
        "malformed_body",
        400,
        "The body is missing, breaks off, or is not what its Content-Type says.",
        "Correct and resend.",
    ),
    ProblemType("method_not_allowed", 405, "The resource has no such method.", "See the header `Allow`."),
    ProblemType("not_acceptable", 406, "The resource cannot be had in a form that `Accept` allows."),
    ProblemType("not_authenticated", 401, "Nobody has logged in.", "Send an access token."),
    ProblemType(
        "not_found", 404, "There is no such thing, or not for your organisation: the two read the same."
    ),
    ProblemType("not_permitted", 403, "Your organisation or your role may not do this."),
    ProblemType("permission_denied", 403, "A request from a browser carried no valid CSRF token."),
    ProblemType("precondition_failed", 412, "The thing has changed since you read it.", "Read it again."),
    ProblemType("refused", 409, "What was asked for cannot be done.", "Read `detail`."),
    ProblemType(
        "too_many_requests", 429, "The minute's share of requests is used up.", "Wait for `Retry-After`."
    ),
    ProblemType("unsupported_media_type", 415, "The resource takes no body of this Content-Type."),
    ProblemType("wrong_network", 403, "The client calls from outside the networks it was given."),
)

#: What Django REST Framework calls its exceptions, as codes of ours.
_CODES: Final[Mapping[type[APIException], str]] = {
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "invalid_token",
    exceptions.ParseError: "malformed_body",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.Throttled: "too_many_requests",
    exceptions.NotFound: "not_found",
}
_MISSING: Final = "There is no such thing, or not for your organisation."


def type_of(code: str) -> str:
    """Return the stable type of a code."""
    return f"/problems/{code.lower().replace('_', '-')}"


def title_of(code: str) -> str:
    """Return a code in words."""
    words = code.lower().replace("_", " ")
    return words[:1].upper() + words[1:]


def problem(
    *,
    code: str,
    status: int,
    detail: str,
    instance: str = "",
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Make the answer that says what is wrong."""
    document: dict[str, object] = {
        **(more or {}),
        "type": type_of(code),
        "title": title_of(code),
        "status": status,
        "detail": detail,
        "instance": quote(instance, safe="/:@"),
        "code": code,
        "request_id": str(get_contextvars().get("request_id", "")),
    }
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS, default=str)
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Turn whatever a view raised into a problem; None for what nobody anticipated."""
    request: HttpRequest = context["request"]
    if isinstance(error, Refusal):
        return problem(
            code=error.code,
            status=error.status,
            detail=error.message,
            instance=request.path,
            more=error.facts,
        )
    if isinstance(error, Http404 | ObjectDoesNotExist):
        return problem(code="not_found", status=404, detail=_MISSING, instance=request.path)
    if isinstance(error, PermissionDenied):
        return problem(
            code="permission_denied",
            status=403,
            detail=str(error) or "This is not permitted.",
            instance=request.path,
        )
    return _of_framework(error, request) if isinstance(error, APIException) else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be understood: to a system with a problem, to a person with a page."""
    if not request.path.startswith(API_PREFIXES):
        return bad_request_page(request, exception)
    is_host = isinstance(exception, DisallowedHost)
    detail = "This is not a name of the portal." if is_host else "The request cannot be understood."
    return problem(code="bad_request", status=400, detail=detail, instance=request.path)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what has no address: to a system with a problem, to a person with a page."""
    if not request.path.startswith(API_PREFIXES):
        return not_found_page(request, exception)
    return problem(code="not_found", status=404, detail=_MISSING, instance=request.path)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody anticipated: to a system with a problem, to a person with a page.

    While the database cannot be reached, that is said, with 503 and when to try again.
    """
    if _is_database_away(sys.exc_info()[1]):
        return _unavailable(request)
    if not request.path.startswith(API_PREFIXES):
        return server_error_page(request)
    detail = "Something went wrong inside the portal. It has been written down."
    return problem(code="internal_error", status=500, detail=detail, instance=request.path)


def _is_database_away(error: BaseException | None) -> bool:
    """Return whether there is no connection; a lock or a statement that took too long is something else."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_NO_CONNECTION)


def _unavailable(request: HttpRequest) -> HttpResponse:
    headers = {"Retry-After": str(_SECONDS_UNTIL_BACK)}
    if request.path.startswith(API_PREFIXES):
        return problem(
            code="database_unavailable", status=503, detail=_AWAY, instance=request.path, headers=headers
        )
    if request.path.startswith(_TOKENS):
        refusal = {"error": "temporarily_unavailable", "error_description": _AWAY}
        return JsonResponse(refusal, status=503, headers={**headers, "Cache-Control": "no-store"})
    return HttpResponse(loader.render_to_string("503.html"), status=503, headers=headers)


def _of_framework(error: APIException, request: HttpRequest) -> HttpResponse:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_errors(error.detail))
        for each in errors:
            if getattr(error, "is_of_query", False):
                each["at"] = each["parameter"] = each["at"].removeprefix("/")
            else:
                each["pointer"] = each["at"]
        return problem(
            code="invalid_input",
            status=422,
            detail=" ".join(f"{each['at'] or 'The body'}: {each['detail']}" for each in errors[:3]),
            instance=request.path,
            more={"errors": errors},
        )
    code = _CODES.get(type(error)) or str(error.default_code)
    headers = dict(getattr(error, "headers", {}))
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    status = error.status_code
    return problem(code=code, status=status, detail=str(error.detail), instance=request.path, headers=headers)


def _errors(detail: object, at: str = "") -> Iterable[dict[str, str]]:
    """Flatten what serializers say into one line an error, each with a pointer."""
    if isinstance(detail, Mapping):
        for name, below in detail.items():
            yield from _errors(below, at if name == "non_field_errors" else f"{at}/{name}")
    elif isinstance(detail, list | tuple):
        for number, below in enumerate(detail):
            yield from _errors(below, f"{at}/{number}" if isinstance(below, Mapping) and below else at)
    else:
        yield {"at": at, "detail": str(detail), "code": str(getattr(detail, "code", "invalid"))}
