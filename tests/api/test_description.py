"""The description as machines take it: valid, with names for what it holds, and as open as it promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from portal.rest.description import openapi_document


def parts(part: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], dict[str, Any]]]:
    """Every object of the description, with where it stands."""
    if isinstance(part, dict):
        yield path, part
    for name, below in (
        part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    ):
        yield from parts(below, (*path, name))


def answers() -> set[str]:
    """The names of the components that answers are made of."""
    schemas = openapi_document()["components"]["schemas"]
    waiting = [
        each["$ref"]
        for path in openapi_document()["paths"].values()
        for method in path.values()
        for _, each in parts(method["responses"])
        if "$ref" in each
    ]
    known: set[str] = set()
    while waiting:
        name = waiting.pop().rpartition("/")[2]
        if name not in known and name in schemas:
            known.add(name)
            waiting += [each["$ref"] for _, each in parts(schemas[name]) if isinstance(each.get("$ref"), str)]
    return known


def test_a_validator_nobody_here_wrote_finds_nothing():
    validate(openapi_document())


def test_every_default_is_one_its_schema_allows():
    schemas = [each for _, each in parts(openapi_document()["paths"]) if "default" in each and "type" in each]

    assert len(schemas) > 30
    for each in schemas:
        assert Draft202012Validator(each).is_valid(each["default"]), each


def test_answers_may_grow():
    schemas = openapi_document()["components"]["schemas"]

    closed = [
        (name, path)
        for name in answers()
        for path, each in parts(schemas[name])
        if each.get("additionalProperties") is False or ("enum" in each and len(each["enum"]) > 1)
    ]

    assert "RolloutRow" in answers()
    assert closed == []


def test_what_answers_hold_has_a_name():
    unnamed = [
        (path, status)
        for path, methods in openapi_document()["paths"].items()
        for method in methods.values()
        for status, answer in method["responses"].items()
        for each in [answer.get("content", {}).get("application/json", {}).get("schema", {})]
        if each.get("properties")
    ]

    assert unnamed == []


@pytest.mark.parametrize(
    ("name", "member", "component"),
    [
        ("SelectionRule", "tree", "Criteria"),
        ("NewInstruction", "kind", "InstructionKindChoice"),
        ("RolloutRow", "status", "RolloutStatusName"),
        ("NewApprovalRule", "time_policy", "TimePolicy"),
    ],
)
def test_a_member_is_what_its_component_says(name, member, component):
    described = openapi_document()["components"]["schemas"][name]["properties"][member]

    assert [each["$ref"] for _, each in parts(described) if "$ref" in each] == [
        f"#/components/schemas/{component}"
    ]


def test_patterns_hold_from_end_to_end():
    for path, each in parts(openapi_document()):
        if isinstance(pattern := each.get("pattern"), str):
            bare = re.sub(r"\[[^]]*\]", "", pattern)
            while (shorter := re.sub(r"\([^()]*\)", "", bare)) != bare:
                bare = shorter
            assert pattern.startswith("^"), path
            assert pattern.endswith("$"), path
            assert "|" not in bare, (path, pattern)


def test_addresses_are_described_as_such():
    for path, each in parts(openapi_document()["components"]["schemas"]):
        if path and path[-1] == "next" and path[-2] == "properties":
            assert each["format"] == "uri", path


def test_events_alone_are_a_list_of_events():
    content = openapi_document()["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]

    assert content["application/cloudevents-batch+json"]["schema"]["items"] == {
        "$ref": "#/components/schemas/Event"
    }


def test_every_tag_is_explained_and_no_two_parts_share_one():
    document = openapi_document()
    used = {tag for path in document["paths"].values() for method in path.values() for tag in method["tags"]}
    called = {tag for call in document["webhooks"].values() for tag in call["post"]["tags"]}

    assert used | called == {tag["name"] for tag in document["tags"]}
    assert not used & called
