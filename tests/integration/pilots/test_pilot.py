"""The DCC confirms nominations within the cap, runs the pilot, and accepts it or does not (R2)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.refusals import BadInput, NotFound
from rollouts import services
from rollouts.models import Instruction, PilotSubmission, Rollout, Target
from tests.factories import World, make_world
from tests.integration.feeds import entries_by_party
from tests.integration.nominating import confirm, nominate, pilot_hubs, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(world: World, now: datetime) -> Rollout:
    """A published rollout with a pilot of at most six hubs."""
    return publish(world, now=now)


@pytest.mark.requirement("R2.3")
def test_confirming_moves_the_hubs_and_puts_the_suppliers_time_on_them(
    world: World, rollout: Rollout, now: datetime
) -> None:
    wanted = now + timedelta(days=10)
    nomination = nominate(world, rollout, 0, 1, now=now, activate_at=wanted)

    done = confirm(world, rollout, nomination, now=now + timedelta(hours=1))

    assert (done.joined, done.dropped, done.in_pilot, done.cap) == (2, 0, 2, 6)
    first = world.target_of(rollout, 0)
    assert first.batch_id == rollout.batches.get(kind="PILOT").pk
    assert (first.consent, first.state, first.import_answer, first.effective_at) == (4, 20, 1, wanted)
    instruction = Instruction.objects.get()
    assert (instruction.channel, instruction.organisation_id) == ("PILOT", world.supplier.pk)
    assert instruction.received_at == now
    assert entries_by_party(EntryKind.PILOT_CONFIRMED)[world.supplier.pk]["hubs"] == 2
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_a_nomination_without_a_time_means_as_soon_as_distributed(
    world: World, rollout: Rollout, now: datetime
) -> None:
    confirm(world, rollout, nominate(world, rollout, 0, now=now), now=now + timedelta(hours=1))

    assert world.target_of(rollout, 0).effective_at == now


@pytest.mark.requirement("R2.6", "R3.3")
def test_a_split_hub_in_the_pilot_waits_for_its_second_supplier_who_is_told_but_never_by_whom(
    world: World, rollout: Rollout, now: datetime
) -> None:
    confirm(world, rollout, nominate(world, rollout, 0, 9, 10, now=now), now=now)

    split = world.target_of(rollout, 9)
    assert (split.consent, split.state) == (3, 10)
    entry = entries_by_party(EntryKind.PILOT_CONFIRMED)[world.other.pk]
    assert (entry["hubs"], entry["split"], entry["awaiting_your_answer"]) == (2, 2, 2)
    assert "nominated" not in entry
    assert world.supplier.name not in str(
        list(FeedOutbox.objects.filter(party_id=world.other.pk).values_list("data", flat=True))
    )
    assert world.third.pk not in entries_by_party(EntryKind.PILOT_CONFIRMED)


@pytest.mark.requirement("R2.6")
def test_a_split_hub_nominated_by_both_counts_once_and_takes_the_later_time(
    world: World, rollout: Rollout, now: datetime
) -> None:
    early, late = now + timedelta(days=3), now + timedelta(days=5)
    by_one = nominate(world, rollout, 9, now=now, activate_at=early)
    by_other = nominate(world, rollout, 9, now=now, activate_at=late, scope=world.as_other)

    done = confirm(world, rollout, by_one, by_other, now=now)

    assert done.in_pilot == 1
    both = world.target_of(rollout, 9)
    assert (both.consent, both.effective_at) == (4, late)


@pytest.mark.requirement("R2.3")
def test_the_cap_is_shared_by_all_suppliers_and_kept_at_confirmation(
    world: World, rollout: Rollout, now: datetime
) -> None:
    mine = nominate(world, rollout, 0, 1, 2, 3, now=now)
    theirs = nominate(world, rollout, 16, 17, 19, now=now, scope=world.as_other)
    confirm(world, rollout, mine, now=now)

    with pytest.raises(services.OverPilotCap) as refusal:
        confirm(world, rollout, theirs, now=now)

    assert refusal.value.facts == {"cap": 6, "room": 2, "asked": 3}
    assert pilot_hubs(rollout) == 4
    assert PilotSubmission.objects.get(pk=theirs.submission_id).status == "SUBMITTED"


def test_a_hub_that_changed_hands_or_left_before_confirmation_is_dropped(
    world: World, rollout: Rollout, now: datetime
) -> None:
    nomination = nominate(world, rollout, 0, 1, 2, now=now)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(
        import_supplier_id=world.other.pk, gas_supplier_id=world.other.pk
    )
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(1)).update(state=90, code=60)

    done = confirm(world, rollout, nomination, now=now)

    assert (done.joined, done.dropped) == (1, 2)
    assert world.target_of(rollout, 0).batch_id != world.target_of(rollout, 2).batch_id


def test_a_nomination_is_decided_once(world: World, rollout: Rollout, now: datetime) -> None:
    nomination = nominate(world, rollout, 0, now=now)
    confirm(world, rollout, nomination, now=now)

    with pytest.raises(NotFound):
        confirm(world, rollout, nomination, now=now)
    with pytest.raises(NotFound):
        services.withdraw_submission(world.as_supplier, submission_id=nomination.submission_id, now=now)


@pytest.mark.requirement("R2.4", "R2.5")
def test_a_pilot_runs_from_start_to_acceptance_and_everybody_hears_of_each_stage(
    world: World, rollout: Rollout, now: datetime
) -> None:
    confirm(world, rollout, nominate(world, rollout, 0, 1, 9, now=now), now=now)

    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    assert dict(rollout.batches.values_list("kind", "gate_open")) == {"PILOT": True, "SAFE_LAUNCH": False}
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(state=60)
    services.comment_on_pilot(world.operator, rollout_id=rollout.pk, commentary="One is done.", now=now)
    services.end_pilot(world.operator, rollout_id=rollout.pk, commentary="It went well.", now=now)
    services.accept_pilot(world.operator, rollout_id=rollout.pk, now=now)

    everybody = {
        org.pk for org in (world.supplier, world.other, world.third, world.csp, world.panel, world.dcc)
    }
    for kind in (
        EntryKind.PILOT_STARTED,
        EntryKind.PILOT_PROGRESS,
        EntryKind.PILOT_ENDED,
        EntryKind.PILOT_ACCEPTED,
    ):
        assert set(entries_by_party(kind)) == everybody
    progress = entries_by_party(EntryKind.PILOT_PROGRESS)
    assert progress[world.supplier.pk]["commentary"] == "One is done."
    assert progress[world.supplier.pk]["own_pilot"]["states"] == {
        "ELIGIBLE": 1,
        "SCHEDULED": 1,
        "ACTIVATED": 1,
    }
    assert progress[world.other.pk]["own_pilot"] == {"hubs": 1, "states": {"ELIGIBLE": 1}}
    assert "own_pilot" not in progress[world.third.pk]
    for kind in (EntryKind.PILOT_PROGRESS, EntryKind.PILOT_ENDED):
        assert entries_by_party(kind)[world.dcc.pk]["pilot"]["hubs"] == 3
        for party in (world.supplier, world.other, world.third, world.csp):
            assert "pilot" not in entries_by_party(kind)[party.pk]
            assert entries_by_party(kind)[party.pk]["pilot_percent"] == {"activated": 100, "failed": 0}
    assert entries_by_party(EntryKind.PILOT_ENDED)[world.third.pk]["commentary"] == "It went well."
    rollout.refresh_from_db()
    assert (rollout.status, rollout.pilot_commentary) == ("SAFE_LAUNCH", "It went well.")
    assert all(rollout.batches.values_list("gate_open", flat=True))


@pytest.mark.requirement("R2.5")
def test_a_pilot_can_be_reopened_or_rejected_and_the_gate_stays_shut(
    world: World, rollout: Rollout, now: datetime
) -> None:
    confirm(world, rollout, nominate(world, rollout, 0, now=now), now=now)
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    services.end_pilot(world.operator, rollout_id=rollout.pk, commentary="Unclear.", now=now)

    services.reopen_pilot(world.operator, rollout_id=rollout.pk, commentary="More hubs.", now=now)
    confirm(world, rollout, nominate(world, rollout, 1, now=now), now=now)
    services.end_pilot(world.operator, rollout_id=rollout.pk, commentary="Bad.", now=now)
    services.reject_pilot(world.operator, rollout_id=rollout.pk, commentary="HAN faults.", now=now)

    rollout.refresh_from_db()
    assert (rollout.status, rollout.stood_at) == ("SUSPENDED", "PILOT_REVIEW")
    assert not rollout.batches.get(kind="SAFE_LAUNCH").gate_open


def test_a_pilot_needs_hubs_words_and_the_right_moment(world: World, rollout: Rollout, now: datetime) -> None:
    with pytest.raises(services.PilotEmpty):
        services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    with pytest.raises(services.StepRefused):
        services.accept_pilot(world.operator, rollout_id=rollout.pk, now=now)
    with pytest.raises(services.StepRefused):
        services.comment_on_pilot(world.operator, rollout_id=rollout.pk, commentary="Hm", now=now)
    confirm(world, rollout, nominate(world, rollout, 0, now=now), now=now)
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    with pytest.raises(BadInput):
        services.end_pilot(world.operator, rollout_id=rollout.pk, commentary=" ", now=now)
    services.end_pilot(world.operator, rollout_id=rollout.pk, commentary="Well.", now=now)
    with pytest.raises(services.NoPilot):
        nominate(world, rollout, 1, now=now)


def test_nobody_joins_the_pilot_of_a_rollout_that_stands(
    world: World, rollout: Rollout, now: datetime
) -> None:
    nomination = nominate(world, rollout, 0, now=now)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Look first", now=now)

    with pytest.raises(services.InstructionRefused):
        confirm(world, rollout, nomination, now=now)
    with pytest.raises(services.InstructionRefused):
        nominate(world, rollout, 1, now=now)

    assert pilot_hubs(rollout) == 0


@pytest.mark.requirement("R2.3")
@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_keep_the_cap(now: datetime) -> None:
    world = make_world()
    rollout = publish(world, now=now, pilot_cap=4)
    nominations = [
        nominate(world, rollout, 0, 1, 2, now=now),
        nominate(world, rollout, 16, 17, now=now, scope=world.as_other),
    ]
    outcomes: list[str] = []

    def run(nomination: services.Nomination) -> None:
        try:
            confirm(world, rollout, nomination, now=now)
            outcomes.append("confirmed")
        except services.OverPilotCap:
            outcomes.append("over the cap")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(nomination,)) for nomination in nominations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["confirmed", "over the cap"]
    assert pilot_hubs(rollout) in {2, 3}


@pytest.mark.parametrize("numbers", [12, 40])
def test_nominating_and_confirming_take_as_many_statements_for_many_hubs_as_for_few(
    numbers: int, now: datetime, django_assert_num_queries
) -> None:
    world = make_world(hubs=100)
    rollout = publish(world, now=now, pilot_cap=300)
    chosen = [number for number in range(100) if number % 20 < 16][:numbers]

    with django_assert_num_queries(16):
        nomination = nominate(world, rollout, *chosen, now=now)
    with django_assert_num_queries(22):  # one of them says that the instruction is applied
        confirm(world, rollout, nomination, now=now)
