"""A draft as its form shows it."""

from __future__ import annotations

from typing import Any, Final

from django.forms.models import model_to_dict

from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import RolloutStatus

_FIELDS: Final = (
    "name",
    "kind",
    "severity",
    "priority",
    "automatic_at",
    "consent_policy",
    "has_pilot",
    "pilot_cap",
    "unreachable_until",
    "description",
)


def draft_fields(scope: Scope, rollout_id: int) -> dict[str, Any]:
    """Return the fields of a draft by name.

    Raises:
        NotFound: there is no such draft, or not for this organisation.
    """
    rollout = visible_rollout(scope, rollout_id)
    if rollout.status != RolloutStatus.DRAFT:
        raise NotFound("There is no such draft.")
    note = rollout.release_notes.order_by("-revision").first()
    return {
        **model_to_dict(rollout, fields=_FIELDS),
        "cpl_entry_id": rollout.cpl_entry_id,
        "release_note_url": note.url if note else "",
    }
