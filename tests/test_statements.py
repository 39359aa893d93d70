"""The SQL files, as far as a test can hold them: they name codes, say what they promise, and are used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from portal.kernel.statements import statement_files, template

ROOT = Path(__file__).resolve().parent.parent
APPS = ("rollouts", "notifications", "portal.events", "portal.rest", "demo")
FILES = [(app, name) for app in APPS for name in statement_files(app)]
MODULES = [
    path
    for package in ("portal", "rollouts", "notifications", "demo")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]
#: Columns, and what is made of them, that hold a code.
CODED = (
    r"(?:\w+_)?(?:state|status|consent|code|kind|region|reason|failure|back_to|stage|stage_of\([\w.]+\))"
    r"|(?:import|gas|new_import|new_gas)_answer|role"
)
COMPARED = re.compile(
    rf"\b(?:{CODED})\b\)?\s*(?:=|<>|<=?|>=?|&|(?:NOT\s+)?IN\s*\()\s*\d"  # state = 60, kind IN (1, 2)
    rf"|\b\d+\s+IN\s*\([^)]*\b(?:{CODED})\b"  # 1 IN (import_answer, gas_answer)
    r"|\banswered\s*&\s*\d"  # answered & 2
    r"|\bWHEN\s+\d+\s+THEN\b",  # CASE state WHEN 20 THEN
    re.IGNORECASE,
)
#: Numbers above one are counted, measured or numbered; codes have names.
NUMBERED = re.compile(r"(?<![\w.$])(?:[2-9]|\d{2,})\b")
NO_CODE = (
    re.compile(
        r"\b(?:GROUP|ORDER)\s+BY\s+[^)]*?(?=\bHAVING|\bLIMIT|\bUNION|\)|$)", re.IGNORECASE | re.DOTALL
    ),
    re.compile(r"\b(?:varchar|bit|substr|LIMIT)\s*\([^)]*\)", re.IGNORECASE),
    re.compile(r"-?\b92233720368547758\d\d\b"),  # the ends of bigint
)
#: Counts that are no codes: of readings that were sent, of rows in a sample.
COUNTS = {
    "resume_positions": {"1000000"},  # microseconds in a second
    "read_silent": {"2"},
    "analyze_partition": {"20"},
    "extract_places": {"256"},
    "plan_commands": {"4294967295", "4294967296"},
    "walk_ending": {"65535"},
}
#: What has no app's files beside it, walks that are joined, and the first load of an empty estate.
IN_PLACE = {
    "portal/embedded/backups.py",
    "portal/embedded/chaos.py",
    "portal/embedded/drills.py",
    "portal/kernel/clock.py",
    "portal/kernel/history.py",
    "portal/kernel/sql.py",
    "portal/embedded/postgres.py",
    "portal/health.py",
    "portal/kernel/locks.py",
    "portal/kernel/postgresql/base.py",
    "rollouts/queries/estate/keyset.py",
    "rollouts/services/estate/load.py",
}


def said_by(app: str, name: str) -> str:
    """The statement as it is written, without comments and texts."""
    text = statement_files(app)[name].read_text()
    return re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--[^\n]*", "", text))


@pytest.mark.parametrize(("app", "name"), FILES)
def test_a_statement_names_its_codes(app, name):
    text = said_by(app, name)

    assert COMPARED.findall(text) == []
    for harmless in NO_CODE:
        text = harmless.sub("", text)
    assert set(NUMBERED.findall(text)) - COUNTS.get(name, set()) == set()


def test_no_module_compares_a_bare_code_in_a_piece_of_sql():
    bare_codes = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and COMPARED.search(node.value)
    ]

    assert bare_codes == []


def test_a_statement_has_a_file():
    begins = re.compile(
        r"\s*(?:SELECT|WITH \w+ AS|INSERT INTO|UPDATE \w+|DELETE FROM|TRUNCATE|ALTER|DROP)\b[^.]"
    )
    bare_codes = {
        str(path.relative_to(ROOT))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and begins.match(node.value)
    }

    assert bare_codes - IN_PLACE == set()


@pytest.mark.parametrize(("app", "name"), FILES)
def test_a_statement_says_what_it_promises_and_knows_its_names(app, name):
    assert re.match(r"-- \S.{10}", statement_files(app)[name].read_text())
    assert template(app, name).text.strip()


def test_every_statement_is_used():
    texts = {
        node.value
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert [name for _, name in FILES if name not in texts] == []


def test_a_name_stands_for_one_statement():
    names = [path.stem for app in APPS for path in (ROOT / app.replace(".", "/") / "sql").rglob("*.sql")]

    assert sorted(names) == sorted(set(names))


def test_statements_are_composed_by_the_renderer_alone():
    composing = re.compile(r"""\.replace\(\s*(?:f?["']\{(?!["'])|"\{" \+)""")
    result = [str(path.relative_to(ROOT)) for path in MODULES if composing.search(path.read_text())]

    assert result == []
