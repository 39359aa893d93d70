"""A rule of our own: which of our hubs we let be updated, as soon as we hear of a rollout."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from crm.mirror import Mirror
from crm.portal import Portal

NEWS = {"portal.rollout.notified", "portal.safe_launch.opened", "portal.rollout.resumed"}


def chosen(hubs: list[dict[str, Any]], *, regions: Collection[str]) -> list[str]:
    """Choose the hubs of some regions that we answer for alone and have not answered for."""
    return [
        hub["guid"]
        for hub in hubs
        if hub["region"] in regions and not hub["has_second_supplier"] and hub["answer"] == "NONE"
    ]


def apply(portal: Portal, mirror: Mirror, *, regions: Collection[str]) -> int:
    """Instruct for each rollout we have heard of and not answered for; return how many hubs.

    What is left to do is asked of the mirror, and the key names the rollout: a crash at any moment costs a
    repetition that changes nothing.
    """
    instructed = 0
    for rollout_id in mirror.unanswered(NEWS):
        guids = chosen(list(portal.eligible(rollout_id)), regions=regions)
        if guids:
            portal.instruct(rollout_id, guids, key=f"crm-rule-{rollout_id}")
        mirror.has_asked(rollout_id, len(guids))
        instructed += len(guids)
    return instructed
