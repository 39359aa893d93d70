"""Shapes: what an answer looks like, as TypedDicts; checked by mypy, and turned into OpenAPI schemas here.

    class Hub(TypedDict):
        '''One hub.'''
        guid: GuidText
        region: Annotated[str, Names(Region), "Whose wide area network serves it."]

A text in `Annotated` describes the member, `AllowedNames` gives the words it may hold, `Example` a value.
"""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Schema = dict[str, Any]
_PREFIX: Final = "#/components/schemas/"
_KNOWN: Final[dict[str, type]] = {}
_SPARSE: Final[set[str]] = set()
"""Shapes of which `fields` may leave members out."""
_NAMED: Final[dict[str, Schema]] = {}
"""Enumerations, pages and documents, by the name they are described under."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A value that shows what a member holds."""

    value: Any


class AllowedNames:
    """The words a text may hold: the names of an enumeration, some of them, or a list of texts."""

    def __init__(self, source: type[enum.Enum] | Iterable[str]) -> None:
        if isinstance(source, type) and issubclass(source, enum.Enum):
            self.name, self.words = enum_name(source), [word.name for word in source]
        else:
            self.name, self.words = "", list(source)


@dataclass(frozen=True, slots=True)
class TextFormat:
    """More about a text: its form."""

    format: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """What a JSON object is, by the name of a component (see `name_schema`)."""

    name: str


GuidText = Annotated[
    str,
    TextFormat(pattern="^[0-9A-F]{2}(-[0-9A-F]{2}){7}$"),
    Example("00-DB-12-34-56-78-9A-BC"),
]
Count = Annotated[int, Example(3310)]

_SCALARS: Final[Mapping[Any, tuple[Schema, Any]]] = {
    str: ({"type": "string"}, "text"),
    int: ({"type": "integer"}, 1),
    float: ({"type": "number"}, 0.97),
    bool: ({"type": "boolean"}, True),
    datetime: ({"type": "string", "format": "date-time"}, "2027-03-15T02:00:00Z"),
    date: ({"type": "string", "format": "date"}, "2027-03-15"),
    type(None): ({"type": "null"}, None),
    Any: ({}, None),
    object: ({}, None),
}


def schema_reference(shape: type) -> Schema:
    """Return a reference to the schema of a TypedDict, and remember it for the description.

    `HubSchema` is described as `Hub`, just as drf-spectacular describes `NewBatchSerializer` as `NewBatch`.
    """
    name = shape.__name__.removesuffix("Schema")
    known = _KNOWN.setdefault(name, shape)
    if known is not shape:
        raise TypeError(f"Two shapes are called {name}.")
    return {"$ref": _PREFIX + name}


def sparse_reference(shape: type) -> Schema:
    """Return a reference to the schema of a TypedDict of which any member may be missing."""
    _SPARSE.add(shape.__name__.removesuffix("Schema"))
    return schema_reference(shape)


def enum_name(source: type[enum.Enum]) -> str:
    """Return the name under which an enumeration is described."""
    return source.__qualname__.replace(".", "")


def name_schema(name: str, schema: Schema) -> Schema:
    """Describe something under a name of its own, and return the reference to it."""
    if _NAMED.setdefault(name, schema) != schema or name in _KNOWN:
        raise TypeError(f"Two schemas are called {name}.")
    return {"$ref": _PREFIX + name}


def schema_components() -> dict[str, Schema]:
    """Return the schema of every shape that is referred to, by name."""
    schemas: dict[str, Schema] = {}
    while missing := sorted(_KNOWN.keys() - schemas.keys()):
        schemas.update({name: _object(_KNOWN[name], is_sparse=name in _SPARSE) for name in missing})
    return schemas | _NAMED


def example_of(shape: type) -> dict[str, Any]:
    """Put an example together from the members' own."""
    return {name: _example(hint) for name, hint in get_type_hints(shape, include_extras=True).items()}


def members_of(shape: type) -> frozenset[str]:
    """Return the names of a shape's members."""
    return frozenset(get_type_hints(shape))


def page_of(shape: type, *, is_sparse: bool = True) -> Schema:
    """Return the schema of a page of a list; a sparse one may hold any of the members."""
    item, name = schema_reference(shape), shape.__name__.removesuffix("Schema")
    if is_sparse:
        _SPARSE.add(name)
    schema: Schema = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {
                "type": ["string", "null"],
                "format": "uri",
                "description": "The address of the page after this one; null on the last.",
            },
        },
        "examples": [{"items": [example_of(shape)], "next": None}],
    }
    return name_schema(f"{name}Page", schema)


