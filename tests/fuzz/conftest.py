"""The stage that is thrown at, with things of every kind on it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.api.conftest import Stage, stage_of
from tests.api.things import owned
from tests.factories import make_world


@pytest.fixture
def stage(db: None, media: Any, settings: Any, fresh_cache: None) -> Stage:
    """A stage whose calls are not counted."""
    settings.API_REQUESTS_A_MINUTE = 10**9
    settings.ACCOUNT_RATE_LIMITS = False
    made = stage_of(make_world(), now=timezone.now())
    owned(made, "")
    return made
