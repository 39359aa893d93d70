"""DCC batches: their own time and cut-off, for hubs nobody has answered for (R3.7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Batch, Rollout, Target
from rollouts.rules import RuleBroken
from rollouts.rules.criteria import InvalidCriteria
from rollouts.services import HubList
from tests.factories import World, make_rollout

pytestmark = pytest.mark.django_db

EVERY = {"all": []}


def create(world: World, rollout: Rollout, *, now: datetime, **changes: object) -> services.BatchFormed:
    """Form a batch of all hubs, 60 days ahead, unless told otherwise."""
    fields: dict[str, object] = {
        "name": "North first",
        "automatic_at": now + timedelta(days=60),
        "tree": EVERY,
    }
    return services.create_batch(world.operator, rollout_id=rollout.pk, now=now, **{**fields, **changes})


@pytest.mark.requirement("R3.7")
def test_a_batch_moves_only_hubs_nobody_has_answered_for(
    world: World, rollout: Rollout, now: datetime
) -> None:
    targets = Target.objects.filter(rollout_id=rollout.pk)
    targets.filter(guid=world.guid(0)).update(import_answer=1, import_time=now, consent=4, state=20)
    targets.filter(guid=world.guid(9)).update(gas_answer=3)

    formed = create(world, rollout, now=now)

    assert formed.hubs == 17
    moved = targets.filter(batch_id=formed.batch_id)
    assert set(moved.values_list("effective_at", flat=True)) == {now + timedelta(days=60)}
    assert not moved.filter(guid__in=[world.guid(0), world.guid(9), world.guid(18)]).exists()
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R3.7")
def test_a_batch_is_announced_with_its_own_cut_off_to_the_suppliers_it_concerns(
    world: World, rollout: Rollout, now: datetime
) -> None:
    automatic_at = datetime(2030, 5, 31, 0, 0, tzinfo=UTC)
    source = HubList.from_text("\n".join(str(Guid.from_db(world.guid(n))) for n in (0, 1, 9)))

    formed = create(world, rollout, now=now, automatic_at=automatic_at, tree=None, source=source)

    assert formed.cutoff_at == datetime(2030, 4, 30, 0, 0, tzinfo=UTC)
    entries = {each.party_id: each.data for each in FeedOutbox.objects.filter(kind=EntryKind.BATCH_ANNOUNCED)}
    assert {party: data["hubs"] for party, data in entries.items()} == {
        world.supplier.pk: 3,
        world.other.pk: 1,
    }
    assert entries[world.other.pk]["cutoff_at"] == "2030-04-30T00:00:00+00:00"
    assert world.supplier.name not in str(entries[world.other.pk])


def test_hubs_are_chosen_by_criteria(world: World, rollout: Rollout, now: datetime) -> None:
    tree = {"all": [{"field": "supply", "op": "=", "value": "SPLIT"}]}

    assert create(world, rollout, now=now, tree=tree).hubs == 6


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (121, "BATCH_TOO_LATE"),
        (0, "AUTOMATIC_NOT_AHEAD"),
        (30, "BATCH_WITHOUT_WINDOW"),
        (120, None),
        (32, None),
    ],
)
def test_the_time_of_a_batch_is_ahead_no_later_than_the_rollouts_and_leaves_a_month(
    world: World, rollout: Rollout, now: datetime, days: int, code: str | None
) -> None:
    if code is None:
        assert create(world, rollout, now=now, automatic_at=now + timedelta(days=days)).hubs == 19
        return
    with pytest.raises(RuleBroken) as refusal:
        create(world, rollout, now=now, automatic_at=now + timedelta(days=days))
    assert refusal.value.code == code


def test_what_cannot_be_a_batch_is_refused(world: World, rollout: Rollout, now: datetime) -> None:
    with pytest.raises(NotPermitted):
        services.create_batch(
            world.as_supplier, rollout_id=rollout.pk, name="x", automatic_at=now, tree=EVERY, now=now
        )
    for wrong in ({"name": " "}, {"tree": None}, {"source": HubList.from_text("")}):
        with pytest.raises(BadInput):
            create(world, rollout, now=now, **wrong)
    with pytest.raises(InvalidCriteria):
        create(world, rollout, now=now, tree={"all": [{"field": "colour", "op": "=", "value": "red"}]})
    Target.objects.filter(rollout_id=rollout.pk).update(import_answer=3)
    with pytest.raises(services.NothingToMove):
        create(world, rollout, now=now)
    Rollout.objects.filter(pk=rollout.pk).update(status="PAUSED", stood_at="SAFE_LAUNCH")
    with pytest.raises(services.StepRefused):
        create(world, rollout, now=now)
    assert Batch.objects.filter(rollout=rollout).count() == 1


@pytest.mark.requirement("R3.7")
def test_a_gated_batch_waits_for_somebody_to_open_it(world: World, rollout: Rollout, now: datetime) -> None:
    formed = create(world, rollout, now=now, is_gated=True)
    assert not Batch.objects.get(pk=formed.batch_id).gate_open

    services.open_gate(world.operator, batch_id=formed.batch_id, reason="The first phase went well", now=now)

    assert Batch.objects.get(pk=formed.batch_id).gate_open
    with pytest.raises(services.StepRefused):
        services.open_gate(world.operator, batch_id=formed.batch_id, reason="Again", now=now)
    with pytest.raises(BadInput):
        services.open_gate(world.operator, batch_id=formed.batch_id, reason=" ", now=now)
    with pytest.raises(NotFound):
        services.open_gate(world.operator, batch_id=0, reason="-", now=now)


@pytest.mark.requirement("R2.5", "R3.7")
def test_a_batch_behind_a_pilot_is_shut_until_its_acceptance_and_a_gated_one_after_it(
    world: World, now: datetime
) -> None:
    rollout = make_rollout(world, now=now, status="PILOT_REVIEW", has_pilot=True, gate_open=False)
    half = HubList.from_stored([world.guid(number) for number in range(10)])
    plain = create(world, rollout, now=now, tree=None, source=half)
    gated = create(
        world,
        rollout,
        now=now,
        is_gated=True,
        tree={"all": [{"field": "supply", "op": "=", "value": "SOLE"}]},
    )
    with pytest.raises(services.StepRefused):
        services.open_gate(world.operator, batch_id=gated.batch_id, reason="Now", now=now)

    services.accept_pilot(world.operator, rollout_id=rollout.pk, now=now)

    gates = dict(rollout.batches.values_list("pk", "gate_open"))
    assert (gates[plain.batch_id], gates[gated.batch_id]) == (True, False)


@pytest.mark.requirement("R3.7")
def test_after_the_cut_off_a_batch_moves_hubs_nobody_instructed_and_their_suppliers_are_told(
    world: World, rollout: Rollout, now: datetime
) -> None:
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind="INSTRUCT",
        source=HubList.from_stored([world.guid(0)]),
        received_at=now,
        now=now,
    )
    late = rollout.cutoff_at + timedelta(days=1)
    services.close_window(rollout_id=rollout.pk, now=late)
    FeedOutbox.objects.all().delete()
    early = late + timedelta(days=5)

    seen = services.foresee_batch(
        world.operator, rollout_id=rollout.pk, automatic_at=early, tree=EVERY, now=late
    )
    formed = create(world, rollout, now=late, automatic_at=early)

    assert (seen.moves, dict(seen.stays), seen.has_window) == (19, {"ANSWERED": 1}, False)
    assert (formed.hubs, formed.has_window) == (19, False)
    batch = Batch.objects.get(pk=formed.batch_id)
    assert (batch.window_closed_at, batch.gate_open) == (late, True)
    moved = Target.objects.filter(rollout_id=rollout.pk, batch_id=batch.pk)
    assert set(moved.values_list("state", "effective_at")) == {(20, early)}
    entry = FeedOutbox.objects.get(kind=EntryKind.BATCH_ANNOUNCED, party_id=world.other.pk).data
    assert (entry["hubs"], entry["cutoff_at"], entry["has_window"]) == (6, None, False)
    times = FeedOutbox.objects.filter(kind=EntryKind.HUB_SCHEDULED, party_id=world.other.pk)
    assert {each.data["effective_at"] for each in times} == {early.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert len(times) == 6
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R3.7")
def test_a_release_without_a_window_can_be_split_into_batches(world: World, now: datetime) -> None:
    urgent = make_rollout(world, now=now, automatic_at=now + timedelta(days=20))
    Rollout.objects.filter(pk=urgent.pk).update(window_closed_at=now)
    Target.objects.filter(rollout_id=urgent.pk, consent__lt=4).update(consent=5, state=20)

    formed = create(world, urgent, now=now, automatic_at=now + timedelta(days=3), is_gated=True)

    assert (formed.hubs, formed.has_window) == (20, False)
    assert not Batch.objects.get(pk=formed.batch_id).gate_open
