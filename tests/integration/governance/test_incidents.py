"""Incidents: raised with hubs, and never seen by a hub's other Supplier (R5.1, R5.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Incident, Instruction, Target
from rollouts.queries.governance.incidents import incident_file, incident_hubs, incident_lines, incident_page
from rollouts.services import HubList, Upload
from tests.factories import make_rollout, make_world
from tests.integration.incidents import lose

pytestmark = pytest.mark.django_db


class TestRaising:
    @pytest.mark.requirement("R5.1")
    def test_an_incident_has_hubs_impact_high_priority_and_target_times(self, world, rollout, now):
        raised = lose(world, rollout, now, 0, 1, 2, service_desk_reference="SD-77")

        page = incident_page(world.as_supplier, raised.incident_id)
        assert raised.reference.startswith("INC-")
        assert (page.line.hubs, page.line.category, page.han_devices) == (3, 2, 3)
        assert page.line.is_high_priority
        assert page.line.respond_by == now + timedelta(minutes=20)
        assert page.line.resolve_by == now + timedelta(hours=24)
        assert page.line.service_desk_reference == "SD-77"
        hubs = incident_hubs(world.as_supplier, raised.incident_id)
        assert [hub.guid for hub in hubs.items] == [str(Guid.from_db(world.guid(n))) for n in range(3)]

    def test_target_times_are_settings(self, world, rollout, now, settings):
        from rollouts.reads.governance.settings import CategoryTargets

        settings.GOVERNANCE = {"categories": {1: CategoryTargets(timedelta(minutes=1), timedelta(hours=1))}}

        assert lose(world, rollout, now, 0, category=1).respond_by == now + timedelta(minutes=1)
        with pytest.raises(BadInput):
            lose(world, rollout, now, 0, category=2)

    def test_lines_that_cannot_be_taken_are_listed_and_the_others_go_on(self, world, rollout, now):
        gone = world.guid(5)
        Target.objects.filter(rollout_id=rollout.pk, guid=gone).delete()
        gpf = str(Guid.from_db(0x00DB_12CC_0000_0000 - 2**63 + 1))
        text = "\n".join(
            [
                str(Guid.from_db(world.guid(0))),
                str(Guid.from_db(world.guid(17))),  # another Supplier's
                "00-00-00-00-00-00-00-01",  # nobody knows it
                str(Guid.from_db(gone)),
                gpf,
                "rubbish",
                str(Guid.from_db(world.guid(0))),
            ]
        )

        raised = lose(world, rollout, now, source=HubList.from_text(text))

        assert raised.hubs == 1
        assert [(line.line, line.reason) for line in raised.rejected] == [
            (2, "UNKNOWN_DEVICE"),
            (3, "UNKNOWN_DEVICE"),
            (4, "NOT_IN_ROLLOUT"),
            (5, "NOT_A_CHF"),
            (6, "MALFORMED_ID"),
            (7, "DUPLICATE_IN_LIST"),
        ]

    def test_hubs_are_chosen_by_rule_among_ones_own(self, world, rollout, now):
        tree = {"all": [{"field": "supply", "op": "=", "value": "SPLIT"}]}

        raised = lose(world, rollout, now, tree=tree)

        assert raised.hubs == 5  # 9 to 11 and 12, 13; 19 is of two others

    def test_hubs_are_those_of_a_batch_or_of_an_own_instruction(self, world, rollout, now):
        batch = rollout.batches.get()
        instruction = Instruction.objects.create(
            reference="I-1",
            rollout=rollout,
            organisation_id=world.supplier.pk,
            channel="PORTAL",
            kind="INSTRUCT",
            received_at=now,
        )
        Target.objects.filter(rollout_id=rollout.pk, guid__lte=world.guid(3)).update(
            import_instruction_id=instruction.pk
        )

        assert lose(world, rollout, now, batch_id=batch.pk).hubs == 16
        assert lose(world, rollout, now, instruction_id=instruction.pk).hubs == 4
        assert lose(world, rollout, now, scope=world.operator, batch_id=batch.pk).hubs == 20
        for wrong in ({"batch_id": 0}, {"instruction_id": 0}):
            with pytest.raises(NotFound):
                lose(world, rollout, now, **wrong)
        with pytest.raises(NotFound):
            lose(world, rollout, now, scope=world.as_other, instruction_id=instruction.pk)

    def test_hubs_are_named_in_exactly_one_way(self, world, rollout, now):
        with pytest.raises(BadInput):
            lose(world, rollout, now)
        with pytest.raises(BadInput):
            lose(world, rollout, now, 0, batch_id=rollout.batches.get().pk)

    def test_an_incident_none_of_whose_hubs_is_ones_own_is_not_raised(self, world, rollout, now):
        with pytest.raises(services.NothingNamed) as refusal:
            lose(world, rollout, now, 17)

        assert refusal.value.facts["rejected"][0]["reason"] == "UNKNOWN_DEVICE"
        assert Incident.objects.count() == 0

    def test_the_same_key_raises_one_incident(self, world, rollout, now):
        first = lose(world, rollout, now, 0, idempotency_key="k-1")
        again = lose(world, rollout, now, 0, idempotency_key="k-1")

        assert again.incident_id == first.incident_id
        assert Incident.objects.count() == 1

    def test_who_has_no_part_in_the_rollout_raises_nothing(self, world, rollout, now):
        with pytest.raises(NotPermitted):
            lose(world, rollout, now, 0, scope=world.as_panel)
        Target.objects.filter(rollout_id=rollout.pk).update(import_supplier_id=None, gas_supplier_id=None)
        with pytest.raises(NotFound):
            lose(world, rollout, now, 0)

    @pytest.mark.requirement("R5.1")
    def test_what_is_said_must_make_sense(self, world, rollout, now):
        for wrong in (
            {"category": 6},
            {"title": " "},
            {"title": "x" * 121},
            {"han_impact": "LOUD"},
            {"han_devices": -1},
            {"service_desk_reference": "x" * 41},
        ):
            with pytest.raises(BadInput):
                lose(world, rollout, now, 0, **wrong)

    @pytest.mark.parametrize("hubs", [20, 400])
    def test_it_takes_as_many_statements_for_many_hubs_as_for_few(
        self, hubs, now, django_assert_max_num_queries
    ):
        world = make_world(hubs=hubs)
        rollout = make_rollout(world, now=now)
        source = world.hub_list(*range(hubs))

        with django_assert_max_num_queries(17):
            lose(world, rollout, now, source=source)


class TestWhoHears:
    def test_the_raiser_and_the_dcc_hear_and_no_other_supplier_does(self, world, rollout, now):
        lose(world, rollout, now, 9, 10, category=3)

        entries = FeedOutbox.objects.filter(kind=EntryKind.INCIDENT_RAISED)
        assert set(entries.values_list("party_id", flat=True)) == {world.supplier.pk, world.dcc.pk}

    def test_the_panel_hears_of_what_is_severe(self, world, rollout, now):
        lose(world, rollout, now, 0, category=1)

        entries = FeedOutbox.objects.filter(kind=EntryKind.INCIDENT_RAISED)
        assert world.panel.pk in set(entries.values_list("party_id", flat=True))

    def test_a_hubs_other_supplier_sees_nothing_of_an_incident(self, world, rollout, now):
        raised = lose(world, rollout, now, 9, 10, attachments=(Upload("log.txt", b"all quiet"),))
        file = incident_page(world.as_supplier, raised.incident_id).attachments[0]

        assert incident_lines(world.as_other).items == []
        for look in (
            lambda: incident_page(world.as_other, raised.incident_id),
            lambda: incident_hubs(world.as_other, raised.incident_id),
            lambda: incident_file(world.as_other, raised.incident_id, file.id),
            lambda: services.comment_on_incident(
                world.as_other, incident_id=raised.incident_id, text="?", now=now
            ),
            lambda: services.take_incident_step(
                world.as_other, incident_id=raised.incident_id, verb="withdraw", now=now
            ),
        ):
            with pytest.raises(NotFound):
                look()

    def test_the_dcc_and_the_panel_see_all_a_csp_none(self, world, rollout, now):
        lose(world, rollout, now, 0)
        lose(world, rollout, now, 9, scope=world.as_other)

        assert len(incident_lines(world.operator).items) == 2
        assert len(incident_lines(world.as_panel).items) == 2
        assert incident_lines(world.as_csp).items == []

    def test_what_is_internal_stays_with_the_dcc_and_the_panel(self, world, rollout, now):
        raised = lose(world, rollout, now, 0)
        services.comment_on_incident(
            world.operator, incident_id=raised.incident_id, text="Looks like ours.", is_internal=True, now=now
        )
        services.comment_on_incident(
            world.as_supplier, incident_id=raised.incident_id, text="Any news?", is_internal=True, now=now
        )

        mine = incident_page(world.as_supplier, raised.incident_id)
        theirs = incident_page(world.as_panel, raised.incident_id)
        assert [remark.text for remark in mine.comments] == ["Any news?"]
        assert [remark.text for remark in theirs.comments] == ["Looks like ours.", "Any news?"]
        assert FeedOutbox.objects.filter(kind=EntryKind.INCIDENT_UPDATED).count() == 2


def test_the_list_goes_page_by_page(world, rollout, now):
    for number in range(5):
        lose(world, rollout, now, number)

    first = incident_lines(world.operator, size=3)
    rest = incident_lines(world.operator, size=3, cursor=first.next)

    numbers = [line.id for line in (*first.items, *rest.items)]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), rest.next) == (5, None)
