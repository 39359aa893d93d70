"""The pages that are made from code are those the code makes."""

from __future__ import annotations

import ast

import pytest

from tests import documents


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
