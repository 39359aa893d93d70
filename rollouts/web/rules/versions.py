"""What changed from one version of a rule to the next, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from rollouts.queries.rules.approvals import RuleVersion
from rollouts.queries.rules.selections import SavedRule
from rollouts.rules.criteria import ChangeKind, Subject, differences, parse
from rollouts.web.rules.forms import DIMENSION_WORDS
from rollouts.web.wording import joined

#: How a kind of change looks: word, tone and icon.
_LOOKS: Final = {
    ChangeKind.ADDED: ("Added", "good", "plus"),
    ChangeKind.REMOVED: ("Removed", "bad", "x"),
    ChangeKind.CHANGED: ("Changed", "info", "edit"),
}
#: A dimension inside a sentence.
_SPREAD: Final = {
    name: words if words.startswith("CSP") else words[:1].lower() + words[1:]
    for name, words in DIMENSION_WORDS.items()
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two versions."""

    part: str
    word: str
    tone: str
    icon: str
    before: str
    after: str


def rule_differences(older: SavedRule, newer: SavedRule) -> list[Difference]:
    """List what changed between two versions of a rule for choosing hubs."""
    differences = _of_trees("Conditions", older.tree, newer.tree, Subject.HUB)
    return differences + _of_words("Sample", sample_words(older.sample), sample_words(newer.sample))


def approval_differences(older: RuleVersion, newer: RuleVersion) -> list[Difference]:
    """List what changed between two versions of an approval rule."""
    return [
        *_of_trees("Rollouts", older.release_tree, newer.release_tree, Subject.RELEASE),
        *_of_trees("Hubs", older.hub_tree, newer.hub_tree, Subject.HUB),
        *_of_words("Time", older.time, newer.time),
    ]


def with_changes(versions: Sequence[Any], compare: Any) -> list[dict[str, Any]]:
    """Pair each version, the latest first, with what it changed."""
    pairs: Iterable[tuple[Any, Any]] = pairwise(versions)
    rows = [{"it": newer, "changes": compare(older, newer), "is_first": False} for newer, older in pairs]
    return [*rows, {"it": versions[-1], "changes": [], "is_first": True}]


def compared(versions: Sequence[Any], params: Mapping[str, str], compare: Any) -> dict[str, Any] | None:
    """Compare the two versions that the address names; nothing where it names none."""
    by_number = {str(each.version): each for each in versions}
    older, newer = by_number.get(params.get("from", "")), by_number.get(params.get("to", ""))
    if older is None or newer is None:
        return None
    return {"older": older, "newer": newer, "changes": compare(older, newer)}


def overtaken(versions: Sequence[Any], made_from: str, yours: Any, compare: Any) -> dict[str, Any] | None:
    """Say what was saved since a form was opened, and what saving the form would change of that."""
    latest = versions[0]
    since = compared(versions, {"from": made_from, "to": str(latest.version)}, compare)
    return {**since, "yours": compare(latest, yours)} if since else None


def sample_words(sample: Mapping[str, Any] | None) -> str:
    """Return a sample in words."""
    if sample is None:
        return "Every hub that meets the conditions."
    spread = joined(_SPREAD.get(each, each) for each in sample["strata"])
    over = f", spread over {spread}" if spread else ""
    return f"A sample of {sample['size']:,}{over}, drawn with seed {sample['seed']}."


def _of_trees(part: str, older: object, newer: object, subject: Subject) -> list[Difference]:
    changes = differences(parse(older, subject=subject), parse(newer, subject=subject))
    return [Difference(part, *_LOOKS[change.kind], change.before, change.after) for change in changes]


def _of_words(part: str, older: str, newer: str) -> list[Difference]:
    return [] if older == newer else [Difference(part, *_LOOKS[ChangeKind.CHANGED], older, newer)]
