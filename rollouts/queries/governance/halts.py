"""What a halt would touch, said before the button is pressed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from portal.identity.roles import DCC_ROLES, PANEL_ROLES, Role
from portal.identity.scope import Scope
from portal.kernel import sql
from rollouts.models import Command
from rollouts.reads.rollouts.overdue import count_overdue
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import FAILED_STATES, HALTED_STATUSES, CommandKind, CommandStatus, TargetState

_T = TargetState


@dataclass(frozen=True, slots=True)
class HaltPreview:
    """How many hubs of a rollout a halt would touch, by what it would mean for them."""

    rollout_id: int
    total: int
    not_begun: int
    """They stay as they are until the rollout resumes, and are withdrawn if it stops."""
    images_on_their_way: int
    """The image arrives and is not activated."""
    holding_the_image: int
    """They are not activated."""
    recallable: int
    """An activation dated ahead, or its cancel, is on the hub: it is recalled, which may fail."""
    not_recallable: int
    """Told to activate at once: they will, and are reported."""
    activated: int
    failed: int
    withdrawn: int
    overdue: int
    """Of a rollout that stands: they activate in the next night when it goes on."""


def halt_preview(scope: Scope, *, rollout_id: int, now: datetime) -> HaltPreview:
    """Return how many hubs suspending, pausing, stopping or revoking would touch, from the tallies.

    Raises:
        NotPermitted: for others than the DCC and the Panel.
        NotFound: there is no such rollout.
    """
    scope.check(*sorted(DCC_ROLES), Role.PANEL_MEMBER)
    rollout = visible_rollout(scope, rollout_id)
    counted = sql.fetch_all("rollouts", "count_states", rollout_id=rollout.pk)
    hubs = {row.state: int(row.hubs) for row in counted}
    ahead = Command.objects.filter(
        rollout_id=rollout.pk,
        kind=CommandKind.ACTIVATE,
        status__in=[CommandStatus.CLAIMED, CommandStatus.SENT],
        execute_at__gt=now,
    ).aggregate(hubs=Sum("hub_count"))["hubs"]
    activating = hubs.get(_T.ACTIVATING, 0)
    recallable = min(activating, ahead or 0)
    return HaltPreview(
        rollout_id=rollout.pk,
        total=sum(hubs.values()),
        not_begun=hubs.get(_T.ELIGIBLE, 0) + hubs.get(_T.SCHEDULED, 0),
        images_on_their_way=hubs.get(_T.DISTRIBUTING, 0),
        holding_the_image=hubs.get(_T.DISTRIBUTED, 0) + hubs.get(_T.CANCELLED, 0),
        recallable=recallable + hubs.get(_T.CANCELLING, 0),
        not_recallable=activating - recallable,
        activated=hubs.get(_T.ACTIVATED, 0),
        failed=sum(hubs.get(state, 0) for state in FAILED_STATES),
        withdrawn=hubs.get(_T.WITHDRAWN, 0),
        overdue=count_overdue(rollout.pk, now=now) if rollout.status in HALTED_STATUSES else 0,
    )


def overdue_when_resumed(scope: Scope, *, rollout_id: int, now: datetime) -> int:
    """Count the hubs of a rollout that stands and would activate in the next night if it went on.

    Raises:
        NotPermitted: for others than the DCC and the Panel.
    """
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    return count_overdue(rollout_id, now=now)
