"""The text of statements: named SQL files, filled in once with the names their numbers have in Python.

A statement, or a piece of one, lives in `<app>/sql/<noun>/<name>.sql`, with `%(name)s` parameters and a
comment on top saying what it promises; its name is unique within the app. Braces hold what is filled in:

- `{TargetState.ACTIVATED}`, `{FAILED_STATES}`, `{FAILED_STATES, TargetState.ACTIVATED}`: what the package
  `<app>.sql` has by that name, written as literals: sets in their order, mappings as rows of VALUES, an `Sql`
  as the text it is. Filled in when the file is first read: the database sees literals, at no cost.
- `{partition}`: a part that the caller of `statement` gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import Final, NamedTuple

_ON_TOP: Final = re.compile(r"\A(?:--[^\n]*\n)+")
_BRACES: Final = re.compile(r"\{([A-Za-z_][\w.]*(?:,\s*[A-Za-z_][\w.]*)*)\}")


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement or a piece of one, written by our own code only, and the parameters it names."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)


class WrongParts(LookupError):
    """A statement was not given the parts it has, or names what its app has no value for."""


def statement(app: str, name: str, /, **parts: Sql | str) -> Sql:
    """Return a named statement with its parts filled in, and their parameters.

    An `Sql` stands in it as it is; a string is the name of a table or column, and is quoted.

    Raises:
        KeyError: there is no such statement.
        WrongParts: a part is missing, or was given and is not in the statement.
    """
    filled = template(app, name)
    if parts.keys() != filled.parts:
        raise WrongParts(
            f"{app}/{name}.sql has the parts {sorted(filled.parts)}, and was given {sorted(parts)}"
        )
    if not parts:
        return Sql(filled.text)
    texts = {key: part.text if isinstance(part, Sql) else quoted(part) for key, part in parts.items()}
    params: dict[str, object] = {}
    for part in parts.values():
        params |= part.params if isinstance(part, Sql) else {}
    return Sql(_BRACES.sub(lambda braces: texts[braces[1]], filled.text), params)


def quoted(identifier: str) -> str:
    """Write the name of a table or column for use in a statement."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Write a value of our own code as SQL: numbers and texts, lists and sets of them, mappings as rows.

    Raises:
        TypeError: the value is none of these.
    """
    match value:
        case Sql():
            return value.text
        case int():
            return str(int(value))
        case str():
            return "'" + str(value).replace("'", "''") + "'"
        case Mapping():
            return ", ".join(f"({literal(key)}, {literal(each)})" for key, each in value.items())
        case set() | frozenset():
            return ", ".join(literal(each) for each in sorted(value))
        case Iterable():
            return ", ".join(map(literal, value))
    raise TypeError(f"{value!r} cannot be written as SQL")


@cache
def statement_files(app: str) -> Mapping[str, Path]:
    """Return the files of an app's statements by their names.

    Raises:
        ValueError: two of them have one name.
    """
    paths = sorted(Path(str(resources.files(app))).glob("sql/**/*.sql"))
    files = {path.stem: path for path in paths}
    if len(files) != len(paths):
        raise ValueError(f"Two statements of {app} have one name.")
    return files


class Template(NamedTuple):
    """A statement with its app's names filled in, and the parts it still wants."""

    text: str
    parts: frozenset[str]


@cache
def template(app: str, name: str) -> Template:
    """Read a statement and fill in its app's names.

    Raises:
        KeyError: there is no such statement.
        WrongParts: it names what its app has no value for.
    """
    values = vars(import_module(f"{app}.sql"))
    # The comment on top is for those who read the file: a piece may stand many times in a statement.
    text = _ON_TOP.sub("", statement_files(app)[name].read_text(encoding="utf-8")).strip()
    try:
        text = _with_names(text, values)
    except (KeyError, AttributeError) as problem:
        raise WrongParts(f"{app}/{name}.sql: {app}.sql has no {problem}") from problem
    return Template(text, frozenset(_BRACES.findall(text)))


def _with_names(text: str, values: Mapping[str, object]) -> str:
    def filled(braces: re.Match[str]) -> str:
        if braces[1].isidentifier() and braces[1].islower():
            return braces[0]  # a part: whoever asks for the statement gives it
        return ", ".join(
            _with_names(literal(_value(path.strip(), values)), values) for path in braces[1].split(",")
        )

    return _BRACES.sub(filled, text)


def _value(path: str, values: Mapping[str, object]) -> object:
    first, *rest = path.split(".")
    value = values[first]
    for name in rest:
        value = getattr(value, name)
    return value
