"""The rehearsal ends in failure when what it compares does not fit, whatever it was that went wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from demo.journey.cast import Journey
from demo.journey.simulator import SimulatedTruth
from demo.management.commands import incident
from demo.rehearsal import checks
from portal.events import sequencer
from rollouts import services
from rollouts.models import Command, Rollout, Target
from rollouts.states import CommandKind, CommandStatus
from tests.factories import make_rollout, make_world
from tests.integration.deciding import decide
from tests.integration.dispatching import settle

pytestmark = pytest.mark.django_db


class Hubs:
    """What is true of the hubs, as the simulator would tell it, and may be tampered with."""

    def __init__(self):
        self.activated = {}

    def hubs(self):
        return {guid: SimulatedTruth("0C230000", "0C230000", at, 1) for guid, at in self.activated.items()}


@pytest.fixture
def truth():
    return Hubs()


@pytest.fixture
def play(monkeypatch, settings, tmp_path, now, truth):
    """Play a rehearsal of one stage: ten hubs activated and told, ten recalled, the rest never asked."""
    settings.DEMO = True
    settings.EVENT_SUBSCRIBERS = []
    clocks = SimpleNamespace(now=now + timedelta(days=3))
    journey = Journey(clocks, truth, "", "", now)
    monkeypatch.setattr(incident, "_begin", lambda: journey)
    monkeypatch.setattr(checks, "broken_homes", set)

    def stage(rehearsal, *, tamper):
        world = make_world(hubs=40)
        rollout = make_rollout(world, now=now - timedelta(days=30))
        journey.rollout_id = rollout.pk
        settle(rollout, state=60, where=f"guid < {world.guid(10)}")
        truth.activated = {world.guid(n): now - timedelta(hours=1) for n in range(10)}
        settle(rollout, state=50, where=f"guid BETWEEN {world.guid(10)} AND {world.guid(19)}")
        _command(rollout, world, CommandKind.ACTIVATE, left_at=now - timedelta(hours=3))
        services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Bad.", now=now)
        rehearsal.hubs_in_incidents = 3
        decide(world, rollout, rehearsal.outcome.value, now + timedelta(days=2))
        if rehearsal.outcome == "STOP":
            services.finish_halts(now + timedelta(days=2))
        else:
            settle(rollout, state=60)
            services.complete_finished(now + timedelta(days=3))
        tamper(world, rollout)
        sequencer.sequence_all()

    def run(tamper=lambda world, rollout: None, outcome="STOP"):
        each = lambda rehearsal: stage(rehearsal, tamper=tamper)  # noqa: E731 - a stage needs no name
        monkeypatch.setattr(incident, "STAGES", [each])
        report = tmp_path / "incident.json"
        call_command("incident", to=report, outcome=outcome)
        return json.loads(report.read_text())

    return run


def _command(rollout, world, kind, *, left_at, first=10, last=19, execute_at=None):
    guids = [world.guid(number) for number in range(first, last + 1)]
    Command.objects.create(
        rollout_id=rollout.pk,
        kind=kind,
        status=CommandStatus.SENT,
        region=2,
        guids=guids,
        hub_count=len(guids),
        cpl_entry_id=rollout.cpl_entry_id,
        execute_at=execute_at or (left_at + timedelta(days=1)).replace(hour=1),
        due_at=left_at,
        created_at=left_at,
        left_at=left_at,
        sent_at=left_at,
    )


@pytest.mark.parametrize("outcome", ["STOP", "PROCEED"])
def test_a_rehearsal_in_which_all_is_well_ends_well(play, outcome):
    document = play(outcome=outcome)

    assert (document["outcome"], set(document["wrong"].values())) == (outcome, {0})
    assert document["status"] == {"STOP": "STOPPED", "PROCEED": "COMPLETE"}[outcome]


def test_a_hub_that_activated_after_the_halt_without_an_excuse_fails_it(play, truth, now):
    def tamper(world, rollout):
        truth.activated[world.guid(30)] = now + timedelta(hours=2)

    with pytest.raises(CommandError, match=r"hubs that activated after the halt and should not have 1"):
        play(tamper)


def test_a_flag_alone_is_no_excuse(play, truth, now):
    def tamper(world, rollout):
        truth.activated[world.guid(10)] = now + timedelta(hours=21)
        records = Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(10))
        records.update(state=60, activated_after_halt=True)

    with pytest.raises(CommandError, match=r"should not have 1"):
        play(tamper)


def test_a_cancel_that_had_left_is_one_and_what_happened_is_reported(play, truth, now):
    def crossed(world, rollout):
        _command(rollout, world, CommandKind.CANCEL, left_at=now + timedelta(minutes=5))
        truth.activated[world.guid(10)] = now + timedelta(hours=21)
        records = Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(10))
        records.update(state=60, activated_after_halt=True)

    document = play(crossed)

    assert document["activated_after_the_halt"] == 1
    assert set(document["wrong"].values()) == {0}


def test_one_that_is_not_reported_as_such_fails_it(play, truth, now):
    def crossed(world, rollout):
        _command(rollout, world, CommandKind.CANCEL, left_at=now + timedelta(minutes=5))
        truth.activated[world.guid(10)] = now + timedelta(hours=21)
        Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(10)).update(state=60)

    with pytest.raises(CommandError, match=r"are not reported as such 1"):
        play(crossed)


def test_a_command_that_left_while_the_rollout_stood_fails_it(play, now):
    def tamper(world, rollout):
        _command(rollout, world, CommandKind.DISTRIBUTE, left_at=now + timedelta(minutes=5))

    with pytest.raises(CommandError, match=r"commands that left while it stood 1"):
        play(tamper)


def test_an_activation_by_day_that_nobody_chose_fails_it(play, now):
    def tamper(world, rollout):
        noon = (now + timedelta(days=1)).replace(hour=12)
        left_at = now - timedelta(hours=2)
        _command(rollout, world, CommandKind.ACTIVATE, left_at=left_at, last=11, execute_at=noon)

    with pytest.raises(CommandError, match=r"by day at a time nobody chose 2"):
        play(tamper)


def test_a_rollout_that_goes_on_and_does_not_end_fails_it(play):
    def tamper(world, rollout):
        Rollout.objects.filter(pk=rollout.pk).update(status="SAFE_LAUNCH")

    with pytest.raises(CommandError, match=r"did not come to their end 1"):
        play(tamper, outcome="PROCEED")


def test_a_hub_left_behind_by_a_stop_fails_it(play):
    def tamper(world, rollout):
        Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(35)).update(state=10, consent=1)

    with pytest.raises(CommandError, match=r"hubs left in a rollout that was stopped 1"):
        play(tamper)
