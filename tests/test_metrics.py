"""The figures for those who watch the portal."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from prometheus_client.parser import text_string_to_metric_families

from portal.kernel import sql
from rollouts.models import CspAlertBatch
from rollouts.tasks import reconcile_tallies
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db
TOKEN = "let-me-watch-0123456789"


@pytest.fixture(autouse=True)
def _watched(settings):
    settings.METRICS_TOKEN = TOKEN
    cache.clear()


def read(client):
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_nobody_without_the_token_is_told_anything(client, settings):
    for headers in ({}, {"Authorization": "Bearer guess"}):
        assert client.get("/metrics", headers=headers).status_code == 401
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_what_waits_is_counted(client, now):
    world = make_world(hubs=4)
    make_rollout(world, now=now)
    CspAlertBatch.objects.create(csp_id=1, received_at=now, count=1, payload=b"")

    result = read(client)

    assert result["rollouts_open", "safe_launch"] == 1
    assert result["rollouts_alert_batches_waiting",] == 1
    assert result["rollouts_commands_ready", "central"] == 0
    assert result["portal_relay_waiting", "entries"] >= 0
    assert result["notifications_webhooks", "enabled"] == 0


def test_a_tally_that_differs_shows_after_the_next_recount(client, now):
    world = make_world(hubs=4)
    rollout = make_rollout(world, now=now)
    reconcile_tallies()
    assert read(client)["rollouts_tally_drift", f"rollout {rollout.pk}"] == 0

    sql.run("UPDATE rollouts_tally_state SET n = n + 3 WHERE rollout_id = %(id)s", {"id": rollout.pk})
    reconcile_tallies()

    assert read(client)["rollouts_tally_drift", f"rollout {rollout.pk}"] > 0


@pytest.mark.parametrize("hubs", [4, 40])
def test_watching_costs_the_same_at_any_size(client, now, django_assert_num_queries, hubs):
    make_rollout(make_world(hubs=hubs), now=now)

    with django_assert_num_queries(6):
        read(client)
