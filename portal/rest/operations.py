"""How a resource describes itself: one decorator a method, from which the OpenAPI operation is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.http import http_date
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from portal.identity.api import needed_by
from portal.problems import CATALOGUE, CONTENT_TYPE
from portal.rest.fields import StrictSerializer
from portal.rest.idempotency import HEADER, LONGEST_KEY
from portal.rest.paging import PageQuery
from portal.rest.responses import CSV, JSON, NDJSON
from portal.rest.schemas import Schema

NOTICE: Final = timedelta(days=365)
Method = TypeVar("Method", bound=Callable[..., Any])
Body = type[serializers.BaseSerializer[Any]] | Mapping[str, Any]

_ALWAYS: Final = (
    "not_authenticated",
    "invalid_token",
    "insufficient_scope",
    "wrong_network",
    "not_permitted",
    "permission_denied",
    "not_acceptable",
    "too_many_requests",
    "internal_error",
)
_KEY: Final = {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[ -~]*$"}
_RANGE: Final = {"type": "string", "pattern": "^bytes=([0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})$"}
_ONCE: Final = (
    "idempotency_key_in_use",
    "idempotency_outcome_unknown",
    "idempotency_key_reused",
    "bad_input",
)
_BY_TOKEN: Final = frozenset({401, 403})
_BODY: Final = (
    "malformed_body",
    "body_too_slow",
    "length_required",
    "body_too_large",
    "unsupported_media_type",
    "invalid_input",
)
_DESCRIPTIONS: Final[Mapping[int, str]] = {
    200: "As it is now.",
    201: "Made.",
    202: "Taken; what comes of it is found at `Location`.",
    204: "Done; there is nothing to say.",
    206: "The part that is asked for.",
    304: "Nothing has changed since the `ETag` in `If-None-Match`.",
    400: "The body is missing or cannot be read.",
    401: "Nobody has logged in, or the token has ended.",
    403: "Not permitted.",
    404: "There is no such thing, or not for your organisation.",
    406: "Not to be had in a form that `Accept` allows.",
    408: "The body did not arrive in time.",
    409: "What is asked for cannot be done as things are.",
    410: "It is no longer kept.",
    411: "The body came without its length.",
    412: "It has changed since it was read.",
    413: "The body is too large.",
    415: "The resource takes no body of this type.",
    416: "The file ends before what is asked for.",
    422: "What was sent cannot be.",
    429: "The minute's share of requests is used up.",
    500: "The portal failed.",
    503: "There is no room at this moment.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method takes and gives."""

    ident: str
    summary: str
    returns: Schema | None = None
    status: int = 200
    query: Sequence[type[serializers.Serializer[Any]]] = ()
    body: Body | None = None
    example: Any = None
    files: Mapping[str, str | Schema] = field(default_factory=dict)
    """Other forms of the answer: media type, and what it holds in words or as a schema."""
    also: Mapping[int, Schema | None] = field(default_factory=dict)
    """Other statuses of success."""
    in_ranges: bool = False
    """It is a file that can be fetched in parts."""
    refuses: Sequence[str] = ()
    deprecated: datetime | None = None
    """Since when it is no longer to be used."""
    sunset: datetime | None = None
    """When it will be gone: at least twelve months after that."""

    def __post_init__(self) -> None:
        if self.deprecated is None:
            return
        if self.sunset is None or self.sunset < self.deprecated + NOTICE:
            raise ImproperlyConfigured(f"{self.ident} needs a sunset, a year after its deprecation or later.")

    @property
    def needs_body(self) -> bool:
        """Whether there is nothing to do without a body: members that may not be left out, or a list."""
        if self.body is None:
            return False
        bodies = [self.body] if isinstance(self.body, type) else list(self.body.values())
        return any(
            not isinstance(body, type)
            or not issubclass(body, serializers.Serializer)
            or any(member.required for member in body().fields.values())
            for body in bodies
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """What is said in each answer of something that will go: RFC 9745 and RFC 8594."""
        if self.deprecated is None or self.sunset is None:
            return {}
        return {
            "Deprecation": f"@{int(self.deprecated.timestamp())}",
            "Sunset": http_date(self.sunset.timestamp()),
        }


def operation(ident: str, summary: str, **more: Any) -> Callable[[Method], Method]:
    """Return what a method takes and gives; see `Operation`."""
    declared = Operation(ident, summary, **more)

    def mark(method: Method) -> Method:
        method.operation = declared  # type: ignore[attr-defined]
        return method

    return mark


class OperationSchema(AutoSchema):
    """Makes an OpenAPI operation of what `operation` says."""

    view: Any

    @property
    def operation(self) -> Operation:
        """What the method at hand says of itself."""
        declared: Operation = self._method.operation
        return declared

    @property
    def _method(self) -> Any:
        return getattr(self.view, self.method.lower())

    def get_operation_id(self) -> str:
        """Name the operation, as generated clients do."""
        return self.operation.ident

    def get_summary(self) -> str:
        """Return one line on what it does."""
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]
        """Return what it does, at length: the docstring of the method."""
        scope = needed_by(self.view, self.method)
        words = inspect.cleandoc(self._method.__doc__ or "").replace("``", "`")
        return f"{words}\n\nScope: {f'`{scope.value}`' if scope else 'any'}."

    def is_deprecated(self) -> bool:
        """Return whether it is to go."""
        return self.operation.deprecated is not None

    def get_tags(self) -> list[str]:
        """Name the part of the interface it belongs to."""
        return [self.view.tag]

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Name the scope it needs of a token; a person's session will do as well."""
        scope = needed_by(self.view, self.method)
        return [{"clientCredentials": [scope.value] if scope else []}, {"session": []}]

    def get_override_parameters(self) -> list[Any]:
        """List the parameters of the query, and the headers that count."""
        parameters: list[Any] = list(self.operation.query)
        if getattr(self._method, "takes_key", False):
            parameters.append(_header(HEADER, "Sent again, nothing is done twice.", _KEY))
        if self.view.polled and self.method == "GET":
            parameters.append(_header("If-None-Match", "The `ETag` of what you have: 304 if it stands."))
        if self.operation.in_ranges:
            parameters.append(_header("If-None-Match", "The `ETag` of what you have: 304 if it stands."))
            parameters.append(_header("Range", "The part that is wanted, such as `bytes=1048576-`.", _RANGE))
            parameters.append(_header("If-Range", "The `ETag` of what you have a part of."))
        if self._takes_if_match():
            parameters.append(_header("If-Match", "The `ETag` of what you read: 412 if it has changed."))
        return parameters

    def get_request_serializer(self) -> Any:
        """Return the body."""
        return self.operation.body

    def _get_serializer(self) -> None:
        """Guess nothing: what is not told is not there."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def _get_request_body(self, direction: str = "request") -> Any:
        if self.operation.body is None:
            return None
        body: Any = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        if body and self.operation.example is not None and JSON in body["content"]:
            body["content"][JSON]["example"] = self.operation.example
        if body and isinstance(self.operation.body, Mapping):
            body["required"] = True
        return body

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: str) -> Any:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        declared = self.operation
        bodies = {declared.status: _success(declared.status, declared.returns, declared.files)}
        bodies.update({status: _success(status, schema, {}) for status, schema in declared.also.items()})
        if any(issubclass(each, PageQuery) for each in declared.query):
            bodies[declared.status]["headers"]["Link"] = {"$ref": "#/components/headers/Link"}
        if self.view.polled and self.method == "GET":
            bodies[200]["headers"]["ETag"] = {"schema": {"type": "string"}}
            bodies[304] = _success(304, None, {})
        if declared.in_ranges:
            bodies.update({status: _part(status, declared.files) for status in (200, 206, 304, 416)})
        shared = _by_status(_ALWAYS)
        for status, codes in sorted(_by_status(self._codes()).items()):
            is_shared = shared.get(status) == codes
            bodies[status] = (
                {"$ref": f"#/components/responses/Status{status}"}
                if is_shared
                else problem_response(status, codes)
            )
        return {str(status): bodies[status] for status in sorted(bodies)}

    def _codes(self) -> list[str]:
        declared = self.operation
        codes = [*_ALWAYS, *declared.refuses]
        codes += ["not_found"] if "{" in self.path else []
        codes += _BODY if declared.body is not None else []
        codes += ["invalid_input"] if declared.query else []
        codes += ["bad_cursor"] if any(issubclass(each, PageQuery) for each in declared.query) else []
        codes += _ONCE if getattr(self._method, "takes_key", False) else []
        codes += ["precondition_failed"] if self._takes_if_match() else []
        return list(dict.fromkeys(codes))

    def _takes_if_match(self) -> bool:
        is_edit = self.method in {"PATCH", "PUT"} and (self.view.polled or self.view.versioned)
        return is_edit or (self.view.versioned and self.method == "POST")


def _header(name: str, words: str, schema: Schema | None = None) -> OpenApiParameter:
    return OpenApiParameter(name, schema or {"type": "string"}, OpenApiParameter.HEADER, description=words)


def _success(status: int, schema: Schema | None, files: Mapping[str, str | Schema]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _DESCRIPTIONS[status], "headers": _headers(status)}
    content: dict[str, Any] = {}
    if schema is not None:
        content[JSON] = {"schema": schema}
    for kind, form in files.items():
        content[kind] = {"schema": _file(kind, form) if isinstance(form, str) else form}
    return {**answer, "content": content} if content else answer


def _file(kind: str, words: str) -> Schema:
    is_text = kind in {CSV, NDJSON}
    return {"type": "string", "description": words, **({} if is_text else {"format": "binary"})}


def _part(status: int, files: Mapping[str, str | Schema]) -> dict[str, Any]:
    """Describe an answer with a file, or with a part of it."""
    has_content = status in {200, 206}
    answer = _success(status, None, files if has_content else {})
    for name in ["ETag", "Accept-Ranges"] + ([] if status in {200, 304} else ["Content-Range"]):
        answer["headers"][name] = {"schema": {"type": "string"}}
    return answer


def _headers(status: int) -> dict[str, Any]:
    names = ["X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    names += ["Location"] if status in {201, 202} else []
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _by_status(codes: Sequence[str]) -> dict[int, list[str]]:
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    return by_status


def problem_response(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """Describe a status of refusal, with the codes that may stand behind it."""
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    by_token = {"WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}}
    return {
        **({"headers": by_token} if status in _BY_TOKEN else {}),
        "description": f"{_DESCRIPTIONS[status]} Codes: {', '.join(f'`{code}`' for code in codes)}.",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }


def shared_responses() -> dict[str, Any]:
    """Describe the refusals that any operation may answer with, by the names under which they are shared."""
    return {
        f"Status{status}": problem_response(status, codes) for status, codes in _by_status(_ALWAYS).items()
    }


def problem_examples() -> dict[str, Any]:
    """Return an example of every problem there is."""
    return {
        known.code: {
            "summary": known.when,
            "value": {
                "type": known.type,
                "title": known.title,
                "status": known.status,
                "detail": known.when,
                "instance": "/api/v1/rollouts",
                "code": known.code,
                "request_id": "4f6b1c0e9a3d4e5f",
            },
        }
        for known in CATALOGUE.values()
    }
