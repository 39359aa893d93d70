"""The demonstration begins with incidents at every stage, and they hold up nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from demo.seed import incidents, people, stages
from portal.identity.models import Organisation
from rollouts.models import Incident, Rollout
from rollouts.states import RolloutStatus
from tests.factories import make_rollout, make_world
from tests.integration.dispatching import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def played(now):
    """The small world under the names of the demonstration, with hubs upgraded long ago."""
    world = make_world(hubs=40)
    names = {people.BOTH_ROLES: world.supplier, people.SECOND: world.other, incidents.THIRD: world.third}
    for name, organisation in names.items():
        Organisation.objects.filter(pk=organisation.pk).update(name=name)
    for release in (stages.SUSPENDED, stages.LIVE):
        rollout = make_rollout(world, now=now - timedelta(days=60))
        Rollout.objects.filter(pk=rollout.pk).update(name=release.name)
        settle(rollout, state=60, state_at=now - timedelta(days=49))
    return world


def test_one_is_looked_into_one_handled_with_it_one_new_and_one_closed(played, now):
    incidents.put_incidents(now=now)

    records = list(Incident.objects.order_by("id"))
    assert [each.status for each in records] == ["CLOSED", "INVESTIGATING", "MERGED", "RAISED"]
    assert all(each.is_high_priority and each.hubs for each in records)
    assert records[2].merged_into == records[1]
    assert [each.raised_at for each in records] == sorted(each.raised_at for each in records)
    assert records[3].respond_by > now
    assert set(Rollout.objects.values_list("status", flat=True)) == {RolloutStatus.SAFE_LAUNCH.value}


def test_a_second_start_adds_none(played, now):
    first = incidents.put_incidents(now=now)

    assert incidents.put_incidents(now=now + timedelta(hours=1)) == first == 4


def test_without_the_updates_there_is_nothing_to_report(now):
    assert incidents.put_incidents(now=now) == 0
