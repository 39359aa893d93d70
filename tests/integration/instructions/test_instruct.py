"""Suppliers instruct their hubs: every line answered, every reason said, nothing told that is not theirs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.identity.roles import Role
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.opaque import drawn_reference
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import rules, services
from rollouts.models import Batch, CplEntry, Hub, Instruction, InstructionLine, TallyPlan, Target
from rollouts.services import HubList
from rollouts.states import BatchKind, Channel, Consent, InstructionKind, TargetState
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db

INSTRUCT, AGREE, DECLINE, WITHDRAW = (
    InstructionKind(k) for k in ("INSTRUCT", "AGREE", "DECLINE", "WITHDRAW")
)
SOLE, SPLIT_IMPORT, SPLIT_GAS, ELECTRICITY_ONLY, GAS_ONLY_OF_OTHER = 0, 9, 12, 14, 16
SOLE_OF_OTHER, NOBODYS, OF_OTHERS = 17, 18, 19


def spelt(world, *numbers: int) -> str:
    return "\n".join(str(Guid.from_db(world.guid(number))) for number in numbers)


def give(scope, rollout, text, *, now, kind=INSTRUCT, at=None, check=False, **more):
    use_case = services.check_instruction if check else services.receive_instruction
    return use_case(
        scope,
        rollout_id=rollout.pk,
        kind=kind,
        source=text if isinstance(text, HubList) else HubList.from_text(text),
        activate_at=at,
        received_at=more.pop("received_at", now),
        now=now,
        **more,
    )


def target(world, rollout, number: int) -> Target:
    return Target.objects.get(rollout_id=rollout.pk, guid=world.guid(number))


def set_target(world, rollout, number: int, **values) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(number)).update(**values)


def reasons(receipt) -> dict[str, int]:
    return dict(receipt.tally.rejected_by_reason)


@pytest.mark.requirement("R3.2", "R4.1")
def test_one_instruction_of_a_sole_supplier_is_enough(world, rollout, now):
    at = now + timedelta(days=30)

    receipt = give(world.as_supplier, rollout, spelt(world, SOLE, ELECTRICITY_ONLY), now=now, at=at)

    assert (receipt.accepted, receipt.rejected, receipt.lines) == (2, 0, 2)
    assert receipt.reference.startswith("I-")
    assert receipt.tally.consents == {Consent.COMPLETE: 2}
    assert receipt.tally.days == {at.date(): 2}
    hub = target(world, rollout, SOLE)
    assert (hub.consent, hub.state, hub.effective_at) == (Consent.COMPLETE, TargetState.SCHEDULED, at)
    assert (hub.import_answer, hub.import_time, hub.import_instruction_id) == (1, at, receipt.id)


@pytest.mark.requirement("R3.3")
def test_a_split_hub_waits_for_the_second_and_takes_the_later_time(world, rollout, now):
    sooner, later = now + timedelta(days=30), now + timedelta(days=40)

    first = give(world.as_supplier, rollout, spelt(world, SPLIT_IMPORT), now=now, at=later)
    waiting = target(world, rollout, SPLIT_IMPORT)
    give(world.as_other, rollout, spelt(world, SPLIT_IMPORT), now=now, at=sooner)

    assert first.tally.waiting_for_second == 1
    assert (waiting.consent, waiting.state) == (Consent.AWAITING_SECOND, TargetState.ELIGIBLE)
    hub = target(world, rollout, SPLIT_IMPORT)
    assert (hub.consent, hub.state, hub.effective_at) == (Consent.COMPLETE, TargetState.SCHEDULED, later)


@pytest.mark.requirement("R3.4")
def test_a_blank_time_leaves_the_choice_to_the_other(world, rollout, now):
    at = now + timedelta(days=30)

    give(world.as_supplier, rollout, spelt(world, SPLIT_IMPORT, 10), now=now)
    give(world.as_other, rollout, spelt(world, SPLIT_IMPORT), now=now, at=at)
    give(world.as_other, rollout, spelt(world, 10), now=now + timedelta(hours=1))

    assert target(world, rollout, SPLIT_IMPORT).effective_at == at
    assert target(world, rollout, 10).effective_at == now + timedelta(hours=1)


@pytest.mark.requirement("R4.2")
def test_each_bad_line_has_its_reason_and_the_good_ones_go_on(world, rollout, now):
    Hub.objects.filter(guid=world.guid(1)).update(smi_status=5)
    Hub.objects.filter(guid=world.guid(2)).update(smi_status=8)
    Hub.objects.filter(guid=world.guid(3)).update(region=8)
    Hub.objects.filter(guid=world.guid(4)).update(cpl_entry_id=world.target.pk)
    Hub.objects.filter(guid=world.guid(5)).update(cpl_entry_id=world.oldest.pk)
    other_model = CplEntry.objects.get(pk=world.target.pk).device_model
    other_model.pk, other_model.model = None, "433100AD"
    other_model.save()
    Hub.objects.filter(guid=world.guid(6)).update(device_model_id=other_model.pk)
    sql.run(
        "DELETE FROM rollouts_target WHERE guid = ANY(%(g)s)", {"g": [world.guid(n) for n in range(1, 8)]}
    )
    set_target(world, rollout, 8, state=TargetState.ACTIVATED, consent=Consent.COMPLETE)
    set_target(world, rollout, 14, state=TargetState.ACTIVATING, consent=Consent.COMPLETE)
    set_target(world, rollout, 15, state=TargetState.WITHDRAWN)
    lines = [
        spelt(world, SOLE),
        "nonsense",
        spelt(world, SOLE).replace("-", "").lower(),
        spelt(world, *range(1, 9)),
        str(Guid.from_db(Hub.objects.get(guid=world.guid(SOLE)).gpf_guid)),
        str(Guid.from_db(Hub.objects.get(guid=world.guid(SOLE_OF_OTHER)).gpf_guid)),
        spelt(world, 14, 15, GAS_ONLY_OF_OTHER, SOLE_OF_OTHER, NOBODYS, OF_OTHERS),
        "FF-DB-12-34-56-78-9A-BC",
    ]

    receipt = give(world.as_supplier, rollout, "\n".join(lines), now=now, at=now + timedelta(days=30))

    records = dict(InstructionLine.objects.order_by("line_no").values_list("line_no", "reason"))
    assert records == {
        2: "MALFORMED_ID",
        3: "DUPLICATE_IN_LIST",
        4: "LEFT_SERVICE",
        5: "RECOVERY_IN_PROGRESS",
        6: "SMETS1_OUT_OF_SCOPE",
        7: "ALREADY_AT_VERSION",
        8: "UPGRADE_PATH",
        9: "MODEL_MISMATCH",
        10: "NOT_IN_ROLLOUT",
        11: "ALREADY_UPDATED",
        12: "NOT_A_CHF",
        13: "UNKNOWN_DEVICE",
        14: "ALREADY_SENT",
        15: "NOT_IN_ROLLOUT",
        16: "UNKNOWN_DEVICE",
        17: "UNKNOWN_DEVICE",
        18: "UNKNOWN_DEVICE",
        19: "UNKNOWN_DEVICE",
        20: "UNKNOWN_DEVICE",
    }
    assert (receipt.accepted, receipt.rejected) == (1, 19)
    assert sum(reasons(receipt).values()) == 19
    gpf = InstructionLine.objects.get(reason="NOT_A_CHF")
    assert gpf.detail == f"GPF of CHF {spelt(world, SOLE)}"
    assert InstructionLine.objects.get(line_no=3).raw == spelt(world, SOLE).replace("-", "").lower()


@pytest.mark.requirement("R1.6", "R4.2")
def test_a_hub_in_another_live_rollout_is_under_another_update(world, rollout, now):
    elsewhere = make_rollout(world, now=now)
    sql.run(
        "DELETE FROM rollouts_target WHERE rollout_id = %(r)s AND guid = %(g)s",
        {"r": rollout.pk, "g": world.guid(SOLE)},
    )

    receipt = give(world.as_supplier, rollout, spelt(world, SOLE), now=now)

    assert elsewhere.pk != rollout.pk
    assert reasons(receipt) == {"OTHER_UPDATE_IN_PROGRESS": 1}


@pytest.mark.requirement("R3.3", "R4.2")
def test_another_suppliers_hub_reads_exactly_like_an_unknown_one(world, rollout, now):
    theirs = give(world.as_supplier, rollout, spelt(world, SOLE_OF_OTHER), now=now)
    unknown = give(world.as_supplier, rollout, "FF-DB-12-34-56-78-9A-BC", now=now)

    lines = list(InstructionLine.objects.order_by("id").values_list("line_no", "reason", "detail"))
    assert lines[0] == lines[1]
    assert theirs.tally == unknown.tally
    assert target(world, rollout, SOLE_OF_OTHER).import_answer == 0


@pytest.mark.requirement("R4.2")
def test_a_dry_run_says_what_the_instruction_will_say_and_changes_nothing(world, rollout, now):
    set_target(world, rollout, 2, state=TargetState.ACTIVATED, consent=Consent.COMPLETE)
    text = spelt(world, *range(20)) + "\nrubbish\n" + spelt(world, 1)
    at = now + timedelta(days=30)

    verdict = give(world.as_supplier, rollout, text, now=now, at=at, check=True)
    untouched = target(world, rollout, SOLE)
    receipt = give(world.as_supplier, rollout, text, now=now, at=at)

    assert untouched.import_answer == 0
    assert verdict.tally == receipt.tally
    stored = InstructionLine.objects.order_by("line_no").values_list(
        "line_no", "raw", "guid", "reason", "detail"
    )
    assert [(r.line, r.raw, r.guid, r.reason, r.detail) for r in verdict.refused] == list(stored)


@pytest.mark.requirement("R3.1")
def test_received_exactly_at_the_cut_off_is_in_time_and_a_second_later_is_not(world, rollout, now):
    text = spelt(world, SOLE)

    receipt = give(world.as_supplier, rollout, text, now=rollout.cutoff_at)
    with pytest.raises(rules.RuleBroken) as refused:
        give(world.as_supplier, rollout, text, now=rollout.cutoff_at + timedelta(seconds=1))

    assert receipt.accepted == 1
    assert refused.value.code == "AFTER_CUTOFF"
    assert Instruction.objects.count() == 1


@pytest.mark.requirement("R3.1")
def test_the_time_must_be_earlier_than_dccs_and_still_ahead(world, rollout, now):
    text = spelt(world, SOLE)

    just_before = give(
        world.as_supplier, rollout, text, now=now, at=rollout.automatic_at - timedelta(seconds=1)
    )
    with pytest.raises(rules.RuleBroken) as equal:
        give(world.as_supplier, rollout, text, now=now, at=rollout.automatic_at)
    with pytest.raises(rules.RuleBroken) as past:
        give(world.as_supplier, rollout, text, now=now, at=now)

    assert just_before.accepted == 1
    assert (equal.value.code, past.value.code) == ("TIME_NOT_EARLIER", "TIME_PASSED")


@pytest.mark.requirement("R3.1", "R5.6")
@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("SUSPENDED", "ROLLOUT_PAUSED"),
        ("PAUSED", "ROLLOUT_PAUSED"),
        ("STOPPED", "ROLLOUT_STOPPED"),
        ("REVOKED", "ROLLOUT_REVOKED"),
        ("COMPLETE", "ROLLOUT_COMPLETE"),
    ],
)
def test_a_rollout_that_does_not_run_takes_no_instruction(world, rollout, now, status, code):
    rollout.status, rollout.stood_at = status, "SAFE_LAUNCH"
    rollout.save()

    with pytest.raises(services.InstructionRefused) as refused:
        give(world.as_supplier, rollout, spelt(world, SOLE), now=now)

    assert refused.value.code == code
    assert refused.value.message


def test_firmware_that_left_the_cpl_takes_no_instruction(world, rollout, now):
    CplEntry.objects.filter(pk=world.target.pk).update(status="WITHDRAWN")

    with pytest.raises(services.InstructionRefused) as refused:
        give(world.as_supplier, rollout, spelt(world, SOLE), now=now)

    assert refused.value.code == "CPL_NOT_ACTIVE"


def test_a_draft_or_a_rollout_without_hubs_of_ours_does_not_exist(world, rollout, now):
    rollout.status = "DRAFT"
    rollout.save()

    with pytest.raises(NotFound):
        give(world.as_supplier, rollout, spelt(world, SOLE), now=now)

    rollout.status = "SAFE_LAUNCH"
    rollout.save()
    sql.run(
        "DELETE FROM rollouts_tally_state WHERE %(s)s IN (import_supplier_id, gas_supplier_id)",
        {"s": world.third.pk},
    )
    with pytest.raises(NotFound):
        give(world.as_third, rollout, spelt(world, SOLE), now=now)


def test_who_may_not_instruct_is_told_so(world, rollout, now):
    world.supplier_user.roles = [Role.SUPPLIER_VIEWER.value]

    for scope in (world.as_supplier, world.operator, world.as_csp):
        with pytest.raises(NotPermitted):
            give(scope, rollout, spelt(world, SOLE), now=now)


def test_an_empty_list_and_a_time_without_an_instruction_are_refused(world, rollout, now):
    with pytest.raises(BadInput) as empty:
        give(world.as_supplier, rollout, "\n\n", now=now)
    with pytest.raises(BadInput) as timed:
        give(
            world.as_supplier, rollout, spelt(world, SOLE), now=now, kind=WITHDRAW, at=now + timedelta(days=9)
        )

    assert (empty.value.code, timed.value.code) == ("no_hubs", "time_not_wanted")


@pytest.mark.requirement("R3.9")
def test_a_later_instruction_replaces_the_earlier_until_the_activation_is_sent(world, rollout, now):
    first, second = now + timedelta(days=30), now + timedelta(days=50)
    earlier = give(world.as_supplier, rollout, spelt(world, SOLE), now=now, at=first)

    later = give(world.as_supplier, rollout, spelt(world, SOLE), now=now, at=second)
    changed = target(world, rollout, SOLE)
    set_target(world, rollout, SOLE, state=TargetState.ACTIVATING)
    too_late = give(world.as_supplier, rollout, spelt(world, SOLE), now=now, at=first)

    assert (changed.effective_at, changed.import_instruction_id) == (second, later.id)
    assert reasons(too_late) == {"ALREADY_SENT": 1}
    assert Instruction.objects.filter(pk=earlier.id).exists()


@pytest.mark.requirement("R3.9")
def test_a_withdrawn_instruction_leaves_the_hub_waiting_again(world, rollout, now):
    give(world.as_supplier, rollout, spelt(world, SOLE), now=now, at=now + timedelta(days=30))

    receipt = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=now, kind=WITHDRAW)

    assert (receipt.accepted, reasons(receipt)) == (1, {"NOTHING_TO_CHANGE": 1})
    hub = target(world, rollout, SOLE)
    assert (hub.consent, hub.state) == (Consent.AWAITING, TargetState.ELIGIBLE)
    assert (hub.effective_at, hub.import_time) == (rollout.automatic_at, None)


@pytest.mark.requirement("R3.9", "R4.2")
@pytest.mark.parametrize("check", [False, True])
def test_a_hub_whose_update_has_failed_takes_no_more_answers(world, rollout, now, check):
    failed = (
        TargetState.DISTRIBUTION_FAILED,
        TargetState.VERIFICATION_FAILED,
        TargetState.ACTIVATION_FAILED,
        TargetState.NO_CONFIRMATION,
    )
    for number, state in enumerate(failed):
        set_target(world, rollout, number, state=state, consent=5)

    receipt = give(world.as_supplier, rollout, spelt(world, 0, 1, 2, 3, 4), now=now, check=check)

    assert (receipt.accepted, reasons(receipt)) == (1, {"UPDATE_FAILED": 4})
    assert target(world, rollout, 0).import_answer == 0


@pytest.mark.requirement("R3.4")
def test_agreeing_needs_an_instruction_to_agree_with(world, rollout, now):
    at = now + timedelta(days=30)
    give(world.as_supplier, rollout, spelt(world, SPLIT_IMPORT), now=now, at=at)

    receipt = give(
        world.as_other, rollout, spelt(world, SPLIT_IMPORT, 10, SOLE_OF_OTHER), now=now, kind=AGREE
    )

    assert (receipt.accepted, reasons(receipt)) == (1, {"NOTHING_TO_AGREE_WITH": 2})
    hub = target(world, rollout, SPLIT_IMPORT)
    assert (hub.consent, hub.effective_at) == (Consent.COMPLETE, at)


@pytest.mark.requirement("R3.4")
def test_declining_lets_the_single_time_stand(world, rollout, now):
    at = now + timedelta(days=30)
    give(world.as_supplier, rollout, spelt(world, SPLIT_IMPORT), now=now, at=at)

    give(world.as_other, rollout, spelt(world, SPLIT_IMPORT), now=now, kind=DECLINE)

    hub = target(world, rollout, SPLIT_IMPORT)
    assert (hub.consent, hub.effective_at, hub.state) == (Consent.COMPLETE, at, TargetState.SCHEDULED)


@pytest.mark.requirement("R3.7", "R2.5")
def test_pilot_hubs_are_instructed_as_pilot_hubs(world, now):
    rollout = make_rollout(world, now=now, has_pilot=True)
    pilot = Batch.objects.get(rollout=rollout, kind="PILOT")
    set_target(world, rollout, SOLE, batch_id=pilot.pk)

    safe_launch = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=now)
    as_pilot = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=now, group=BatchKind.PILOT)
    both = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=now, group=None)
    of_batch = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=now, group=None, batch_id=pilot.pk)

    assert reasons(safe_launch) == {"IN_PILOT_GROUP": 1}
    assert reasons(as_pilot) == {"NOT_IN_PILOT_GROUP": 1}
    assert both.accepted == 2
    assert reasons(of_batch) == {"NOT_IN_BATCH": 1}


@pytest.mark.requirement("R3.7")
def test_a_batch_keeps_its_own_cut_off_and_automatic_time(world, rollout, now):
    early = now + timedelta(days=60)
    batch = Batch.objects.create(
        rollout=rollout,
        kind="SAFE_LAUNCH",
        position=2,
        name="Wave 1",
        automatic_at=early,
        cutoff_at=rules.one_month_before(early),
        gate_open=True,
    )
    set_target(world, rollout, SOLE, batch_id=batch.pk, effective_at=early)

    too_late_a_time = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=now, at=early)
    in_time = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=batch.cutoff_at)
    late = give(world.as_supplier, rollout, spelt(world, SOLE, 1), now=batch.cutoff_at + timedelta(seconds=1))

    assert reasons(too_late_a_time) == {"TIME_NOT_EARLIER": 1}
    assert reasons(in_time) == {}
    assert reasons(late) == {"AFTER_CUTOFF": 1}


@pytest.mark.requirement("R4.10", "R6.3")
def test_each_party_hears_of_a_final_time_and_the_second_when_but_not_by_whom(world, rollout, now):
    at = now + timedelta(days=30)

    give(world.as_supplier, rollout, spelt(world, SOLE, SPLIT_IMPORT, 10, SPLIT_GAS), now=now, at=at)
    give(world.as_other, rollout, spelt(world, SPLIT_IMPORT), now=now)

    hubs = FeedOutbox.objects.filter(kind=EntryKind.HUB_SCHEDULED).order_by("id")
    assert [(e.party_id, e.guid) for e in hubs] == [
        (world.supplier.pk, world.guid(SOLE)),
        (world.supplier.pk, world.guid(SPLIT_IMPORT)),
        (world.other.pk, world.guid(SPLIT_IMPORT)),
    ]
    assert {e.data["effective_at"] for e in hubs} == {f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    seconds = FeedOutbox.objects.filter(kind=EntryKind.SECOND_SUPPLIER_ANSWERED).order_by("id")
    answer = {"has_answered": True, "has_instructed": True}
    assert [(e.party_id, e.data) for e in seconds] == [
        (world.other.pk, {"hubs": 2, **answer, "activate_at": at.isoformat()}),
        (world.third.pk, {"hubs": 1, **answer, "activate_at": at.isoformat()}),
        (world.supplier.pk, {"hubs": 1, **answer, "activate_at": None}),
    ]


@pytest.mark.requirement("R4.1")
def test_the_sender_gets_an_entry_and_the_journal_a_fact(world, rollout, now):
    receipt = give(
        world.as_supplier,
        rollout,
        spelt(world, SOLE, SOLE_OF_OTHER),
        now=now,
        channel=Channel.REST,
        name="Leeds",
    )

    entry = FeedOutbox.objects.get(kind=EntryKind.INSTRUCTION_RECEIVED)
    assert (entry.party_id, entry.data["instruction"], entry.data["accepted"]) == (
        world.supplier.pk,
        receipt.reference,
        1,
    )
    fact = Event.objects.get(name="instruction.received")
    assert fact.subject == f"rollout:{rollout.pk}"
    assert (fact.facts["accepted"], fact.facts["rejected"], fact.facts["sha256"]) == (1, 1, receipt.sha256)
    assert receipt.name == "Leeds"


@pytest.mark.requirement("R6.2")
def test_the_same_key_answers_the_same_instruction_with_the_same_receipt(world, rollout, now):
    first = give(world.as_supplier, rollout, spelt(world, SOLE), now=now, idempotency_key="k1")

    again = give(
        world.as_supplier, rollout, spelt(world, SOLE), now=now + timedelta(days=200), idempotency_key="k1"
    )
    theirs = give(world.as_other, rollout, spelt(world, SOLE_OF_OTHER), now=now, idempotency_key="k1")

    assert again.is_repeat
    assert (again.id, again.tally) == (first.id, first.tally)
    assert theirs.id != first.id


@pytest.mark.requirement("R6.2")
def test_the_same_key_with_another_body_is_refused(world, rollout, now):
    give(world.as_supplier, rollout, spelt(world, SOLE), now=now, idempotency_key="k1")

    with pytest.raises(services.IdempotencyKeyReused) as body:
        give(world.as_supplier, rollout, spelt(world, 1), now=now, idempotency_key="k1")
    with pytest.raises(services.IdempotencyKeyReused):
        give(world.as_supplier, rollout, spelt(world, SOLE), now=now, idempotency_key="k1", kind=WITHDRAW)

    assert body.value.code == "idempotency_key_reused"


@pytest.mark.requirement("R3.8")
def test_the_number_of_statements_does_not_grow_with_the_hubs(now):
    world = make_world(hubs=400)
    rollout = make_rollout(world, now=now)

    def statements(numbers) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            give(world.as_supplier, rollout, spelt(world, *numbers) + "\nrubbish", now=now)
        return len(captured)

    statements(range(10))
    assert statements(range(20)) == statements(range(400))


@pytest.mark.requirement("R3.3")
def test_tallies_follow_the_answers(world, rollout, now):
    give(world.as_supplier, rollout, spelt(world, *range(20)), now=now, at=now + timedelta(days=30))

    planned = TallyPlan.objects.filter(rollout_id=rollout.pk, consent=Consent.AWAITING_SECOND)
    assert sum(row.n for row in planned) == 5
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_references_are_short_and_each_has_its_own():
    references = {drawn_reference("I") for _ in range(50_000)}

    assert len(references) == 50_000
    assert all(re.fullmatch("I-[0-9A-HJKMNP-TV-Z]{10}", reference) for reference in references)
