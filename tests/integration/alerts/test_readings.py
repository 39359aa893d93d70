"""A hub read on request: its answer goes to whoever asked, and corrects the inventory."""

from __future__ import annotations

import pytest

from portal.events.kinds import EntryKind
from portal.kernel import sql
from rollouts.models import (
    Command,
    Hub,
    HubHistory,
)
from rollouts.states import CommandKind
from tests.integration.alerting import AlertScenario, read_command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_subscribers")]


@pytest.mark.requirement("R4.8")
def test_a_reading_on_request_is_forwarded_to_whoever_asked_and_corrects_the_inventory(now):
    scenario = AlertScenario(now)
    sql.run("UPDATE rollouts_target SET state = 10")
    records = Command.objects.create(
        kind=CommandKind.READ,
        region=2,
        guids=[],
        hub_count=0,
        due_at=now,
        created_at=now,
        requested_by_id=scenario.world.supplier.pk,
    )

    scenario.deliver(
        scenario.alert(0, "READ_RESULT", firmware_version="0C210000", command_id=str(records.pk))
    )

    assert Hub.objects.get(guid=scenario.world.guid(0)).cpl_entry_id == scenario.world.oldest.pk
    kinds = [kind for kind, _, _ in scenario.feed(scenario.world.as_supplier)]
    assert sorted(kinds) == [EntryKind.HUB_ACTIVATED, EntryKind.HUB_VERSION_READ]
    assert scenario.feed(scenario.world.as_other) == []


@pytest.mark.requirement("R4.8")
def test_everybody_who_asked_for_a_reading_is_answered_when_the_answers_come_together(now):
    scenario = AlertScenario(now)
    readings = [read_command(scenario) for _ in range(4)]
    for command, party in zip(
        readings, (scenario.world.supplier, scenario.world.other, None, None), strict=True
    ):
        if party:
            Command.objects.filter(pk=command.pk).update(rollout_id=None, requested_by_id=party.pk)
    answers = [
        scenario.alert(9, "READ_RESULT", minutes=at, firmware_version="0C210000", command_id=str(command.pk))
        for at, command in enumerate(readings[:3], start=1)
    ]
    lost = scenario.alert(9, "READ_RESULT", minutes=9, reason="NO_RESPONSE", command_id=str(readings[3].pk))

    scenario.deliver(*answers, lost)

    for scope in (scenario.world.as_supplier, scenario.world.as_other):
        assert [kind for kind, *_ in scenario.feed(scope)].count(EntryKind.HUB_VERSION_READ) == 1
    assert Hub.objects.get(guid=scenario.world.guid(9)).cpl_entry_id == scenario.world.oldest.pk
    assert HubHistory.objects.filter(guid=scenario.world.guid(9), kind=6).count() == 4
