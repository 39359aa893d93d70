"""A database that has forgotten: no id is given twice, hubs are read, positions of feeds go on where nobody has been."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from portal.events import feed, sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.events.models import Event
from portal.kernel.models import SeenLine
from portal.kernel.transactions import unit_of_work
from rollouts import services
from rollouts.models import Command, Rollout
from rollouts.states import CommandKind, TargetState
from tests.integration.alerting import AlertScenario
from tests.integration.dispatching import dispatch, settle

pytestmark = pytest.mark.django_db


def forget():
    """Let the database stand as a backup of another line of history has it."""
    SeenLine.objects.update(line="another/00000001")


@unit_of_work
def publish(world, now):
    publish_entries(EntryKind.DIGEST, parties=[world.supplier.pk], at=now, data={"n": 1})


def test_a_command_has_an_id_that_no_earlier_one_had_whatever_the_sequence_says(
    csp, rollout, database_urls, now
):
    services.plan_due(now)
    before = set(Command.objects.values_list("id", flat=True))
    Command.objects.all().delete()
    url = database_urls.owner.rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(url) as owners:
        owners.execute("SELECT setval('rollouts_command_number', 1, false), pg_sleep(1.1)")
    services.plan_due(now)

    after = set(Command.objects.values_list("id", flat=True))

    assert len(before) == len(after) > 0
    assert min(after) > max(before)
    assert max(after) < 2**53


def test_every_hub_under_way_is_read_once_and_what_it_says_counts(csp, world, rollout, now):
    settle(rollout, state=60, where=f"guid < {world.guid(5)}")
    assert services.read_after_restore(now) == 0

    forget()

    assert services.read_after_restore(now) == 15
    assert services.read_after_restore(now) == 0
    assert dispatch(now) >= 15
    assert Event.objects.get(name="database.resumed").facts == {"hubs_to_read": 15}


def test_what_a_hub_says_it_runs_counts_and_that_it_runs_the_old_version_is_no_failure(now):
    scenario = AlertScenario(now)
    services.read_after_restore(now)
    forget()
    services.read_after_restore(now)
    reading = Command.objects.get(kind=CommandKind.READ)

    scenario.deliver(
        scenario.alert(0, "READ_RESULT", command_id=reading.pk, firmware_version="0C230000"),
        scenario.alert(1, "READ_RESULT", command_id=reading.pk, firmware_version="0C220000"),
    )

    assert scenario.state(0) is TargetState.ACTIVATED
    assert scenario.state(1) is TargetState.ACTIVATING


def test_hubs_of_a_halted_rollout_are_read_and_those_of_an_ended_one_are_not(csp, rollout, now):
    services.read_after_restore(now)
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now)
    forget()
    assert services.read_after_restore(now) == 20
    Rollout.objects.update(status="STOPPED")
    forget()

    assert services.read_after_restore(now) == 0


@pytest.mark.usefixtures("no_subscribers")
def test_a_reader_that_is_ahead_of_the_feed_misses_nothing(world, now):
    publish(world, now)
    sequencer.sequence_all()
    head = feed.head(world.as_supplier)
    forget()
    publish(world, now)
    sequencer.sequence_all()

    ahead = feed.slice_after(world.as_supplier, head + 40)
    from_the_start = feed.slice_after(world.as_supplier, 0)

    assert [entry.kind for entry in ahead.entries] == [EntryKind.DIGEST]
    assert ahead.entries[0].position > 1_600_000_000_000_000
    assert [entry.position for entry in from_the_start.entries] == [head, ahead.entries[0].position]
    assert feed.gaps() == 0
