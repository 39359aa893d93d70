"""What the tests of governance share: a decision taken from its review to its last signature."""

from __future__ import annotations

from rollouts import services
from rollouts.models import Decision, Rollout
from rollouts.states.governing import OPEN_DECISIONS


def recommended(world, rollout, outcome, now, **terms):
    """The DCC's recommendation on how a rollout goes on, from a review that is open or is opened."""
    decision = services.open_review(world.operator, rollout_id=rollout.pk, because="To be decided.", now=now)
    return services.recommend(
        world.operator,
        decision_id=decision.pk,
        version=decision.version,
        outcome=outcome,
        reasons="As discussed.",
        now=now,
        **terms,
    )


def sign(scope, decision, now, verdict="APPROVE", comment="Seen."):
    """One signature under the wording as it now stands."""
    return services.sign_off(
        scope,
        decision_id=decision.pk,
        version=decision.version,
        verdict=verdict,
        comment=comment,
        now=now,
    )


def decide(world, rollout, outcome, now, **terms):
    """A confirmed decision; returns what the last signature led to."""
    return sign(world.as_panel, recommended(world, rollout, outcome, now, **terms), now)


def open_decision(rollout):
    """The decision that is open, if any."""
    return Decision.objects.filter(rollout=rollout, status__in=OPEN_DECISIONS).first()


def halt(world, rollout, now, verb="suspend"):
    """Press the button, or let the Panel decide so."""
    if verb in {"pause", "stop"}:
        return decide(world, rollout, verb.upper(), now).halt
    return services.halt(
        world.operator, rollout_id=rollout.pk, verb=verb, reason="Hubs lose their devices.", now=now
    )


def status_of(rollout):
    return Rollout.objects.values_list("status", flat=True).get(pk=rollout.pk)
