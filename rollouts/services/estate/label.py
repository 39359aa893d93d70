"""A Supplier's own labels on hubs: put on and taken off by the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.lines import is_one_line
from portal.kernel.marks import as_seen
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets import NotRead
from portal.kernel.transactions import unit_of_work
from rollouts.services.instructions.hub_list import HubList, RefusedLine, in_order, spelt_lines, stage
from rollouts.states import RejectionReason

LONGEST_LABEL: Final = 40
MOST_LABELS: Final = 200


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a change of labels came to; hubs that are not one's own read like hubs that do not exist."""

    changed: int
    unchanged: int
    rejected: tuple[RefusedLine, ...] = ()
    not_read: tuple[NotRead, ...] = ()


@unit_of_work
def add_label(scope: Scope, *, label: str, hubs: HubList) -> Labelled:
    """Put a label on the Supplier's own hubs of a list; again changes nothing.

    Raises:
        NotPermitted: not for a viewer, nor outside a Supplier.
        BadInput: the label is empty, too long, or one too many.
    """
    scope.check(*MAY_INSTRUCT)
    name = checked_label(label)
    known = _labels_of(scope)
    if name not in known and len(known) >= MOST_LABELS:
        raise BadInput(f"There are {MOST_LABELS} labels already. Take one off its hubs first.")
    stage(hubs.guids, hubs.lines)
    params = {"party": scope.organisation_id, "label": name}
    added = sql.execute("rollouts", "add_label", **params)
    strangers = sql.fetch_all("rollouts", "strangers_staged", party=scope.organisation_id)
    missed = [(row.guid, row.line_no, RejectionReason.UNKNOWN_DEVICE.value, "") for row in strangers]
    rejected = in_order([*hubs.refused, *spelt_lines(missed, hubs.text, hubs.sheets)], hubs.sheets)
    unchanged = len(hubs.guids) - len(strangers) - added
    return Labelled(added, unchanged, tuple(rejected), hubs.not_read)


@unit_of_work
def remove_label(scope: Scope, *, label: str, hubs: HubList | None = None) -> Labelled:
    """Take a label off the hubs of a list, or off all its hubs.

    Raises:
        NotPermitted: not for a viewer, nor outside a Supplier.
        BadInput: the label is empty or too long.
    """
    scope.check(*MAY_INSTRUCT)
    name = checked_label(label)
    guids = None if hubs is None else np.asarray(hubs.guids).tolist()
    removed = sql.execute("rollouts", "remove_label", party=scope.organisation_id, label=name, guids=guids)
    return Labelled(removed, 0 if hubs is None else len(hubs.guids) - removed)


def checked_label(text: str) -> str:
    """Spell a label as people see it: of two that look the same, one would be found and the other not.

    Raises:
        BadInput: nothing is left, or it is too long.
    """
    label = as_seen(text)
    if not label or len(label) > LONGEST_LABEL or not is_one_line(label):
        raise BadInput(f"A label has 1 to {LONGEST_LABEL} characters.")
    return label


def _labels_of(scope: Scope) -> set[str]:
    rows = sql.fetch_all("rollouts", "label_names", party=scope.organisation_id)
    return {row.label for row in rows}
