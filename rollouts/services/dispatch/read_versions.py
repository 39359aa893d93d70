"""Hubs without an alert: their version is read, the command is retried, or they end unconfirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from portal.events import journal
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import guid, locks, sql
from portal.kernel.refusals import BadInput, NotFound
from portal.kernel.transactions import unit_of_work
from rollouts.models import CspChannel, Rollout
from rollouts.rules import pacing
from rollouts.services.dispatch.backoff import is_rested, scanning
from rollouts.services.dispatch.planner_hints import expect_many
from rollouts.states import FailureCode, RolloutStatus, retry_policy

MOST_READINGS: Final = 10_000
MOST_AT_ONCE: Final = 100_000
"""A rollout cannot be halted while targets of it are moved: so no more than this in one transaction."""

_ONE_AT_A_TIME: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SilenceOutcome:
    """The outcome for hubs without an alert."""

    to_read: int = 0
    given_up: int = 0
    retried: int = 0

    def __add__(self, other: SilenceOutcome) -> SilenceOutcome:
        return SilenceOutcome(
            self.to_read + other.to_read, self.given_up + other.given_up, self.retried + other.retried
        )


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """The receipt of a request to read firmware versions."""

    asked: int
    requested: int
    under_way: int
    """Of these a reading was asked for a moment ago."""
    not_yours: int
    """Unknown hubs and those of others read the same."""
    command_ids: tuple[int, ...]


@unit_of_work
def request_read(scope: Scope, *, guids: Sequence[int], now: datetime) -> ReadRequest:
    """Have the firmware version of hubs read (SR 11.2), now; the answer comes to the requester's feed.

    A Supplier asks for its own hubs, the DCC for any. A reading that is under way is not asked for twice.

    Raises:
        NotPermitted: the role may only look.
        NotFound: none of the hubs is the organisation's own.
        BadInput: no hub is named, or too many.
    """
    scope.check(*sorted(MAY_INSTRUCT | MAY_OPERATE))
    wanted = sorted(set(guids))
    if not 0 < len(wanted) <= MOST_READINGS:
        raise BadInput(f"Name 1 to {MOST_READINGS:,} hubs to read.")
    row = sql.fetch_one(
        "rollouts",
        "request_readings",
        guids=wanted,
        is_dcc=scope.is_dcc,
        organisation_id=scope.organisation_id,
        size=pacing.DispatchSettings.current().command_size,
        recently=now - _ONE_AT_A_TIME,
        now=now,
    )
    if row.own == 0:
        raise NotFound("Not a hub of yours in the inventory. Check the GUID.")
    subject = (
        f"hub:{guid.format_many(wanted)[0]}" if len(wanted) == 1 else f"organisation:{scope.organisation_id}"
    )
    journal.record(
        "hub.reading-requested", subject=subject, by=scope, at=now, facts={"hubs": int(row.requested)}
    )
    return ReadRequest(
        asked=len(wanted),
        requested=row.requested,
        under_way=row.own - row.requested,
        not_yours=len(wanted) - row.own,
        command_ids=tuple(row.command_ids),
    )


def follow_up_silence(now: datetime) -> SilenceOutcome:
    """Read, retry or give up the hubs without an alert in time, in every rollout.

    Halted and ended ones too: what has left is followed to its end. One process at a rollout: two would read
    the same hubs, and two readings unanswered are taken for silence.
    """
    total = SilenceOutcome()
    for row in sql.fetch_all("rollouts", "silence_outlook"):
        key, seen = f"silence:{row.rollout_id}", tuple(row)
        if not is_rested(key, seen=seen):  # see Note [Resting between scans]
            continue
        with locks.attempted(locks.LockClass.SILENCE, row.rollout_id) as is_ours:
            if is_ours:
                with scanning(key, seen=seen):
                    total += _follow_up(row, now=now)
    return total


def read_silent(rollout_id: int, *, now: datetime) -> SilenceOutcome:
    """Read the hubs of a rollout whose activation nobody confirmed; give up after the last reading.

    Gives up so many at once; what it leaves the next call takes.
    """
    settings = pacing.DispatchSettings.current()
    row = _fetch(
        "read_silent",
        rollout_id,
        first_read=settings.first_read,
        second_read=settings.second_read,
        last_read=settings.last_read,
        size=settings.command_size,
        now=now,
    )
    return SilenceOutcome(to_read=int(row.to_read), given_up=int(row.given_up))


def retry_undelivered(rollout_id: int, *, now: datetime) -> int:
    """Send the images again that left and were not heard of, so many at once; return how many hubs."""
    least = pacing.DispatchSettings.current().delivery_silence
    channels = list(CspChannel.objects.order_by("region"))
    row = _fetch(
        "retry_undelivered",
        rollout_id,
        regions=[channel.region for channel in channels],
        before=[now - max(least, 2 * timedelta(days=channel.distribution_days)) for channel in channels],
        attempts=retry_policy(FailureCode.DELIVERY_SILENCE).attempts,
        now=now,
    )
    return int(row.hubs)


def end_unreachable(rollout_id: int, *, now: datetime) -> int:
    """Count hubs still out of reach as failed, after the date set for them, so many at once; say how many."""
    rollout = Rollout.objects.get(pk=rollout_id)
    until = rollout.unreachable_until or (
        rollout.automatic_at + pacing.DispatchSettings.current().unreachable_for
    )
    if now < until or rollout.status == RolloutStatus.DRAFT:
        return 0
    return int(_fetch("end_unreachable", rollout_id, now=now).hubs)


def _follow_up(row: Any, *, now: datetime) -> SilenceOutcome:
    total = SilenceOutcome()
    while row.activating:
        part = read_silent(row.rollout_id, now=now)
        total += part
        if part.given_up < MOST_AT_ONCE:
            break
    retried = _until_done(retry_undelivered, row.rollout_id, now=now) if row.distributing else 0
    failed = _until_done(end_unreachable, row.rollout_id, now=now) if row.unreachable else 0
    return total + SilenceOutcome(retried=retried, given_up=failed)


def _until_done(pass_over: Callable[..., int], rollout_id: int, *, now: datetime) -> int:
    total = part = pass_over(rollout_id, now=now)
    while part >= MOST_AT_ONCE:
        part = pass_over(rollout_id, now=now)
        total += part
    return total


@unit_of_work
def _fetch(statement: str, rollout_id: int, **params: object) -> Any:
    # The rollout's row first, as everywhere; shared, so that claims and alerts go on.
    held = sql.fetch_one("rollouts", "rollout_at_claim", rollout_id=rollout_id)
    expect_many()
    return sql.fetch_one(
        "rollouts",
        statement,
        rollout_id=rollout_id,
        cpl_entry_id=held.cpl_entry_id,
        most=MOST_AT_ONCE,
        **params,
    )
