"""A draft as its form shows it."""

from __future__ import annotations

from typing import Any

from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from rollouts.reads.rollouts.drafts import draft_values
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import RolloutStatus


def draft_fields(scope: Scope, rollout_id: int) -> dict[str, Any]:
    """Return the fields of a draft by name.

    Raises:
        NotFound: there is no such draft, or not for this organisation.
    """
    rollout = visible_rollout(scope, rollout_id)
    if rollout.status != RolloutStatus.DRAFT:
        raise NotFound("There is no such draft.")
    return draft_values(rollout)
