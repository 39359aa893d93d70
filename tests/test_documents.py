"""The pages that are made from code are those the code makes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests import documents

DOCS = [*sorted((documents.ROOT / "docs").rglob("*.md")), *sorted(documents.ROOT.glob("*.md"))]
PATH = re.compile(
    r"`((?:portal|rollouts|notifications|hubsim|demo|templates|static|tests|docs|requirements)/[\w./-]*)`"
)
LINK = re.compile(r"\]\(([^)#\s]+)")
RULE = re.compile(r"`(\w+)` in `([\w./]+\.py)`")


@pytest.mark.parametrize("name", documents.PAGES)
def test_a_made_page_is_up_to_date(name):
    page = documents.REFERENCE / name

    assert page.read_text() == documents.PAGES[name](), "run `make docs`"


def test_marks_are_found_on_modules_classes_and_functions():
    marks = documents._marks(
        ast.parse(
            "pytestmark = [pytest.mark.requirement('R1.1')]\n"
            "@pytest.mark.requirement('R2.1')\n"
            "class TestIt:\n"
            "    @pytest.mark.requirement('R3.1', 'R3.2')\n"
            "    def test_one(self): ...\n"
            "def test_two(): ...\n"
            "def helper(): ...\n"
        )
    )

    assert list(marks) == [
        ("R1.1", "test_one"),
        ("R2.1", "test_one"),
        ("R3.1", "test_one"),
        ("R3.2", "test_one"),
        ("R1.1", "test_two"),
    ]


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(documents.ROOT)))
def test_every_path_a_page_names_exists(page: Path):
    missing = {path for path in PATH.findall(page.read_text()) if not (documents.ROOT / path).exists()}

    assert missing == set()


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(documents.ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path):
    missing = {
        link
        for link in LINK.findall(page.read_text())
        if ":" not in link and not (page.parent / link).exists()
    }

    assert missing == set()


def test_every_rule_is_where_the_page_says():
    rules = RULE.findall((documents.ROOT / "docs" / "how-to" / "change-it.md").read_text())
    elsewhere = [
        name
        for name, path in rules
        if not re.search(rf"(?:def|class) {name}\b", (documents.ROOT / path).read_text())
    ]

    assert rules
    assert elsewhere == []


def test_the_readme_names_every_how_to():
    how_to = documents.ROOT / "docs" / "how-to"
    pages = {path.stem.replace("-", " ").lower() for path in how_to.iterdir()}
    readme = " ".join((documents.ROOT / "README.md").read_text().lower().split())

    assert {
        page for page in pages if page.replace("run the demo", "run the demonstration") not in readme
    } == set()


def test_choices_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in sorted((documents.ROOT / "docs" / "adr").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))
