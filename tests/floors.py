"""Coverage of the layers that matter, each with a floor: `make coverage` loads this beside pytest-cov.

Measured while tests of `MEASURED` run; the others mostly wait for servers and browsers, and would be slowed down for lines that are
covered already. A layer below its floor fails the run. Floors are raised to what is reached, and never lowered.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
MEASURED = {"unit", "integration", "service_requests"}
FLOORS = {
    "portal/kernel": 88,
    "rollouts/queries": 88,
    "rollouts/reads": 98,
    "rollouts/rules": 97,
    "rollouts/services": 94,
    "rollouts/states": 99,
}


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(ROOT / "tests").parts[0] not in MEASURED:
            item.add_marker("no_cover")


class Layers:
    """What was covered of each layer, in per cent."""

    def __init__(self) -> None:
        data = coverage.Coverage()
        data.load()
        self.covered = {layer: data.report(include=[f"{layer}/*"], file=io.StringIO()) for layer in FLOORS}

    @property
    def below(self) -> list[str]:
        return [layer for layer, covered in self.covered.items() if covered < FLOORS[layer]]


LAYERS = pytest.StashKey[Layers]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Compare with the floors once pytest-cov, whose hook is inside this one, has gathered from all processes."""
    result = yield
    if not is_worker(session.config) and not session.config.option.collectonly:
        session.config.stash[LAYERS] = layers = Layers()
        session.testsfailed += len(layers.below)
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if layers := config.stash.get(LAYERS, None):
        terminalreporter.section("coverage by layer")
        for layer, covered in layers.covered.items():
            low = "  too low" if layer in layers.below else ""
            terminalreporter.write_line(f"{layer:<20} {covered:6.1f} %   floor {FLOORS[layer]} %{low}")
