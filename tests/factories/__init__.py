"""What tests build with: a small world of organisations, people and hubs, and rollouts in it."""

from __future__ import annotations

from tests.factories.people import OrganisationFactory, UserFactory
from tests.factories.world import World, make_rollout, make_world

__all__ = ["OrganisationFactory", "UserFactory", "World", "make_rollout", "make_world"]
