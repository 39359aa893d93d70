"""The pilot: nominated by Suppliers, confirmed by the DCC within the cap, and the gate behind it (R2)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Hub, Instruction, PilotMember, PilotSubmission, Rollout, SelectionRule, Target
from rollouts.rules import RuleBroken
from rollouts.services.instructions.hub_list import HubList
from tests.factories import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(world: World, now: datetime) -> Rollout:
    """A published rollout with a pilot of at most six hubs."""
    return publish(world, now=now)


def publish(world: World, *, now: datetime, pilot_cap: int = 6) -> Rollout:
    """Publish a rollout with a pilot."""
    rollout = services.draft_rollout(
        world.operator,
        name="Toshiba 0C230000",
        cpl_entry_id=world.target.pk,
        kind="SEC_RELEASE",
        severity="MAJOR",
        priority="P2",
        automatic_at=now + timedelta(days=120),
        release_note_url="https://sharepoint.example/1",
        pilot_cap=pilot_cap,
        now=now,
    )
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)
    rollout.refresh_from_db()
    return rollout


def hubs(world: World, *numbers: int) -> HubList:
    """Name hubs as a person would paste them."""
    return HubList.from_text("\n".join(str(Guid.from_db(world.guid(number))) for number in numbers))


def nominate(
    world: World, rollout: Rollout, *numbers: int, now: datetime, scope: object = None, **more: object
) -> services.Nomination:
    """Nominate hubs, as `supplier` unless told otherwise."""
    source = hubs(world, *numbers)
    return services.submit_pilot(
        scope or world.as_supplier, rollout_id=rollout.pk, source=source, now=now, **more
    )


def confirm(
    world: World, rollout: Rollout, *nominations: services.Nomination, now: datetime
) -> services.Confirmation:
    """Confirm nominations."""
    ids = [nomination.submission_id for nomination in nominations]
    return services.confirm_pilot(world.operator, rollout_id=rollout.pk, submission_ids=ids, now=now)


def target(world: World, rollout: Rollout, number: int) -> Target:
    """Return one hub's place."""
    return Target.objects.get(rollout_id=rollout.pk, guid=world.guid(number))


def told(kind: EntryKind) -> dict[int, dict[str, object]]:
    """Return what each party was told last by entries of one kind."""
    return {each.party_id: each.data for each in FeedOutbox.objects.filter(kind=kind).order_by("id")}


def pilot_hubs(rollout: Rollout) -> int:
    """Count the hubs in the pilot group."""
    pilot = rollout.batches.get(kind="PILOT")
    return Target.objects.filter(rollout_id=rollout.pk, batch_id=pilot.pk).count()


@pytest.mark.requirement("R2.3")
def test_a_nomination_waits_for_the_dcc_and_each_is_told(
    world: World, rollout: Rollout, now: datetime
) -> None:
    nomination = nominate(world, rollout, 0, 1, 9, now=now)

    assert (nomination.hubs, list(nomination.rejected)) == (3, [])
    assert pilot_hubs(rollout) == 0
    entries = told(EntryKind.PILOT_SUBMITTED)
    assert entries[world.supplier.pk]["hubs"] == 3
    assert entries[world.dcc.pk]["supplier"] == world.supplier.name
    assert set(entries) == {world.supplier.pk, world.dcc.pk}


@pytest.mark.requirement("R2.3", "R4.2")
def test_what_cannot_be_in_the_pilot_is_listed_with_its_reason_and_the_rest_goes_on(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Hub.objects.filter(guid=world.guid(2)).update(smi_status=8)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(2)).update(state=90, code=65)
    text = "\n".join(
        [
            str(Guid.from_db(world.guid(0))),
            "nonsense",
            str(Guid.from_db(world.guid(0))),
            str(Guid.from_db(world.guid(17))),
            "00-DB-12-34-FF-FF-FF-FF",
            str(Guid.from_db(world.guid(2))),
        ]
    )

    nomination = services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_text(text), now=now
    )

    assert nomination.hubs == 1
    assert [(each["line"], each["reason"]) for each in nomination.rejected] == [
        (2, "MALFORMED_ID"),
        (3, "DUPLICATE_IN_LIST"),
        (4, "UNKNOWN_DEVICE"),
        (5, "UNKNOWN_DEVICE"),
        (6, "RECOVERY_IN_PROGRESS"),
    ]


@pytest.mark.requirement("R4.2")
def test_a_line_of_bytes_no_database_keeps_is_listed_as_the_others(
    world: World, rollout: Rollout, now: datetime
) -> None:
    text = f"{Guid.from_db(world.guid(0))}\n00-DB\0-12\xff\n\0\n".encode("latin-1")

    nomination = services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_text(text), now=now
    )

    assert nomination.hubs == 1
    assert nomination.rejected[0]["raw"] == "00-DB-12\N{LATIN SMALL LETTER Y WITH DIAERESIS}"


