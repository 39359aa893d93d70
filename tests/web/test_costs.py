"""What pages cost: as many statements for many hubs and updates as for few."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db

#: The most statements a page may take, by actor.
MOST = {
    "supplier": {
        "/": 14,
        "/updates/": 12,
        "/updates/{id}/": 14,
        "/updates/{id}/hubs/": 16,
        "/updates/{id}/instruct/": 18,
        "/updates/{id}/pilot/": 22,
        "/instructions/": 7,
    },
    "operator": {
        "/": 13,
        "/updates/": 11,
        "/updates/{id}/": 14,
        "/updates/{id}/steps/suspend/": 16,
        "/updates/{id}/pilot/": 24,
        "/channels/": 12,
        "/unmatched-alerts/": 8,
    },
    "panel": {"/": 12, "/updates/": 11, "/updates/{id}/": 13},
    "csp": {"/": 14, "/updates/": 12},
}


@pytest.mark.parametrize(
    ("actor", "path"), [(actor, path) for actor, paths in MOST.items() for path in paths]
)
def test_a_page_takes_no_more_statements_for_more(seat, world, statements, today, actor, path):
    first = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    client, url = seat(actor), path.format(id=first.pk)
    client.get(url)
    few = statements(client, url)

    for number in range(3):
        make_rollout(world, now=today - timedelta(days=number))
    many = statements(client, url)

    assert many == few
    assert many <= MOST[actor][path]


def test_a_thousand_hubs_cost_a_page_no_more_statements_than_twenty(client, today, statements):
    world = make_world(hubs=1_000)
    rollout = make_rollout(world, now=today)
    client.force_login(world.supplier_user)
    client.get("/")

    assert statements(client, "/") <= MOST["supplier"]["/"]
    assert statements(client, f"/updates/{rollout.pk}/") <= MOST["supplier"]["/updates/{id}/"]
    assert statements(client, f"/updates/{rollout.pk}/hubs/") <= MOST["supplier"]["/updates/{id}/hubs/"]
