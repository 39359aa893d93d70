"""Sending commands to CSPs: claim, call, settle, by one lease holder a region, within its capacity.

# Note [Nothing leaves after a halt]
A command is sent under a share lock on its rollout, after one more look at the rollout's status. A halt first
commits its step, then waits for that lock alone: when it has had it, every call under way has ended, and
every later look sees the halt.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from django.db.models import F
from django.db.models.functions import Now

from portal.kernel import locks, sql
from portal.kernel.crashes import CrashPoint, crash_point
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from rollouts.models import Command, CspChannel
from rollouts.ports import CspCommand, CspReply, CspRoute, HubNetwork, ImageReference, NetworkOf, SendOutcome
from rollouts.rules import activation, pacing
from rollouts.services.dispatch.claim import claim_next
from rollouts.services.governance.halt import drop_command, finish_halts
from rollouts.services.rollouts.refresh import suspend_off_cpl
from rollouts.states import (
    RUNNING_STATUSES,
    CommandKind,
    CommandStatus,
    FailureCode,
    TargetState,
    retry_policy,
)

log = structlog.get_logger(__name__)

_REST_WHEN_BUSY: Final = 5.0
_LONGEST_REST: Final = 300.0
_LONGEST_CHANNEL_REST: Final = 60.0
_LONGEST_WAIT_FOR_TOKENS: Final = 0.5
_FRESH: Final = timedelta(seconds=30)
_MOVING: Final = frozenset({CommandKind.DISTRIBUTE, CommandKind.ACTIVATE})

_REFUSED: Final = {
    CommandKind.DISTRIBUTE: (
        TargetState.DISTRIBUTING,
        TargetState.DISTRIBUTION_FAILED,
        FailureCode.TRANSFER_FAILED,
    ),
    CommandKind.ACTIVATE: (
        TargetState.ACTIVATING,
        TargetState.ACTIVATION_FAILED,
        FailureCode.ACTIVATION_UNREACHABLE,
    ),
    CommandKind.CANCEL: (TargetState.CANCELLING, TargetState.ACTIVATING, FailureCode.CANCEL_FAILED),
}


@dataclass(frozen=True, slots=True)
class _Call:
    """An order, and what settling it needs to know."""

    order: CspCommand
    region: int
    rollout_id: int | None
    is_first_try: bool


def regions_with_work(now: datetime) -> list[int]:
    """Return the regions where a command is ready or unsent and nobody is at it."""
    rows = sql.fetch_all(
        "rollouts",
        "regions_with_work",
        now=now,
        running=sorted(status.value for status in RUNNING_STATUSES),
        lock_class=int(locks.LockClass.REGION),
    )
    return [row.region for row in rows]


@outside_unit_of_work
def dispatch_region(
    region: int, *, network_of: NetworkOf, tell_time: Callable[[], datetime], seconds: float | None = None
) -> int:
    """Send what is ready in a region for a bounded time, as its only sender; return how many hubs.

    First what was claimed and not sent (its claimer is gone, or the CSP was busy), under the same id, which
    the CSP honours once; then what is claimed next, as fast as the channel's capacity allows.
    """
    bound = pacing.DispatchSettings.current().loop_seconds if seconds is None else seconds
    ends = time.monotonic() + bound
    sent = 0
    held: set[int] = set()
    with locks.attempted(locks.LockClass.REGION, region) as is_ours:
        while is_ours and time.monotonic() < ends:
            command_id = _next_command(region, now=tell_time(), held=held)
            if command_id is None:
                break
            if command_id:
                crash_point(CrashPoint.AFTER_CLAIM)
                route = _channel(region)
                network = network_of(CspRoute(base_url=route.base_url, token=route.token))
                sent += send_command(network, command_id=command_id, now=tell_time())
    return sent


@outside_unit_of_work
def send_command(network: HubNetwork, *, command_id: int, now: datetime) -> int:
    """Send one claimed command, once or again, and settle it; return how many hubs the CSP took it for."""
    rollout_id = Command.objects.values_list("rollout_id", flat=True).get(pk=command_id)
    guard = locks.shared(locks.LockClass.ROLLOUT, rollout_id) if rollout_id else nullcontext()
    with guard:
        call = _look_again(command_id, now=now)
        if call is None:
            return 0
        reply = network.send(call.order)
        crash_point(CrashPoint.AFTER_SENDING)
        _settle(call, reply, now=now)
    return len(call.order.guids) if reply.outcome is SendOutcome.ACCEPTED else 0


def _next_command(region: int, *, now: datetime, held: set[int]) -> int | None:
    """Return the command to send; 0 for look again, None when there is nothing to do for the moment."""
    channel = _channel(region)
    if channel.is_resting:
        return None
    if rows := sql.fetch_all("rollouts", "next_unsent", region=region):
        return int(rows[0].id)
    if channel.tokens <= 0:
        wait = -channel.tokens / max(channel.capacity_per_second, 1e-3) + 0.001
        if wait > _LONGEST_WAIT_FOR_TOKENS:
            return None
        time.sleep(wait)
        return 0
    claim = claim_next(region, now=now, may_distribute=_may_distribute(channel, now=now), held=held)
    if claim.off_the_cpl is not None:
        suspend_off_cpl(rollout_id=claim.off_the_cpl, now=now)
        finish_halts(now)
        return 0
    return claim.command_id


def _channel(region: int) -> Any:
    return sql.fetch_one("rollouts", "channel_now", region=region)


def _may_distribute(channel: Any, *, now: datetime) -> bool:
    hours = orjson.loads(channel.distribution_hours) if channel.distribution_hours else None
    if not pacing.OpenHours.read(hours).is_open(now):
        return False
    if channel.capacity_per_night is None:
        return True
    tonight = Command.objects.filter(
        region=channel.region, kind=CommandKind.DISTRIBUTE, claimed_at__gte=pacing.night_begun(now)
    ).exclude(status=CommandStatus.DROPPED)
    return bool(sum(tonight.values_list("hub_count", flat=True)) < channel.capacity_per_night)


@unit_of_work
def _look_again(command_id: int, *, now: datetime) -> _Call | None:
    """Return what is to be sent, if it still may be; from here on it counts as having left."""
    row = sql.fetch_one("rollouts", "order_of_command", command_id=command_id)
    if row.status != CommandStatus.CLAIMED:
        return None
    kind = CommandKind(row.kind)
    if kind in _MOVING and row.rollout_status not in RUNNING_STATUSES:
        drop_command(command_id, rollout_id=row.rollout_id, now=now)
        return None
    guids = _still_right(row, now=now) if kind in _MOVING and _has_rested(row, now=now) else row.guids
    if not guids:
        return None
    execute_at = _execute_at(row, now=now) if kind == CommandKind.ACTIVATE else row.execute_at
    Command.objects.filter(pk=command_id).update(
        left_at=row.left_at or now, attempts=F("attempts") + 1, execute_at=execute_at
    )
    order = CspCommand(
        command_id=command_id,
        kind=kind,
        guids=tuple(guids),
        image=_image(row) if kind in _MOVING else None,
        execute_at=execute_at if kind == CommandKind.ACTIVATE else None,
    )
    return _Call(order, region=row.region, rollout_id=row.rollout_id, is_first_try=row.left_at is None)


def _execute_at(row: Any, *, now: datetime) -> datetime | None:
    """Return when the hubs are to activate: later than planned, where the CSP has rested past that time.

    Under the same id a CSP that has taken the command already goes by what it was told first.
    """
    planned_at: datetime = row.execute_at or row.claimed_at
    if not activation.is_missed(planned_at, now=now):
        execute_at: datetime | None = row.execute_at
        return execute_at
    hours = activation.read_hours(orjson.loads(row.dispatch_settings).get("activation_hours"))
    return activation.next_time(planned_at, hours, now=now, key=row.id)


def _has_rested(row: Any, *, now: datetime) -> bool:
    return bool(row.attempts > 0 or (row.claimed_at and now - row.claimed_at > _FRESH))


@inside_unit_of_work
def _still_right(row: Any, *, now: datetime) -> list[int]:
    """Leave out the hubs that something has happened to since the claim: a CSP may rest for days."""
    left = sql.fetch_one("rollouts", "recheck_members", command_id=row.id, rollout_id=row.rollout_id, now=now)
    if not left.hub_count:
        status = CommandStatus.SENT if row.left_at else CommandStatus.DROPPED
        Command.objects.filter(pk=row.id).update(status=status, sent_at=row.left_at, next_try_at=None)
    return list(left.guids)


def _image(row: Any) -> ImageReference:
    return ImageReference(
        manufacturer=row.manufacturer,
        model=row.model,
        version=row.firmware_version,
        sha256=bytes(row.image_sha256).hex(),
    )


@unit_of_work
def _settle(call: _Call, reply: CspReply, *, now: datetime) -> None:
    channel = CspChannel.objects.filter(region=call.region)
    if reply.outcome is SendOutcome.ACCEPTED:
        _close(call, status=CommandStatus.SENT, sent_at=now)
        channel.update(failures=0, last_success_at=now, last_problem="", paused_until=None)
        return
    log.warning("dispatch.not-taken", command_id=call.order.command_id, outcome=reply.outcome.value)
    if reply.outcome is SendOutcome.REFUSED:
        _close(call, status=CommandStatus.REFUSED, problem=reply.problem)
        _blame(call, now=now)
        channel.update(last_problem=reply.problem)  # after the hubs, as in a claim
        return
    _try_later(call, reply)


def _close(call: _Call, *, status: CommandStatus, **changes: object) -> None:
    changes = {"problem": "", **changes}
    claimed = Command.objects.filter(pk=call.order.command_id, status=CommandStatus.CLAIMED)
    claimed.update(status=status, next_try_at=None, **changes)


def _try_later(call: _Call, reply: CspReply) -> None:
    # What a CSP asks for is in its seconds: rests go by the database's clock, which no demonstration moves.
    command = Command.objects.get(pk=call.order.command_id)
    channel = CspChannel.objects.get(region=call.region)
    if reply.outcome is SendOutcome.BUSY:
        rest = channel_rest = _REST_WHEN_BUSY if reply.retry_after is None else reply.retry_after
    else:
        channel.failures += 1
        channel_rest = min(2.0 ** min(channel.failures, 10), _LONGEST_CHANNEL_REST)
        # Longer than the channel's: one command a CSP chokes on must not stand before all others.
        rest = min(channel_rest + 2.0 ** min(command.attempts, 10), _LONGEST_REST)
    if reply.outcome is not SendOutcome.UNKNOWN and call.is_first_try:
        command.left_at = None
    command.problem = channel.last_problem = reply.problem
    command.save(update_fields=["left_at", "problem"])
    channel.save(update_fields=["failures", "last_problem"])
    Command.objects.filter(pk=command.pk).update(next_try_at=Now() + timedelta(seconds=rest))
    CspChannel.objects.filter(pk=channel.pk).update(paused_until=Now() + timedelta(seconds=channel_rest))


def _blame(call: _Call, *, now: datetime) -> None:
    if call.order.kind == CommandKind.READ or call.rollout_id is None:
        return
    state, failed, code = _REFUSED[call.order.kind]
    policy = retry_policy(code)
    sql.fetch_one(
        "rollouts",
        "refuse_command",
        command_id=call.order.command_id,
        rollout_id=call.rollout_id,
        cpl_entry_id=Command.objects.values_list("cpl_entry_id", flat=True).get(pk=call.order.command_id),
        state=int(state),
        failed=int(failed),
        back_to=int(policy.back_to or failed),
        attempts=policy.attempts if policy.back_to else 0,
        code=int(code),
        now=now,
    )
