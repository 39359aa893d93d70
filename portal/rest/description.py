"""The description as a whole: which addresses belong to it, and what the parts share."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import yaml
from django.core.exceptions import ImproperlyConfigured
from drf_spectacular.generators import SchemaGenerator
from rest_framework.views import APIView

from portal.api_schema import COMPONENTS
from portal.identity.api_scopes import ApiScope
from portal.rest.operations import Operation, problem_examples, shared_responses
from portal.rest.responses import dumps
from portal.rest.schemas import schema_components

_WORDS: Final = re.compile(r"\^[a-z_]+([|][a-z_]+)+\$")
PREFIX: Final = "/api/v1/"

Endpoint = tuple[str, str, str, Any]


_CALLS: Final[dict[str, dict[str, Any]]] = {}
_PATHS: Final[dict[str, dict[str, Any]]] = {}


def describe_webhook(name: str, call: dict[str, Any]) -> None:
    """Describe a call that the portal makes: it stands under `webhooks`, as OpenAPI 3.1 has it."""
    _CALLS[name] = {"post": call}


def describe_path(path: str, methods: dict[str, Any]) -> None:
    """Describe an address that another process answers; `x-served-by` names which."""
    _PATHS[path] = methods


class _PlainDumper(yaml.SafeDumper):
    """Plain YAML: no anchors, long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out where it stands."""
        return True


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_PlainDumper.add_representer(str, _represent_text)


def only_resources(endpoints: list[Endpoint], **_: Any) -> list[Endpoint]:
    """Keep the resources: what stands below the prefix and says what it does."""
    return [
        (path, pattern, method, view)
        for path, pattern, method, view in endpoints
        if path.startswith(PREFIX) and _is_described(view, method)
    ]


def add_shared_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the shapes that answers refer to, and the scopes with their words."""
    schemas = result["components"].setdefault("schemas", {})
    named = schema_components()
    if twice := sorted(schemas.keys() & named.keys() - COMPONENTS["schemas"].keys()):
        raise ImproperlyConfigured(f"Two schemas are called {twice[0]}.")
    schemas.update(named)
    # What is named by an id stands before what has a name, as in the list of addresses.
    paths = sorted({**result["paths"], **_PATHS}.items(), key=lambda item: item[0].replace("{", "!"))
    result["paths"] = dict(paths)
    _leave_marks_out(result)
    for _, methods in paths:
        for parameter in (each for method in methods.values() for each in method.get("parameters", [])):
            _list_words(parameter["schema"])
    if _CALLS:
        result["webhooks"] = dict(sorted(_CALLS.items()))
    result["components"]["responses"] = shared_responses()
    result["components"]["examples"] = dict(sorted(problem_examples().items()))
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    flow = result["components"]["securitySchemes"]["clientCredentials"]["flows"]["clientCredentials"]
    flow["scopes"] = {scope.value: str(scope.label) for scope in ApiScope}
    return result


def _leave_marks_out(part: Any) -> None:
    """Leave out what the generator marks for a step of its own."""
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _leave_marks_out(below)


def _list_words(schema: dict[str, Any]) -> None:
    """Describe a path parameter that takes one of a few words as an enumeration."""
    pattern = schema.get("pattern", "")
    if _WORDS.fullmatch(pattern):
        del schema["pattern"]
        schema["enum"] = pattern.strip("^$").split("|")


@cache
def openapi_document() -> dict[str, Any]:
    """Return the description; it is the same until the code changes."""
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return described


@cache
def openapi_json() -> bytes:
    """Return the description as JSON."""
    return dumps(openapi_document())


@cache
def openapi_yaml() -> str:
    """Return the description as YAML."""
    return yaml.dump(openapi_document(), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=110)


def _is_described(view: Any, method: str) -> bool:
    view_class: type[APIView] | None = getattr(view, "cls", None)
    declared = getattr(getattr(view_class, method.lower(), None), "operation", None)
    return isinstance(declared, Operation)
