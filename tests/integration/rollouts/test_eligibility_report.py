"""The report of a Supplier's own hubs: by page, as CSV, as a workbook; nobody else's, ever (R1.3, R2.1)."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from python_calamine import CalamineWorkbook

from portal.kernel.guid import Guid
from portal.kernel.paging import BadCursor
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts.models import Hub, Rollout, Target
from rollouts.queries.rollouts import eligibility
from rollouts.queries.rollouts.eligibility import eligible_csv, eligible_hubs, eligible_xlsx
from tests.factories import World, make_rollout, make_world

pytestmark = pytest.mark.django_db


def numbers(world: World, guids: list[str]) -> list[int]:
    """Return the numbers of hubs by their GUIDs."""
    return [Guid.parse(guid).db - world.guid(0) for guid in guids]


def as_csv(scope: object, rollout: Rollout, **more: object) -> list[dict[str, str]]:
    """Read the report as CSV."""
    content = b"".join(eligible_csv(scope, rollout_id=rollout.pk, **more)).decode()
    return list(csv.DictReader(io.StringIO(content)))


@pytest.mark.requirement("R1.3", "R2.1")
def test_each_supplier_sees_its_own_hubs_with_its_role_and_no_others(world: World, rollout: Rollout) -> None:
    mine = eligible_hubs(world.as_supplier, rollout_id=rollout.pk).items
    theirs = eligible_hubs(world.as_other, rollout_id=rollout.pk).items

    assert numbers(world, [hub.guid for hub in mine]) == list(range(16))
    roles = dict(zip(numbers(world, [hub.guid for hub in mine]), [hub.role for hub in mine], strict=True))
    assert (roles[0], roles[9], roles[12], roles[14]) == ("BOTH", "IMPORT", "GAS", "IMPORT")
    assert numbers(world, [hub.guid for hub in theirs]) == [9, 10, 11, 16, 17, 19]
    assert [hub.has_second_supplier for hub in theirs] == [True, True, True, False, False, True]


@pytest.mark.requirement("R3.3")
def test_of_a_second_supplier_the_report_says_whether_it_has_answered_and_nothing_more(
    world: World, rollout: Rollout, now: datetime
) -> None:
    wanted = now + timedelta(days=40)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(9)).update(
        import_answer=1, import_time=wanted, answered_at=now
    )

    mine = as_csv(world.as_supplier, rollout)[9]
    theirs = as_csv(world.as_other, rollout)[0]

    assert (mine["answer"], mine["requested_at"]) == ("INSTRUCTED", "2030-04-13T10:00:00Z")
    assert (mine["has_second_supplier"], mine["second_has_answered"]) == ("yes", "no")
    assert (theirs["answer"], theirs["requested_at"]) == ("NONE", "")
    assert (theirs["has_second_supplier"], theirs["second_has_answered"]) == ("yes", "yes")
    assert set(theirs) == set(eligibility.COLUMNS)
    for word in (str(world.supplier.pk), world.supplier.name, "2030-04-13"):
        assert word not in [value for key, value in theirs.items() if key != "guid"]


@pytest.mark.requirement("R1.3")
def test_pages_csv_and_workbook_hold_the_same_rows(world: World, rollout: Rollout, now: datetime) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(12)).update(
        gas_answer=1, gas_time=now, answered_at=now
    )
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(1)).update(state=31, code=19)
    pages, cursor = [], ""
    while cursor is not None:
        page = eligible_hubs(world.as_supplier, rollout_id=rollout.pk, after=cursor, size=7)
        pages += [list(hub.cells) for hub in page.items]
        cursor = page.next

    workbook = CalamineWorkbook.from_filelike(
        io.BytesIO(b"".join(eligible_xlsx(world.as_supplier, rollout_id=rollout.pk)))
    )
    from_workbook = workbook.get_sheet_by_index(0).to_python()

    from_csv = [list(row.values()) for row in as_csv(world.as_supplier, rollout)]
    assert from_workbook[0] == list(eligibility.COLUMNS)
    assert [[str(cell) for cell in row] for row in from_workbook[1:]] == from_csv
    assert [row[0] for row in pages] == [row[0] for row in from_csv]
    assert from_csv[1][-2:] == ["DISTRIBUTION_FAILED", "UNREACHABLE_UNTIL_END"]


def test_a_hub_that_left_or_changed_hands_is_not_in_the_report(world: World, rollout: Rollout) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(state=90, code=60)
    Hub.objects.filter(guid=world.guid(1)).update(
        import_supplier_id=world.other.pk, gas_supplier_id=world.other.pk
    )

    page = eligible_hubs(world.as_supplier, rollout_id=rollout.pk)

    assert numbers(world, [hub.guid for hub in page.items]) == list(range(2, 16))
    assert numbers(world, [row["guid"] for row in as_csv(world.as_supplier, rollout)]) == list(range(2, 16))


def test_the_dcc_names_a_supplier_and_a_supplier_cannot(world: World, rollout: Rollout) -> None:
    named = eligible_hubs(world.operator, rollout_id=rollout.pk, supplier_id=world.other.pk)
    assert len(named.items) == 6

    own = eligible_hubs(world.as_supplier, rollout_id=rollout.pk, supplier_id=world.other.pk)
    assert len(own.items) == 16
    with pytest.raises(BadInput):
        eligible_hubs(world.operator, rollout_id=rollout.pk)
    with pytest.raises(NotPermitted):
        eligible_csv(world.as_csp, rollout_id=rollout.pk)
    with pytest.raises(NotPermitted):
        eligible_xlsx(world.as_panel, rollout_id=rollout.pk)


def test_a_rollout_that_is_not_there_for_a_supplier_reads_as_missing(
    world: World, rollout: Rollout, now: datetime
) -> None:
    with pytest.raises(BadCursor):
        eligible_hubs(world.as_supplier, rollout_id=rollout.pk, after="nonsense")
    Rollout.objects.filter(pk=rollout.pk).update(status="DRAFT")

    for read in (eligible_hubs, eligible_csv, eligible_xlsx):
        with pytest.raises(NotFound):
            read(world.as_supplier, rollout_id=rollout.pk)


@pytest.mark.parametrize("hubs", [20, 400])
def test_a_page_takes_as_many_statements_for_many_hubs_as_for_few(
    hubs: int, now: datetime, django_assert_num_queries
) -> None:
    world = make_world(hubs=hubs)
    rollout = make_rollout(world, now=now)

    with django_assert_num_queries(1):  # and one that the raw cursor runs
        eligible_hubs(world.as_supplier, rollout_id=rollout.pk)
