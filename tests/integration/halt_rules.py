"""What tests of halt rules share: a rule with ordinary terms, and hubs that come to an end."""

from __future__ import annotations

from rollouts import services
from tests.integration.dispatching import settle


def put_rule(world, rollout, now, **terms):
    terms = {
        "name": "Activation failed",
        "kind": "ACTIVATION",
        "minimum_sample": 20,
        "lookback_hours": 24,
        "threshold": 0.1,
        **terms,
    }
    return services.put_halt_rule(world.operator, rollout_id=rollout.pk, now=now, **terms)


def ends(world, rollout, first, last, *, state, code=0, at):
    """Let hubs come to an end."""
    where = f"guid BETWEEN {world.guid(first)} AND {world.guid(last - 1)}"
    settle(rollout, state=state, code=code, state_at=at, where=where)
