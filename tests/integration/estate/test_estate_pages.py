"""Estates by the page: who sees which hubs, in which order, narrowed by what."""

from __future__ import annotations

from dataclasses import fields

import pytest

from portal.kernel import sql
from portal.kernel.paging import BadCursor
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts.models import Hub, HubLabel, Target
from rollouts.queries.estate.estate import (
    DccHubRow,
    HubRow,
    estate_counts,
    estate_page,
    export_estate,
)
from rollouts.queries.estate.keyset import EstateFilter, selection_of
from rollouts.states import Consent, Region, SmiStatus, TargetState
from tests.factories import make_rollout
from tests.integration.estates import OWN, all_rows, exported, numbers

pytestmark = pytest.mark.django_db


class TestWhoSeesWhat:
    @pytest.mark.requirement("R4.3")
    def test_a_supplier_sees_its_own_hubs_with_its_own_role(self, world):
        rows = all_rows(world.as_supplier)

        roles = {number: row.role for number, row in zip(numbers(world, rows), rows, strict=True)}
        assert numbers(world, rows) == sorted(OWN)
        assert [roles[n] for n in (0, 9, 12, 14)] == ["BOTH", "IMPORT", "GAS", "IMPORT"]
        assert {n for n, row in zip(numbers(world, rows), rows, strict=True) if row.has_second_supplier} == {
            *range(9, 14)
        }

    @pytest.mark.requirement("R3.3")
    def test_a_supplier_is_never_shown_who_the_second_one_is(self, world):
        content = " ".join(map(repr, all_rows(world.as_supplier))) + repr(exported(world.as_supplier))

        assert all(other.name not in content for other in (world.other, world.third))
        assert {field.name for field in fields(HubRow)}.isdisjoint({"import_supplier", "gas_supplier"})

    def test_the_dcc_sees_all_hubs_and_whose_they_are(self, world):
        rows = all_rows(world.operator)

        assert numbers(world, rows) == [*range(20)]
        assert all(isinstance(row, DccHubRow) for row in rows)
        assert (rows[9].import_supplier, rows[9].gas_supplier) == (world.supplier.name, world.other.name)
        assert (rows[18].import_supplier, rows[18].gas_supplier) == ("", "")

    def test_a_csp_sees_the_hubs_of_its_regions_and_no_supplier(self, world):
        Hub.objects.filter(guid=world.guid(3)).update(region=Region.SMETS1)

        rows = all_rows(world.as_csp)

        assert numbers(world, rows) == [n for n in range(20) if n != 3]
        assert {(row.role, row.has_second_supplier) for row in rows} == {("", False)}

    def test_the_panel_sees_no_single_hubs(self, world):
        for ask in (estate_page, estate_counts, export_estate):
            with pytest.raises(NotPermitted):
                ask(world.as_panel)

    def test_a_rollout_of_others_is_no_filter(self, world, now):
        make_rollout(world, now=now)
        Target.objects.exclude(guid=world.guid(17)).delete()
        rollout_id = Target.objects.get().rollout_id

        with pytest.raises(NotFound):
            estate_page(world.as_third, filters=EstateFilter(rollout_id=rollout_id))

        assert numbers(world, all_rows(world.as_other, rollout_id=rollout_id)) == [17]


