"""Suppliers nominate hubs for the pilot: which are taken, which are refused, by when and by whom (R2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Hub, PilotMember, PilotSubmission, Rollout, SelectionRule, Target
from rollouts.rules import RuleBroken
from rollouts.services.instructions.hub_list import HubList
from tests.factories import World
from tests.integration.feeds import entries_by_party
from tests.integration.nominating import nominate, pilot_hubs, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(world: World, now: datetime) -> Rollout:
    """A published rollout with a pilot of at most six hubs."""
    return publish(world, now=now)


@pytest.mark.requirement("R2.3")
def test_a_nomination_waits_for_the_dcc_and_each_is_told(
    world: World, rollout: Rollout, now: datetime
) -> None:
    nomination = nominate(world, rollout, 0, 1, 9, now=now)

    assert (nomination.hubs, list(nomination.rejected)) == (3, [])
    assert pilot_hubs(rollout) == 0
    entries = entries_by_party(EntryKind.PILOT_SUBMITTED)
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


def test_more_hubs_than_the_whole_group_may_hold_are_refused_at_once(
    world: World, rollout: Rollout, now: datetime
) -> None:
    with pytest.raises(services.OverPilotCap):
        nominate(world, rollout, 0, 1, 2, 3, 4, 5, 6, now=now)

    assert not PilotSubmission.objects.exists()


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
    assert entries_by_party(EntryKind.PILOT_CONFIRMED) == {
        world.other.pk: {
            "submission": reference_of(theirs.submission_id, "submission"),
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
