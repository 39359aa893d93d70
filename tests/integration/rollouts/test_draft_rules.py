"""What a draft needs to be published: dates, notes, the CPL, and who may (R1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import CplEntry, ReleaseNote, Target
from rollouts.rules import RuleBroken, months_after
from tests.factories import World
from tests.integration.feeds import entries_by_party
from tests.integration.publishing import draft, published

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R1.2")
def test_a_date_without_a_month_is_published_with_no_supplier_window(world: World, now: datetime) -> None:
    rollout = draft(world, now=now, automatic_at=now + timedelta(days=20), has_pilot=False)

    notice = services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)

    assert not notice.has_window
    assert entries_by_party(EntryKind.ROLLOUT_NOTIFIED)[world.supplier.pk]["has_window"] is False
    states = Target.objects.filter(rollout_id=rollout.pk).values_list("consent", "state").distinct()
    assert set(states) == {(5, 20), (6, 20)}


@pytest.mark.requirement("R1.2")
def test_a_cut_off_at_the_very_moment_of_the_notice_is_no_window(world: World, now: datetime) -> None:
    at_once = draft(world, now=now, automatic_at=months_after(now, 1), has_pilot=False)

    assert not services.notify_rollout(world.operator, rollout_id=at_once.pk, now=now).has_window


@pytest.mark.requirement("R1.2")
@pytest.mark.parametrize(("extra", "refused"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_the_automatic_date_is_at_most_six_calendar_months_after_the_notice(
    world: World, extra: timedelta, *, refused: bool
) -> None:
    noticed_at = datetime(2030, 8, 31, 9, 0, tzinfo=UTC)
    latest = datetime(2031, 2, 28, 10, 0, tzinfo=UTC)  # the same hour of the day in Great Britain
    rollout = draft(world, now=noticed_at + timedelta(hours=1), automatic_at=latest + extra)

    if refused:
        with pytest.raises(RuleBroken) as refusal:
            services.notify_rollout(world.operator, rollout_id=rollout.pk, now=noticed_at)
        assert refusal.value.code == "AUTOMATIC_TOO_LATE"
    else:
        assert services.notify_rollout(world.operator, rollout_id=rollout.pk, now=noticed_at).hubs == 20


def test_a_draft_has_its_cut_off_one_month_before_and_follows_a_revision(world: World, now: datetime) -> None:
    rollout = draft(world, now=now, automatic_at=datetime(2030, 7, 31, 0, 0, tzinfo=UTC))
    assert rollout.cutoff_at == datetime(2030, 6, 30, 0, 0, tzinfo=UTC)

    services.revise_draft(
        world.operator, rollout_id=rollout.pk, automatic_at=datetime(2030, 5, 31, 0, 0, tzinfo=UTC), now=now
    )

    rollout.refresh_from_db()
    assert rollout.cutoff_at == datetime(2030, 4, 30, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("cpl_not_active", {"status": "WITHDRAWN"}),
        ("no_upgrade_path", {"allowed_predecessor_ids": []}),
    ],
)
def test_what_the_cpl_does_not_allow_is_not_published(
    world: World, now: datetime, code: str, change: dict[str, object]
) -> None:
    rollout = draft(world, now=now)
    CplEntry.objects.filter(pk=world.target.pk).update(**change)

    with pytest.raises(services.CannotPublish) as refusal:
        services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)

    assert refusal.value.code == code
    rollout.refresh_from_db()
    assert rollout.status == "DRAFT"


@pytest.mark.requirement("R1.4")
def test_a_sec_release_needs_its_note_and_a_maintenance_release_does_not(world: World, now: datetime) -> None:
    release = draft(world, now=now, release_note_url="")
    with pytest.raises(services.CannotPublish):
        services.notify_rollout(world.operator, rollout_id=release.pk, now=now)

    published(world, now=now, kind="UNPLANNED", release_note_url="", has_pilot=False)


@pytest.mark.requirement("R1.4")
def test_every_revision_of_a_release_note_is_kept_and_announced(world: World, now: datetime) -> None:
    rollout = published(world, now=now)

    for number in (2, 3):
        services.revise_release_note(
            world.operator, rollout_id=rollout.pk, url=f"https://sharepoint.example/{number}", now=now
        )

    assert list(ReleaseNote.objects.order_by("revision").values_list("revision", flat=True)) == [1, 2, 3]
    entries = FeedOutbox.objects.filter(kind=EntryKind.RELEASE_NOTE_REVISED, party_id=world.other.pk)
    assert [entry.data["revision"] for entry in entries.order_by("id")] == [2, 3]


def test_only_an_operator_publishes_and_a_draft_does_not_exist_for_suppliers(
    world: World, now: datetime
) -> None:
    rollout = draft(world, now=now)

    with pytest.raises(NotPermitted):
        services.notify_rollout(world.as_supplier, rollout_id=rollout.pk, now=now)
    with pytest.raises(NotFound):
        services.take_step(world.as_panel, rollout_id=rollout.pk, verb="stop", reason="-", now=now)


def test_a_draft_that_makes_no_sense_is_refused(world: World, now: datetime) -> None:
    for wrong in (
        {"name": " "},
        {"pilot_cap": 0},
        {"cpl_entry_id": 0},
        {"kind": "NEWS"},
        {"release_note_url": "ftp://x"},
        {"unreachable_until": now},
    ):
        with pytest.raises(BadInput):
            draft(world, now=now, **wrong)
    with pytest.raises(RuleBroken):
        draft(world, now=now, automatic_at=now)


@pytest.mark.requirement("R2.3")
def test_a_release_without_a_window_can_have_a_pilot_that_dcc_draws(world: World, now: datetime) -> None:
    rollout = published(world, now=now, automatic_at=now + timedelta(days=20))
    assert not rollout.batches.get(kind="SAFE_LAUNCH").gate_open

    drawn = services.propose_pilot(
        world.operator, rollout_id=rollout.pk, tree={"all": []}, sample={"size": 4}, now=now
    )
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)

    assert (drawn.asked, drawn.joined) == (0, 4)
    pilot = rollout.batches.get(kind="PILOT")
    assert (pilot.gate_open, pilot.automatic_at, pilot.window_closed_at) == (True, now, now)
    hubs = Target.objects.filter(rollout_id=rollout.pk, batch_id=pilot.pk)
    assert set(hubs.values_list("state", "effective_at")) == {(20, now)}
