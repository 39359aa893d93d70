"""Publishing: what a notice makes, for whom, and what two at once do (R1)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection, connections

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel import sql
from rollouts import services
from rollouts.models import Batch, Hub, Rollout, Target
from rollouts.reads.rollouts.shares import shares_of
from rollouts.services.rollouts import publish as _publishing
from tests.factories import OrganisationFactory, World, make_rollout, make_world
from tests.integration.feeds import entries_by_party
from tests.integration.publishing import NOTE, draft, published

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R1.1")
def test_a_notice_says_what_it_must_to_each_party_with_its_own_numbers(world: World, now: datetime) -> None:
    rollout = published(world, now=now)

    entries = entries_by_party(EntryKind.ROLLOUT_NOTIFIED)
    assert set(entries) == {
        org.pk for org in (world.supplier, world.other, world.third, world.csp, world.panel, world.dcc)
    }
    own = entries[world.supplier.pk]
    assert own["model"] == "433100AC"
    assert own["firmware_version"] == "0C230000"
    assert own["release_note_url"] == NOTE
    assert (own["severity"], own["priority"]) == ("MAJOR", "P2")
    assert own["automatic_at"] == rollout.automatic_at.isoformat()
    assert own["hubs"] == 16
    assert own["roles"] == {"import": 5, "gas": 2, "both": 9}
    assert own["split"] == 5
    assert entries[world.other.pk]["hubs"] == 6
    assert entries[world.csp.pk]["regions"] == {"CENTRAL": 20}
    assert entries[world.panel.pk]["hubs"] == 20
    fact = Event.objects.get(name="rollout.notified")
    assert fact.facts["hubs"] == 20
    assert fact.actor_id == world.operator_user.pk


def test_no_suppliers_notice_names_another_supplier(world: World, now: datetime) -> None:
    published(world, now=now)

    for party, data in entries_by_party(EntryKind.ROLLOUT_NOTIFIED).items():
        others = {world.supplier, world.other, world.third} - {
            org for org in (world.supplier, world.other, world.third) if org.pk == party
        }
        assert not any(org.name in str(data) for org in others)


@pytest.mark.requirement("R1.6")
def test_every_eligible_hub_gets_a_target_and_no_other(world: World, now: datetime) -> None:
    Hub.objects.filter(guid=world.guid(0)).update(smi_status=7)
    Hub.objects.filter(guid=world.guid(1)).update(smi_status=1)
    Hub.objects.filter(guid=world.guid(2)).update(smi_status=5)
    Hub.objects.filter(guid=world.guid(3)).update(smi_status=8)
    Hub.objects.filter(guid=world.guid(4)).update(region=8)
    Hub.objects.filter(guid=world.guid(5)).update(cpl_entry_id=world.oldest.pk)
    Hub.objects.filter(guid=world.guid(6)).update(cpl_entry_id=world.target.pk)
    Hub.objects.filter(guid=world.guid(7)).update(device_model_id=world.model.pk + 1)

    rollout = published(world, now=now)

    guids = set(Target.objects.filter(rollout_id=rollout.pk).values_list("guid", flat=True))
    left_out = {world.guid(number) for number in (1, 2, 3, 4, 5, 6, 7)}
    assert guids == {world.guid(number) for number in range(20)} - left_out


@pytest.mark.requirement("R1.6")
def test_a_hub_with_a_live_target_elsewhere_is_left_out_and_a_settled_one_is_not(
    world: World, now: datetime
) -> None:
    earlier = make_rollout(world, now=now)
    Target.objects.filter(rollout_id=earlier.pk, guid__gte=world.guid(15)).update(state=90, code=65)
    Target.objects.filter(rollout_id=earlier.pk, guid=world.guid(14)).update(state=31, code=19)

    rollout = published(world, now=now, name="The next one")

    guids = set(Target.objects.filter(rollout_id=rollout.pk).values_list("guid", flat=True))
    assert guids == {world.guid(number) for number in range(14, 20)}


@pytest.mark.requirement("R1.6")
def test_a_rollout_that_has_ended_keeps_no_hub_from_the_next(world: World, now: datetime) -> None:
    make_rollout(world, now=now, status="STOPPED")

    rollout = published(world, now=now, name="The next one")

    assert Target.objects.filter(rollout_id=rollout.pk).count() == 20


def test_consent_and_state_begin_as_the_suppliers_of_a_hub_have_it(world: World, now: datetime) -> None:
    rollout = published(world, now=now)

    rows = Target.objects.filter(rollout_id=rollout.pk).order_by("guid")
    begun = {row.guid - world.guid(0): (row.consent, row.state) for row in rows}
    assert begun[0] == (1, 10)
    assert begun[9] == (2, 10)
    assert begun[14] == (1, 10)
    assert begun[16] == (1, 10)
    assert begun[18] == (6, 20)
    assert {row.effective_at for row in rows} == {rollout.automatic_at}


def test_a_second_notice_is_refused_and_makes_nothing(world: World, now: datetime) -> None:
    rollout = published(world, now=now)
    before = FeedOutbox.objects.count()

    with pytest.raises(services.StepRefused):
        services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)

    assert FeedOutbox.objects.count() == before
    assert shares_of(rollout.pk).total.hubs == 20


def test_a_notice_nobody_would_receive_is_refused_and_leaves_no_table(world: World, now: datetime) -> None:
    Hub.objects.update(smi_status=1)
    rollout = draft(world, now=now)

    with pytest.raises(services.CannotPublish) as refusal:
        services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)

    assert refusal.value.code == "nobody_eligible"
    left = sql.rows("SELECT to_regclass(%(name)s) AS name", {"name": f"rollouts_target_{rollout.pk}"})
    assert left[0].name is None


@pytest.mark.requirement("R2.5")
def test_with_a_pilot_the_gate_is_shut_and_without_one_it_is_open(world: World, now: datetime) -> None:
    piloted = published(world, now=now)
    assert piloted.status == "NOTIFIED"
    assert list(piloted.batches.order_by("position").values_list("kind", "gate_open")) == [
        ("PILOT", False),
        ("SAFE_LAUNCH", False),
    ]
    services.take_step(world.operator, rollout_id=piloted.pk, verb="revoke", reason="Again", now=now)

    plain = published(world, now=now, has_pilot=False)
    assert plain.status == "SAFE_LAUNCH"
    assert list(Batch.objects.filter(rollout=plain).values_list("kind", "gate_open")) == [
        ("SAFE_LAUNCH", True)
    ]


def test_the_tallies_of_a_notice_agree_with_a_recount(world: World, now: datetime) -> None:
    rollout = published(world, now=now)

    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_the_partition_of_a_notice_keeps_its_tallies_from_then_on(world: World, now: datetime) -> None:
    rollout = published(world, now=now)

    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(state=20, consent=4)
    sql.run(
        f"UPDATE rollouts_target_{rollout.pk} SET state = 60 WHERE guid = %(guid)s", {"guid": world.guid(0)}
    )

    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.parametrize("hubs", [20, 400])
def test_publishing_takes_as_many_statements_for_many_hubs_as_for_few(
    hubs: int, now: datetime, django_assert_num_queries
) -> None:
    world = make_world(hubs=hubs)
    rollout = draft(world, now=now)

    with django_assert_num_queries(PUBLISH_STATEMENTS):
        services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)

    assert shares_of(rollout.pk).total.hubs == hubs


PUBLISH_STATEMENTS = 22


@pytest.mark.django_db(transaction=True)
def test_two_notices_of_one_model_at_once_give_no_hub_twice(now: datetime) -> None:
    world = make_world(hubs=400)
    OrganisationFactory(name="Bystander")
    drafts = [draft(world, now=now, name=name) for name in ("one", "the other")]
    outcomes: list[object] = []

    def publish(rollout: Rollout) -> None:
        try:
            outcomes.append(services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now).hubs)
        except services.CannotPublish as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=publish, args=(rollout,)) for rollout in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes, key=str) == [400, "nobody_eligible"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT guid) FROM rollouts_target")
        assert cursor.fetchone() == (400, 400)


@pytest.mark.requirement("R3.11")
@pytest.mark.django_db(transaction=True)
def test_a_change_of_supplier_waits_for_a_notice_on_its_way(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    rollout = draft(world, now=now)
    made, may_commit = threading.Event(), threading.Event()
    make_targets = _publishing._make_targets

    def make_and_wait(*args: object, **named: object) -> int:
        hubs = make_targets(*args, **named)
        made.set()
        may_commit.wait(10)
        return hubs

    def run(work: Callable[[], object]) -> None:
        work()
        connections.close_all()

    monkeypatch.setattr(_publishing, "_make_targets", make_and_wait)
    notice = threading.Thread(
        target=run,
        args=(lambda: services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now),),
    )
    moved = (world.guid(0), world.other.pk, world.other.pk)
    change = threading.Thread(
        target=run,
        args=(lambda: services.change_suppliers(world.operator, changes=[moved], effective_at=now, now=now),),
    )

    notice.start()
    assert made.wait(10)
    change.start()
    change.join(0.5)
    may_commit.set()
    notice.join(10)
    change.join(10)

    target = Target.objects.get(rollout_id=rollout.pk, guid=world.guid(0))
    assert (target.import_supplier_id, target.gas_supplier_id) == moved[1:]
