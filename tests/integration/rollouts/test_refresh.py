"""Rollouts follow the inventory: hubs join and leave under the same gates (R1.6)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from rollouts import services
from rollouts.models import Command, CplEntry, Hub, HubInFlight, Rollout, Target
from rollouts.services.dispatch.claim import claim_next
from rollouts.services.rollouts import refresh as _refreshing
from rollouts.states import FailureCode, TargetState
from rollouts.tasks import refresh_eligibility
from tests.factories import World, make_rollout, make_world
from tests.integration.dispatching import settle, target

pytestmark = pytest.mark.django_db


def entries(kind: EntryKind) -> set[tuple[int, int]]:
    """Return which party was told about which hub."""
    return set(FeedOutbox.objects.filter(kind=kind).values_list("party_id", "guid"))


@pytest.mark.requirement("R1.6")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"smi_status": 5}, FailureCode.DECOMMISSIONED),
        ({"smi_status": 6}, FailureCode.DECOMMISSIONED),
        ({"smi_status": 8}, FailureCode.NO_LONGER_ELIGIBLE),
        ({"device_model_id": 999}, FailureCode.EXCHANGED),
        ({"region": 8}, FailureCode.NO_LONGER_ELIGIBLE),
        ({"cpl_entry_id": 999}, FailureCode.NO_LONGER_ELIGIBLE),
    ],
)
def test_a_hub_that_no_longer_qualifies_is_withdrawn_and_its_suppliers_told(
    world: World, rollout: Rollout, now: datetime, change: dict[str, int], code: FailureCode
) -> None:
    Hub.objects.filter(guid=world.guid(9)).update(**change)

    done = services.refresh_eligibility(now=now)

    assert done.withdrawn == {code: 1}
    assert (target(rollout, world.guid(9)).state, target(rollout, world.guid(9)).code) == (90, code)
    notices = entries(EntryKind.HUB_WITHDRAWN)
    assert notices == {(world.supplier.pk, world.guid(9)), (world.other.pk, world.guid(9))}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_a_hub_whose_record_is_gone_counts_as_exchanged(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Hub.objects.filter(guid=world.guid(0)).delete()

    assert services.refresh_eligibility(now=now).withdrawn == {FailureCode.EXCHANGED: 1}


def test_what_is_under_way_on_a_hub_is_ended_by_the_hubs_going_only(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid__lt=world.guid(2)).update(state=50, consent=4)
    for number in (0, 1):
        HubInFlight.objects.create(guid=world.guid(number), rollout_id=rollout.pk)
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=8)
    Hub.objects.filter(guid=world.guid(1)).update(smi_status=5)

    services.refresh_eligibility(now=now)

    assert target(rollout, world.guid(0)).state == 50
    assert target(rollout, world.guid(1)).state == 90
    assert set(HubInFlight.objects.values_list("guid", flat=True)) == {world.guid(0)}


def test_a_settled_hub_is_left_alone(world: World, rollout: Rollout, now: datetime) -> None:
    Target.objects.filter(rollout_id=rollout.pk).update(state=60, consent=4)
    Hub.objects.update(cpl_entry_id=world.target.pk)

    done = services.refresh_eligibility(now=now)

    assert (done.joined, done.withdrawn.total()) == (0, 0)


@pytest.mark.requirement("R1.6")
def test_a_newly_commissioned_hub_joins_and_its_suppliers_are_told(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid__in=[world.guid(9), world.guid(18)]).delete()

    done = services.refresh_eligibility(now=now + timedelta(days=1))

    assert done.joined == 2
    joined = target(rollout, world.guid(9))
    assert (joined.consent, joined.state, joined.effective_at) == (2, 10, rollout.automatic_at)
    unregistered = target(rollout, world.guid(18))
    assert (unregistered.consent, unregistered.state) == (6, 20)
    assert entries(EntryKind.HUB_JOINED) == {
        (world.supplier.pk, world.guid(9)),
        (world.other.pk, world.guid(9)),
    }
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R1.6")
@pytest.mark.parametrize(("late", "begun"), [(timedelta(0), (1, 10)), (timedelta(seconds=1), (5, 20))])
def test_a_hub_that_joins_after_the_cut_off_takes_the_default_at_once(
    world: World, rollout: Rollout, late: timedelta, begun: tuple[int, int], now: datetime
) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).delete()

    services.refresh_eligibility(now=rollout.cutoff_at + late)

    joined = target(rollout, world.guid(0))
    assert (joined.consent, joined.state) == begun


def test_a_hub_that_qualifies_again_comes_back_with_its_answer(
    world: World, rollout: Rollout, now: datetime
) -> None:
    wanted = now + timedelta(days=50)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(
        import_answer=1, import_time=wanted, answered_at=now, effective_at=wanted, consent=4, state=20
    )
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=8)
    services.refresh_eligibility(now=now)
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=4)

    assert services.refresh_eligibility(now=now).joined == 1

    back = target(rollout, world.guid(0))
    assert (back.state, back.code, back.consent, back.effective_at) == (20, 0, 4, wanted)


def test_a_hub_that_comes_back_under_other_suppliers_begins_anew(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(
        import_answer=1, import_time=now, answered_at=now, effective_at=now, consent=4, state=20
    )
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=5)
    services.refresh_eligibility(now=now)
    Hub.objects.filter(guid=world.guid(0)).update(
        smi_status=4, import_supplier_id=world.other.pk, gas_supplier_id=world.other.pk
    )

    services.refresh_eligibility(now=now)

    back = target(rollout, world.guid(0))
    assert (back.state, back.consent, back.import_answer, back.effective_at) == (
        10,
        1,
        0,
        rollout.automatic_at,
    )
    assert back.import_supplier_id == world.other.pk


@pytest.mark.requirement("R3.11")
def test_a_target_that_a_change_of_supplier_passed_by_is_mended(
    world: World, rollout: Rollout, now: datetime
) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(
        import_answer=1, import_time=now, answered_at=now, effective_at=now, consent=4, state=20
    )
    Hub.objects.filter(guid=world.guid(0)).update(
        import_supplier_id=world.third.pk, gas_supplier_id=world.third.pk
    )

    assert services.refresh_eligibility(now=now).mended == 1
    assert services.refresh_eligibility(now=now).mended == 0

    mended = target(rollout, world.guid(0))
    assert (mended.import_supplier_id, mended.gas_supplier_id) == (world.third.pk, world.third.pk)
    assert (mended.import_answer, mended.consent, mended.state) == (0, 1, 10)


def test_a_hub_whose_region_is_corrected_is_commanded_through_the_csp_that_serves_it(
    world: World, rollout: Rollout, now: datetime
) -> None:
    settle(rollout, where=f"guid IN ({world.guid(0)}, {world.guid(1)})")
    services.plan_due(now)
    Hub.objects.filter(guid=world.guid(0)).update(region=3)

    assert claim_next(2, now=now).command_id is not None
    assert target(rollout, world.guid(0)).state == TargetState.SCHEDULED
    assert services.refresh_rollout(rollout_id=rollout.pk, now=now).mended == 1

    assert target(rollout, world.guid(0)).region == 3
    assert services.measure_drift(rollout_id=rollout.pk).total == 0
    services.plan_due(now)
    assert Command.objects.get(region=3).guids == [world.guid(0)]


def test_what_has_begun_goes_on_through_its_csp_where_nobody_serves_the_new_region(
    world: World, rollout: Rollout, now: datetime
) -> None:
    settle(rollout, state=40, effective_at=now, where=f"guid = {world.guid(0)}")
    Hub.objects.filter(guid__in=[world.guid(0), world.guid(1)]).update(region=7)

    services.refresh_rollout(rollout_id=rollout.pk, now=now)

    assert (target(rollout, world.guid(0)).region, target(rollout, world.guid(1)).region) == (2, 7)
    services.plan_due(now)
    assert claim_next(2, now=now).command_id is not None
    assert target(rollout, world.guid(0)).state == TargetState.ACTIVATING


def test_refreshing_again_changes_nothing(world: World, rollout: Rollout, now: datetime) -> None:
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=5)
    services.refresh_eligibility(now=now)
    before = FeedOutbox.objects.count()

    again = services.refresh_eligibility(now=now)

    assert (again.joined, again.withdrawn.total(), again.suspended) == (0, 0, 0)
    assert FeedOutbox.objects.count() == before


@pytest.mark.requirement("R1.6")
def test_firmware_that_leaves_the_cpl_suspends_its_rollout_once(
    world: World, rollout: Rollout, now: datetime
) -> None:
    CplEntry.objects.filter(pk=world.target.pk).update(status="WITHDRAWN")
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).delete()

    assert services.refresh_eligibility(now=now).suspended == 1
    assert services.refresh_eligibility(now=now).suspended == 0

    rollout.refresh_from_db()
    assert (rollout.status, rollout.status_reason) == ("SUSPENDED", _refreshing.CPL_REASON)
    assert not Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).exists()


def test_the_nightly_task_refreshes_all_and_the_one_after_a_notice_its_own(
    world: World, rollout: Rollout
) -> None:
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=5)

    refresh_eligibility(rollout_id=rollout.pk + 1)
    assert target(rollout, world.guid(0)).state == 10
    refresh_eligibility(some_later_argument=True)
    assert target(rollout, world.guid(0)).state == 90


def test_a_rollout_that_has_ended_is_not_refreshed(world: World, rollout: Rollout, now: datetime) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(status="COMPLETE")
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=5)

    assert services.refresh_eligibility(now=now).withdrawn.total() == 0


def test_a_refresh_in_chunks_counts_what_all_of_them_did(
    world: World, rollout: Rollout, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_refreshing, "CHUNK", 3)
    Hub.objects.filter(guid__lt=world.guid(10)).update(smi_status=5)
    Target.objects.filter(rollout_id=rollout.pk, guid__gte=world.guid(10)).delete()

    done = services.refresh_eligibility(now=now)

    assert (done.joined, done.withdrawn.total()) == (10, 10)


def test_a_refresh_that_dies_in_the_middle_keeps_what_it_did_and_is_finished_by_the_next(
    world: World, rollout: Rollout, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_refreshing, "CHUNK", 3)
    Target.objects.filter(rollout_id=rollout.pk).delete()
    join, calls = _refreshing._join, []

    def dying(**arguments: object) -> int:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return join(**arguments)

    monkeypatch.setattr(_refreshing, "_join", dying)
    with pytest.raises(KeyboardInterrupt):
        services.refresh_eligibility(now=now)
    assert Target.objects.filter(rollout_id=rollout.pk).count() == 6

    assert services.refresh_eligibility(now=now).joined == 14


@pytest.mark.parametrize("hubs", [20, 400])
def test_a_refresh_takes_as_many_statements_for_many_hubs_as_for_few(
    hubs: int, now: datetime, django_assert_num_queries
) -> None:
    world = make_world(hubs=hubs)
    rollout = make_rollout(world, now=now)
    Hub.objects.filter(guid__lt=world.guid(hubs // 2)).update(smi_status=5)
    Target.objects.filter(rollout_id=rollout.pk, guid__gte=world.guid(hubs // 2)).delete()

    with django_assert_num_queries(19):
        assert services.refresh_eligibility(now=now).joined == hubs // 2


@pytest.mark.django_db(transaction=True)
def test_a_notice_and_a_refresh_at_once_give_no_hub_twice(now: datetime) -> None:
    world = make_world(hubs=400)
    running = make_rollout(world, now=now)
    Target.objects.filter(rollout_id=running.pk).delete()
    draft = services.draft_rollout(
        world.operator,
        name="The next one",
        cpl_entry_id=world.target.pk,
        kind="UNPLANNED",
        severity="MINOR",
        priority="P4",
        automatic_at=now + timedelta(days=100),
        has_pilot=False,
        now=now,
    )

    def run(use_case) -> None:  # type: ignore[no-untyped-def]
        try:
            use_case()
        except services.CannotPublish:
            pass
        finally:
            connections.close_all()

    threads = [
        threading.Thread(
            target=run,
            args=(lambda: services.notify_rollout(world.operator, rollout_id=draft.pk, now=now),),
        ),
        threading.Thread(target=run, args=(lambda: services.refresh_eligibility(now=now),)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT guid) FROM rollouts_target")
        assert cursor.fetchone() == (400, 400)
