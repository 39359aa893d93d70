"""What a rule would choose of a rollout, as its template draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rollouts.queries.rules.selections import SelectionPreview
from rollouts.rules.criteria import NOT_KNOWN
from rollouts.rules.criteria.vocabulary import BANDS, REGIONS, SUPPLIES
from rollouts.web.rules.forms import DIMENSION_WORDS

_WORDS: Final[Mapping[str, str]] = {choice.code: choice.label for choice in (*REGIONS, *BANDS, *SUPPLIES)} | {
    NOT_KNOWN: "Not known"
}


def preview_context(preview: SelectionPreview | None) -> dict[str, Any]:
    """Prepare a preview: the figures, and each dimension beside the hubs that could be chosen."""
    if preview is None:
        return {"preview": None}
    selection = preview.selection
    parts = [
        {
            "title": DIMENSION_WORDS.get(name, name),
            "distance": selection.distances.get(name, 0.0),
            "rows": [
                {
                    "label": _WORDS.get(category, category),
                    "chosen": selection.chosen_by.get(name, {}).get(category, 0),
                    "eligible": hubs,
                }
                for category, hubs in counts.items()
            ],
        }
        for name, counts in selection.eligible_by.items()
    ]
    return {"preview": preview, "selection": selection, "preview_parts": parts}
