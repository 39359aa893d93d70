"""The contract: the description is the exported one, every refusal is explained, every page has its twin."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import yaml
from drf_spectacular.validation import validate_schema

from notifications.api.stream_description import PATH, REFUSES
from notifications.envelopes import BATCH
from notifications.stream.app import SYSTEMS
from notifications.webhooks.signing import headers_for
from portal.events.written import feed_messages
from portal.kernel.refusals import Refusal
from portal.problems import CATALOGUE
from portal.rest import description
from portal.rest.schemas import example_of
from tests.documents import REFERENCE, ROOT

#: Refusals that only people meet, on pages: accounts are administered in the browser alone.
_OF_PAGES: Final = ("portal/accounts/",)
#: Refusals of loading inventories and catalogues, which is work of commands and of the CSP's door.
_OF_OTHER_DOORS: Final = {
    "not_an_inventory",
    "bad_firmware_image",
    "bad_identifier",
    "too_many_waiting",
    # Of what a person keeps on pages.
    "name_taken",
    "export_superseded",
    "import_superseded",
}


def test_no_operation_is_called_like_another():
    names = [
        each["operationId"]
        for path in description.openapi_document()["paths"].values()
        for each in path.values()
    ]

    assert len(names) == len(set(names))


@pytest.mark.requirement("R6.2")
def test_the_exported_description_is_the_one_that_is_served():
    exported = (REFERENCE / "openapi.yaml").read_text()

    assert exported == description.openapi_yaml(), "run `make docs`"
    assert yaml.safe_load(exported)["openapi"].startswith("3.1")


@pytest.mark.requirement("R6.2")
def test_every_operation_says_what_it_takes_gives_and_refuses():
    for path, methods in description.openapi_document()["paths"].items():
        for method, each in methods.items():
            assert each["summary"], (path, method)
            assert "Scope: " in each["description"], (path, method)
            assert {"401", "403", "429", "500"} <= each["responses"].keys(), (path, method)
            assert any(status.startswith("2") for status in each["responses"]), (path, method)
            if "requestBody" in each:
                content = each["requestBody"]["content"]
                of_bytes = content.keys() == {"application/octet-stream"}
                assert of_bytes or "example" in content["application/json"], (path, method)
                assert {"400", "413", "415", "422"} <= each["responses"].keys(), (path, method)


@pytest.mark.requirement("R6.2")
def test_the_stream_is_described_as_it_is_served():
    stream = description.openapi_document()["paths"][SYSTEMS]["get"]
    sources = [(ROOT / "notifications/stream" / name).read_text() for name in ("app.py", "subscribers.py")]
    refused = set(re.findall(r'Refused\(\s*"([a-z_]+)", (\d+)', "".join(sources)))
    described = {(code, str(status)) for status, codes in REFUSES.items() for code in codes}

    assert PATH == SYSTEMS
    assert stream["responses"]["200"]["content"].keys() == {"text/event-stream"}
    assert {each["name"] for each in stream["parameters"]} == {
        "Last-Event-ID",
        "after",
        "kinds",
        "rollout_id",
    }
    assert refused | {("cursor_expired", "410"), ("cursor_ahead", "422")} == described
    assert all(CATALOGUE[code].status == int(status) for code, status in described)


@pytest.mark.requirement("R6.2")
def test_what_the_portal_calls_is_described_as_it_is_called():
    call = description.openapi_document()["webhooks"]["events"]["post"]
    signed = headers_for(["whsec_AAAA"], message_id="msg_1", at=datetime(2030, 1, 1, tzinfo=UTC), body=b"[]")

    assert {each["name"] for each in call["parameters"]} == signed.keys()
    assert call["requestBody"]["content"].keys() == {BATCH, feed_messages().content_type}
    assert call["requestBody"]["content"][BATCH]["schema"]["items"] == {"$ref": "#/components/schemas/Event"}


@pytest.mark.requirement("R6.2")
def test_the_description_is_a_valid_one():
    validate_schema(description.openapi_document())


def test_every_shape_carries_an_example():
    for name, schema in description.openapi_document()["components"]["schemas"].items():
        if schema.get("examples"):
            assert set(schema.get("required", [])) <= schema["examples"][0].keys(), name
    assert example_of(dict) == {}


def test_every_refusal_of_the_code_is_in_the_catalogue():
    missing = {code: where for code, where in codes() if code not in CATALOGUE}

    assert missing == {}


def test_the_status_of_each_refusal_is_the_one_the_catalogue_says():
    content = {
        each.code: each.status
        for each in subclasses(Refusal)
        if each.__module__.split(".")[0] in {"portal", "rollouts", "notifications"}
    }

    wrong = {
        code: (status, CATALOGUE[code].status)
        for code, status in content.items()
        if code in CATALOGUE and CATALOGUE[code].status != status
    }
    assert wrong.keys() <= {"idempotency_key_reused"}, wrong  # a page answers 409, the interface 422


def test_every_problem_is_explained_on_its_page():
    page = (REFERENCE / "problems.md").read_text()

    assert [code for code in CATALOGUE if f"`{code}`" not in page] == []


def codes() -> Iterator[tuple[str, str]]:
    """Every code a refusal is raised with, by reading the code."""
    kinds = {each.__name__ for each in subclasses(Refusal)} | {"RuleBroken"}
    for package in ("portal", "rollouts", "notifications"):
        for path in sorted((ROOT / package).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            if not where.startswith(_OF_PAGES) and "migrations" not in path.parts:
                yield from ((code, where) for code in codes_in(path, kinds) if code not in _OF_OTHER_DOORS)


def codes_in(path: Path, kinds: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and node.name in kinds:
            for line in node.body:
                if (
                    isinstance(line, ast.Assign)
                    and line.targets[0].id == "code"
                    and isinstance(line.value, ast.Constant)
                ):  # type: ignore[attr-defined]
                    yield str(line.value.value)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in kinds:
            named = [word.value for word in node.keywords if word.arg == "code"]
            first = (
                node.args[:1]
                if getattr(node.func, "attr", getattr(node.func, "id", "")) == "RuleBroken"
                else []
            )
            yield from (str(word.value) for word in (*named, *first) if isinstance(word, ast.Constant))


def subclasses(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)