@pytest.mark.requirement("R2.3")
def test_confirming_moves_the_hubs_and_puts_the_suppliers_time_on_them(
    world: World, rollout: Rollout, now: datetime
) -> None:
    wanted = now + timedelta(days=10)
    nomination = nominate(world, rollout, 0, 1, now=now, activate_at=wanted)

    done = confirm(world, rollout, nomination, now=now + timedelta(hours=1))

    assert (done.joined, done.dropped, done.in_pilot, done.cap) == (2, 0, 2, 6)
    first = target(world, rollout, 0)
    assert first.batch_id == rollout.batches.get(kind="PILOT").pk
    assert (first.consent, first.state, first.import_answer, first.effective_at) == (4, 20, 1, wanted)
    instruction = Instruction.objects.get()
    assert (instruction.channel, instruction.organisation_id) == ("PILOT", world.supplier.pk)
    assert instruction.received_at == now
    assert told(EntryKind.PILOT_CONFIRMED)[world.supplier.pk]["hubs"] == 2
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_a_nomination_without_a_time_means_as_soon_as_distributed(
    world: World, rollout: Rollout, now: datetime
) -> None:
    confirm(world, rollout, nominate(world, rollout, 0, now=now), now=now + timedelta(hours=1))

    assert target(world, rollout, 0).effective_at == now


@pytest.mark.requirement("R2.6", "R3.3")
def test_a_split_hub_in_the_pilot_waits_for_its_second_supplier_who_is_told_but_never_by_whom(
    world: World, rollout: Rollout, now: datetime
) -> None:
    confirm(world, rollout, nominate(world, rollout, 0, 9, 10, now=now), now=now)

    split = target(world, rollout, 9)
    assert (split.consent, split.state) == (3, 10)
    entry = told(EntryKind.PILOT_CONFIRMED)[world.other.pk]
    assert (entry["hubs"], entry["split"], entry["awaiting_your_answer"]) == (2, 2, 2)
    assert "nominated" not in entry
    assert world.supplier.name not in str(
        list(FeedOutbox.objects.filter(party_id=world.other.pk).values_list("data", flat=True))
    )
    assert world.third.pk not in told(EntryKind.PILOT_CONFIRMED)


@pytest.mark.requirement("R2.6")
def test_a_split_hub_nominated_by_both_counts_once_and_takes_the_later_time(
    world: World, rollout: Rollout, now: datetime
) -> None:
    early, late = now + timedelta(days=3), now + timedelta(days=5)
    by_one = nominate(world, rollout, 9, now=now, activate_at=early)
    by_other = nominate(world, rollout, 9, now=now, activate_at=late, scope=world.as_other)

    done = confirm(world, rollout, by_one, by_other, now=now)

    assert done.in_pilot == 1
    both = target(world, rollout, 9)
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


def test_more_hubs_than_the_whole_group_may_hold_are_refused_at_once(
    world: World, rollout: Rollout, now: datetime
) -> None:
    with pytest.raises(services.OverPilotCap):
        nominate(world, rollout, 0, 1, 2, 3, 4, 5, 6, now=now)

    assert not PilotSubmission.objects.exists()


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
    assert target(world, rollout, 0).batch_id != target(world, rollout, 2).batch_id


def test_a_nomination_is_decided_once(world: World, rollout: Rollout, now: datetime) -> None:
    nomination = nominate(world, rollout, 0, now=now)
    confirm(world, rollout, nomination, now=now)

    with pytest.raises(NotFound):
        confirm(world, rollout, nomination, now=now)
    with pytest.raises(NotFound):
        services.withdraw_submission(world.as_supplier, submission_id=nomination.submission_id, now=now)


def test_a_nomination_can_be_withdrawn_by_its_supplier_and_declined_by_the_dcc_only(
    world: World, rollout: Rollout, now: datetime
) -> None:
    mine, theirs = (
        nominate(world, rollout, 0, now=now),
        nominate(world, rollout, 16, now=now, scope=world.as_other),
    )

    with pytest.raises(NotFound):
        services.withdraw_submission(world.as_other, submission_id=mine.submission_id, now=now)
    with pytest.raises(NotPermitted):
        services.decline_submission(world.as_other, submission_id=mine.submission_id, comment="No", now=now)
    services.withdraw_submission(world.as_supplier, submission_id=mine.submission_id, now=now)
    services.decline_submission(
        world.operator, submission_id=theirs.submission_id, comment="Too rural", now=now
    )

    statuses = dict(PilotSubmission.objects.values_list("pk", "status"))
    assert statuses == {mine.submission_id: "WITHDRAWN", theirs.submission_id: "DECLINED"}
    assert told(EntryKind.PILOT_CONFIRMED) == {
        world.other.pk: {
            "submission": theirs.submission_id,
            "hubs": 0,
            "declined": 1,
            "comment": "Too rural",
        }
    }


