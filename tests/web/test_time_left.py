"""Everybody sees how long is left for what is theirs to do: in local time, and in working days (R4.4)."""

from __future__ import annotations

import re

import pytest

from rollouts import services
from rollouts.models import Decision
from tests.factories import make_rollout
from tests.integration.deciding import recommended

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R4.4", "R4.5")]


@pytest.mark.parametrize(
    ("actor", "task"),
    [
        ("supplier", "Instruct your hubs"),
        ("operator", "Recommend"),
        ("panel", "Confirm what happens next"),
        ("csp", "What others do next"),
    ],
)
def test_a_dashboard_says_how_long_is_left_for_each_task(world, seat, today, actor, task):
    make_rollout(world, now=today)
    halted = make_rollout(world, now=today)
    services.take_step(world.operator, rollout_id=halted.pk, verb="suspend", reason="HAN lost.", now=today)
    if actor == "panel":
        recommended(world, halted, "STOP", today)

    page = seat(actor).get("/").content.decode()

    left = re.findall(
        r'time-left__chip">.*?</svg>\s*([^<]+)</span>(?:\s*<span class="time-left__working">([^<]+))?',
        page,
        re.DOTALL,
    )
    assert task in page
    assert any(words.endswith(" left") for words, _ in left)
    assert any(working.endswith("working days") for _, working in left)
    assert re.search(r'time-left__exact"[^>]*>[^<]+ (GMT|BST)', page)
    assert Decision.objects.exists()