def list_of(shape: type) -> Schema:
    """Return the schema of a whole, short list."""
    schema: Schema = {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": schema_reference(shape)}},
        "examples": [{"items": [example_of(shape)]}],
    }
    return name_schema(f"{shape.__name__.removesuffix('Schema')}List", schema)


def _object(shape: type, *, is_sparse: bool) -> Schema:
    hints = get_type_hints(shape, include_extras=True)
    required = sorted(name for name, hint in hints.items() if get_origin(hint) is not NotRequired)
    return {
        "type": "object",
        "description": inspect.cleandoc(shape.__doc__ or ""),
        **({} if is_sparse or not required else {"required": required}),
        "properties": {name: _schema(hint) for name, hint in hints.items()},
        "examples": [example_of(shape)],
    }


def _schema(hint: Any) -> Schema:  # noqa: PLR0911 - a kind of hint each
    hint = _wrapped(hint)
    if hint in _SCALARS:
        return dict(_SCALARS[hint][0])
    if is_typeddict(hint):
        return schema_reference(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(args[0], args[1:])
    if origin is Literal:
        return {"type": "string", "enum": list(args)}
    if origin in {Union, types.UnionType}:
        return _union([_schema(arg) for arg in args])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1])}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"type": "array", "items": _schema(args[0])}
    raise TypeError(f"No schema for {hint!r}.")


def _annotated(hint: Any, notes: Sequence[Any]) -> Schema:
    schema = _schema(hint)
    if "$ref" in schema:
        words = [note for note in notes if isinstance(note, str)]
        return {**schema, "description": words[0]} if words else schema
    for note in notes:
        if isinstance(note, str):
            schema["description"] = note
        elif isinstance(note, AllowedNames):
            schema = _worded(schema, _open_names(note))
        elif isinstance(note, Component):
            schema = _nullable({"$ref": _PREFIX + note.name}, schema)
        elif isinstance(note, Example):
            schema["examples"] = [note.value]
        elif isinstance(note, TextFormat):
            given = {"format": note.format, "pattern": note.pattern}
            schema.update({name: value for name, value in given.items() if value})
    return schema


def _open_names(names: AllowedNames) -> Schema:
    """Describe names to which others may be added: what reads them has to take words it does not know."""
    schema: Schema = {"type": "string", "x-extensible-enum": names.words}
    if not names.name:
        return schema
    words = f"One of {', '.join(f'`{word}`' for word in names.words)}; more may come."
    return name_schema(f"{names.name}Name", {**schema, "description": words})


def _worded(schema: Schema, names: Schema) -> Schema:
    if schema.get("type") == "object":
        return {**schema, "propertyNames": names}
    if schema.get("type") == "array":
        return {**schema, "items": names}
    return _nullable(names, schema)


def _nullable(schema: Schema, beside: Schema) -> Schema:
    """Return a schema with what is said beside it, and null where that is allowed."""
    notes = {name: value for name, value in beside.items() if name in {"description", "examples"}}
    if isinstance(beside.get("type"), list):
        return {"anyOf": [schema, {"type": "null"}], **notes}
    return {**schema, **notes}


def _union(schemas: Sequence[Schema]) -> Schema:
    plain = [each for each in schemas if isinstance(each.get("type"), str)]
    if len(plain) == len(schemas):
        merged: Schema = {}
        for each in schemas:
            merged.update({name: value for name, value in each.items() if name != "type"})
        return {**merged, "type": [each["type"] for each in schemas]}
    return {"anyOf": list(schemas)}


def _wrapped(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint


def _example(hint: Any) -> Any:  # noqa: PLR0911 - a kind of hint each
    hint = _wrapped(hint)
    if hint in _SCALARS:
        return _SCALARS[hint][1]
    if is_typeddict(hint):
        return example_of(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated_example(args[0], args[1:])
    if origin is Literal:
        return args[0]
    if origin in {Union, types.UnionType}:
        return _example(args[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {}
    return [_example(args[0])]


def _annotated_example(hint: Any, notes: Sequence[Any]) -> Any:
    for note in notes:
        if isinstance(note, Example):
            return note.value
    words = next((note.words for note in notes if isinstance(note, AllowedNames)), [])
    plain = _example(hint)
    if not words:
        return plain
    if isinstance(plain, dict):
        return {words[0]: _example(get_args(hint)[1])}
    return [words[0]] if isinstance(plain, list) else words[0]
