"""The course of an instruction by XML: two Suppliers under both policies, different dates, the cut-off, the roles."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from portal.identity.models import UserIdentifier
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Command, Instruction, Rollout, Target
from rollouts.rules.identifiers import parse_user_id
from rollouts.states import CommandKind, Consent, ConsentPolicy
from tests.service_requests.messages import OTHER_USER, USER, checked, read_version, signed, update
from tests.service_requests.test_at_the_server import call
from tests.service_requests.test_service_requests import time_of

pytestmark = pytest.mark.django_db
POLICIES = pytest.mark.parametrize("policy", ConsentPolicy.values)


def target(stage, number: int) -> Target:
    return Target.objects.get(rollout_id=stage.rollout.pk, guid=stage.world.guid(number))


def distributed_to(now) -> set[str]:
    """Plan what is due, and return the hubs that images go to."""
    services.plan_due(now)
    commands = Command.objects.filter(kind=CommandKind.DISTRIBUTE).values_list("guids", flat=True)
    return {str(Guid.from_db(guid)) for guids in commands for guid in guids}


@pytest.mark.requirement("R3.3", "R3.4", "R3.6", "R6.6")
@POLICIES
@pytest.mark.parametrize("second", ["<sr:Agree/>", ""])
def test_the_image_goes_out_once_the_second_supplier_has_sent_one_or_agreed(stage, now, policy, second):
    Rollout.objects.update(consent_policy=policy)
    at = now + timedelta(days=3)
    stage.supplier.send(update([stage.guid(9)], answer=time_of(at)))

    alone, consent = distributed_to(now), target(stage, 9).consent
    stage.other.send(update([stage.guid(9)], user=OTHER_USER, answer=second or time_of(at)))
    both = distributed_to(now)

    assert (alone, consent) == (set(), Consent.AWAITING_SECOND)
    assert target(stage, 9).consent == Consent.COMPLETE
    assert both == {stage.guid(9)}
    (response, *_) = stage.supplier.messages()
    assert response.text("Body/UpdateFirmwareResult/Accepted") == "1"


@pytest.mark.requirement("R3.4", "R6.6")
@POLICIES
@pytest.mark.parametrize("answer", ["", "<sr:Decline/>"])
def test_a_single_instruction_stands_where_the_policy_is_voluntary(stage, now, policy, answer):
    Rollout.objects.update(consent_policy=policy)
    at = stage.rollout.cutoff_at + timedelta(days=3)
    stage.supplier.send(update([stage.guid(9)], answer=time_of(at)))
    if answer:
        stage.other.send(update([stage.guid(9)], user=OTHER_USER, answer=answer))

    services.close_window(rollout_id=stage.rollout.pk, now=stage.rollout.cutoff_at + timedelta(seconds=1))

    expected = at.replace(microsecond=0) if policy == ConsentPolicy.VOLUNTARY else stage.rollout.automatic_at
    assert target(stage, 9).effective_at == expected


@pytest.mark.requirement("R3.3", "R6.6")
def test_the_later_of_two_times_counts(stage, now):
    early, late = now + timedelta(days=5), now + timedelta(days=8)
    stage.supplier.send(update([stage.guid(9)], answer=time_of(late)))

    stage.other.send(update([stage.guid(9)], user=OTHER_USER, answer=time_of(early)))

    assert target(stage, 9).effective_at == late.replace(microsecond=0)


@pytest.mark.requirement("R6.6")
def test_a_supplier_phases_its_rollout_by_dates(stage, now):
    days = (10, 20, 30)
    for counter, day in enumerate(days, 1):
        hubs = [stage.guid(counter * 2), stage.guid(counter * 2 + 1)]
        stage.supplier.send(update(hubs, counter=counter, answer=time_of(now + timedelta(days=day))))

    times = [target(stage, number).effective_at for number in (2, 3, 4, 5, 6, 7)]

    expected = [(now + timedelta(days=day)).replace(microsecond=0) for day in days for _ in range(2)]
    assert times == expected
    assert len(stage.supplier.messages()) == len(days)


@pytest.mark.requirement("R3.1", "R6.6")
@pytest.mark.parametrize("is_late", [True, False])
def test_the_last_octet_decides_whether_a_request_came_before_the_cut_off(stage, now, is_late):
    """The body begins before the cut-off; its last part comes after it, or before."""
    cutoff_at = datetime.now(UTC) + timedelta(seconds=2 if is_late else 600)
    Rollout.objects.update(cutoff_at=cutoff_at)
    message = signed(update([stage.guid(0)]), stage.supplier.signer)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            part = super().read(min(size or 0, len(message) // 2) if size and size > 0 else len(message) // 2)
            if self.tell() > len(message) // 2:
                while is_late and datetime.now(UTC) <= cutoff_at:
                    pass
            return part

    status, content = call(stage, message, source=Slow(message))

    answer = checked(content, stage.authority.portal)
    if is_late:
        assert (status, answer.code, answer.reason) == (422, "EP31", "AFTER_CUTOFF")
    else:
        assert (status, answer.code) == (202, "I99")
    assert Instruction.objects.count() == (not is_late)


@pytest.mark.requirement("R6.6")
def test_a_reading_is_sent_to_the_hub_that_is_its_target(stage):
    stage.supplier.send(read_version(stage.guid(3)))

    command = Command.objects.get(kind=CommandKind.READ)

    assert [str(Guid.from_db(guid)) for guid in command.guids] == [stage.guid(3)]
    assert command.requested_by_id == stage.world.supplier.pk


@pytest.mark.parametrize("role", ["ES", "RSA", "ED", "GT", "OU", ""])
def test_only_import_and_gas_suppliers_ask(stage, role):
    UserIdentifier.objects.filter(eui64=parse_user_id(USER).db).update(user_role=role)

    codes = [
        stage.supplier.send(update([stage.guid(0)])).code,
        stage.supplier.send(read_version(stage.guid(0), counter=2)).code,
    ]

    assert codes == ["E2", "E2"]
    assert not Instruction.objects.exists()
    assert not Command.objects.exists()


@pytest.mark.requirement("R6.6")
def test_a_gas_supplier_asks_as_an_import_supplier_does(stage):
    UserIdentifier.objects.filter(eui64=parse_user_id(USER).db).update(user_role="GS")

    assert stage.supplier.send(update([stage.guid(0)])).code == "I99"
    assert Instruction.objects.get().accepted == 1
