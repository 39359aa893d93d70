"""Activations nobody chose the minute of: planned for the night, in SQL as in Python."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kernel import sql
from rollouts import services
from rollouts.models import Command, Rollout, SupplierHours
from rollouts.rules import activation
from rollouts.rules.criteria.timing import DAYS, ActivationHours
from rollouts.rules.pacing import Ramp
from rollouts.states import Answer, CommandKind
from tests.factories import make_rollout
from tests.integration.dispatching import settle

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]

HOUR = timedelta(hours=1)
BLANK = {"state": 40, "import_answer": Answer.INSTRUCTED, "import_time": None}


def planned():
    """The time of each hub in a command, by GUID; none for at once."""
    commands = Command.objects.filter(kind=CommandKind.ACTIVATE)
    return {guid: command.execute_at for command in commands for guid in command.guids}


@pytest.mark.requirement("R3.12")
def test_a_hub_without_a_time_of_its_own_activates_at_night_and_not_with_all_others(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, **BLANK, effective_at=now)

    services.plan_due(now)

    times = planned()
    assert len(times) == 40
    assert all(activation.is_within(at, activation.DEFAULT_HOURS) for at in times.values())
    assert all(now < at < now + timedelta(days=1) for at in times.values())
    assert len(set(times.values())) > 10


@pytest.mark.requirement("R3.12")
def test_an_instructed_time_and_the_automatic_time_are_kept_by_day_too(world, now):
    rollout = make_rollout(world, now=now)
    noon = now.replace(hour=12) + timedelta(days=1)
    settle(
        rollout,
        state=40,
        effective_at=noon,
        import_answer=1,
        import_time=noon,
        where=f"guid < {world.guid(9)}",
    )
    settle(rollout, state=40, consent=5, effective_at=noon, where=f"guid >= {world.guid(9)}", import_answer=0)
    Rollout.objects.update(automatic_at=noon, cutoff_at=now - timedelta(days=30))

    services.plan_due(now)

    assert set(planned().values()) == {noon}
    assert len(planned()) == 40


@pytest.mark.requirement("R1.2", "R3.12")
@pytest.mark.parametrize("is_all_at_once", [False, True])
def test_a_release_without_a_window_is_spread_over_the_night_unless_dcc_chose_one_minute(
    world, now, is_all_at_once
):
    rollout = make_rollout(world, now=now - timedelta(days=9), automatic_at=now - timedelta(minutes=1))
    Rollout.objects.update(window_closed_at=rollout.notified_at, is_all_at_once=is_all_at_once)
    settle(rollout, state=40, consent=5, effective_at=rollout.automatic_at)

    services.plan_due(now)

    times = planned()
    assert len(times) == 40
    if is_all_at_once:
        assert set(times.values()) == {None}  # at once: its minute has just come
    else:
        assert all(activation.is_within(at, activation.DEFAULT_HOURS) for at in times.values())
        assert len(set(times.values())) > 10


@pytest.mark.requirement("R3.12")
@pytest.mark.parametrize("consent", [4, 5])
def test_the_first_slot_after_the_cut_off_is_at_night(world, now, consent):
    rollout = make_rollout(world, now=now)
    cutoff = rollout.cutoff_at.replace(hour=12)
    Rollout.objects.update(cutoff_at=cutoff)
    settle(
        rollout,
        state=40,
        consent=consent,
        effective_at=cutoff,
        import_answer=1,
        import_time=cutoff - timedelta(days=3),
    )

    assert services.plan_due(cutoff - HOUR) == 0
    services.plan_due(cutoff)

    assert all(activation.is_within(at, activation.DEFAULT_HOURS) for at in planned().values())
    assert len(planned()) == 40


@pytest.mark.requirement("R3.12")
def test_a_time_that_passed_while_its_rollout_stood_or_was_reviewed_is_made_up_for_at_night(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, state=40, effective_at=now - HOUR, import_answer=1, import_time=now - HOUR)

    services.plan_due(now)

    assert all(activation.is_within(at, activation.DEFAULT_HOURS) for at in planned().values())


@pytest.mark.requirement("R3.12")
def test_a_supplier_narrows_the_hours_for_its_own_hubs_alone(world, now):
    rollout = make_rollout(world, now=now)
    mine = f"guid < {world.guid(20)}"
    settle(
        rollout,
        **BLANK,
        effective_at=now,
        import_supplier_id=world.supplier.pk,
        gas_supplier_id=None,
        where=mine,
    )
    settle(
        rollout,
        **BLANK,
        effective_at=now,
        import_supplier_id=world.other.pk,
        gas_supplier_id=None,
        where=f"guid >= {world.guid(20)}",
    )
    SupplierHours.objects.create(
        supplier=world.supplier, hours={"from": "01:00", "to": "03:00"}, changed_at=now
    )

    services.plan_due(now)

    narrow = ActivationHours(DAYS, time(1), time(3))
    times = planned()
    assert all(activation.is_within(times[world.guid(n)], narrow) for n in range(20))
    assert not all(activation.is_within(times[world.guid(n)], narrow) for n in range(20, 40))


def test_a_ramp_holds_back_what_the_first_night_has_no_room_for(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, **BLANK, effective_at=now)
    ramp = {"per_hour": 2}
    Rollout.objects.update(dispatch_settings={"ramp": ramp}, status_at=now)

    services.plan_due(now)

    first_night = now + timedelta(days=1)
    assert sum(at < first_night for at in planned().values()) == 16
    assert len(planned()) == 40


TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
HOURS = st.builds(ActivationHours, st.just(DAYS), TIMES, TIMES).filter(
    lambda hours: hours.opens != hours.closes
)
MOMENTS = st.sampled_from(
    [datetime(2030, 3, 30, tzinfo=UTC), datetime(2030, 10, 26, tzinfo=UTC), datetime(2030, 7, 3, tzinfo=UTC)]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    day=MOMENTS,
    minutes=st.integers(0, 2 * 24 * 60),
    hours=HOURS,
    own=st.one_of(st.none(), HOURS),
    second=st.one_of(st.none(), HOURS),
    ramp=st.one_of(st.none(), st.builds(Ramp, st.integers(1, 30), st.sampled_from([0.5, 1.0, 2.0]))),
    offsets=st.lists(st.integers(-180, 180), min_size=40, max_size=40),
    wishes=st.lists(st.sampled_from(["blank", "instructed", "automatic", "slot"]), min_size=40, max_size=40),
)
@pytest.mark.requirement("R3.12")
def test_python_and_sql_plan_the_same_night_for_every_hub(
    world, now, day, minutes, hours, own, second, ramp, offsets, wishes
):
    sql.run("TRUNCATE rollouts_command")
    rollout = Rollout.objects.first() or make_rollout(world, now=now)
    moment = day + timedelta(minutes=minutes)
    automatic_at = moment + timedelta(minutes=30)
    Rollout.objects.update(
        automatic_at=automatic_at,
        cutoff_at=automatic_at - timedelta(days=30),
        status_at=moment,
        dispatch_settings={
            "activation_hours": activation.hours_document(hours),
            "ramp": ramp and {"per_hour": ramp.per_hour, "factor": ramp.factor},
        },
    )
    SupplierHours.objects.all().delete()
    times = {}
    for supplier, narrower in ((world.supplier, own), (world.other, second)):
        if narrower:
            document = activation.hours_document(narrower)
            SupplierHours.objects.create(supplier=supplier, hours=document, changed_at=now)
            times[supplier.pk] = narrower
    expected, moved = {}, []
    for number, (offset, wish) in enumerate(zip(offsets, wishes, strict=True)):
        guid = world.guid(number)
        at = automatic_at if wish == "automatic" else moment + timedelta(minutes=offset)
        gas = world.other.pk if number % 3 else None
        settle(
            rollout,
            state=40,
            consent=4,
            effective_at=at,
            import_answer=int(wish != "slot"),
            import_time=at if wish == "instructed" else None,
            import_supplier_id=world.supplier.pk,
            gas_supplier_id=gas,
            where=f"guid = {guid}",
        )
        chosen = activation.is_chosen(
            at, automatic_at=automatic_at, instructed=[at] if wish == "instructed" else []
        )
        if not activation.is_due(at, chosen=chosen, lead_until=moment + timedelta(hours=48), now=moment):
            continue
        if activation.is_kept(at, chosen=chosen, now=moment):
            expected[guid] = at if at > moment else None
        else:
            parties = sorted({world.supplier.pk, gas or 0} & set(times))
            moved.append((guid, [times[party] for party in parties]))

    services.plan_due(moment)

    seed = rollout.pk
    places = {
        row.guid: (row.place, row.fraction)
        for row in sql.rows(
            "SELECT guid, hashint8extended(guid, %(seed)s) AS place,"
            " (hashint8extended(guid, %(seed)s + 1) & 4294967295) / 4294967296::float8 AS fraction"
            " FROM rollouts_target",
            {"seed": seed},
        )
    }
    for rank, (guid, narrower) in enumerate(sorted(moved, key=lambda each: places[each[0]][0])):
        nights = activation.nights(hours, now=moment, own=narrower, ramp=ramp, ramp_since=moment)
        if (night := activation.night_of(rank, nights)) is not None:
            expected[guid] = night.slot_of(places[guid][1])
    assert planned() == expected
