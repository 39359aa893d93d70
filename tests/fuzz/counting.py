"""How many requests were thrown in a run, by kind, also by several processes: told at its end."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest

_thrown: Counter[str] = Counter()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process has thrown."""
    throwing = sys.modules.get("tests.fuzz.throwing")
    if throwing is None:
        return
    output = getattr(session.config, "workeroutput", None)
    if output is None:
        _thrown.update(throwing.THROWN)
    else:
        output["thrown"] = dict(throwing.THROWN)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what another process has thrown."""
    _thrown.update(getattr(node, "workeroutput", {}).get("thrown", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell it."""
    if _thrown:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(_thrown.items()))
        terminalreporter.write_line(f"thrown: {_thrown.total():,} requests ({kinds})")
