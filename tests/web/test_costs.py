"""What pages cost: as many statements for many hubs and rollouts as for few."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db

#: The statements each page takes, by actor; a page that comes to need more has to say why.
COSTS = {
    "supplier": {
        "/": 15,  # and what activated in the last days, by rollout
        "/rollouts/": 10,
        "/rollouts/{id}/": 16,  # and in which nights its hubs activate, and what was told last
        "/rollouts/{id}/hubs/": 14,  # and which columns, and labels to put on
        "/rollouts/{id}/instruct/": 17,  # and in which regions its hubs are
        "/rollouts/{id}/pilot/": 21,  # and in which regions its hubs are
        "/instructions/": 5,
        "/estate/": 12,  # as before
        "/requirements/": 7,
        "/requirements/rules/": 7,
        "/estate/views/": 5,
        "/estate/files/": 5,
        "/hubs/00-DB-12-34-00-00-00-03/": 12,  # and labels to put on
    },
    "operator": {
        "/": 21,  # and what activated in the last days, by rollout and region
        "/rollouts/": 10,
        "/rollouts/{id}/": 16,  # and in which nights its hubs activate, and what was told last
        "/rollouts/{id}/steps/suspend/": 13,
        "/rollouts/{id}/decision/": 12,
        "/rollouts/{id}/pilot/": 26,  # and who has nominated, and in which regions hubs are
        "/channels/": 9,
        "/schedule/": 9,
        "/unmatched-alerts/": 7,
        "/estate/": 11,  # and which columns
        "/estate/views/": 5,
        "/estate/files/": 5,
        "/hubs/00-DB-12-34-00-00-00-03/": 13,
    },
    "panel": {
        "/": 14,
        "/rollouts/": 10,
        "/rollouts/{id}/": 15,  # and in which nights its hubs activate, and what was told last
    },
    "csp": {
        "/": 17,  # and its regions again, for what activated in the last days
        "/rollouts/": 13,
        "/schedule/": 11,
    },
}


@pytest.mark.parametrize(
    ("actor", "path"), [(actor, path) for actor, paths in COSTS.items() for path in paths]
)
def test_a_page_takes_no_more_statements_for_more(seat, world, statements, today, actor, path):
    first = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    client, url = seat(actor), path.format(id=first.pk)
    client.get(url)
    few = statements(client, url)

    for number in range(3):
        make_rollout(world, now=today - timedelta(days=number))
    many = statements(client, url)

    assert few == COSTS[actor][path]
    assert many == few


def test_a_thousand_hubs_cost_a_page_no_more_statements_than_twenty(client, today, statements):
    world = make_world(hubs=1_000)
    rollout = make_rollout(world, now=today)
    client.force_login(world.supplier_user)
    client.get("/")

    assert statements(client, "/") == COSTS["supplier"]["/"]
    assert statements(client, f"/rollouts/{rollout.pk}/") == COSTS["supplier"]["/rollouts/{id}/"]
    assert statements(client, f"/rollouts/{rollout.pk}/hubs/") == COSTS["supplier"]["/rollouts/{id}/hubs/"]
