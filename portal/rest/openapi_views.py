"""The description, served: as YAML for tools, and as a page on which a person can try it out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api import ScopedAPI
from portal.kernel.refusals import NotFound
from portal.problems import CATALOGUE
from portal.rest import description
from portal.rest.responses import JSON, JsonRenderer, conditional_response
from portal.rest.views import ResourceView

KIND: Final = "application/yaml"


class YamlRenderer(JsonRenderer):
    """`application/yaml`."""

    media_type = KIND
    format = "yaml"


class OpenApiView(ResourceView):
    """The description."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    throttle_classes: Any = ()
    renderer_classes: Any = (YamlRenderer, JsonRenderer)
    schema: Any = None

    def get(self, request: Request) -> HttpResponseBase:
        """Return the OpenAPI document: the same as docs/reference/openapi.yaml."""
        answer = HttpResponse(description.openapi_yaml(), content_type=f"{KIND}; charset=utf-8")
        return conditional_response(request._request, answer)  # noqa: SLF001


class OpenApiJsonView(OpenApiView):
    """The description as JSON."""

    renderer_classes = (JsonRenderer,)

    def get(self, request: Request) -> HttpResponseBase:
        """Return the OpenAPI document as JSON."""
        answer = HttpResponse(description.openapi_json(), content_type=JSON)
        return conditional_response(request._request, answer)  # noqa: SLF001


class ProblemTypeView(ResourceView):
    """What a problem is about: a document for systems, a page in a browser."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    throttle_classes: Any = ()
    renderer_classes: Any = (JsonRenderer, TemplateHTMLRenderer)
    schema: Any = None

    def get(self, request: Request, slug: str) -> Response:
        """Explain a kind of problem: the address is its `type`."""
        known = next((known for known in CATALOGUE.values() if known.type == f"/problems/{slug}"), None)
        if known is None:
            raise NotFound("There is no such kind of problem.")
        document = {"type": known.type, "title": known.title, **asdict(known)}
        return Response(document, template_name="api/problem.html")


class SwaggerView(ScopedAPI, SpectacularSwaggerSplitView):
    """Swagger UI from our own files: no script stands in the page, and none comes from elsewhere."""

    authentication_classes: Any = ScopedAPI.authentication_classes
    permission_classes: Any = (IsAuthenticated,)
    throttle_classes: Any = ScopedAPI.throttle_classes
    renderer_classes: Any = (TemplateHTMLRenderer,)
    template_name = "api/try_it_out.html"
    title = "Try out the REST interface"
