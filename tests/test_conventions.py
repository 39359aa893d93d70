"""The house style, as far as a test can hold it."""

from __future__ import annotations

import ast
import collections
import os
import re
from collections.abc import Iterator
from inspect import isfunction
from pathlib import Path

import pytest

from portal.celery import BEAT_SCHEDULE, RECURRING_PERIODS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "rollouts", "notifications", "hubsim")
MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
DEMO = sorted(path.relative_to(ROOT) for path in (ROOT / "demo").rglob("*.py"))
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
CATCH_ALLS = {"utils", "helpers", "common", "misc", "extras", "base"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40


def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def defined(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=str)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(parsed(path))


def test_no_module_is_too_long():
    long = {
        str(p): n
        for p in [*MODULES, *DEMO, *TESTS]
        if (n := len((ROOT / p).read_text().splitlines())) > LONGEST_MODULE
    }

    assert long == {}


def test_no_function_is_too_long():
    long = {
        f"{path}:{node.name}": lines
        for path in MODULES
        for node in defined(parsed(path))
        if (lines := _statement_lines(node)) > LONGEST_FUNCTION
    }

    assert long == {}


def _statement_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    # What a function promises does not count against it.
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


def test_every_public_function_says_what_it_does():
    silent = [
        f"{path}:{node.name}"
        for path in MODULES
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]

    assert silent == []


def test_files_are_named_for_what_is_in_them():
    # Django finds an engine of a database in its module `base`.
    named_by_us = [path for path in MODULES if path != Path("portal/kernel/postgresql/base.py")]
    names = {path.stem for path in named_by_us} | {part for path in MODULES for part in path.parts[:-1]}

    assert names & CATCH_ALLS == set()


def test_no_task_is_given_a_date_or_a_queue():
    # Due dates live in PostgreSQL; queues come from the routes.
    forbidden = {"eta", "countdown", "expires", "queue"}
    result = [
        f"{path}:{call.lineno}"
        for path in MODULES
        for call in ast.walk(parsed(path))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"apply_async", "shared_task", "task", "s", "si", "send_task"}
        and forbidden & {keyword.arg for keyword in call.keywords}
    ]

    assert result == []


def test_the_simulator_and_the_portal_share_no_code():
    imported = {
        (node.module or "").split(".")[0]
        for path in MODULES
        if path.parts[0] == "hubsim"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
    }

    assert imported & {"portal", "rollouts", "notifications", "django"} == set()


def test_every_tick_names_a_task_that_exists():
    from portal.celery import app

    app.loader.import_default_modules()

    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} | set(RECURRING_PERIODS) <= set(app.tasks)


def test_every_subscriber_exists(settings):
    from django.utils.module_loading import import_string

    assert all(callable(import_string(name)) for name in settings.EVENT_SUBSCRIBERS)


@pytest.mark.django_db
def test_no_model_is_without_its_migration():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


def test_no_file_names_a_package_registry_or_somebodys_home():
    hosts = ("pypi" + ".org", "python" + "hosted.org", "/root" + "/", "/home" + "/")
    result = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in _files()
        for host in hosts
        if host in path.read_text(errors="replace")
    ]

    assert result == []


def _files():
    kinds = {".py", ".txt", ".in", ".toml", ".yml", ".yaml", ".md", ".sql", ".html", ".json", ""}
    apart = {".git", ".venv", "var", "node_modules", "__pycache__", "staticfiles"}
    for place, directories, names in os.walk(ROOT):
        directories[:] = [d for d in directories if d not in apart and not d.endswith("_cache")]
        yield from (path for name in names if (path := Path(place, name)).suffix in kinds)


# Names: see docs/reference/glossary.md.
RIDDLES = {"Said", "Word", "Words", "Moment", "Document", "Known", "Left", "Bench", "Happening"}
VAGUE_VALUES = {"found", "said", "told", "asked", "kept", "one", "whole"}
VAGUE_FUNCTIONS = VAGUE_VALUES | {"once", "served", "known"}


def class_names() -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        if "commands" in path.parts:  # Django wants each of them to be called Command
            continue
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(path))
    return places


def test_no_two_classes_share_a_name():
    assert {name: places for name, places in class_names().items() if len(places) > 1} == {}


def test_no_class_has_a_name_that_must_be_guessed():
    assert {name: places for name, places in class_names().items() if name in RIDDLES} == {}


def test_no_function_has_a_name_that_must_be_guessed():
    vague = [
        f"{path}:{node.lineno} {node.name}"
        for path in [*MODULES, *DEMO, *TESTS]
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.strip("_") in VAGUE_FUNCTIONS
    ]

    assert vague == []


def test_values_are_named_for_what_they_hold():
    vague = []
    for path in [*MODULES, *DEMO, *TESTS]:
        tree = parsed(path)
        members = _members(tree)  # what a class calls its members, others see: in the API, for one
        vague += [
            f"{path}:{node.lineno} {name}"
            for node in ast.walk(tree)
            if node not in members and (name := _bound_name(node)) in VAGUE_VALUES
        ]

    assert vague == []


def _members(tree: ast.AST) -> set[ast.AST]:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {field.target for node in classes for field in node.body if isinstance(field, ast.AnnAssign)}


def _bound_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else ""


def glossary(heading: str) -> set[str]:
    text = (ROOT / "docs/reference/glossary.md").read_text().split(f"## {heading}")[1].split("\n## ")[0]
    return set(re.findall(r"[a-z]+", text.lower()))


def test_the_glossary_has_every_noun_of_the_tables():
    from django.apps import apps

    ours = [model for model in apps.get_models() if model.__module__.split(".")[0] in PACKAGES]
    words = {
        word.lower(): model.__name__
        for model in ours
        for word in re.findall(r"[A-Z][a-z]+|[A-Z]+(?![a-z])", model.__name__)
    }

    assert {word: name for word, name in words.items() if word not in glossary("Nouns")} == {}


def test_the_glossary_has_every_verb_of_the_services():
    from rollouts import services

    functions = [name for name, value in vars(services).items() if isfunction(value)]
    verbs = {name.split("_")[0]: name for name in functions}
    reads = {"waiting", "regions", "rollouts"}

    assert {verb: name for verb, name in verbs.items() if verb not in glossary("Verbs") | reads} == {}


#: What only tests call: they look at, or reset, what one process keeps.
FOR_TESTS = {"close_networks", "forget_names", "is_about_one_hub", "night_of", "slice_after", "slot_of"}
#: Names a framework looks up.
HOOKS = {"process_exception"}
#: Modules of such names.
OF_FRAMEWORKS = {"apps.py", "settings.py", "urls.py"}


def test_nothing_stands_unused():
    folders = (*PACKAGES, "demo", "templates", "static")
    paths = [ROOT / "manage.py", *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    words = collections.Counter(
        word
        for path in paths
        if path.suffix in {".css", ".html", ".js", ".py", ".txt"}
        for word in re.findall(r"[A-Za-z_]\w*", path.read_text())
    )

    unused = {
        f"{path}:{name}"
        for path in MODULES
        if path.name not in OF_FRAMEWORKS
        for name in names_of(parsed(path))
        if words[name] == 1 and name not in FOR_TESTS | HOOKS
    }

    assert unused == set()


def names_of(tree: ast.Module) -> Iterator[str]:
    """Yield what a module defines: functions, classes, constants, and methods of classes that override none."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        if isinstance(node, ast.ClassDef) and not node.bases:
            yield from (each.name for each in defined(node) if not each.name.startswith("__"))
