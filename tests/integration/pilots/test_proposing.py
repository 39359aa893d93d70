"""Pilot hubs that DCC proposes: drawn by conditions, accepted or not by each of their Suppliers (R2.3, R2.6)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from notifications.notice_texts import notice_text
from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel.refusals import NotFound, NotPermitted
from rollouts import services
from rollouts.models import Instruction, PilotMember, PilotSubmission, Rollout, Target
from rollouts.queries.pilots.pilots import pilot_hubs
from rollouts.queries.pilots.proposals import nominating_suppliers, proposal_card, proposed_hubs
from rollouts.rules import RuleBroken
from rollouts.services.instructions.hub_list import HubList
from tests.factories import World, make_rollout, make_world
from tests.integration.feeds import entries_by_party

pytestmark = [pytest.mark.django_db]
ALL = {"all": []}
SPLIT = {"all": [{"field": "supply", "op": "=", "value": "SPLIT"}]}


@pytest.fixture
def rollout(world, now):
    """A published rollout whose pilot nobody has nominated hubs for."""
    return make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)


def propose(world, rollout, *, now, tree=ALL, **more):
    """Propose hubs as the DCC."""
    return services.propose_pilot(world.operator, rollout_id=rollout.pk, tree=tree, now=now, **more)


def proposed_to(organisation):
    """Return what is proposed to a Supplier."""
    return PilotSubmission.objects.filter(organisation_id=organisation.pk).latest("pk")


def answer(scope, organisation, *, now, accepts=True, **more):
    """Answer what is proposed."""
    return services.answer_proposal(
        scope, submission_id=proposed_to(organisation).pk, accepts=accepts, now=now, **more
    )


def in_pilot(world, rollout):
    """Number the hubs of the pilot group."""
    pilot = rollout.batches.get(kind="PILOT")
    guids = Target.objects.filter(rollout_id=rollout.pk, batch_id=pilot.pk).values_list("guid", flat=True)
    return sorted(guid - world.guid(0) for guid in guids)


@pytest.mark.requirement("R2.3")
def test_hubs_of_one_supplier_join_once_it_accepts(world, rollout, now):
    wanted = now + timedelta(days=20)
    sole = {"all": [{"field": "supply", "op": "=", "value": "SOLE"}]}

    made = propose(
        world, rollout, tree=sole, sample={"size": 3, "seed": 1}, supplier_id=world.supplier.pk,
        activate_at=wanted, comment="None of yours so far.", now=now,
    )  # fmt: skip
    before = in_pilot(world, rollout)
    done = answer(world.as_supplier, world.supplier, now=now + timedelta(hours=2))

    assert (made.asked, made.suppliers, made.joined, before) == (3, 1, 0, [])
    assert (done.hubs, done.joined) == (3, 3)
    joined = in_pilot(world, rollout)
    first = Target.objects.get(rollout_id=rollout.pk, guid=world.guid(joined[0]))
    assert len(joined) == 3
    assert (first.consent, first.state, first.effective_at) == (4, 20, wanted)
    instruction = Instruction.objects.get()
    assert (instruction.channel, instruction.organisation_id) == ("PILOT", world.supplier.pk)
    assert instruction.received_at == now + timedelta(hours=2)
    assert entries_by_party(EntryKind.PILOT_PROPOSED).keys() == {world.supplier.pk}
    entry = entries_by_party(EntryKind.PILOT_ANSWERED)
    assert entry.keys() == {world.dcc.pk}
    assert (entry[world.dcc.pk]["is_accepted"], entry[world.dcc.pk]["joined"]) == (True, 3)
    assert Event.objects.filter(name__in=["pilot.proposed", "pilot.answered"]).count() == 2
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R2.3", "R2.6", "R3.3")
def test_a_split_hub_joins_once_both_suppliers_accept_and_neither_learns_who_the_other_is(
    world, rollout, now
):
    propose(world, rollout, tree=SPLIT, now=now)
    parties = {world.supplier.pk, world.other.pk, world.third.pk}
    assert entries_by_party(EntryKind.PILOT_PROPOSED).keys() == parties

    first = answer(world.as_supplier, world.supplier, now=now)
    alone = in_pilot(world, rollout)
    second = answer(world.as_other, world.other, now=now + timedelta(hours=1))

    assert (first.joined, alone) == (0, [])
    assert (second.joined, in_pilot(world, rollout)) == (3, [9, 10, 11])
    hub = Target.objects.get(rollout_id=rollout.pk, guid=world.guid(9))
    assert (hub.consent, hub.state, hub.import_answer, hub.gas_answer) == (4, 20, 1, 1)
    received = dict(Instruction.objects.values_list("organisation_id", "received_at"))
    assert received == {world.supplier.pk: now, world.other.pk: now + timedelta(hours=1)}
    assert entries_by_party(EntryKind.PILOT_CONFIRMED)[world.supplier.pk]["hubs"] == 3
    for own, others in ((world.other, (world.supplier, world.third)), (world.supplier, (world.other,))):
        texts = str(list(FeedOutbox.objects.filter(party_id=own.pk).values_list("data", flat=True)))
        assert not any(each.name in texts for each in others)


@pytest.mark.requirement("R2.3", "R2.6")
def test_a_split_hub_stays_out_where_one_supplier_does_not_accept(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    answer(world.as_other, world.other, accepts=False, comment="Not these.", now=now)

    done = answer(world.as_supplier, world.supplier, now=now)

    assert (done.joined, in_pilot(world, rollout)) == (0, [])
    assert proposed_to(world.other).status == "REFUSED"
    assert not Instruction.objects.exists()


@pytest.mark.requirement("R2.3", "R3.11")
def test_a_hub_that_changed_hands_waits_for_whoever_has_it_now(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    answer(world.as_supplier, world.supplier, now=now)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(9)).update(gas_supplier_id=world.third.pk)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(10)).update(
        import_supplier_id=world.third.pk
    )

    answer(world.as_other, world.other, now=now)

    assert in_pilot(world, rollout) == [11]


@pytest.mark.requirement("R2.3")
def test_a_supplier_sees_its_own_hubs_of_a_proposal_and_none_that_it_lost(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    submission = proposed_to(world.other)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(9)).update(gas_supplier_id=world.third.pk)

    page = proposed_hubs(world.as_other, rollout_id=rollout.pk, submission_id=submission.pk)
    card = proposal_card(world.as_other, rollout_id=rollout.pk, submission_id=submission.pk)

    assert len(page.items) == 3  # two shared with `supplier`, one with `third`
    assert {(hub.role, hub.has_second_supplier) for hub in page.items} == {("GAS", True), ("IMPORT", True)}
    assert (card.status, card.answer_by) == ("PROPOSED", rollout.cutoff_at)
    for scope in (world.as_supplier, world.operator, world.as_csp):
        with pytest.raises(NotFound):
            proposed_hubs(scope, rollout_id=rollout.pk, submission_id=submission.pk)
        with pytest.raises(NotFound):
            proposal_card(scope, rollout_id=rollout.pk, submission_id=submission.pk)
    with pytest.raises(NotFound):
        services.answer_proposal(world.as_supplier, submission_id=submission.pk, accepts=True, now=now)
    with pytest.raises(NotPermitted):
        services.answer_proposal(world.operator, submission_id=submission.pk, accepts=True, now=now)


@pytest.mark.requirement("R2.3")
def test_an_answer_is_given_once_and_in_time(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    with pytest.raises(RuleBroken) as late:
        answer(world.as_other, world.other, now=rollout.cutoff_at + timedelta(seconds=1))
    answer(world.as_other, world.other, now=rollout.cutoff_at)

    assert late.value.code == "AFTER_CUTOFF"
    with pytest.raises(NotFound):
        answer(world.as_other, world.other, accepts=False, now=now)


@pytest.mark.requirement("R2.3")
def test_proposals_keep_the_cap_with_what_waits_for_an_answer(world, rollout, now):
    Rollout.objects.filter(pk=rollout.pk).update(pilot_cap=7)
    propose(world, rollout, tree=SPLIT, now=now)

    with pytest.raises(services.OverPilotCap) as full:
        propose(world, rollout, sample={"size": 4}, now=now)

    assert full.value.facts == {"cap": 7, "room": 1, "asked": 4}
    with pytest.raises(NotPermitted):
        services.propose_pilot(world.as_supplier, rollout_id=rollout.pk, tree=ALL, now=now)
    with pytest.raises(NotFound):
        propose(world, rollout, supplier_id=world.csp.pk, now=now)


@pytest.mark.requirement("R2.3")
def test_a_supplier_told_that_there_is_no_room_learns_no_count_of_others(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    Rollout.objects.filter(pk=rollout.pk).update(pilot_cap=2)
    answer(world.as_supplier, world.supplier, now=now)

    with pytest.raises(services.OverPilotCap) as full:
        answer(world.as_other, world.other, now=now)

    assert not full.value.facts
    assert proposed_to(world.other).status == "PROPOSED"


@pytest.mark.requirement("R2.3")
def test_once_the_time_to_answer_is_up_hubs_nobody_instructed_join_at_once(world, rollout, now):
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind="INSTRUCT",
        source=HubList.from_stored([world.guid(0)]),
        received_at=now,
        now=now,
    )
    late = rollout.cutoff_at + timedelta(days=1)
    services.close_window(rollout_id=rollout.pk, now=late)

    made = propose(
        world, rollout, now=late, activate_at=late + timedelta(days=2), comment="Nobody nominated."
    )

    assert (made.asked, made.joined) == (0, 19)
    assert in_pilot(world, rollout) == list(range(1, 20))
    hub = Target.objects.get(rollout_id=rollout.pk, guid=world.guid(9))
    assert (hub.consent, hub.state, hub.effective_at) == (5, 20, late + timedelta(days=2))
    assert entries_by_party(EntryKind.PILOT_CONFIRMED)[world.other.pk] == {
        "name": rollout.name, "comment": "Nobody nominated.", "hubs": 6, "split": 4, "awaiting_your_answer": 0,
    }  # fmt: skip
    assert len(pilot_hubs(world.as_third, rollout_id=rollout.pk).items) == 3
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=late)


@pytest.mark.requirement("R2.3")
def test_the_dcc_sees_who_has_not_nominated_and_reminds_them_once_a_day(world, rollout, now):
    services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_stored([world.guid(0)]), now=now
    )

    done = services.remind_to_nominate(world.operator, rollout_id=rollout.pk, now=now)
    with pytest.raises(services.NobodyToRemind):
        services.remind_to_nominate(world.operator, rollout_id=rollout.pk, now=now + timedelta(hours=23))

    assert done.suppliers == 2
    rows = {each.supplier: each for each in nominating_suppliers(world.operator, rollout_id=rollout.pk)}
    assert (rows["Brightwater Energy"].has_nominated, rows["Brightwater Energy"].named) == (True, 1)
    assert (rows["Fernhill Gas"].has_nominated, rows["Fernhill Gas"].reminded_at) == (False, now)
    entries = entries_by_party(EntryKind.PILOT_REMINDED)
    assert entries.keys() == {world.other.pk, world.third.pk}
    words = notice_text(EntryKind.PILOT_REMINDED, {**entries[world.other.pk], "is_own": True})
    assert "6 hubs of yours could take part" in words.text
    assert Event.objects.get(name="pilot.reminded").facts["suppliers"] == [world.other.pk, world.third.pk]
    for scope in (world.as_supplier, world.as_panel, world.as_csp):
        with pytest.raises(NotFound):
            nominating_suppliers(scope, rollout_id=rollout.pk)
    with pytest.raises(NotPermitted):
        services.remind_to_nominate(world.as_other, rollout_id=rollout.pk, now=now)
    with pytest.raises(RuleBroken):
        services.remind_to_nominate(
            world.operator, rollout_id=rollout.pk, now=rollout.cutoff_at + timedelta(seconds=1)
        )


@pytest.mark.requirement("R2.3", "R2.6")
@pytest.mark.django_db(transaction=True)
def test_two_suppliers_who_accept_at_once_let_their_hubs_join_once(now):
    world: World = make_world()
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    propose(world, rollout, tree=SPLIT, now=now)
    joined = []

    def accept(scope, organisation):
        try:
            joined.append(answer(scope, organisation, now=now).joined)
        finally:
            connections.close_all()

    seats = [(world.as_supplier, world.supplier), (world.as_other, world.other)]
    threads = [threading.Thread(target=accept, args=seat) for seat in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(joined) == [0, 3]
    assert in_pilot(world, rollout) == [9, 10, 11]
    assert PilotMember.objects.filter(guid=world.guid(9)).count() == 2


def test_dcc_takes_back_what_a_supplier_has_not_answered_and_it_is_told(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    submission = proposed_to(world.other)
    answer(world.as_supplier, world.supplier, now=now)

    services.withdraw_proposed(world.operator, submission_id=submission.pk, now=now)

    submission.refresh_from_db()
    assert (submission.status, submission.decided_at) == ("WITHDRAWN", now)
    assert in_pilot(world, rollout) == []
    assert set(entries_by_party(EntryKind.PILOT_PROPOSAL_WITHDRAWN)) == {world.other.pk}
    assert Event.objects.get(name="pilot.proposal-withdrawn").facts["hubs"] == submission.hubs
    with pytest.raises(NotFound):
        answer(world.as_other, world.other, now=now)
    with pytest.raises(NotFound):
        services.withdraw_proposed(world.operator, submission_id=submission.pk, now=now)


def test_only_dcc_takes_a_proposal_back_and_only_an_unanswered_one(world, rollout, now):
    propose(world, rollout, tree=SPLIT, now=now)
    submission = proposed_to(world.supplier)

    with pytest.raises(NotPermitted):
        services.withdraw_proposed(world.as_supplier, submission_id=submission.pk, now=now)
    answer(world.as_supplier, world.supplier, now=now)
    with pytest.raises(NotFound):
        services.withdraw_proposed(world.operator, submission_id=submission.pk, now=now)
