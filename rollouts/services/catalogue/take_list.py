"""Taking a file of the Central Products List: entries added and changed, statuses moved (R1.6)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from portal.events import journal
from portal.identity.roles import DCC_ROLES, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from portal.kernel.versions import EditConflict
from rollouts.models import CplEntry, Rollout
from rollouts.services.catalogue.change_status import status_changed
from rollouts.services.catalogue.read_list import CplPlan, path_keys, read_cpl
from rollouts.services.estate.map_columns import mapping_of
from rollouts.services.estate.record_import import ImportReport, keep_import, open_import
from rollouts.services.rollouts.refresh import refresh_rollout
from rollouts.states import OPEN_STATUSES, CplStatus
from rollouts.states.inventory import FileKind

_WRITTEN: Final = (
    "image_sha256",
    "hash_covers",
    "reference",
    "chts_version",
    "gbcs_version",
    "added_on",
    "allowed_predecessor_ids",
)


def preview_cpl_list(scope: Scope, *, data: bytes) -> CplPlan:
    """Say what a file of the list would change; nothing is changed.

    Raises:
        NotPermitted: not for others than the DCC.
        FileRefused, NotACpl: it is no such file.
    """
    scope.check(*sorted(DCC_ROLES))
    return read_cpl(data, mapping=mapping_of(scope, FileKind.CPL))


@outside_unit_of_work
def take_cpl_list(
    scope: Scope, *, data: bytes, file_name: str = "", expected: str | None = None, now: datetime
) -> ImportReport:
    """Take a file of the list: rows that cannot be taken are kept with their reason, the others go on.

    An entry that is not in the file stays as it is. One that is no longer Active suspends its running
    rollouts, as by hand. `expected` is the `version` of the plan that was shown.

    Raises:
        NotPermitted: not for a DCC operator.
        FileRefused, NotACpl: it is no such file.
        EditConflict: it would do something else by now.
    """
    scope.check(*MAY_OPERATE)
    report, moved_paths = _taken(scope, data, file_name, expected, now)
    concerned = Rollout.objects.filter(cpl_entry_id__in=moved_paths, status__in=OPEN_STATUSES)
    for rollout_id in concerned.order_by("pk").values_list("pk", flat=True):
        refresh_rollout(rollout_id=rollout_id, now=now)
    return report


@unit_of_work
def _taken(
    scope: Scope, data: bytes, file_name: str, expected: str | None, now: datetime
) -> tuple[ImportReport, list[int]]:
    # Two files at once, or a change by hand meanwhile: each sees the list as the other left it.
    list(CplEntry.objects.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    plan = preview_cpl_list(scope, data=data)
    if expected is not None and expected != plan.version:
        raise EditConflict("The list, or a rollout, has changed since you looked. This is how it is now.")
    entry = open_import(scope, kind=FileKind.CPL, file_name=file_name, now=now)
    entry.sha256 = hashlib.sha256(data).digest()
    moved_paths = _write(plan)
    suspended = 0
    for move in plan.moves:
        reason = move.reason or f"As the list has it ({entry.file_name})."[:200]
        held = CplEntry.objects.select_related("device_model").get(pk=move.entry.pk)
        suspended += len(
            status_changed(
                scope, held, status=move.status, reason=reason, removed_on=move.removed_on, now=now
            )
        )
    summary = {
        "added": len(plan.added),
        "changed": len(plan.changed),
        "unchanged": plan.unchanged,
        "statuses": len(plan.moves),
        "suspended": suspended,
    }
    report = keep_import(
        entry,
        plan.refusals,
        lines=plan.lines,
        summary=summary,
        heading=plan.file.heading,
        sheets=plan.file.sheets,
        not_read=plan.not_read,
        now=now,
    )
    facts = {"import": entry.pk, "file_name": entry.file_name, "refused": report.refused, **summary}
    journal.record("cpl.loaded", subject="cpl", by=scope, at=now, facts=facts)
    return report, moved_paths


@inside_unit_of_work
def _write(plan: CplPlan) -> list[int]:
    """Write the entries first and the paths between them after; return those whose path has moved."""
    fresh = [
        CplEntry(
            device_model_id=row.key[0],
            firmware_version=row.key[1],
            firmware_version_raw=row.printed,
            status=row.status or CplStatus.ACTIVE,
            removed_on=row.removed_on,
            removed_reason="" if row.status in {None, CplStatus.ACTIVE} else row.reason,
            **row.values,
        )
        for row in plan.added
    ]
    CplEntry.objects.bulk_create(fresh)
    known = {
        (entry.device_model_id, entry.firmware_version): entry for entry in CplEntry.objects.order_by("pk")
    }
    rows = [*plan.added, *(row for row, _ in plan.changed)]
    for row in rows:
        for name, value in row.values.items():
            setattr(known[row.key], name, value)
    numbers = {entry.reference: key for key, entry in known.items() if entry.reference}
    moved = []
    for row in rows:
        if row.path is not None:
            entry = known[row.key]
            path = sorted(known[key].pk for key in path_keys(row, set(known), numbers) or ())
            if path != sorted(entry.allowed_predecessor_ids):
                entry.allowed_predecessor_ids = path
                moved.append(entry.pk)
    CplEntry.objects.bulk_update([known[row.key] for row in rows], _WRITTEN, batch_size=500)
    return moved
