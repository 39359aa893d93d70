"""Notices are muted by kind and by rollout, in a browser: by pointer, with scripts and without."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifications import queries
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.kernel.transactions import unit_of_work
from tests.factories import make_rollout, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R6.7")]


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, True), (1280, False)])
def test_a_kind_and_a_rollout_are_muted(walk, width, scripts):
    now = datetime.now(UTC)
    world = make_world(hubs=20)
    rollout = make_rollout(world, now=now)
    unit_of_work(publish_entries)(
        EntryKind.PILOT_STARTED,
        parties=[world.supplier.pk],
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name},
    )
    sequencer.sequence_all()
    walker = walk(width=width, scripts=scripts)
    walker.log_in(world.supplier_user)
    page = walker.page

    page.goto(f"{walker.url}/notifications/")
    walker.look(f"notices-{width}-{scripts}")
    walker.press("Mute")
    assert walker.says("Muted: only urgent notices")
    walker.follow("Notice preferences")
    walker.look(f"notice-preferences-{width}-{scripts}")
    page.get_by_text("Pilots", exact=True).first.click()
    page.get_by_label("Pilot progress").check()
    assert page.get_by_label(rollout.name).is_checked()
    walker.press("Save")

    assert walker.says("Your notice preferences are saved.")
    assert queries.preferences(world.as_supplier).muted_kinds == [EntryKind.PILOT_PROGRESS]
