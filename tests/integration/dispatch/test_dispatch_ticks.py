"""The ticks of dispatch: lost, doubled or late, they find what is due."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from portal.celery import app
from portal.kernel import clock
from rollouts import services, tasks
from rollouts.models import Rollout
from tests.integration.dispatching import settle, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tasks_run_at_once(monkeypatch, now, fresh_cache):
    monkeypatch.setitem(app.conf, "task_always_eager", value=True)
    monkeypatch.setitem(app.conf, "task_eager_propagates", value=True)
    monkeypatch.setattr(clock, "now", lambda: now)


def test_ticks_carry_what_is_due_to_the_csp_and_do_nothing_twice(csp, rollout, now):
    for _ in range(3):
        tasks.tick_dispatch()

    assert len(csp.hubs()) == 20
    assert states(rollout) == {30: 20}


def test_a_tick_completes_what_is_finished_and_finishes_halts(csp, rollout, now):
    services.plan_due(now)
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now)

    tasks.tick_dispatch()
    assert csp.commands == []
    assert services.finish_halts(now) == 0

    Rollout.objects.update(status="SAFE_LAUNCH", stood_at="")
    settle(rollout, state=60)
    cache.clear()
    tasks.tick_dispatch()
    assert Rollout.objects.get().status == "COMPLETE"


def test_a_message_of_a_newer_worker_is_understood(csp, rollout):
    services.plan_due(clock.now())

    tasks.dispatch_region(region=2, added_later=True)

    assert states(rollout) == {30: 20}
