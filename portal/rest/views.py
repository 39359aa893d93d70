"""The view every resource of the REST interface is made from, and the answer to what is no resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.identity.api import ScopedAPI
from portal.kernel.refusals import NotFound, Refusal
from portal.rest.fields import QUERY, StrictSerializer
from portal.rest.operations import Operation, OperationSchema
from portal.rest.parsers import JsonParser
from portal.rest.responses import JsonRenderer, compressed, conditional_response, dumps, etag_of


class PreconditionFailed(Refusal):
    """The thing is not as the caller last read it."""

    code = "precondition_failed"
    status = 412


class ResourceView(ScopedAPI, APIView):
    """A resource: it says who may (`needs`), what it belongs to (`tag`), and whether it is polled."""

    parser_classes: Any = (JsonParser,)
    renderer_classes: Any = (JsonRenderer,)
    metadata_class = None
    schema: Any = OperationSchema()
    tag: ClassVar[str] = ""
    polled: ClassVar[bool] = False
    """Its answers carry an ETag, and a change may ask for the one it was made from."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a request without the body it needs, once it is known who sends it.

        Raises:
            ParseError: there is none.
        """
        super().initial(request, *args, **kwargs)
        if request.META.get("CONTENT_LENGTH") not in {None, "", "0"}:
            return
        method = request.method or ""
        operation: Operation | None = getattr(getattr(self, method.lower(), None), "operation", None)
        if operation and (operation.needs_body or method in {"PATCH", "PUT"}):
            raise ParseError("The body is missing.")

    def validated_query(self, query: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the parameters of the query, checked; a parameter given twice counts once, the last."""
        read = query(data=self.request.query_params.dict(), context={QUERY: True})
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

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
            Changed: the `If-Match` of the request names another state.
        """
        wanted = self.request.headers.get("If-Match", "").strip()
        if wanted not in {"", "*", etag_of(dumps(document))}:
            raise PreconditionFailed("It has changed since you read it. Read it again, then decide.")

    def _going(self, method: str) -> Mapping[str, str]:
        declared: Operation | None = getattr(getattr(self, method.lower(), None), "operation", None)
        return declared.headers if declared else {}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tag what is polled, and pack what is large."""
        http = getattr(request, "_request", request)
        for name, value in self._going(request.method or "").items():
            response[name] = value
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


class NoQuery(StrictSerializer):
    """A query without parameters."""


def _finished(request: HttpRequest, response: HttpResponse, *, is_tagged: bool) -> HttpResponseBase:
    return compressed(request, conditional_response(request, response) if is_tagged else response)
