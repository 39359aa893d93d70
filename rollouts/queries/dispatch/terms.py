"""By which terms hubs are commanded, who changed them when, and what others would come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.events.models import Event
from portal.identity.roles import DCC_ROLES, SUPPLIER_ROLES
from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from portal.kernel.versions import version_of
from rollouts.models import CspChannel, SupplierHours
from rollouts.queries.rollouts.forecast import RegionForecast, distribution_forecast
from rollouts.reads.dispatch.terms import channel_values, own_hours_values, pace_values
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.rules.dispatch_terms import check_channel
from rollouts.states import Region

_HISTORY: Final = 50


@dataclass(frozen=True, slots=True)
class TermsChange:
    """One change of terms: by whom, approved by whom, from what to what."""

    at: datetime
    actor: str
    approved_by: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PaceTerms:
    """The terms of a rollout, their version, and what they were before."""

    rollout_id: int
    values: Mapping[str, Any]
    version: str
    history: Sequence[TermsChange]


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """The terms of the way to a region's CSP, their version, and what they were before."""

    region: Region
    csp_name: str
    values: Mapping[str, Any]
    version: str
    history: Sequence[TermsChange]


@dataclass(frozen=True, slots=True)
class OwnHoursTerms:
    """The hours of activation a Supplier keeps, their version, and what they were before."""

    values: Mapping[str, Any]
    version: str
    history: Sequence[TermsChange]


def pace_terms(scope: Scope, *, rollout_id: int) -> PaceTerms:
    """Return the terms of a rollout.

    Raises:
        NotPermitted, NotFound: for others than the DCC; no such rollout.
    """
    scope.check(*sorted(DCC_ROLES))
    values = pace_values(visible_rollout(scope, rollout_id))
    history = _history("pace.changed", f"rollout:{rollout_id}")
    return PaceTerms(rollout_id, values, version_of(values), history)


def channel_terms(scope: Scope, *, region: int) -> ChannelTerms:
    """Return the terms of the way to a region's CSP.

    Raises:
        NotPermitted, NotFound: for others than the DCC; no CSP serves the region.
    """
    scope.check(*sorted(DCC_ROLES))
    channel = CspChannel.objects.select_related("csp").filter(region=region).first()
    if channel is None:
        raise NotFound("No CSP serves this region.")
    values = channel_values(channel)
    history = _history("channel.changed", f"channel:{region}")
    return ChannelTerms(Region(region), channel.csp.name, values, version_of(values), history)


def own_hours_terms(scope: Scope) -> OwnHoursTerms:
    """Return the hours of activation the Supplier keeps for its own hubs.

    Raises:
        NotPermitted: for others than Suppliers.
    """
    scope.check(*sorted(SUPPLIER_ROLES))
    values = own_hours_values(SupplierHours.objects.filter(pk=scope.organisation_id).first())
    history = _history("hours.kept", f"organisation:{scope.organisation_id}")
    return OwnHoursTerms(values, version_of(values), history)


def forecast_with(scope: Scope, *, region: int, values: Mapping[str, Any], now: datetime) -> RegionForecast:
    """Foretell the distribution of a region as it would be by other terms of its channel; nothing is kept.

    Raises:
        NotPermitted: for others than the DCC.
        NotFound: no CSP serves the region.
        BadInput: the terms make no sense.
    """
    scope.check(*sorted(DCC_ROLES))
    check_channel(values)
    channel = CspChannel.objects.filter(region=region).first()
    if channel is None:
        raise NotFound("No CSP serves this region.")
    for name, each in values.items():
        setattr(channel, name, each)
    forecasts = distribution_forecast(scope, now=now, instead=channel)
    return next(each for each in forecasts if each.region == region)


def _history(name: str, subject: str) -> list[TermsChange]:
    rows = Event.objects.filter(name=name, subject=subject).order_by("-id")[:_HISTORY]
    return [
        TermsChange(
            at=row.happened_at,
            actor=row.actor_name,
            approved_by=str(row.facts.get("approved_by", "")),
            before=row.facts.get("from", {}),
            after=row.facts.get("to", {}),
        )
        for row in rows
    ]
