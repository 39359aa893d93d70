"""Instructions refused whole or line by line: every reason said, nothing told that is not theirs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.identity.roles import Role
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.opaque import drawn_reference
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import rules, services
from rollouts.models import CplEntry, Hub, Instruction, InstructionLine
from rollouts.states import Consent, TargetState
from tests.factories import make_rollout
from tests.integration.instructing import (
    GAS_ONLY_OF_OTHER,
    NOBODYS,
    OF_OTHERS,
    SOLE,
    SOLE_OF_OTHER,
    WITHDRAW,
    give,
    reasons,
    set_target,
)

pytestmark = pytest.mark.django_db


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
        world.pasted(SOLE),
        "nonsense",
        world.pasted(SOLE).replace("-", "").lower(),
        world.pasted(*range(1, 9)),
        str(Guid.from_db(Hub.objects.get(guid=world.guid(SOLE)).gpf_guid)),
        str(Guid.from_db(Hub.objects.get(guid=world.guid(SOLE_OF_OTHER)).gpf_guid)),
        world.pasted(14, 15, GAS_ONLY_OF_OTHER, SOLE_OF_OTHER, NOBODYS, OF_OTHERS),
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
    assert gpf.detail == f"GPF of CHF {world.pasted(SOLE)}"
    assert InstructionLine.objects.get(line_no=3).raw == world.pasted(SOLE).replace("-", "").lower()


@pytest.mark.requirement("R1.6", "R4.2")
def test_a_hub_in_another_live_rollout_is_under_another_update(world, rollout, now):
    elsewhere = make_rollout(world, now=now)
    sql.run(
        "DELETE FROM rollouts_target WHERE rollout_id = %(r)s AND guid = %(g)s",
        {"r": rollout.pk, "g": world.guid(SOLE)},
    )

    receipt = give(world.as_supplier, rollout, world.pasted(SOLE), now=now)

    assert elsewhere.pk != rollout.pk
    assert reasons(receipt) == {"OTHER_UPDATE_IN_PROGRESS": 1}


@pytest.mark.requirement("R4.2")
def test_another_suppliers_hub_reads_exactly_like_an_unknown_one(world, rollout, now):
    theirs = give(world.as_supplier, rollout, world.pasted(SOLE_OF_OTHER), now=now)
    unknown = give(world.as_supplier, rollout, "FF-DB-12-34-56-78-9A-BC", now=now)

    lines = list(InstructionLine.objects.order_by("id").values_list("line_no", "reason", "detail"))
    assert lines[0] == lines[1]
    assert theirs.tally == unknown.tally
    assert world.target_of(rollout, SOLE_OF_OTHER).import_answer == 0


@pytest.mark.requirement("R4.2")
def test_a_dry_run_says_what_the_instruction_will_say_and_changes_nothing(world, rollout, now):
    set_target(world, rollout, 2, state=TargetState.ACTIVATED, consent=Consent.COMPLETE)
    text = world.pasted(*range(20)) + "\nrubbish\n" + world.pasted(1)
    at = now + timedelta(days=30)

    verdict = give(world.as_supplier, rollout, text, now=now, at=at, check=True)
    untouched = world.target_of(rollout, SOLE)
    receipt = give(world.as_supplier, rollout, text, now=now, at=at)

    assert untouched.import_answer == 0
    assert verdict.tally == receipt.tally
    stored = InstructionLine.objects.order_by("line_no").values_list(
        "line_no", "raw", "guid", "reason", "detail"
    )
    assert [(r.line, r.raw, r.guid, r.reason, r.detail) for r in verdict.refused] == list(stored)


@pytest.mark.requirement("R3.1")
def test_received_exactly_at_the_cut_off_is_in_time_and_a_second_later_is_not(world, rollout, now):
    text = world.pasted(SOLE)

    receipt = give(world.as_supplier, rollout, text, now=rollout.cutoff_at)
    with pytest.raises(rules.RuleBroken) as refused:
        give(world.as_supplier, rollout, text, now=rollout.cutoff_at + timedelta(seconds=1))

    assert receipt.accepted == 1
    assert refused.value.code == "AFTER_CUTOFF"
    assert Instruction.objects.count() == 1


@pytest.mark.requirement("R3.1")
def test_the_time_must_be_earlier_than_dccs_and_still_ahead(world, rollout, now):
    text = world.pasted(SOLE)

    just_before = give(
        world.as_supplier, rollout, text, now=now, at=rollout.automatic_at - timedelta(seconds=1)
    )
    with pytest.raises(rules.RuleBroken) as equal:
        give(world.as_supplier, rollout, text, now=now, at=rollout.automatic_at)
    with pytest.raises(rules.RuleBroken) as past:
        give(world.as_supplier, rollout, text, now=now, at=now)

    assert just_before.accepted == 1
    assert (equal.value.code, past.value.code) == ("TIME_NOT_EARLIER", "TIME_PASSED")


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
        give(world.as_supplier, rollout, world.pasted(SOLE), now=now)

    assert refused.value.code == code
    assert refused.value.message


def test_firmware_that_left_the_cpl_takes_no_instruction(world, rollout, now):
    CplEntry.objects.filter(pk=world.target.pk).update(status="WITHDRAWN")

    with pytest.raises(services.InstructionRefused) as refused:
        give(world.as_supplier, rollout, world.pasted(SOLE), now=now)

    assert refused.value.code == "CPL_NOT_ACTIVE"


def test_a_draft_or_a_rollout_without_hubs_of_ours_does_not_exist(world, rollout, now):
    rollout.status = "DRAFT"
    rollout.save()

    with pytest.raises(NotFound):
        give(world.as_supplier, rollout, world.pasted(SOLE), now=now)

    rollout.status = "SAFE_LAUNCH"
    rollout.save()
    sql.run(
        "DELETE FROM rollouts_tally_state WHERE %(s)s IN (import_supplier_id, gas_supplier_id)",
        {"s": world.third.pk},
    )
    with pytest.raises(NotFound):
        give(world.as_third, rollout, world.pasted(SOLE), now=now)


def test_who_may_not_instruct_is_told_so(world, rollout, now):
    world.supplier_user.roles = [Role.SUPPLIER_VIEWER.value]

    for scope in (world.as_supplier, world.operator, world.as_csp):
        with pytest.raises(NotPermitted):
            give(scope, rollout, world.pasted(SOLE), now=now)


def test_an_empty_list_and_a_time_without_an_instruction_are_refused(world, rollout, now):
    with pytest.raises(BadInput) as empty:
        give(world.as_supplier, rollout, "\n\n", now=now)
    with pytest.raises(BadInput) as timed:
        give(
            world.as_supplier, rollout, world.pasted(SOLE), now=now, kind=WITHDRAW, at=now + timedelta(days=9)
        )

    assert (empty.value.code, timed.value.code) == ("no_hubs", "time_not_wanted")


def test_references_are_short_and_each_has_its_own():
    references = {drawn_reference("I") for _ in range(50_000)}

    assert len(references) == 50_000
    assert all(re.fullmatch("I-[0-9A-HJKMNP-TV-Z]{10}", reference) for reference in references)
