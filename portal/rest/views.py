"""The view every resource of the REST interface is made from, and the answer to what is no resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.identity.api import ScopedAPI
from portal.kernel.refusals import NotFound
from portal.kernel.versions import EditConflict
from portal.rest.fields import QUERY, InvalidQuery, query_values
from portal.rest.operations import Operation, OperationSchema
from portal.rest.paging import PageQuery
from portal.rest.parsers import JsonParser
from portal.rest.responses import (
    FileRenderer,
    JsonRenderer,
    compressed,
    conditional_response,
    dumps,
    etag_of,
)


class ResourceView(ScopedAPI, APIView):
    """A resource: it says who may (`needs`), what it belongs to (`tag`), and whether it is polled."""

    parser_classes: Any = (JsonParser,)
    renderer_classes: Any = (JsonRenderer,)
    metadata_class = None
    schema: Any = OperationSchema()
    tag: ClassVar[str] = ""
    polled: ClassVar[bool] = False
    """Its answers carry an ETag, and a change may ask for the one it was made from."""
    versioned: ClassVar[bool] = False
    """Its answers carry the version of what can be changed as ETag, whatever else of them moves."""

    @property
    def operation(self) -> Operation | None:
        """What the method that is called says of itself; None where there is no such method."""
        method = getattr(self, (self.request.method or "").lower(), None)
        return getattr(method, "operation", None)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what the method would not heed, or lacks, once it is known who sends it.

        Raises:
            ParseError: there is no body, and it needs one.
            InvalidQuery: it takes no such parameter, or takes it once.
            ValidationError: it takes no body.
        """
        super().initial(request, *args, **kwargs)
        if (operation := self.operation) is None:
            return
        known = {name: each for query in operation.query for name, each in query().get_fields().items()}
        if unknown := sorted(set(request.query_params) - set(known)):
            raise InvalidQuery({name: ["There is no such parameter."] for name in unknown[:20]})
        query_values(request.query_params, known)
        is_empty = request.META.get("CONTENT_LENGTH") in {None, "", "0"}
        if is_empty and (operation.needs_body or request.method in {"PATCH", "PUT"}):
            raise ParseError("The body is missing.")
        if not is_empty and operation.body is None and request.data:
            raise ValidationError("There is no body to this request.")

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Name the methods there are, in `Allow`."""
        return Response(status=204)

    def validated_query(self, query: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the parameters of the query, checked.

        Raises:
            InvalidQuery: one cannot be; or it belongs to a page, and the list is wanted as a file.
        """
        read = query(data=query_values(self.request.query_params, query().fields), context={QUERY: True})
        if not read.is_valid():
            raise InvalidQuery(read.errors)
        if issubclass(query, PageQuery) and isinstance(self.request.accepted_renderer, FileRenderer):
            words = ["A file holds the whole list and every column: leave this out."]
            if of_pages := [
                name for name in ("limit", "after", "fields") if name in self.request.query_params
            ]:
                raise InvalidQuery(dict.fromkeys(of_pages, words))
        return dict(read.validated_data)

    def body_with_query(
        self, body: Mapping[str, Any], query: Mapping[str, Any], *, as_in: type[serializers.Serializer[Any]]
    ) -> dict[str, Any]:
        """Return a JSON body with what the query says of its members: it may stand in either place.

        Raises:
            ValidationError: the two say different things.
        """
        params, members, joined = self.request.query_params, as_in().fields, dict(body)
        for name in members.keys() & params.keys():
            if name not in body:
                joined[name] = query[name] if type(query[name]) is int else params[name]
            elif _read(members[name], body[name]) != query[name]:
                raise ValidationError({name: ["The body and the query say different things."]})
        return joined

    def validated_body(
        self, body: type[serializers.Serializer[Any]], *, is_partial: bool = False
    ) -> dict[str, Any]:
        """Return the body, checked."""
        read = body(data=self.request.data, partial=is_partial)
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def check_unchanged(self, document: object) -> None:
        """Refuse a change made from something older than what there is now.

        Raises:
            EditConflict: the `If-Match` of the request names another state.
        """
        wanted = self.request.headers.get("If-Match", "").strip()
        if wanted not in {"", "*", etag_of(dumps(document))}:
            raise EditConflict("It has changed since you read it. Read it again, then decide.")

    @property
    def expected_version(self) -> str | None:
        """The version an `If-Match` names, which the service compares; None where any will do."""
        wanted = self.request.headers.get("If-Match", "").strip()
        return None if wanted in {"", "*"} else wanted.removeprefix("W/").strip('"')

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tag what is polled, and pack what is large."""
        http = getattr(request, "_request", request)
        for name, value in (self.operation.headers if self.operation else {}).items():
            response[name] = value
        if address := getattr(request, "next_page", ""):
            response["Link"] = f'<{address}>; rel="next"'
        is_tagged = self.polled and request.method in {"GET", "HEAD"} and response.status_code == 200  # noqa: PLR2004
        answer: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        if not isinstance(answer, Response):
            return compressed(http, answer)
        answer.add_post_render_callback(lambda rendered: _finished(http, rendered, is_tagged=is_tagged))
        return answer


class UnknownResourceView(ResourceView):
    """Whatever has no address of its own."""

    permission_classes: Any = (IsAuthenticated,)
    schema: Any = None

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Name no methods: there is nothing to call them on."""
        return {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer every method alike."""
        self.http_method_names = [request.method.lower() if request.method else "get"]
        setattr(self, self.http_method_names[0], self._missing)
        return super().dispatch(request, *args, **kwargs)

    def _missing(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise NotFound("There is no such resource. See /api/v1/openapi.yaml.")


def versioned_response(document: object, version: str) -> Response:
    """Return an answer with the version of what can be changed in it, as its ETag."""
    return Response(document, headers={"ETag": f'W/"{version}"'})


def _read(member: Any, value: Any) -> Any:
    try:
        return member.run_validation(value)
    except ValidationError:
        return None


def _finished(request: HttpRequest, response: HttpResponse, *, is_tagged: bool) -> HttpResponseBase:
    return compressed(request, conditional_response(request, response) if is_tagged else response)
