"""The facts of a notice: what everybody concerned is told, now or once it is concerned (R1.1)."""

from __future__ import annotations

from typing import Any

from rollouts.models import CplEntry, Rollout


def notice_facts(rollout: Rollout, *, has_window: bool) -> dict[str, Any]:
    """Return what a notice must say."""
    entry, note = rollout.cpl_entry, rollout.release_notes.order_by("-revision").first()
    before = CplEntry.objects.filter(pk__in=entry.allowed_predecessor_ids).order_by("firmware_version")
    return {
        "manufacturer": entry.device_model.manufacturer,
        "model": entry.device_model.model,
        "firmware_version": entry.firmware_version,
        "from_versions": list(before.values_list("firmware_version", flat=True)),
        "kind": rollout.kind,
        "severity": rollout.severity,
        "priority": rollout.priority,
        "release_note_url": note.url if note else "",
        "automatic_at": rollout.automatic_at.isoformat(),
        "cutoff_at": rollout.cutoff_at.isoformat(),
        "has_window": has_window,
        "is_all_at_once": rollout.is_all_at_once,
        "consent_policy": rollout.consent_policy,
        "has_pilot": rollout.has_pilot,
        "pilot_starts_at": rollout.pilot_starts_at.isoformat() if rollout.pilot_starts_at else None,
        "pilot_ends_at": rollout.pilot_ends_at.isoformat() if rollout.pilot_ends_at else None,
    }
