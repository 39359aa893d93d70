"""The lock: both files agree, hold what is asked for, and name no index. `make from-nothing` installs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
PIN = re.compile(r"^([\w.-]+)==(\S+)(?: ; (.+?))? \\$", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> set[tuple[str, str, str]]:
    """The packages of a lock file: name, version, and the marker under which they are wanted."""
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    return {(normal(package), version, marker) for package, version, marker in PIN.findall(text)}


def test_development_has_exactly_what_production_runs_on():
    assert pins("runtime")
    assert pins("runtime") <= pins("dev")


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_each_listed_dependency_is_locked(name):
    lines = [line for line in (REQUIREMENTS / f"{name}.in").read_text().splitlines() if line[:1].isalpha()]
    wanted = {normal(re.split(r"[\[~=<>; ]", line, maxsplit=1)[0]) for line in lines}

    assert wanted
    assert wanted <= {package for package, _, _ in pins(name)}


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_every_line_of_the_lock_is_a_pin_with_hashes(name):
    text = (REQUIREMENTS / f"{name}.txt").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]

    assert len(lines) == len(pins(name))
    assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.iterdir()), ids=lambda path: path.name)
def test_no_index_is_named(path):
    assert "://" not in path.read_text()


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_each_wish_says_what_it_is_for(name):
    lines = [line for line in (REQUIREMENTS / f"{name}.in").read_text().splitlines() if line[:1].isalpha()]

    assert [line for line in lines if " # " not in line] == []
