"""What a draft and the plan of a pilot say, by the names their forms, REST and their versions know."""

from __future__ import annotations

from typing import Any, Final

from django.forms.models import model_to_dict

from rollouts.models.plans import Rollout

_FIELDS: Final = (
    "name",
    "kind",
    "severity",
    "priority",
    "automatic_at",
    "is_all_at_once",
    "consent_policy",
    "has_pilot",
    "pilot_cap",
    "pilot_starts_at",
    "pilot_ends_at",
    "unreachable_until",
    "description",
)


def draft_values(rollout: Rollout) -> dict[str, Any]:
    """Return the values of a draft by name."""
    note = rollout.release_notes.order_by("-revision").first()
    return {
        **model_to_dict(rollout, fields=_FIELDS),
        "cpl_entry_id": rollout.cpl_entry_id,
        "release_note_url": note.url if note else "",
    }


def pilot_plan_values(rollout: Rollout) -> dict[str, Any]:
    """Return the planned dates of a pilot by name."""
    return {"starts_at": rollout.pilot_starts_at, "ends_at": rollout.pilot_ends_at}
