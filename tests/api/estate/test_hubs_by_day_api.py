"""The hubs of a rollout by the day they activate, over REST."""

from __future__ import annotations

import pytest

from portal.kernel import sql
from portal.kernel.working_days import local_day
from tests.api.systems import body_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R4.9", "R6.2")]


def test_hubs_are_listed_by_the_days_on_which_they_activate(stage):
    day = local_day(stage.rollout.automatic_at)
    sql.run(
        "UPDATE rollouts_target SET effective_at = effective_at - interval '9 days' WHERE guid = %(guid)s",
        {"guid": stage.world.guid(0)},
    )

    every = body_of(stage.supplier.get(stage.path("/hubs")))["items"]
    on_the_day = body_of(stage.supplier.get(stage.path(f"/hubs?activates_from={day}&activates_to={day}")))
    before = body_of(stage.supplier.get(stage.path(f"/hubs?activates_to={day.replace(day=day.day)}")))

    assert len(on_the_day["items"]) == len(every) - 1
    assert len(before["items"]) == len(every)
    assert stage.supplier.get(stage.path("/hubs?activates_to=soon")).status_code == 422
