"""Write the pages of docs/reference that are made from code: `make docs`. A test holds them equal."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
REFERENCE: Final = ROOT / "docs" / "reference"
_MADE: Final = "<!-- Made by `make docs`: change the code, not this page. -->\n\n"


def traceability() -> str:
    """Show which tests show which requirement, and which requirement no test shows yet."""
    tests = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for requirement, test in _marks(ast.parse(path.read_text())):
            tests[requirement].append(f"{path.relative_to(ROOT)}::{test}")
    titles = _requirements()
    lines = ["# Which test shows which requirement\n"]
    for requirement in sorted(titles.keys() | tests.keys(), key=_by_number):
        lines.append(f"## {requirement}\n")
        if title := titles.get(requirement):
            lines.append(f"{title}\n")
        result = tests.get(requirement)
        lines += [f"- `{test}`" for test in result] if result else ["**No test yet.**"]
        lines.append("")
    return _MADE + "\n".join(lines).rstrip() + "\n"


def states() -> str:
    """Draw every machine from its table."""
    from rollouts.states.governing import ALLOWED_DECISION_MOVES, INCIDENT_STEPS
    from rollouts.states.moves import ALLOWED_COMMAND_MOVES, TARGET_MOVES
    from rollouts.states.steps import ROLLOUT_STEPS

    steps = [(_names(s.sources), s.target.name if s.target else None, s) for s in ROLLOUT_STEPS.values()]
    lines = [
        "# States\n",
        "The database refuses every move that is not drawn here: each table of `rollouts/states` is also a trigger.\n",
        "## Rollout\n",
        *_diagram((a, to or "RESUMED", s.verb) for sources, to, s in steps for a in sources),
        "`RESUMED` stands for where the rollout was halted.\n",
        "| step | from | to | by | fact |",
        "|---|---|---|---|---|",
        *(
            f"| {s.label} | {', '.join(sources)} | {to or 'where it was halted'} "
            f"| {', '.join([*sorted(r.name for r in s.roles), *(['the portal'] if s.by_portal else [])])} | `{s.fact}` |"
            for sources, to, s in steps
        ),
        "\n## Target\n",
        *_diagram((a, m.target.name, "") for m in TARGET_MOVES for a in _names(m.sources)),
        "| from | to | because |",
        "|---|---|---|",
        *(f"| {', '.join(_names(m.sources))} | {m.target.name} | {m.cause} |" for m in TARGET_MOVES),
        "\nConsent stands beside it and has no table: whatever it was, it follows from the answers and the dates.",
        "\n## Command\n",
        *_diagram((a.name, b.name, "") for a, b in sorted(ALLOWED_COMMAND_MOVES)),
        "## Incident\n",
        *_diagram((a, s.target.name, s.verb) for s in INCIDENT_STEPS.values() for a in _names(s.sources)),
        "## Decision\n",
        *_diagram((a.name, b.name, "") for a, b in sorted(ALLOWED_DECISION_MOVES)),
    ]
    return _MADE + "\n".join(lines).rstrip() + "\n"


def openapi() -> str:
    """Return the description of the REST interface."""
    from portal.rest import description

    return description.openapi_yaml()


def problems() -> str:
    """Explain every problem the REST interface answers with."""
    from portal.rest import description

    description.openapi_document()  # the areas are loaded, and with them their codes
    from portal.problems import CATALOGUE

    lines = [
        "# Problems\n",
        "What the REST interface does not do, it says as `application/problem+json` (RFC 9457). `type` and `code`",
        "are stable: programs go by them. `detail` is for people, and may be worded anew. `request_id` names the",
        "request when you ask about it.\n",
    ]
    for known in sorted(CATALOGUE.values(), key=lambda known: (known.status, known.code.lower())):
        slug = known.type.removeprefix("/problems/")
        lines += [f'<a id="{slug}"></a>', f"## {known.title}\n"]
        lines += [f"`{known.code}` · `{known.type}` · status {known.status}\n", known.when]
        lines += [f"{known.advice}\n" if known.advice else ""]
    return _MADE + "\n".join(lines).rstrip() + "\n"


def notices() -> str:
    """Show every notice as its receiver reads it."""
    from tests.notices import page

    return _MADE + page()


PAGES: Final[dict[str, Callable[[], str]]] = {
    "traceability.md": traceability,
    "states.md": states,
    "openapi.yaml": openapi,
    "problems.md": problems,
    "notices.md": notices,
}


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make())


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    everywhere = [
        requirement
        for node in tree.body
        if isinstance(node, ast.Assign) and _is_named(node, "pytestmark")
        for requirement in _named_in(node.value)
    ]
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        inherited = [r for d in node.decorator_list for r in _named_in(d)] if members != [node] else []
        for test in members:
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test_"):
                own = [r for d in test.decorator_list for r in _named_in(d)]
                yield from ((r, test.name) for r in dict.fromkeys([*everywhere, *inherited, *own]))


def _named_in(node: ast.expr) -> Iterator[str]:
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "requirement"
        ):
            yield from (str(word.value) for word in call.args if isinstance(word, ast.Constant))


def _is_named(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _requirements() -> dict[str, str]:
    page = REFERENCE / "requirements.md"
    rows = re.findall(r"^\| (R\d+\.\d+) \| (.+) \|$", page.read_text(), re.MULTILINE) if page.exists() else []
    return dict(rows)


def _by_number(requirement: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", requirement)]


def _names(states: Iterable[object]) -> list[str]:
    return sorted(str(state.name) for state in states)  # type: ignore[attr-defined]


def _diagram(arrows: Iterable[tuple[str, str, str]]) -> list[str]:
    lines = [f"    {a} --> {b}" + (f" : {verb}" if verb else "") for a, b, verb in arrows]
    return ["```mermaid", "stateDiagram-v2", *lines, "```\n"]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    main()
