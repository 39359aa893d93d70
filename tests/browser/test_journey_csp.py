"""What a CSP's planner does: notices, the schedule ahead, the channels; and what is not theirs to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from portal.events import sequencer
from rollouts import services
from rollouts.models import Rollout
from tests.browser.scenes import make_scene

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.requirement("R1.1", "R4.5")
@pytest.mark.parametrize("width", [1280, 390])
def test_notices_and_the_schedule_ahead(walk, width):
    now = datetime.now(UTC)
    scene = make_scene(now=now)
    Rollout.objects.filter(pk=scene.draft.pk).update(automatic_at=now + timedelta(days=120), has_pilot=False)
    services.notify_rollout(scene.world.operator, rollout_id=scene.draft.pk, now=now)
    sequencer.sequence_all(seconds=20)
    planner = walk(width=width)
    planner.log_in(scene.world.csp_user)
    page = planner.page

    assert planner.says("Forward schedule")
    assert planner.says("Hubs to activate, by region and day")
    menu = page.get_by_role("navigation", name="Portal")
    planner.follow("Notices", within=menu)
    planner.look("csp-notices")
    planner.follow("New firmware")
    planner.look("csp-update")
    assert page.get_by_role("link", name=re.compile("^Instruct")).count() == 0
    planner.follow("Rollouts", within=menu)
    planner.look("csp-updates")
    planner.follow("CSP channels", within=menu)
    planner.look("csp-channels")
    assert planner.says("Forecast of distribution")

    refused = page.goto(f"{planner.url}/rollouts/new/")
    assert refused.status == 403
    planner.look("csp-refused")
    missing = page.goto(f"{planner.url}/rollouts/999999/")
    assert missing.status == 404
    planner.look("csp-missing")
