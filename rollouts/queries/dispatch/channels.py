"""How the ways to the CSPs are: for the DCC all of them, for a CSP its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.identity.roles import CSP_ROLES, DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel import clock, sql
from rollouts.models import CspChannel
from rollouts.rules import pacing
from rollouts.states import Region


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """One region's way to its CSP at this moment."""

    region: Region
    csp_name: str
    state: str
    """`ok`, `resting` (as the CSP asked), `failing` or `closed` (outside its hours)."""
    capacity_per_second: float
    capacity_per_night: int | None
    tokens: float
    paused_until: datetime | None
    failures: int
    last_success_at: datetime | None
    last_problem: str
    ready_commands: int
    ready_hubs: int
    unsent_commands: int
    """Claimed and not accepted by the CSP yet."""
    refused_commands: int
    """Refused in the last day."""
    waiting_since: datetime | None
    """Since when the oldest ready command is due."""
    sent_hubs: int
    """In the last hour."""


def channel_health(scope: Scope, *, now: datetime) -> tuple[ChannelHealth, ...]:
    """Return how each channel is; a CSP sees those of its own regions.

    Raises:
        NotPermitted: for others than the DCC and CSPs.
    """
    scope.check(*sorted(DCC_ROLES | CSP_ROLES))
    channels = CspChannel.objects.select_related("csp").order_by("region")
    if scope.is_csp:
        channels = channels.filter(csp_id=scope.organisation_id)
    work = {
        row.region: row
        for row in sql.fetch_all(
            "rollouts", "channel_work", hour_ago=now - timedelta(hours=1), day_ago=now - timedelta(days=1)
        )
    }
    return tuple(_health(channel, work.get(channel.region), now=now) for channel in channels)


def _health(channel: CspChannel, work: object, *, now: datetime) -> ChannelHealth:
    def number(name: str) -> int:
        return int(getattr(work, name, 0) or 0)

    # A rest is kept by the wall clock, as CSPs mean it, and shown in the time of everything else.
    paused_until = channel.paused_until and clock.business_of(channel.paused_until)
    return ChannelHealth(
        region=Region(channel.region),
        csp_name=channel.csp.name,
        state=_state(channel, paused_until=paused_until, now=now),
        capacity_per_second=channel.capacity_per_second,
        capacity_per_night=channel.capacity_per_night,
        tokens=channel.tokens,
        paused_until=paused_until,
        failures=channel.failures,
        last_success_at=channel.last_success_at,
        last_problem=channel.last_problem,
        ready_commands=number("ready_commands"),
        ready_hubs=number("ready_hubs"),
        unsent_commands=number("unsent_commands"),
        refused_commands=number("refused_commands"),
        waiting_since=getattr(work, "waiting_since", None),
        sent_hubs=number("sent_hubs"),
    )


def _state(channel: CspChannel, *, paused_until: datetime | None, now: datetime) -> str:
    if channel.failures:
        return "failing"
    if paused_until is not None and paused_until > now:
        return "resting"
    return "ok" if pacing.OpenHours.read(channel.distribution_hours).is_open(now) else "closed"
