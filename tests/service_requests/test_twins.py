"""What a Supplier says by signed XML and over REST comes to the same: same services, same reasons, same receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from rollouts.models import Command, Instruction, Rollout, Target
from rollouts.service_requests.codes import LIST_OF_REASON, LISTS
from rollouts.states import InstructionKind, RejectionReason
from tests.service_requests.messages import OTHER_USER, read_version, update

pytestmark = [pytest.mark.requirement("R6.6"), pytest.mark.django_db]
WAYS = ("rest", "xml")
STRANGER = "FF-FF-FF-FF-FF-FF-FF-01"
WORDS = {"INSTRUCT": "", "AGREE": "<sr:Agree/>", "DECLINE": "<sr:Decline/>", "WITHDRAW": "<sr:Withdraw/>"}
COUNTERS = iter(range(1, 10_000))


def answer_by(stage, way, sender, kind, hubs, *, at=None):
    """Say something about hubs by one way or the other."""
    if way == "rest":
        body = {"kind": kind, "guids": hubs}
        if at:
            body["activate_at"] = at.isoformat()
        path = f"/rollouts/{stage.rollout.pk}/instructions"
        return sender.system.post(path, body).status_code
    time = f"<sr:ActivationDateTime>{at:%Y-%m-%dT%H:%M:%SZ}</sr:ActivationDateTime>" if at else ""
    answer = WORDS[kind] or time
    user = {"user": OTHER_USER} if sender is stage.other else {}
    return sender.send(update(hubs, counter=next(COUNTERS), answer=answer, **user)).code


def outcome(stage):
    """What has been stored of it, without what names the way."""
    given = Instruction.objects.order_by("pk").values_list(
        "kind", "accepted", "rejected_by_reason", "activate_at", "organisation_id"
    )
    party = {stage.world.supplier.pk: "supplier", stage.world.other.pk: "other"}
    rows = Target.objects.filter(rollout_id=stage.rollout.pk, guid__lt=stage.world.guid(20)).order_by("guid")
    answers = rows.values_list("import_answer", "gas_answer", "consent", "effective_at")
    now = datetime.now(UTC)
    by_hub = [(*row[:3], "at once" if row[3] <= now else row[3]) for row in answers]
    return [(*row[:4], party[row[4]]) for row in given], by_hub


def test_every_answer_of_rest_has_its_word_in_xml():
    assert set(WORDS) == set(InstructionKind.values)


def test_every_reason_of_a_receipt_has_its_place_in_a_response():
    assert set(LIST_OF_REASON) <= set(RejectionReason.values)
    assert set(LIST_OF_REASON.values()) == set(LISTS)


def test_the_same_course_by_both_ways_leaves_the_same(stage, now):
    """One way is undone before the other is taken: the database is put back as it was."""
    outcomes = []
    at = (now + timedelta(days=20)).replace(microsecond=0)
    mixed = [stage.guid(0), stage.guid(9), stage.guid(9), STRANGER, stage.guid(17), "damaged"]
    for way in WAYS:
        mark = transaction.savepoint()
        answer_by(stage, way, stage.supplier, "INSTRUCT", mixed, at=at)
        answer_by(stage, way, stage.other, "AGREE", [stage.guid(9), stage.guid(10), stage.guid(0)])
        answer_by(stage, way, stage.supplier, "INSTRUCT", [stage.guid(1), stage.guid(2)])
        answer_by(stage, way, stage.supplier, "WITHDRAW", [stage.guid(1), stage.guid(5)])
        answer_by(stage, way, stage.other, "DECLINE", [stage.guid(10), stage.guid(11)])
        outcomes.append(outcome(stage))
        transaction.savepoint_rollback(mark)

    by_rest, by_xml = outcomes
    assert by_xml == by_rest
    assert len(by_rest[0]) == 5
    assert by_rest[0][0][2]["UNKNOWN_DEVICE"] == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "PAUSED", "stood_at": "SAFE_LAUNCH"}, "ROLLOUT_PAUSED"),
        ({"status": "STOPPED"}, "ROLLOUT_STOPPED"),
        ({"status": "REVOKED"}, "ROLLOUT_REVOKED"),
    ],
)
def test_a_refusal_of_the_whole_has_the_reason_rest_gives(stage, change, reason):
    Rollout.objects.filter(pk=stage.rollout.pk).update(**change)

    xml = stage.supplier.send(update([stage.guid(0)], counter=next(COUNTERS)))
    rest = stage.supplier.system.post(
        f"/rollouts/{stage.rollout.pk}/instructions", {"kind": "INSTRUCT", "guids": [stage.guid(0)]}
    )

    assert xml.reason == rest.json()["code"] == reason
    assert not Instruction.objects.exists()


def test_a_reading_by_xml_is_a_reading_over_rest(stage):
    stage.supplier.send(read_version(stage.guid(0), counter=next(COUNTERS)))
    stage.supplier.system.post("/readings", {"guids": [stage.guid(1)]})

    first, second = Command.objects.order_by("pk").values("kind", "requested_by_id", "hub_count", "region")
    assert first == second
