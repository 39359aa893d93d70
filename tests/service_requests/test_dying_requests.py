"""A process that dies at any statement of a Service Request: the same message again is done once, and answered."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction

from portal.events.models import FeedOutbox
from rollouts.models import Command, Instruction, ServiceRequest, Target
from rollouts.service_requests.carrying_out import answer_request
from tests.integration.dying import deaths
from tests.service_requests.messages import checked, read_version, signed, update

pytestmark = [pytest.mark.requirement("R6.6"), pytest.mark.django_db]


def outcome(stage):
    """What there is of requests, instructions, answers, readings and news."""
    return (
        list(ServiceRequest.objects.values_list("counter", "code", "guid")),
        list(Instruction.objects.values_list("kind", "accepted", "rejected_by_reason", "idempotency_key")),
        Counter(Target.objects.values_list("import_answer", "gas_answer", "consent")),
        list(Command.objects.values_list("kind", "hub_count")),
        Counter(FeedOutbox.objects.values_list("party_id", "kind")),
    )


@pytest.mark.parametrize("is_reading", [False, True])
def test_what_died_at_any_statement_is_done_once_when_it_comes_again(stage, now, monkeypatch, is_reading):
    hubs = [stage.guid(0), stage.guid(9), stage.guid(17)]
    message = signed(read_version(stage.guid(0)) if is_reading else update(hubs), stage.supplier.signer)

    def answer():
        return answer_request(stage.world.as_supplier, message, received_at=now)

    start = transaction.savepoint()
    answer()
    once = outcome(stage)
    transaction.savepoint_rollback(start)
    at = 0
    for at in deaths(monkeypatch, answer):
        again = answer()
        assert checked(again.body, stage.authority.portal).code == "I99", f"died at statement {at}"
        assert outcome(stage) == once, f"died at statement {at}"

    assert at > 5
