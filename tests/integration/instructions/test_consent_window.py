"""At the cut-off silence becomes an answer: once, resumably, and each Supplier hears of its own hubs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from rollouts import rules, services
from rollouts.models import Batch, Rollout, Target
from rollouts.services import HubList
from rollouts.services.instructions import close_window as _closing
from rollouts.states import Consent, InstructionKind, TargetState
from rollouts.tasks import tick_deadlines

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


def instruct(scope, rollout, world, *numbers, now, at):
    return services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(number) for number in numbers]),
        activate_at=at,
        received_at=now,
        now=now,
    )


def hubs(rollout, **narrow):
    return Target.objects.filter(rollout_id=rollout.pk, **narrow)


@pytest.mark.requirement("R3.5")
def test_hubs_nobody_instructed_take_dccs_time(rollout, now):
    services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at + timedelta(seconds=1))

    assert not hubs(rollout, consent__in=[1, 2, 3]).exists()
    assert not hubs(rollout, state=TargetState.ELIGIBLE).exists()
    assert set(hubs(rollout).values_list("effective_at", flat=True)) == {rollout.automatic_at}


@pytest.mark.requirement("R3.4")
def test_silence_of_the_second_lets_the_single_time_stand(world, rollout, now):
    ahead, behind = rollout.cutoff_at + timedelta(days=3), now + timedelta(days=3)
    instruct(world.as_supplier, rollout, world, 9, now=now, at=ahead)
    instruct(world.as_supplier, rollout, world, 10, now=now, at=behind)

    services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at + timedelta(seconds=1))

    assert hubs(rollout, guid=world.guid(9)).get().effective_at == ahead
    late = hubs(rollout, guid=world.guid(10)).get()
    assert (late.effective_at, late.consent, late.state) == (
        rollout.cutoff_at,
        Consent.DEFAULTED,
        TargetState.SCHEDULED,
    )


@pytest.mark.requirement("R3.1")
def test_the_window_is_still_open_at_the_cut_off_itself(rollout, now):
    assert services.rollouts_to_close(now=rollout.cutoff_at) == []
    closed = services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at)

    assert closed == services.WindowClosed(0, is_finished=False)
    assert services.rollouts_to_close(now=rollout.cutoff_at + timedelta(seconds=1)) == [rollout.pk]


def test_each_supplier_hears_once_of_its_own_hubs(world, rollout, now):
    instruct(world.as_supplier, rollout, world, 0, 1, now=now, at=now + timedelta(days=30))
    after = rollout.cutoff_at + timedelta(seconds=5)

    services.close_window(rollout_id=rollout.pk, now=after)
    services.close_window(rollout_id=rollout.pk, now=after)

    entries = {e.party_id: e.data for e in FeedOutbox.objects.filter(kind=EntryKind.WINDOW_CLOSED)}
    counts = {party: (d["hubs"], d.get("complete", 0), d["defaulted"]) for party, d in entries.items()}
    assert counts == {
        world.supplier.pk: (32, 2, 30),
        world.other.pk: (12, 0, 12),
        world.third.pk: (6, 0, 6),
    }
    assert FeedOutbox.objects.filter(kind=EntryKind.WINDOW_CLOSED).count() == 3
    assert Event.objects.filter(name="window.closed").count() == 1
    assert services.rollouts_to_close(now=after) == []


def test_a_pass_that_was_killed_goes_on(rollout, now, monkeypatch):
    after = rollout.cutoff_at + timedelta(seconds=1)
    _closing._close_page(rollout.pk, after=_closing.FIRST, size=10, now=after)
    assert hubs(rollout, consent__lt=4).exists()

    closed = services.close_window(rollout_id=rollout.pk, now=after, size=7)

    assert closed.is_finished
    assert not hubs(rollout, consent__lt=4).exists()
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R3.7")
def test_a_batch_closes_at_its_own_cut_off(world, rollout, now):
    early = now + timedelta(days=60)
    batch = Batch.objects.create(
        rollout=rollout,
        kind="SAFE_LAUNCH",
        position=2,
        name="Wave 1",
        automatic_at=early,
        cutoff_at=rules.one_month_before(early),
    )
    hubs(rollout, guid__lt=world.guid(5)).update(batch_id=batch.pk, effective_at=early)

    services.close_window(rollout_id=rollout.pk, now=batch.cutoff_at + timedelta(seconds=1))

    assert hubs(rollout, consent=Consent.DEFAULTED).count() == 5
    assert Rollout.objects.get().window_closed_at is None
    entry = FeedOutbox.objects.get(kind=EntryKind.WINDOW_CLOSED)
    assert (entry.party_id, entry.data["batch_name"], entry.data["defaulted"]) == (
        world.supplier.pk,
        "Wave 1",
        5,
    )


def test_an_answer_that_was_in_time_but_late_to_its_hub_defaults_at_once(world, rollout, now):
    after = rollout.cutoff_at + timedelta(seconds=1)
    services.close_window(rollout_id=rollout.pk, now=after)

    instruct(
        world.as_supplier, rollout, world, 9, now=rollout.cutoff_at, at=rollout.cutoff_at + timedelta(days=2)
    )

    hub = hubs(rollout, guid=world.guid(9)).get()
    assert (hub.consent, hub.effective_at) == (Consent.DEFAULTED, rollout.cutoff_at + timedelta(days=2))


def test_hubs_with_the_image_keep_it_when_their_window_closes(world, rollout, now):
    hubs(rollout, guid=world.guid(0)).update(state=TargetState.DISTRIBUTED)
    hubs(rollout, guid=world.guid(1)).update(state=TargetState.WITHDRAWN)

    services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at + timedelta(seconds=1))

    image, gone = (hubs(rollout, guid=world.guid(n)).get() for n in (0, 1))
    assert (image.consent, image.state) == (Consent.DEFAULTED, TargetState.DISTRIBUTED)
    assert (gone.consent, gone.state) == (Consent.AWAITING, TargetState.WITHDRAWN)


def test_the_tick_rings_for_what_is_due(rollout, now, monkeypatch):
    from rollouts.tasks import instructions

    rung = []
    monkeypatch.setattr(instructions, "now", lambda: rollout.cutoff_at + timedelta(seconds=1))
    monkeypatch.setattr(instructions.close_window, "apply_async", lambda **message: rung.append(message))

    tick_deadlines()

    assert rung == [{"kwargs": {"rollout_id": rollout.pk}}]
