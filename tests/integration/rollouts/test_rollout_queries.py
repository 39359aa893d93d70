"""What the pages of rollouts and pilots read: previews, lists, progress, reviews (R1.7, R2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.kernel.refusals import NotFound, NotPermitted
from rollouts import services
from rollouts.models import Hub, Rollout, Target
from rollouts.queries.pilots.pilots import pilot_hubs, pilot_progress, reviews_open, submissions
from rollouts.queries.rollouts.available import SupplierAct, available_rollouts, preview, release_notes
from rollouts.queries.rules.selections import preview_selection, rule_versions, selection_rules
from rollouts.rules.criteria import InvalidCriteria
from rollouts.services import HubList
from rollouts.states import FailureCode, Region, RejectionReason, TargetState
from tests.factories import World, make_rollout
from tests.integration.publishing import NOTE, draft

pytestmark = pytest.mark.django_db


def piloted(world: World, *numbers: int, now: datetime) -> Rollout:
    """Publish, and put some hubs of `supplier` into the pilot."""
    rollout = draft(world, now=now)
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)
    source = HubList.from_stored([world.guid(number) for number in numbers])
    nomination = services.submit_pilot(world.as_supplier, rollout_id=rollout.pk, source=source, now=now)
    services.confirm_pilot(
        world.operator, rollout_id=rollout.pk, submission_ids=[nomination.submission_id], now=now
    )
    return rollout


def spoil_some(world: World) -> None:
    """Make some hubs ineligible, each for a reason of its own."""
    changes: list[dict[str, int]] = [
        {"region": 8},
        {"smi_status": 8},
        {"smi_status": 1},
        {"cpl_entry_id": world.target.pk},
        {"cpl_entry_id": world.oldest.pk},
    ]
    for number, change in enumerate(changes):
        Hub.objects.filter(guid=world.guid(number)).update(**change)


@pytest.mark.requirement("R1.6")
def test_a_preview_counts_exactly_what_publishing_then_makes(world: World, now: datetime) -> None:
    earlier = make_rollout(world, now=now)
    Target.objects.filter(rollout_id=earlier.pk).exclude(guid=world.guid(19)).update(state=90, code=65)
    spoil_some(world)
    rollout = draft(world, now=now)

    seen = preview(world.operator, rollout_id=rollout.pk, now=now)

    assert seen.excluded == {
        RejectionReason.SMETS1_OUT_OF_SCOPE: 1,
        RejectionReason.RECOVERY_IN_PROGRESS: 1,
        RejectionReason.NOT_COMMISSIONED: 1,
        RejectionReason.ALREADY_AT_VERSION: 1,
        RejectionReason.UPGRADE_PATH: 1,
        RejectionReason.OTHER_UPDATE_IN_PROGRESS: 1,
    }
    assert seen.hubs == 14
    assert seen.by_region == {Region.CENTRAL: 14}
    assert services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now).hubs == seen.hubs


def test_a_preview_names_each_suppliers_part_and_what_is_shared(world: World, now: datetime) -> None:
    seen = preview(world.operator, rollout_id=draft(world, now=now).pk, now=now)

    parts = {part.name: part for part in seen.by_supplier}
    mine = parts["Brightwater Energy"]
    assert (mine.hubs, mine.as_import, mine.as_gas, mine.as_both, mine.split) == (16, 5, 2, 9, 5)
    assert (seen.split, seen.without_supplier, seen.without_window) == (6, 1, 1)
    assert (seen.problems, seen.warnings) == ([], ["image_missing"])


@pytest.mark.requirement("R1.2")
def test_a_preview_says_plainly_that_there_is_no_window(world: World, now: datetime) -> None:
    rollout = draft(world, now=now, automatic_at=now + timedelta(days=10))

    seen = preview(world.operator, rollout_id=rollout.pk, now=now)

    assert (seen.window, seen.without_window) == ("no supplier window", 20)
    assert seen.problems == []
    assert "no_supplier_window" in seen.warnings


def test_a_preview_says_what_stands_against_publishing(world: World, now: datetime) -> None:
    rollout = draft(world, now=now, release_note_url="")
    world.target.status = "EXPIRED"
    world.target.allowed_predecessor_ids = []
    world.target.save()

    seen = preview(world.operator, rollout_id=rollout.pk, now=now + timedelta(days=121))

    assert seen.problems == [
        "AUTOMATIC_NOT_AHEAD",
        "cpl_not_active",
        "no_upgrade_path",
        "release_note_missing",
        "nobody_eligible",
    ]
    with pytest.raises(NotPermitted):
        preview(world.as_panel, rollout_id=rollout.pk, now=now)


@pytest.mark.requirement("R1.7")
def test_a_supplier_sees_the_updates_that_concern_it_and_what_it_may_do_by_when(
    world: World, now: datetime
) -> None:
    draft(world, now=now, name="Not yet")
    rollout = draft(world, now=now)
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(9)).update(import_answer=1, consent=3)

    mine = available_rollouts(world.as_supplier, now=now).items
    theirs = available_rollouts(world.as_other, now=now).items

    assert [update.flight.name for update in mine] == ["Toshiba 0C230000"]
    assert mine[0].flight.total == 16
    assert mine[0].note_url == NOTE
    assert {each.what: each.hubs for each in mine[0].possible} == {
        SupplierAct.INSTRUCT: 15,
        SupplierAct.CHANGE: 0,
        SupplierAct.NOMINATE: 300,
    }
    cutoff_at = mine[0].flight.cutoff_at
    assert {each.until for each in mine[0].possible} == {cutoff_at}
    assert {each.what: each.hubs for each in theirs[0].possible if each.hubs < 300} == {
        SupplierAct.INSTRUCT: 5,
        SupplierAct.ANSWER_SECOND: 1,
        SupplierAct.CHANGE: 0,
    }
    after = available_rollouts(world.as_supplier, now=cutoff_at + timedelta(seconds=1)).items
    assert list(after[0].possible) == []


def test_the_list_of_an_operator_holds_drafts_and_steps_and_that_of_a_csp_what_it_serves(
    world: World, now: datetime
) -> None:
    draft(world, now=now, name="Not yet")
    make_rollout(world, now=now)

    operators = available_rollouts(world.operator, now=now)
    assert [update.flight.name for update in operators.items] == ["Toshiba 0C230000", "Not yet"]
    assert "suspend" in {each.what for each in operators.items[0].possible}
    assert {each.what for each in operators.items[1].possible} == {"notify"}
    assert [len(available_rollouts(scope, now=now).items) for scope in (world.as_csp, world.as_panel)] == [
        1,
        1,
    ]
    first = available_rollouts(world.operator, now=now, size=1)
    assert [
        u.flight.name for u in available_rollouts(world.operator, now=now, before=int(first.next or 0)).items
    ] == ["Not yet"]


def test_a_supplier_that_has_lost_all_its_hubs_no_longer_sees_the_rollout(
    world: World, now: datetime
) -> None:
    rollout = make_rollout(world, now=now)
    Target.objects.filter(rollout_id=rollout.pk, import_supplier_id=world.third.pk).update(
        import_supplier_id=world.other.pk
    )
    Target.objects.filter(rollout_id=rollout.pk, gas_supplier_id=world.third.pk).update(
        gas_supplier_id=world.other.pk
    )

    assert not available_rollouts(world.as_third, now=now).items
    with pytest.raises(NotFound):
        release_notes(world.as_third, rollout_id=rollout.pk)
    assert len(release_notes(world.as_other, rollout_id=rollout.pk)) == 1


@pytest.mark.requirement("R2.2")
def test_a_preview_of_a_choice_counts_breaks_down_and_scores_within_the_suppliers_own_hubs(
    world: World, now: datetime
) -> None:
    rollout = draft(world, now=now)
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)
    split = {"all": [{"field": "supply", "op": "=", "value": "SPLIT"}]}

    preview = preview_selection(world.as_supplier, rollout_id=rollout.pk, tree={"all": []}, now=now)
    some = preview_selection(world.as_supplier, rollout_id=rollout.pk, tree=split, now=now)
    theirs = preview_selection(world.as_other, rollout_id=rollout.pk, tree=split, now=now)

    assert (preview.selection.eligible, preview.selection.chosen, preview.selection.score) == (16, 16, 1.0)
    assert (some.selection.matching, some.selection.eligible) == (5, 16)
    assert some.selection.eligible_by["supply"] == {"SOLE": 11, "SPLIT": 5}
    # Supply alone differs, by 11/16: the mean over four dimensions takes a quarter of it.
    assert some.selection.score == pytest.approx(1 - 11 / 16 / 4)
    assert len(some.first_guids) == 5
    assert (theirs.selection.matching, theirs.selection.eligible) == (4, 6)
    assert some.says == "Hubs where supply is Two Suppliers."


@pytest.mark.requirement("R2.2")
def test_a_sample_is_drawn_the_same_whenever_the_seed_is_the_same(world: World, now: datetime) -> None:
    rollout = draft(world, now=now)
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)

    drawn = [
        preview_selection(
            world.as_supplier,
            rollout_id=rollout.pk,
            tree={"all": []},
            sample={"size": 8, "seed": seed},
            now=now,
        ).selection
        for seed in (1, 1, 2)
    ]

    assert drawn[0].guids == drawn[1].guids != drawn[2].guids
    assert (drawn[0].chosen, drawn[0].matching) == (8, 16)
    with pytest.raises(InvalidCriteria):
        preview_selection(world.as_supplier, rollout_id=rollout.pk, tree={"any": []}, now=now)
    with pytest.raises(NotPermitted):
        preview_selection(world.as_csp, rollout_id=rollout.pk, tree={"all": []}, now=now)


def test_a_rule_is_its_owners_alone(world: World, now: datetime) -> None:
    tree = {"all": [{"field": "han_devices", "op": ">=", "value": 4}]}
    services.save_rule(world.as_supplier, name="Busy homes", tree=tree, now=now)
    saved = services.save_rule(world.as_supplier, name="Busy homes", tree=tree, sample={"size": 5}, now=now)

    mine = selection_rules(world.as_supplier)

    assert [(rule.name, rule.version, rule.version_id) for rule in mine] == [("Busy homes", 2, saved.pk)]
    assert mine[0].says == "Hubs where number of HAN devices is at least 4."
    assert [rule.version for rule in rule_versions(world.as_supplier, rule_id=mine[0].id)] == [2, 1]
    assert selection_rules(world.as_other) == []
    assert rule_versions(world.as_other, rule_id=mine[0].id) == []
    with pytest.raises(NotFound):
        services.archive_rule(world.as_other, rule_id=mine[0].id, now=now)
    services.archive_rule(world.as_supplier, rule_id=mine[0].id, now=now)
    assert selection_rules(world.as_supplier) == []


@pytest.mark.requirement("R2.3")
def test_the_dcc_sees_all_nominations_and_a_supplier_its_own(world: World, now: datetime) -> None:
    rollout = piloted(world, 0, 1, now=now)
    services.submit_pilot(
        world.as_other, rollout_id=rollout.pk, source=HubList.from_stored([world.guid(16)]), now=now
    )

    def seen(scope: object) -> list[tuple[str, str, int]]:
        nominations = submissions(scope, rollout_id=rollout.pk)
        return [(each.supplier, each.status, each.hubs) for each in nominations]

    both = [("Fernhill Gas", "SUBMITTED", 1), ("Brightwater Energy", "CONFIRMED", 2)]
    assert seen(world.operator) == both
    assert (seen(world.as_other), seen(world.as_supplier), seen(world.as_third)) == (both[:1], both[1:], [])


@pytest.mark.requirement("R2.4")
def test_progress_of_a_pilot_speaks_of_the_viewers_own_hubs(world: World, now: datetime) -> None:
    rollout = piloted(world, 0, 1, 9, now=now)
    targets = Target.objects.filter(rollout_id=rollout.pk)
    targets.filter(guid=world.guid(0)).update(state=60)
    targets.filter(guid=world.guid(1)).update(state=51, code=32)

    progress = pilot_progress(world.operator, rollout_id=rollout.pk)
    theirs = pilot_progress(world.as_other, rollout_id=rollout.pk)

    assert (progress.hubs, progress.activated, progress.failed) == (3, 1, 1)
    assert progress.failures == {FailureCode.ACTIVATION_FAILURE: 1}
    assert progress.by_version == {
        "0C220000": {TargetState.ACTIVATED: 1, TargetState.ACTIVATION_FAILED: 1, TargetState.ELIGIBLE: 1}
    }
    assert theirs.hubs == 1
    mine = pilot_hubs(world.as_supplier, rollout_id=rollout.pk)
    assert [(hub.role, hub.state, hub.code) for hub in mine.items] == [
        ("BOTH", TargetState.ACTIVATED, FailureCode.NONE),
        ("BOTH", TargetState.ACTIVATION_FAILED, FailureCode.ACTIVATION_FAILURE),
        ("IMPORT", TargetState.ELIGIBLE, FailureCode.NONE),
    ]
    (split,) = pilot_hubs(world.as_other, rollout_id=rollout.pk).items
    assert (split.role, split.has_answered, split.second_has_answered) == ("GAS", False, True)
    assert not pilot_hubs(world.as_third, rollout_id=rollout.pk).items
    first = pilot_hubs(world.operator, rollout_id=rollout.pk, size=2)
    assert len(pilot_hubs(world.operator, rollout_id=rollout.pk, size=2, after=first.next or "").items) == 1


def test_a_rollout_without_a_pilot_has_no_progress_of_one(world: World, now: datetime) -> None:
    rollout = make_rollout(world, now=now)

    with pytest.raises(NotFound):
        pilot_progress(world.operator, rollout_id=rollout.pk)


@pytest.mark.requirement("R2.5")
def test_a_review_warns_from_fourteen_days_before_and_holds_what_is_due_from_the_automatic_time(
    world: World, now: datetime
) -> None:
    rollout = piloted(world, 0, 1, now=now)
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now)
    services.end_pilot(world.operator, rollout_id=rollout.pk, commentary="Done.", now=now)
    services.close_window(rollout_id=rollout.pk, now=rollout.automatic_at - timedelta(days=20))
    due = rollout.automatic_at

    def review(at: datetime, scope: object = None) -> tuple[int, bool, bool]:
        (result,) = reviews_open(scope or world.operator, now=at)
        assert result.due_at == due
        return result.held, result.is_warned, result.is_overdue

    assert review(due - timedelta(days=14, seconds=1)) == (0, False, False)
    assert review(due - timedelta(days=14)) == (0, True, False)
    assert review(due - timedelta(seconds=1)) == (0, True, False)
    assert review(due) == (18, True, True)
    assert review(due + timedelta(days=1)) == (18, True, True)
    assert review(due, world.as_other) == (6, True, True)
    assert set(
        Target.objects.filter(
            rollout_id=rollout.pk, batch_id=rollout.batches.get(kind="SAFE_LAUNCH").pk
        ).values_list("state", flat=True)
    ) == {20}

    services.accept_pilot(world.operator, rollout_id=rollout.pk, now=due)
    assert reviews_open(world.operator, now=due) == []


@pytest.mark.parametrize("rollouts", [1, 4])
def test_the_list_of_updates_takes_as_many_statements_for_many_as_for_one(
    world: World, rollouts: int, now: datetime, django_assert_num_queries
) -> None:
    for _ in range(rollouts):
        make_rollout(world, now=now)

    with django_assert_num_queries(3):
        assert len(available_rollouts(world.as_supplier, now=now).items) == rollouts


def test_a_whole_day_is_not_late_before_its_hour(world: World, now: datetime) -> None:
    rollout = piloted(world, 0, now=now)
    Rollout.objects.filter(pk=rollout.pk).update(automatic_at=datetime(2030, 7, 2, 23, 0, tzinfo=UTC))
    services.close_window(rollout_id=rollout.pk, now=datetime(2030, 6, 20, tzinfo=UTC))

    (before,) = reviews_open(world.operator, now=datetime(2030, 7, 2, 22, 0, tzinfo=UTC))

    assert (before.held, before.is_overdue) == (0, False)
