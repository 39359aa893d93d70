"""Standing approvals: in versions, tried out before they are on, applied once, never over a person's word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.identity.roles import Role
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from portal.kernel.transactions import unit_of_work
from rollouts import services
from rollouts.models import ApprovalRun, Batch, Instruction, Target
from rollouts.queries.rules.approvals import (
    approval_rule,
    approval_rules,
    approval_versions,
    back_test_approval,
    dry_run_approval,
)
from rollouts.reads.rules.approvals import Approval
from rollouts.rules.criteria import InvalidCriteria
from rollouts.services import HubList
from rollouts.services.rules import approve
from rollouts.states import Channel, Consent, InstructionKind, TargetState
from rollouts.tasks import run_approval_rules, tick_deadlines
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]

MAJOR = {"field": "severity", "op": "=", "value": "MAJOR"}
EVERY_HUB = {"all": []}
SOON = {"after": "notice", "days": 10}
PROVEN = {"all": [MAJOR, {"field": "pilot_success_rate", "op": ">=", "value": 95}]}


def save(scope, *, now, name="Major at night", release=MAJOR, hubs=EVERY_HUB, policy=SOON):
    return services.save_approval_rule(
        scope, name=name, release_tree=release, hub_tree=hubs, time_policy=policy, now=now
    )


def switch_on(scope, version, *, now):
    return services.enable_approval_rule(scope, rule_id=version.rule_id, version=version.version, now=now)


@unit_of_work
def end_pilot(world, rollout, *, activated, failed, now):
    journal.record(
        "pilot.ended",
        subject=f"rollout:{rollout.pk}",
        by=world.operator,
        at=now,
        facts={
            "pilot": {
                "hubs": activated + failed,
                "states": {"ACTIVATED": activated, "ACTIVATION_FAILED": failed},
            }
        },
    )


@pytest.mark.requirement("R3.10")
def test_a_rule_is_saved_in_versions_and_each_is_kept(world, now):
    first = save(world.as_supplier, now=now)
    same = save(world.as_supplier, now=now)
    changed = save(world.as_supplier, now=now, policy={"after": "notice", "days": 11})

    assert (first.version, same.pk, changed.version) == (1, first.pk, 2)
    (card,) = approval_rules(world.as_supplier)
    assert (card.name, card.latest_version, card.is_on) == ("Major at night", 2, False)
    versions = approval_versions(world.as_supplier, card.id)
    assert [version.version for version in versions] == [2, 1]
    assert versions[1].releases == "Releases where severity is Major."
    assert approval_rule(world.as_supplier, card.id, version=1).shown.time == "10 days after the notice."
    assert approval_rules(world.as_other) == []


def test_a_rule_that_cannot_be_read_is_refused(world, now):
    with pytest.raises(InvalidCriteria):
        save(world.as_supplier, now=now, release={"field": "colour", "op": "=", "value": "red"})
    with pytest.raises(InvalidCriteria):
        save(world.as_supplier, now=now, policy={"after": "lunch", "days": 1})
    with pytest.raises(BadInput):
        save(world.as_supplier, now=now, name="  ")


def test_rules_belong_to_their_supplier_and_need_the_role(world, now):
    version = save(world.as_supplier, now=now)
    world.third_user.roles = [Role.SUPPLIER_VIEWER.value]

    with pytest.raises(NotFound):
        switch_on(world.as_other, version, now=now)
    with pytest.raises(NotFound):
        approval_versions(world.as_other, version.rule_id)
    with pytest.raises(NotFound):
        services.enable_approval_rule(world.as_supplier, rule_id=version.rule_id, version=9, now=now)
    with pytest.raises(NotPermitted):
        save(world.as_third, now=now)
    with pytest.raises(NotPermitted):
        dry_run_approval(world.operator, Approval.of(version), now=now)


@pytest.mark.requirement("R3.10")
def test_switching_on_says_what_comes_next_and_instructs_nobody_by_itself(world, rollout, now):
    version = save(world.as_supplier, now=now)

    (ahead,) = switch_on(world.as_supplier, version, now=now)

    assert (ahead.rollout_id, ahead.outcome, ahead.hubs) == (rollout.pk, "APPROVED", 32)
    assert [night.at for night in ahead.nights] == [now + timedelta(days=10)]
    assert Instruction.objects.count() == 0
    assert approval_rule(world.as_supplier, version.rule_id).is_on


@pytest.mark.requirement("R3.10")
def test_a_rule_that_is_on_instructs_and_names_itself(world, rollout, now):
    version = save(world.as_supplier, now=now)
    switch_on(world.as_supplier, version, now=now)

    done = services.run_approval_rules(now=now)
    again = services.run_approval_rules(now=now + timedelta(minutes=1))

    assert (done, again) == (1, 0)
    instruction = Instruction.objects.get()
    assert (instruction.channel, instruction.rule_version_id) == (Channel.RULE, version.pk)
    assert (instruction.name, instruction.accepted) == ("Major at night v1", 32)
    assert instruction.user_id == world.supplier_user.pk
    hub = Target.objects.get(rollout_id=rollout.pk, guid=world.guid(0))
    assert (hub.effective_at, hub.consent) == (now + timedelta(days=10), Consent.COMPLETE)
    run = ApprovalRun.objects.get()
    assert (run.outcome, run.instruction_id) == ("APPROVED", instruction.pk)
    assert run.facts["release"]["severity"] == "MAJOR"
    entry = FeedOutbox.objects.get(kind=EntryKind.RULE_RAN)
    assert (entry.party_id, entry.data["instructions"]) == (world.supplier.pk, [instruction.reference])
    (notices,) = approval_rule(world.as_supplier, version.rule_id).runs
    assert (notices.version, notices.hubs, notices.instructions) == (1, 32, [instruction.reference])


@pytest.mark.requirement("R3.10")
def test_a_rule_does_not_speak_over_a_person(world, rollout, now):
    hubs = HubList.from_stored([world.guid(0), world.guid(1)])
    at = now + timedelta(days=60)
    words = {"rollout_id": rollout.pk, "source": hubs, "received_at": now, "now": now}
    services.receive_instruction(world.as_supplier, kind=InstructionKind.INSTRUCT, activate_at=at, **words)
    words["source"] = HubList.from_stored([world.guid(1)])
    services.receive_instruction(world.as_supplier, kind=InstructionKind.WITHDRAW, **words)
    switch_on(world.as_supplier, save(world.as_supplier, now=now), now=now)

    services.run_approval_rules(now=now)

    records, withdrawn = (Target.objects.get(rollout_id=rollout.pk, guid=world.guid(n)) for n in (0, 1))
    assert records.effective_at == at
    assert (withdrawn.import_answer, withdrawn.consent) == (0, Consent.AWAITING)
    assert Instruction.objects.get(channel=Channel.RULE).accepted == 30


@pytest.mark.requirement("R3.10")
def test_hubs_that_join_later_are_approved_too(world, rollout, now):
    late = Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0))
    late.update(state=TargetState.WITHDRAWN)
    switch_on(world.as_supplier, save(world.as_supplier, now=now), now=now)
    services.run_approval_rules(now=now)
    late.update(state=TargetState.ELIGIBLE)

    done = services.run_approval_rules(now=now + timedelta(hours=1))

    assert done == 1
    assert late.get().import_answer == 1
    assert ApprovalRun.objects.get().facts["runs"] == 2
    assert services.run_approval_rules(now=now + timedelta(hours=2)) == 0


@pytest.mark.requirement("R3.10")
def test_hubs_that_join_after_others_were_answered_for_by_hand_are_approved_too(world, rollout, now):
    late = Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0))
    late.update(state=TargetState.WITHDRAWN)
    sole = {"field": "supply", "op": "=", "value": "SOLE"}
    switch_on(world.as_supplier, save(world.as_supplier, now=now, hubs=sole), now=now)
    services.run_approval_rules(now=now)
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(9), world.guid(10)]),
        received_at=now,
        now=now,
    )
    assert services.run_approval_rules(now=now) == 0
    late.update(state=TargetState.ELIGIBLE)

    assert services.run_approval_rules(now=now + timedelta(hours=1)) == 1

    assert late.get().import_answer == 1


@pytest.mark.requirement("R3.10")
def test_hubs_that_do_not_match_stay_as_they_are(world, rollout, now):
    sole = {"field": "supply", "op": "=", "value": "SOLE"}
    switch_on(world.as_supplier, save(world.as_supplier, now=now, hubs=sole), now=now)

    services.run_approval_rules(now=now)
    again = services.run_approval_rules(now=now)

    assert again == 0
    assert Instruction.objects.get().accepted == 22
    assert Target.objects.get(rollout_id=rollout.pk, guid=world.guid(9)).import_answer == 0


@pytest.mark.requirement("R3.10")
def test_hubs_are_spread_over_nights_in_the_windows(world, rollout, now):
    policy = {
        "after": "notice",
        "days": 7,
        "per_night": 20,
        "window": {"days": ["tue", "wed"], "from": "01:00", "to": "05:00"},
    }
    switch_on(world.as_supplier, save(world.as_supplier, now=now, policy=policy), now=now)

    services.run_approval_rules(now=now)

    nights = Instruction.objects.order_by("activate_at").values_list("activate_at", "accepted")
    assert [hubs for _, hubs in nights] == [20, 12]
    assert [f"{at:%a %H:%M}" for at, _ in nights] == ["Tue 01:00", "Wed 01:00"]
    assert ApprovalRun.objects.count() == 1


def test_much_at_once_is_left_to_the_worker(world, rollout, now, monkeypatch):
    monkeypatch.setattr(approve, "AT_ONCE", 20)
    policy = {"after": "notice", "days": 7, "per_night": 20}
    switch_on(world.as_supplier, save(world.as_supplier, now=now, policy=policy), now=now)

    services.run_approval_rules(now=now)
    again = services.run_approval_rules(now=now)
    waiting = services.waiting_instructions()
    for instruction_id in waiting:
        services.apply_instruction(instruction_id=instruction_id, now=now)

    assert (again, len(waiting)) == (0, 2)
    assert sorted(Instruction.objects.values_list("accepted", flat=True)) == [12, 20]
    assert services.run_approval_rules(now=now) == 0


@pytest.mark.requirement("R3.10")
def test_a_rule_waits_for_the_pilot_and_reads_its_outcome(world, now):
    rollout = make_rollout(world, now=now, has_pilot=True, status="PILOT")
    switch_on(world.as_supplier, save(world.as_supplier, now=now, release=PROVEN), now=now)
    before = services.run_approval_rules(now=now)
    end_pilot(world, rollout, activated=97, failed=3, now=now + timedelta(days=2))

    after = services.run_approval_rules(now=now + timedelta(days=3))

    assert (before, after) == (0, 1)
    facts = ApprovalRun.objects.get().facts["release"]
    assert (facts["pilot_success_rate"], facts["pilot_size"]) == (97.0, 100)


@pytest.mark.requirement("R3.10")
def test_a_rule_counting_from_the_pilots_end_waits_for_it(world, now):
    rollout = make_rollout(world, now=now, has_pilot=True, status="PILOT")
    policy = {"after": "pilot_end", "days": 5}
    version = save(world.as_supplier, now=now, policy=policy)

    (waiting,) = dry_run_approval(world.as_supplier, Approval.of(version), now=now)
    end_pilot(world, rollout, activated=10, failed=0, now=now + timedelta(days=2))
    (ready,) = dry_run_approval(world.as_supplier, Approval.of(version), now=now + timedelta(days=3))

    assert (waiting.outcome, ready.outcome) == ("WAITING", "APPROVED")
    assert ready.nights[0].at == now + timedelta(days=7)


@pytest.mark.requirement("R3.10")
def test_a_back_test_uses_what_was_known_then(world, now):
    good = make_rollout(world, now=now, has_pilot=True)
    end_pilot(world, good, activated=99, failed=1, now=now + timedelta(days=4))
    bad = make_rollout(world, now=now + timedelta(days=1), has_pilot=True)
    end_pilot(world, bad, activated=50, failed=50, now=now + timedelta(days=5))
    bad.severity = "MINOR"
    bad.status = "STOPPED"
    bad.save()
    approval = Approval.read(release_tree=PROVEN, hub_tree=EVERY_HUB, time_policy=SOON)
    much_later = now + timedelta(days=400)

    latest, earlier = back_test_approval(world.as_supplier, approval, now=much_later)

    assert (earlier.rollout_id, earlier.outcome, earlier.decided_at) == (
        good.pk,
        "APPROVED",
        now + timedelta(days=4),
    )
    assert (earlier.hubs, earlier.nights[0].at) == (32, now + timedelta(days=10))
    assert (latest.rollout_id, latest.outcome) == (bad.pk, "NO_MATCH")
    assert latest.failing == ("severity is Major", "pilot success rate is at least 95%")
    assert Instruction.objects.count() == 0


@pytest.mark.requirement("R3.10")
def test_after_the_cut_off_or_while_halted_no_rule_runs(world, rollout, now):
    switch_on(world.as_supplier, save(world.as_supplier, now=now), now=now)

    late = services.run_approval_rules(now=rollout.cutoff_at + timedelta(seconds=1))
    rollout.status, rollout.stood_at = "SUSPENDED", "SAFE_LAUNCH"
    rollout.save()
    halted = services.run_approval_rules(now=now)

    assert (late, halted) == (0, 0)
    assert Instruction.objects.count() == 0


@pytest.mark.requirement("R3.10")
def test_pilot_hubs_are_left_to_the_pilot(world, now):
    rollout = make_rollout(world, now=now, has_pilot=True)
    pilot = Batch.objects.get(rollout=rollout, kind="PILOT")
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(batch_id=pilot.pk)
    switch_on(world.as_supplier, save(world.as_supplier, now=now), now=now)

    services.run_approval_rules(now=now)

    assert Instruction.objects.get().accepted == 31
    assert Target.objects.get(rollout_id=rollout.pk, guid=world.guid(0)).import_answer == 0


@pytest.mark.requirement("R3.10")
def test_a_rule_that_is_off_or_archived_does_nothing_more(world, rollout, now):
    version = save(world.as_supplier, now=now)
    switch_on(world.as_supplier, version, now=now)

    services.disable_approval_rule(world.as_supplier, rule_id=version.rule_id, now=now)
    off = services.run_approval_rules(now=now)
    services.disable_approval_rule(world.as_supplier, rule_id=version.rule_id, now=now, archive=True)

    assert off == 0
    assert approval_rules(world.as_supplier) == []
    names = Event.objects.filter(subject=f"approval-rule:{version.rule_id}").order_by("id")
    assert [event.name for event in names] == [
        "approval-rule.saved",
        "approval-rule.enabled",
        "approval-rule.disabled",
        "approval-rule.archived",
    ]


@pytest.mark.requirement("R3.10")
def test_the_tick_runs_the_rules(world, rollout, now, monkeypatch):
    from rollouts.tasks import instructions

    switch_on(world.as_supplier, save(world.as_supplier, now=now), now=now)
    monkeypatch.setattr(instructions, "now", lambda: now)
    monkeypatch.setattr(instructions.run_approval_rules, "apply_async", run_approval_rules)

    tick_deadlines()

    assert Instruction.objects.filter(channel=Channel.RULE).count() == 1
