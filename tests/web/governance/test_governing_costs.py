"""What the pages of trouble cost: as many statements for many hubs, incidents and rollouts as for few."""

from __future__ import annotations

import pytest

from portal.kernel.references import reference_of
from rollouts import services
from rollouts.services import HubList, IncidentAccount
from tests.factories import make_rollout, make_world
from tests.web.governing import make_trouble

pytestmark = pytest.mark.django_db

#: The statements each page takes, by actor.
COSTS = {
    "supplier": {
        "/incidents/": 8,  # and against which rollouts one may be raised
        "/incidents/{incident}/": 10,
        "/rollouts/{id}/incidents/new/": 15,  # and in which regions hubs are
    },
    "operator": {
        "/incidents/": 8,  # and against which rollouts one may be raised
        "/incidents/{incident}/": 14,
        "/rollouts/{id}/incidents/new/": 14,  # and in which regions hubs are
        "/triage/": 13,
        "/rollouts/{id}/triage/": 29,
        "/rollouts/{id}/triage/?by=version": 30,
        "/known-issues/new/": 6,
        "/known-issues/{issue}/": 7,
        "/rollouts/{id}/halt-rules/": 19,
        "/rollouts/{id}/halt-rules/new/": 11,
        "/rollouts/{id}/phases/": 13,
        "/rollouts/{id}/phases/{batch}/": 13,
        "/rollouts/{id}/phases/new/": 13,  # and in which regions hubs are
        "/rollouts/{id}/decision/": 19,
        "/decisions/": 7,
        "/audit/": 8,  # and what rollouts and incidents are called
    },
    "panel": {
        "/decisions/": 7,
        "/rollouts/{id}/decision/": 14,
        "/rollouts/{id}/triage/": 29,
    },
}
#: The board of all rollouts sums each up by itself: what is known of one explains no failure of another.
A_ROLLOUT_MORE = {"/triage/": 3}


def measured(seat_or_client, world, trouble, statements, actor, path):
    client = seat_or_client(actor)
    url = path.format(
        id=trouble.rollout.pk,
        incident=reference_of(trouble.incident.pk, "incident"),
        issue=trouble.issue.pk,
        batch=trouble.rollout.batches.get(kind="SAFE_LAUNCH").pk,
    )
    client.get(url)
    return statements(client, url)


def more_incidents(world, trouble, now):
    for number in range(6):
        services.raise_incident(
            (world.as_supplier, world.as_other)[number % 2],
            rollout_id=trouble.rollout.pk,
            account=IncidentAccount(category=1 + number % 5, title=f"More of it, {number}"),
            source=HubList.from_stored([world.guid(9), world.guid(10)]),
            now=now,
        )


@pytest.mark.parametrize(
    ("actor", "path"), [(actor, path) for actor, paths in COSTS.items() for path in paths]
)
def test_a_page_takes_no_more_statements_for_more(seat, world, statements, today, actor, path):
    trouble = make_trouble(world, now=today)
    few = measured(seat, world, trouble, statements, actor, path)

    more_incidents(world, trouble, today)
    make_rollout(world, now=today)
    many = measured(seat, world, trouble, statements, actor, path)

    assert few == COSTS[actor][path]
    assert many == few + A_ROLLOUT_MORE.get(path, 0)


def test_a_thousand_hubs_cost_no_more_statements_than_twenty(client, today, statements):
    world = make_world(hubs=1_000)
    trouble = make_trouble(world, now=today)

    def seat(actor):
        client.force_login(getattr(world, f"{actor}_user"))
        return client

    for actor, paths in COSTS.items():
        for path, expected in paths.items():
            assert measured(seat, world, trouble, statements, actor, path) == expected, (actor, path)
