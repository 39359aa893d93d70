"""The hubs of the past: CSPs in memory that take every command and answer at once, for rollouts of long ago.

What the portal does about them is done by its own services: planned, claimed, sent, settled and applied.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.core.cache import cache

from rollouts import services
from rollouts.models import Command, CspChannel, Rollout
from rollouts.ports import CspCommand, CspReply, CspRoute, SendOutcome
from rollouts.states import AlertCode, CommandKind, FailureCode

_LINES_A_CALL: Final = 10_000
_OUT_OF: Final = 1_000
_SCRAMBLE: Final = 0x9E3779B97F4A7C15
_ROUNDS: Final = 6
_LONG_ENOUGH: Final = 600.0


@dataclass(frozen=True, slots=True)
class Faults:
    """Of a thousand hubs, how many fail in which way; the same hubs each time."""

    unreachable: int = 4
    failing: int = 3
    mute: int = 2


@dataclass(slots=True)
class Past:
    """CSPs in memory, with the commands nobody has answered yet."""

    faults: Faults = field(default_factory=Faults)
    orders: list[CspCommand] = field(default_factory=list)

    def send(self, order: CspCommand) -> CspReply:
        """Take a command."""
        self.orders.append(order)
        return CspReply(SendOutcome.ACCEPTED)

    def network_of(self, _route: CspRoute) -> Past:
        """Be every CSP."""
        return self


def let_happen(rollout: Rollout, past: Past, *, now: datetime) -> None:
    """Let everything happen that is due at a moment of the past."""
    for _ in range(_ROUNDS):
        # Planner and follow-up rest between scans that took long; the past does not wait for them.
        cache.delete_many([f"plan:{rollout.pk}", f"silence:{rollout.pk}"])
        services.plan_due(now)
        for region in services.regions_with_work(now):
            services.dispatch_region(
                region, network_of=past.network_of, tell_time=lambda: now, seconds=_LONG_ENOUGH
            )
        if not past.orders:
            break
        _answer(past, now=now)
    services.follow_up_silence(now)


def _answer(past: Past, *, now: datetime) -> None:
    orders = {order.command_id: order for order in past.orders}
    past.orders.clear()
    csp_by_region = dict(CspChannel.objects.values_list("region", "csp_id"))
    lines: defaultdict[int, list[str]] = defaultdict(list)
    for pk, region in Command.objects.filter(pk__in=orders).values_list("id", "region"):
        lines[csp_by_region[region]] += _lines(orders[pk], past.faults, at=now)
    for csp_id, csp_lines in lines.items():
        for first in range(0, len(csp_lines), _LINES_A_CALL):
            call = csp_lines[first : first + _LINES_A_CALL]
            services.receive_alerts(
                csp_id=csp_id, copy_text="".join(call).encode(), count=len(call), received_at=now
            )
    services.apply_waiting(now=now, seconds=_LONG_ENOUGH)


def _lines(order: CspCommand, faults: Faults, *, at: datetime) -> list[str]:
    """Write the answers of a command's hubs as they are stored; a mute hub gives none."""
    version = order.image.version if order.image else ""
    lines = []
    for hub in order.guids:
        code, reason = _answer_of(order.kind, hub, faults)
        if code:
            runs = version if code == AlertCode.CS06_RESPONSE and not reason else ""
            lines.append(
                f"{uuid.uuid4()}\t{at.isoformat()}\t{hub}\t{code:d}\t{order.command_id}\t{reason:d}\t{runs}\n"
            )
    return lines


def _answer_of(kind: CommandKind, hub: int, faults: Faults) -> tuple[AlertCode, FailureCode]:
    chance = ((hub * _SCRAMBLE) >> 17) % _OUT_OF
    fails = faults.unreachable + faults.failing
    if kind == CommandKind.READ:
        return AlertCode.READ_RESULT, FailureCode.NO_RESPONSE
    if kind == CommandKind.DISTRIBUTE and chance < faults.unreachable:
        return AlertCode.DELIVERY_FAILED, FailureCode.UNREACHABLE
    if kind == CommandKind.DISTRIBUTE:
        return AlertCode.VERIFIED, FailureCode.NONE
    if chance < fails:
        return AlertCode.CS06_RESPONSE, FailureCode.ACTIVATION_FAILURE
    is_mute = chance < fails + faults.mute
    return AlertCode.UNKNOWN if is_mute else AlertCode.CS06_RESPONSE, FailureCode.NONE
