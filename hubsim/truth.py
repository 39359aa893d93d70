"""What really is: the state of the simulated hubs, to hold the portal's inventory against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from hubsim import guids, records
from hubsim.alerts import write_times
from hubsim.behaviour import SilenceKind
from hubsim.codes import REGIONS
from hubsim.hubs import NOTHING
from hubsim.world import World

HEADER: Final = b"guid,firmware_version,gpf_firmware_version,activated_at,activations,han_lost\n"
_ROWS_AT_ONCE: Final = 20_000


def summary(world: World) -> dict[str, Any]:
    """Count the hubs by what they run and what became of them."""
    hubs = world.hubs
    events, alerts = world.waiting
    silent = np.bincount(hubs.silence, minlength=len(SilenceKind))
    return {
        "hubs": len(hubs.guid),
        "by_version": _by_version(world),
        "activated": int((hubs.activations > 0).sum()),
        "activations": int(hubs.activations.sum()),
        "holding_image": int((hubs.held_image != NOTHING).sum()),
        "future_dated": int((hubs.pending_command != NOTHING).sum()),
        "muted": {kind.name: int(silent[kind]) for kind in SilenceKind if kind is not SilenceKind.SPEAKS},
        "han_broken": int((hubs.han_lost > 0).sum()),
        "han_devices_lost": int(hubs.han_lost.sum()),
        "waiting_events": events,
        "waiting_alerts": alerts,
    }


def csv_chunks(world: World, *, changed_only: bool) -> Iterator[bytes]:
    """Write a line a hub, a piece at a time; `changed_only` leaves out hubs that are as they began."""
    yield HEADER
    places = np.flatnonzero(world.hubs.changed()) if changed_only else np.arange(len(world.hubs.guid))
    for start in range(0, len(places), _ROWS_AT_ONCE):
        yield _rows(world, places[start : start + _ROWS_AT_ONCE])


def _rows(world: World, places: np.ndarray[Any, np.dtype[np.intp]]) -> bytes:
    hubs = world.hubs
    versions = records.table(f",{text}" for text in world.versions)
    counts = records.table(f",{count}" for count in range(int(hubs.activations[places].max(initial=0)) + 1))
    lost = records.table(f",{count}" for count in range(256))
    line = records.blank(
        len(places),
        [
            *guids.fields("guid"),
            ("version", versions.dtype.str),
            ("gpf_version", versions.dtype.str),
            ("comma", "S1"),
            ("activated_at", "S24"),
            ("activations", counts.dtype.str),
            ("han_lost", lost.dtype.str),
            ("end", "S1"),
        ],
    )
    guids.fill(line, "guid", hubs.guid[places])
    line["version"] = versions[hubs.version[places]]
    line["gpf_version"] = versions[hubs.gpf_version[places]]
    line["comma"], line["end"] = b",", b"\n"
    line["activated_at"] = write_times(hubs.activated_at[places])
    line["activations"] = counts[hubs.activations[places]]
    line["han_lost"] = lost[hubs.han_lost[places]]
    return records.text_bytes(line)


def _by_version(world: World) -> list[dict[str, Any]]:
    hubs = world.hubs
    width = len(world.versions)
    combined = (hubs.region.astype(np.int64) * len(hubs.estate.models) + hubs.model) * width + hubs.version
    counts = []
    for value, count in zip(*np.unique(combined, return_counts=True), strict=True):
        rest, version = divmod(int(value), width)
        region, model = divmod(rest, len(hubs.estate.models))
        manufacturer, name, hardware = hubs.estate.models[model]
        counts.append(
            {
                "region": REGIONS[region],
                "manufacturer": manufacturer,
                "model": name,
                "hardware_version": hardware,
                "firmware_version": world.versions[version],
                "hubs": int(count),
            }
        )
    return counts
