"""What tests of incidents share: hubs whose devices are lost."""

from __future__ import annotations

from rollouts import services
from rollouts.services import IncidentAccount


def lose(world, rollout, now, *numbers, scope=None, **changes):
    """Raise an incident: devices are lost on these hubs."""
    fields = {"category": 2, "title": "Meters lost", "han_impact": "SOME_DEVICES", "han_devices": 3}
    named = {"source": world.hub_list(*numbers)} if numbers else {}
    account = IncidentAccount(
        **{**fields, **{k: v for k, v in changes.items() if k in IncidentAccount.__slots__}}
    )
    others = {k: v for k, v in changes.items() if k not in IncidentAccount.__slots__}
    return services.raise_incident(
        scope or world.as_supplier, rollout_id=rollout.pk, account=account, now=now, **named, **others
    )
