"""The entries of one rollout alone, by page."""

from __future__ import annotations

import pytest

from portal.events import naming, sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.kernel.transactions import unit_of_work
from tests.factories import make_rollout
from tests.integration.clients import Calls

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R6.3")]


@unit_of_work
def publish(world, *rollout_ids, at):
    for rollout_id in rollout_ids:
        publish_entries(EntryKind.ROLLOUT_RESUMED, parties=[world.supplier.pk], at=at, rollout_id=rollout_id)


def test_the_entries_of_one_rollout_are_chosen_and_the_place_moves_on_past_the_others(world, now, settings):
    settings.FEED_FOLLOWERS = []
    naming.forget_names()
    rollout = make_rollout(world, now=now)
    publish(world, rollout.pk, rollout.pk + 1, None, rollout.pk, rollout.pk + 1, at=now)
    sequencer.sequence_all()

    page = Calls.of(world.supplier_user).get("/api/v1/events", rollout_id=rollout.pk).json()
    strange = Calls.of(world.other_user).get("/api/v1/events", rollout_id=rollout.pk).json()

    assert [event["id"] for event in page["items"]] == ["1", "4"]
    assert (page["position"], page["head"]) == (5, 5)
    assert f"rollout_id={rollout.pk}" in page["next"]
    assert strange["items"] == []
    naming.forget_names()
