"""What tests of dispatch start from."""

from __future__ import annotations

import pytest

from rollouts.models import Rollout
from tests.csp import StandIn
from tests.integration.dispatching import settle


@pytest.fixture
def rollout(rollout: Rollout, csp: StandIn) -> Rollout:
    """Its hubs have been instructed, and wait for their commands."""
    settle(rollout)
    return rollout
