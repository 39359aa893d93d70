"""Days are those of Great Britain: half past midnight in July belongs to the day it begins (R4.4, R4.9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.models import TallyPlan
from rollouts.queries.rollouts.forecast import forward_schedule
from rollouts.queries.rollouts.progress import plans_of
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.factories import make_rollout
from tests.integration.dispatching import settle

pytestmark = pytest.mark.django_db

SUMMER_NIGHT = datetime(2030, 7, 9, 23, 30, tzinfo=UTC)  # 00:30 on the 10th in London
WINTER_NIGHT = datetime(2030, 12, 9, 23, 30, tzinfo=UTC)


@pytest.mark.requirement("R4.9")
@pytest.mark.parametrize(
    ("at", "day"),
    [
        (SUMMER_NIGHT, date(2030, 7, 10)),
        (SUMMER_NIGHT - timedelta(minutes=31), date(2030, 7, 9)),
        (WINTER_NIGHT, date(2030, 12, 9)),
        (
            datetime(2030, 3, 31, 23, 0, tzinfo=UTC),
            date(2030, 4, 1),
        ),  # the day the clocks went forward is over
        (datetime(2030, 10, 27, 23, 59, tzinfo=UTC), date(2030, 10, 27)),
    ],
)
def test_a_hub_counts_on_the_local_day_of_its_time(world, now, at, day):
    rollout = make_rollout(world, now=now)

    settle(rollout, consent=5, effective_at=at, where=f"guid = {world.guid(0)}")
    sql.run(f"DELETE FROM rollouts_target WHERE guid = {world.guid(1)}")

    days = TallyPlan.objects.filter(effective_day=day)
    assert sum(days.values_list("n", flat=True)) == 1
    assert services.measure_drift(rollout_id=rollout.pk).total == 0
    assert day in {volume.day for volume in forward_schedule(world.operator)}
    assert day in plans_of(world.as_supplier, [rollout.pk])[rollout.pk].days


@pytest.mark.requirement("R4.9")
def test_a_new_rollout_is_planned_for_the_local_day_of_its_automatic_time(world, now):
    rollout = make_rollout(world, now=now, automatic_at=SUMMER_NIGHT)

    assert set(TallyPlan.objects.values_list("effective_day", flat=True)) == {date(2030, 7, 10)}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_check_and_receipt_count_local_days(world, now):
    rollout = make_rollout(world, now=now, automatic_at=SUMMER_NIGHT + timedelta(days=20))
    source = HubList.from_stored([world.guid(0)])
    order = {
        "rollout_id": rollout.pk,
        "kind": InstructionKind.INSTRUCT,
        "source": source,
        "activate_at": SUMMER_NIGHT,
        "received_at": now,
        "now": now,
    }

    checked = services.check_instruction(world.as_supplier, **order)
    receipt = services.receive_instruction(world.as_supplier, **order)

    assert dict(checked.tally.days) == {date(2030, 7, 10): 1}
    assert dict(receipt.tally.days) == {date(2030, 7, 10): 1}