class TestPages:
    @pytest.mark.requirement("R4.3")
    def test_follow_each_other_without_gap_or_repeat_in_both_directions(self, world):
        first = estate_page(world.as_supplier, size=6)
        second = estate_page(world.as_supplier, cursor=first.next, size=6)
        last = estate_page(world.as_supplier, cursor=second.next, size=6)
        back = estate_page(world.as_supplier, cursor=last.previous, size=6)
        front = estate_page(world.as_supplier, cursor=back.previous, size=6)

        assert [numbers(world, page.items) for page in (first, second, last)] == [
            [*range(6)],
            [*range(6, 12)],
            [*range(12, 16)],
        ]
        assert (first.previous, last.next) == (None, None)
        assert numbers(world, back.items) == numbers(world, second.items)
        assert (numbers(world, front.items), front.previous) == (numbers(world, first.items), None)

    def test_damaged_cursors_are_refused(self, world):
        for cursor in ("x", "W10", "WyJ4Iiw1XQ"):
            with pytest.raises(BadCursor):
                estate_page(world.as_supplier, cursor=cursor)

    @pytest.mark.requirement("R4.3")
    def test_cost_the_same_number_of_statements_whatever_their_size(self, world, now, statements):
        make_rollout(world, now=now)
        costs = set()
        for size in (2, 16):
            statements.clear()
            assert len(estate_page(world.as_supplier, size=size).items) == size
            costs.add(len(statements))

        assert costs == {3}

    @pytest.mark.requirement("R4.3")
    def test_find_what_is_rare_beyond_the_longest_walk(self, world, monkeypatch):
        monkeypatch.setattr("rollouts.queries.estate.keyset.LONGEST_WALK", 3)
        Hub.objects.filter(guid__in=[world.guid(n) for n in (1, 13, 15)]).update(
            smi_status=SmiStatus.SUSPENDED
        )

        for size in (1, 2, 3, 50):
            rows = all_rows(world.as_supplier, size=size, statuses=[SmiStatus.SUSPENDED])
            assert numbers(world, rows) == [1, 13, 15]
        page = estate_page(world.as_supplier, filters=EstateFilter(statuses=[SmiStatus.SUSPENDED]), size=2)
        last = estate_page(
            world.as_supplier, filters=EstateFilter(statuses=[SmiStatus.SUSPENDED]), cursor=page.next, size=2
        )
        back = estate_page(
            world.as_supplier,
            filters=EstateFilter(statuses=[SmiStatus.SUSPENDED]),
            cursor=last.previous,
            size=2,
        )
        assert numbers(world, back.items) == [1, 13]
        assert all_rows(world.as_supplier, statuses=[SmiStatus.RECOVERED]) == []

    @pytest.mark.requirement("R4.3")
    def test_walk_the_two_indexes_of_a_supplier(self, world):
        sql.run("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        selection = selection_of(world.as_supplier, EstateFilter())
        text = selection.statement("estate_walk", "ASC").text
        params = {**selection.params, "first": -(2**63), "last": 2**63 - 1, "bound": 100, "size": 10}
        plan = " ".join(str(row[0]) for row in sql.rows(f"EXPLAIN {text}", params))

        assert "rollouts_hub_by_import" in plan
        assert "rollouts_hub_by_gas" in plan


class TestFilters:
    @pytest.mark.requirement("R4.3")
    def test_narrow_by_what_the_inventory_says(self, world):
        Hub.objects.filter(guid=world.guid(2)).update(region=Region.SOUTH)
        Hub.objects.filter(guid=world.guid(4)).update(cpl_entry=world.oldest)
        Hub.objects.filter(guid=world.guid(6)).update(smi_status=SmiStatus.SUSPENDED)

        result = {
            name: numbers(world, all_rows(world.as_supplier, **{name: value}))
            for name, value in {
                "regions": [Region.SOUTH],
                "versions": ["0x0c21.0000"],
                "statuses": [SmiStatus.SUSPENDED],
                "roles": ["GAS"],
                "is_split": True,
                "device_model_ids": [world.model.pk + 1],
            }.items()
        }

        assert result == {
            "regions": [2],
            "versions": [4],
            "statuses": [6],
            "roles": [12, 13],
            "is_split": [9, 10, 11, 12, 13],
            "device_model_ids": [],
        }

    @pytest.mark.requirement("R4.3")
    def test_narrow_by_ones_own_label_only(self, world):
        HubLabel.objects.create(organisation_id=world.supplier.pk, label="vans", guid=world.guid(5))
        HubLabel.objects.create(organisation_id=world.supplier.pk, label="vans", guid=world.guid(17))
        HubLabel.objects.create(organisation_id=world.other.pk, label="vans", guid=world.guid(9))

        assert numbers(world, all_rows(world.as_supplier, label="vans")) == [5]
        assert numbers(world, all_rows(world.as_other, label="vans")) == [9]

    @pytest.mark.requirement("R4.3")
    def test_narrow_by_the_place_in_a_rollout(self, world, now):
        rollout = make_rollout(world, now=now)
        Target.objects.filter(guid=world.guid(1)).update(state=TargetState.DISTRIBUTION_FAILED)
        Target.objects.filter(guid=world.guid(2)).update(state=TargetState.WITHDRAWN)
        HubLabel.objects.create(organisation_id=world.supplier.pk, label="vans", guid=world.guid(5))
        here = {"rollout_id": rollout.pk}

        assert numbers(world, all_rows(world.as_supplier, **here)) == sorted(OWN - {2})
        failed = all_rows(world.as_supplier, **here, states=[TargetState.DISTRIBUTION_FAILED])
        assert [(row.state, row.rollout_name) for row in failed] == [
            (TargetState.DISTRIBUTION_FAILED, rollout.name)
        ]
        assert numbers(world, all_rows(world.as_supplier, **here, consents=[Consent.AWAITING_BOTH])) == [
            *range(9, 14)
        ]
        assert numbers(world, all_rows(world.as_supplier, **here, label="vans")) == [5]

    def test_ask_for_the_rollout_where_a_state_is_meant(self, world):
        with pytest.raises(BadInput):
            estate_page(world.as_supplier, filters=EstateFilter(states=[TargetState.ELIGIBLE]))

    def test_refuse_what_they_do_not_know(self, world):
        for bad in (
            {"roles": ["OWNER"]},
            {"versions": ["not a version"]},
            {"search": "hello"},
            {"search": "1.2E+15"},
        ):
            with pytest.raises(BadInput):
                estate_page(world.as_supplier, filters=EstateFilter(**bad))

    @pytest.mark.requirement("R4.3")
    @pytest.mark.parametrize(
        "text",
        ["00-DB-12-34-00-00-00-05", " 00db123400000005", "0x00DB123400000005", "00:db:12:34:00:00:00:05"],
    )
    def test_find_a_hub_in_any_spelling(self, world, text):
        assert numbers(world, all_rows(world.as_supplier, search=text)) == [5]

    @pytest.mark.requirement("R4.3")
    def test_find_a_hub_by_its_gpf_or_by_its_beginning(self, world):
        assert numbers(world, all_rows(world.as_supplier, search="00-DB-12-CC-00-00-00-05")) == [5]
        assert numbers(world, all_rows(world.as_supplier, search="00-DB-12-34-00-00-00-0")) == sorted(OWN)
        assert all_rows(world.as_supplier, search="00-DB-13") == []

    def test_find_nobody_elses_hub(self, world):
        for text in ("00-DB-12-34-00-00-00-11", "00-DB-12-CC-00-00-00-11", "00-DB-12-34-00-00-00-FF"):
            assert all_rows(world.as_supplier, search=text) == []
