"""Hubs a Supplier may speak of, chosen by what is said of them instead of one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, Final, TypedDict

import numpy as np
import numpy.typing as npt

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import NotPermitted
from rollouts.models import CplEntry
from rollouts.queries.rollouts.progress import progress_of
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.reads.rules.choosing import choose
from rollouts.rules.criteria import Subject, parse, parse_sample
from rollouts.states import CHANGEABLE_STATES, Region

MOST_CHOSEN: Final = 5_000_000


class HubChoice(Enum):
    """Which of its hubs in a rollout a Supplier means."""

    ALL = "all"
    WAITING = "waiting"
    SECOND = "second"
    ANSWERED = "answered"


def own_guids(
    scope: Scope,
    *,
    rollout_id: int,
    which: HubChoice,
    batch_id: int | None = None,
    instruction_id: int | None = None,
) -> npt.NDArray[np.int64]:
    """Return the hubs of a rollout this Supplier may still answer for, in database form, sorted.

    Of one group where a group is named, and of one of its own instructions where one is.

    Raises:
        NotFound: there is no such rollout, or none with hubs of this Supplier.
        NotPermitted: not a Supplier.
    """
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier can instruct its hubs.")
    visible_rollout(scope, rollout_id)
    params = {
        "rollout_id": rollout_id,
        "party": scope.organisation_id,
        "batch_id": batch_id,
        "instruction_id": instruction_id,
        "which": which.value,
        "states": [int(state) for state in CHANGEABLE_STATES],
    }
    text = b"".join(sql.copy_out(sql.statement("rollouts", "own_guids"), params, options="FORMAT text"))
    return np.sort(np.array(text.split(), dtype=np.int64))


def guids_by_rule(
    scope: Scope, *, rollout_id: int, tree: object, sample: Mapping[str, Any] | None, as_of: date
) -> npt.NDArray[np.int64]:
    """Return the hubs a rule chooses among this Supplier's own in the safe launch group.

    Raises:
        NotFound: there is no such rollout, or none with hubs of this Supplier.
        InvalidCriteria: the tree or the sample cannot be read.
    """
    visible_rollout(scope, rollout_id)
    selection = choose(
        scope,
        rollout_id=rollout_id,
        criteria=parse(tree, subject=Subject.HUB),
        sample=parse_sample(sample) if sample is not None else None,
        as_of=as_of,
        listed=MOST_CHOSEN,
    )
    return np.array(selection.guids, dtype=np.int64)


class ConditionChoices(TypedDict):
    """What conditions on the hubs of a rollout can be about."""

    versions: list[str]
    """Firmware from which it upgrades."""
    regions: list[Region]
    """Where the viewer's hubs in it are; none while it has no hubs."""


def condition_choices(scope: Scope, rollout_id: int) -> ConditionChoices:
    """List the firmware and the regions that occur in a rollout.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
    """
    entry = visible_rollout(scope, rollout_id).cpl_entry
    earlier = CplEntry.objects.filter(pk__in=entry.allowed_predecessor_ids)
    versions = sorted(set(earlier.values_list("firmware_version", flat=True)))
    return {"versions": versions, "regions": progress_of(scope, [rollout_id])[rollout_id].regions}