@pytest.mark.requirement("R3.1")
@pytest.mark.parametrize(("late", "refused"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_a_nomination_arrives_by_the_cut_off(
    world: World, rollout: Rollout, late: timedelta, *, refused: bool
) -> None:
    if refused:
        with pytest.raises(RuleBroken):
            nominate(world, rollout, 0, now=rollout.cutoff_at + late)
    else:
        assert nominate(world, rollout, 0, now=rollout.cutoff_at + late).hubs == 1


@pytest.mark.requirement("R3.1")
def test_the_time_of_a_nomination_is_strictly_earlier_than_the_automatic_one(
    world: World, rollout: Rollout, now: datetime
) -> None:
    with pytest.raises(RuleBroken) as refusal:
        nominate(world, rollout, 0, now=now, activate_at=rollout.automatic_at)

    assert refusal.value.code == "TIME_NOT_EARLIER"


def test_a_supplier_without_hubs_here_and_one_who_may_not_choose_are_turned_away(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Target.objects.filter(rollout_id=rollout.pk).update(import_supplier_id=world.supplier.pk)
    Target.objects.filter(rollout_id=rollout.pk).update(gas_supplier_id=world.supplier.pk)

    with pytest.raises(NotFound):
        nominate(world, rollout, 0, now=now, scope=world.as_other)
    with pytest.raises(NotPermitted):
        nominate(world, rollout, 0, now=now, scope=world.operator)
    with pytest.raises(NotPermitted):
        services.confirm_pilot(world.as_supplier, rollout_id=rollout.pk, submission_ids=[1], now=now)
    with pytest.raises(services.NothingNominated):
        nominate(world, rollout, 99, now=now)
    with pytest.raises(BadInput):
        services.submit_pilot(world.as_supplier, rollout_id=rollout.pk, now=now)


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
        assert set(told(kind)) == everybody
    progress = told(EntryKind.PILOT_PROGRESS)
    assert progress[world.supplier.pk]["commentary"] == "One is done."
    assert progress[world.supplier.pk]["own_pilot"]["states"] == {
        "ELIGIBLE": 1,
        "SCHEDULED": 1,
        "ACTIVATED": 1,
    }
    assert progress[world.other.pk]["own_pilot"] == {"hubs": 1, "states": {"ELIGIBLE": 1}}
    assert "own_pilot" not in progress[world.third.pk]
    for kind in (EntryKind.PILOT_PROGRESS, EntryKind.PILOT_ENDED):
        assert told(kind)[world.dcc.pk]["pilot"]["hubs"] == 3
        for party in (world.supplier, world.other, world.third, world.csp):
            assert "pilot" not in told(kind)[party.pk]
            assert told(kind)[party.pk]["pilot_percent"] == {"activated": 100, "failed": 0}
    assert told(EntryKind.PILOT_ENDED)[world.third.pk]["commentary"] == "It went well."
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


@pytest.mark.requirement("R2.2")
def test_a_rule_has_a_new_version_only_when_it_means_something_new(world: World, now: datetime) -> None:
    tree = {"all": [{"field": "han_devices", "op": ">=", "value": 4}]}
    same = {"any": [{"field": "han_devices", "op": ">=", "value": 4}]}

    first = services.save_rule(world.as_supplier, name="Busy homes", tree=tree, now=now)
    again = services.save_rule(world.as_supplier, name=" Busy homes ", tree=tree, now=now)
    sampled = services.save_rule(
        world.as_supplier, name="Busy homes", tree=tree, sample={"size": 5, "seed": 7}, now=now
    )
    other = services.save_rule(world.as_supplier, name="Busy homes", tree=same, now=now)

    assert (first.version, again.pk, sampled.version, other.version) == (1, first.pk, 2, 3)
    assert SelectionRule.objects.get().latest_version == 3
    assert sampled.sample["size"] == 5


@pytest.mark.requirement("R2.2", "R2.3")
def test_a_saved_rule_nominates_what_it_chooses_of_the_suppliers_own_hubs(
    world: World, rollout: Rollout, now: datetime
) -> None:
    version = services.save_rule(
        world.as_supplier, name="Five", tree={"all": []}, sample={"size": 5, "seed": 3}, now=now
    )

    nomination = services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, rule_version_id=version.pk, now=now
    )

    guids = set(PilotMember.objects.values_list("guid", flat=True))
    assert nomination.hubs == len(guids) == 5
    assert guids <= {world.guid(number) for number in range(16)}
    assert 0 < nomination.score <= 1
    with pytest.raises(NotFound):
        services.submit_pilot(world.as_other, rollout_id=rollout.pk, rule_version_id=version.pk, now=now)


@pytest.mark.parametrize("numbers", [12, 40])
def test_nominating_and_confirming_take_as_many_statements_for_many_hubs_as_for_few(
    numbers: int, now: datetime, django_assert_num_queries
) -> None:
    world = make_world(hubs=100)
    rollout = publish(world, now=now, pilot_cap=300)
    chosen = [number for number in range(100) if number % 20 < 16][:numbers]

    with django_assert_num_queries(16):
        nomination = nominate(world, rollout, *chosen, now=now)
    with django_assert_num_queries(21):
        confirm(world, rollout, nomination, now=now)
