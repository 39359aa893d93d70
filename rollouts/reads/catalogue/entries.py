"""What people change of an entry of the Central Products List: what the version of each is made from."""

from __future__ import annotations

from typing import Any

from rollouts.models import CplEntry, FirmwareImage


def cpl_entry_values(entry: CplEntry) -> dict[str, Any]:
    """Return an entry's facts, its status, and which image was checked against it."""
    image: FirmwareImage | None = getattr(entry, "image", None)
    return {
        "reference": entry.reference,
        "image_sha256": bytes(entry.image_sha256).hex(),
        "hash_covers": entry.hash_covers,
        "chts_version": entry.chts_version,
        "gbcs_version": entry.gbcs_version,
        "added_on": entry.added_on,
        "predecessors": sorted(entry.allowed_predecessor_ids),
        "status": str(entry.status),
        "removed_on": entry.removed_on,
        "removed_reason": entry.removed_reason,
        "image": "" if image is None else bytes(image.sha256).hex(),
    }
