"""When hubs activate whose time nobody chose to the minute: in a rollout, for one Supplier's hubs in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from rollouts.models import CspChannel, Rollout, SupplierHours
from rollouts.rules import activation
from rollouts.rules.criteria.timing import ActivationHours

_MOST_NIGHTS: Final = 31


@dataclass(frozen=True, slots=True)
class NightHours:
    """The hours of activation, the viewer's own narrower ones, and the first night they leave."""

    hours: ActivationHours
    own: ActivationHours | None
    begins_at: datetime
    ends_at: datetime
    is_on: bool
    """Whether it is such a night now."""

    @property
    def words(self) -> str:
        """Return the hours: 22:00 to 06:00."""
        return activation.hours_words(self.hours)

    @property
    def own_words(self) -> str:
        """Return the viewer's own hours; nothing where it keeps none."""
        return "" if self.own is None else activation.hours_words(self.own)

    def holds(self, at: datetime | None) -> bool:
        """Return whether a chosen time lies within; no time always does."""
        return at is None or activation.is_within(at, self.hours)


@dataclass(frozen=True, slots=True)
class NightVolume:
    """The activations planned for one night, named by the day it begins on, local time."""

    night: date
    hubs: int
    first_at: datetime
    last_at: datetime


def nights_ahead(scope: Scope, *, rollout_id: int, now: datetime) -> Sequence[NightVolume]:
    """Count the activations of a rollout that have a time ahead, by night: for the DCC, and a CSP's regions.

    Others are answered with none: what a command counts is the hubs of all Suppliers.
    """
    if not (scope.is_dcc or scope.is_csp):
        return ()
    regions = None
    if scope.is_csp:
        own = CspChannel.objects.filter(csp_id=scope.organisation_id)
        regions = list(own.values_list("region", flat=True))
    rows = sql.fetch_all(
        "rollouts", "nights_ahead", rollout_id=rollout_id, regions=regions, most=_MOST_NIGHTS, now=now
    )
    return [NightVolume(row.night, row.hubs, row.first_at, row.last_at) for row in rows]


def night_hours(scope: Scope, *, rollout_id: int, now: datetime) -> NightHours:
    """Return the hours of a rollout the caller can see, and the first night ahead."""
    document = Rollout.objects.values_list("dispatch_settings", flat=True).get(pk=rollout_id)
    hours = activation.read_hours(document.get("activation_hours"))
    own = _own(scope)
    begins_at, ends_at = activation.next_night(hours, now=now, own=[own] if own else [])
    return NightHours(hours, own, begins_at, ends_at, is_on=begins_at <= now)


def _own(scope: Scope) -> ActivationHours | None:
    if not scope.is_supplier:
        return None
    row = SupplierHours.objects.filter(supplier_id=scope.organisation_id).first()
    return activation.read_hours(row.hours) if row else None
