"""A rule of our own: which of our hubs we let be updated, as soon as we hear of a rollout."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from firmware_portal import Portal, Refused, new_key
from firmware_portal.generated.api.rollouts import list_rollouts
from firmware_portal.generated.models import EligibleHubRow

from crm.mirror import Decision, Mirror

log = logging.getLogger("crm")


def chosen(hubs: Iterable[EligibleHubRow], *, regions: Collection[str]) -> list[str]:
    """Choose the hubs of some regions that we answer for alone."""
    return [str(hub.guid) for hub in hubs if hub.region in regions and not hub.has_second_supplier]


def learn_of_rollouts(portal: Portal, mirror: Mirror) -> None:
    """Note the rollouts that were notified before we began to follow, and can still be answered for."""
    now = datetime.now(UTC)
    rollouts = portal.each(list_rollouts.sync)
    mirror.note_rollouts(rollout.id for rollout in rollouts if rollout.cutoff_at and rollout.cutoff_at > now)


def apply(portal: Portal, mirror: Mirror, *, regions: Collection[str]) -> int:
    """Instruct for each rollout that has news; return how many hubs.

    What is decided is written down with its key before it is sent. After a crash at any moment the same hubs
    are sent again under the same key, whatever has become of the estate, and it is done once.
    """
    for rollout_id, news in mirror.undecided():
        hubs = portal.eligible_hubs(rollout_id, answer="NONE")
        mirror.decide(rollout_id, news, key=new_key(), guids=chosen(hubs, regions=regions))
    return sum(_send(portal, mirror, decision) for decision in mirror.unsent())


def _send(portal: Portal, mirror: Mirror, decision: Decision) -> int:
    try:
        receipt = portal.instruct(decision.rollout_id, decision.guids, key=decision.key, name="CRM rule")
    except Refused as refused:
        if refused.is_temporary:
            raise
        # Such as a rollout that was halted meanwhile: its resumption is news, and decided anew.
        log.warning("Rollout %d: %s", decision.rollout_id, refused)
        mirror.note_outcome(decision, refused.code)
        return 0
    mirror.note_outcome(decision, receipt.reference)
    return len(decision.guids)
