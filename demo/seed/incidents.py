"""What Suppliers have reported in a demonstration: looked into, handled with another, new, and closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from demo.seed.people import BOTH_ROLES, DCC, SECOND, scope_of
from demo.seed.stages import LIVE, SUSPENDED
from rollouts import services
from rollouts.models import Incident, Rollout, Target
from rollouts.services import HubList, IncidentAccount
from rollouts.states import TargetState
from rollouts.states.governing import HanImpact

THIRD: Final = "Elmsworth Energy"
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)

_DISPLAYS: Final = IncidentAccount(
    category=4,
    title="In-home displays lose the meter after the new firmware",
    description=(
        "Customers report that the in-home display says “waiting for current data”. The electricity meter is"
        " read as before. A restart of the display helps for some hours."
    ),
    han_impact=HanImpact.SOME_DEVICES,
    han_devices=7,
    service_desk_reference="SD-204417",
)
_PAIRED: Final = IncidentAccount(
    category=4,
    title="Displays have to be paired again",
    description="Three homes since the pilot. The meters themselves are well.",
    han_impact=HanImpact.SOME_DEVICES,
    han_devices=3,
)
_SLOW: Final = IncidentAccount(
    category=5,
    title="On-demand reads take minutes instead of seconds",
    description="Seen on two hubs of the pilot since this morning. Daily reads come in as usual.",
    han_impact=HanImpact.NONE,
)
_GAS: Final = IncidentAccount(
    category=4,
    title="Gas meters do not come back after the activation",
    description="The gas proxy function answers, the gas meter behind it does not.",
    han_impact=HanImpact.SOME_DEVICES,
    han_devices=4,
    service_desk_reference="SD-201902",
)


def put_incidents(*, now: datetime) -> int:
    """Raise them, the oldest first, unless there are some; return how many there are now.

    The hubs they name were upgraded long enough ago to lie outside the window of every halt rule.
    """
    rollouts = {
        rollout.name: rollout for rollout in Rollout.objects.filter(name__in=[LIVE.name, SUSPENDED.name])
    }
    if Incident.objects.exists() or len(rollouts) < 2:  # noqa: PLR2004 - the two of the line above
        return Incident.objects.count()
    _settled(rollouts[SUSPENDED.name], now=now - 25 * _DAY)
    _looked_into(rollouts[LIVE.name], now=now - 26 * _HOUR)
    _raise(rollouts[LIVE.name], BOTH_ROLES, _SLOW, hubs=2, now=now - 15 * _MINUTE, after=6)
    return Incident.objects.count()


def _settled(rollout: Rollout, *, now: datetime) -> None:
    """Walk one to its end: answered, resolved by the DCC, closed by whoever raised it."""
    dcc, raiser = scope_of(DCC), scope_of(THIRD)
    number = _raise(rollout, THIRD, _GAS, hubs=4, now=now)
    if number is None:
        return
    steps = (
        (dcc, "acknowledge", 15 * _MINUTE, ""),
        (dcc, "resolve", 20 * _HOUR, "The meters re-joined after the CSP had reset the HAN of the hubs."),
        (raiser, "close", 30 * _HOUR, "All four are read again. Thank you."),
    )
    for scope, verb, after, comment in steps:
        services.take_incident_step(scope, incident_id=number, verb=verb, comment=comment, now=now + after)


def _looked_into(rollout: Rollout, *, now: datetime) -> None:
    """Have one under investigation, and another Supplier's handled with it."""
    dcc = scope_of(DCC)
    number = _raise(rollout, BOTH_ROLES, _DISPLAYS, hubs=6, now=now)
    if number is None:
        return
    services.take_incident_step(
        dcc,
        incident_id=number,
        verb="investigate",
        comment="Thank you. The manufacturer has the logs of these hubs; we shall come back tomorrow.",
        now=now + 30 * _MINUTE,
    )
    same = _raise(rollout, SECOND, _PAIRED, hubs=3, now=now + 6 * _HOUR)
    if same is not None:
        services.merge_incident(dcc, incident_id=same, into_id=number, now=now + 7 * _HOUR)


def _raise(
    rollout: Rollout, supplier: str, account: IncidentAccount, *, hubs: int, now: datetime, after: int = 0
) -> int | None:
    """Raise one for upgraded hubs of a Supplier, `after` the first so many; None where it has none."""
    scope = scope_of(supplier)
    own = Target.objects.filter(
        rollout_id=rollout.pk,
        state=TargetState.ACTIVATED,
        import_supplier_id=scope.organisation_id,
        state_at__lt=now,
    )
    guids = list(own.order_by("guid").values_list("guid", flat=True)[after : after + hubs])
    if not guids:
        return None
    raised = services.raise_incident(
        scope, rollout_id=rollout.pk, account=account, source=HubList.from_stored(guids), now=now
    )
    return raised.incident_id
