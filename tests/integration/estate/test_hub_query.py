"""One hub's whole story: what each of those who may see it is told, and that the others are told nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedEntry
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.models import CspAlert, Hub, HubHistory, HubLabel, Target
from rollouts.queries.estate.hubs import hub_card
from rollouts.queries.estate.next_step import NextStep, next_step
from rollouts.states import (
    STAGE_OF_STATE,
    AlertCode,
    Answer,
    Consent,
    HistoryKind,
    Region,
    SmiStatus,
    TargetState,
)
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(world, now):
    return lambda scope, number: hub_card(scope, guid=str(Guid.from_db(world.guid(number))), now=now)


def change(world, number, kind, old, new, at):
    HubHistory.objects.create(
        guid=world.guid(number), at=at, kind=kind, old_value=str(old), new_value=str(new), evidence="alert 7"
    )


class TestTheRecord:
    @pytest.mark.requirement("R4.3")
    def test_says_what_the_inventory_knows(self, world, card):
        HubLabel.objects.create(organisation_id=world.supplier.pk, label="vans", guid=world.guid(9))
        HubLabel.objects.create(organisation_id=world.other.pk, label="theirs", guid=world.guid(9))

        hub = card(world.as_supplier, 9)

        record = hub.record
        assert (record.guid, record.gpf_guid) == ("00-DB-12-34-00-00-00-09", "00-DB-12-CC-00-00-00-09")
        assert (record.manufacturer, record.model, record.version) == ("Toshiba", "433100AC", "0C220000")
        assert (record.region, record.status) == (Region.CENTRAL, SmiStatus.COMMISSIONED)
        assert (record.role, record.has_second_supplier) == ("IMPORT", True)
        assert hub.labels == ["vans"]

    @pytest.mark.requirement("R4.3")
    @pytest.mark.parametrize(
        "text",
        ["00-DB-12-34-00-00-00-09", "00db123400000009", "00-DB-12-CC-00-00-00-09", "0x00DB12CC00000009"],
    )
    def test_is_found_by_either_guid_in_any_spelling(self, world, now, text):
        hub = hub_card(world.as_supplier, guid=text, now=now)

        assert hub.record.guid == "00-DB-12-34-00-00-00-09"
        assert hub.found_by_gpf == ("CC" in text)

    @pytest.mark.requirement("R4.2")
    def test_of_anothers_hub_reads_as_of_none_in_as_many_steps(self, world, now, statements):
        content = set()
        for text in (
            "00-DB-12-34-00-00-00-11",
            "00-DB-12-CC-00-00-00-11",
            "00-DB-12-34-FF-FF-FF-FF",
            "nonsense",
        ):
            statements.clear()
            with pytest.raises(NotFound) as refusal:
                hub_card(world.as_supplier, guid=text, now=now)
            content.add((refusal.value.message, refusal.value.code, len(statements)))

        assert len(content) == 1

    def test_is_for_the_csp_of_its_region_and_not_for_the_panel(self, world, card):
        Hub.objects.filter(guid=world.guid(3)).update(region=Region.SMETS1)

        assert card(world.as_csp, 2).record.role == ""
        for scope, number in ((world.as_csp, 3), (world.as_panel, 2)):
            with pytest.raises(NotFound):
                card(scope, number)

    def test_takes_as_many_steps_however_long_the_story(self, world, card, now, statements):
        make_rollout(world, now=now)
        statements.clear()
        card(world.as_supplier, 9)
        short = len(statements)
        for n in range(30):
            change(world, 9, HistoryKind.VERSION, n, n + 1, now + timedelta(minutes=n))
        statements.clear()

        assert len(card(world.as_supplier, 9).changes) == 30
        assert len(statements) == short


class TestTheSecondSupplier:
    @pytest.mark.requirement("R3.3")
    def test_is_never_named(self, world, card, now):
        make_rollout(world, now=now)
        change(world, 9, HistoryKind.GAS_SUPPLIER, world.third.pk, world.other.pk, now)
        change(world, 9, HistoryKind.IMPORT_SUPPLIER, world.third.pk, world.supplier.pk, now)

        hub = repr(card(world.as_supplier, 9))

        assert not any(other.name in hub for other in (world.other, world.third))

    @pytest.mark.requirement("R3.3")
    def test_is_told_of_by_whether_it_has_answered(self, world, card, now):
        make_rollout(world, now=now)
        assert card(world.as_supplier, 9).places[0].second_has_answered is False

        Target.objects.filter(guid=world.guid(9)).update(gas_answer=Answer.DECLINED, gas_time=now)

        place = card(world.as_supplier, 9).places[0]
        assert (place.second_has_answered, place.mine, place.requested_at) == (True, Answer.NONE, None)
        assert card(world.as_other, 9).places[0].mine == Answer.DECLINED
        assert card(world.as_supplier, 0).places[0].second_has_answered is None

    def test_is_named_to_the_dcc(self, world, card):
        hub = card(world.operator, 9)

        assert (hub.import_supplier, hub.gas_supplier) == (world.supplier.name, world.other.name)


class TestTheHistory:
    @pytest.mark.requirement("R4.3")
    def test_is_the_hubs_and_its_gpfs_the_latest_first(self, world, card, now):
        change(world, 9, HistoryKind.VERSION, "0C210000", "0C220000", now)
        HubHistory.objects.create(
            guid=Hub.objects.get(guid=world.guid(9)).gpf_guid,
            at=now + timedelta(minutes=1),
            kind=HistoryKind.GPF_VERSION,
            old_value="0C210000",
            new_value="0C220000",
        )
        change(world, 8, HistoryKind.VERSION, "0C210000", "0C220000", now)

        kinds = [each.kind for each in card(world.as_supplier, 9).changes]

        assert kinds == [HistoryKind.GPF_VERSION, HistoryKind.VERSION]

    def test_tells_a_gaining_supplier_versions_and_its_own_part_alone(self, world, card, now):
        earlier, gained = now - timedelta(days=30), now - timedelta(days=10)
        change(world, 9, HistoryKind.IMPORT_SUPPLIER, world.third.pk, world.other.pk, earlier)
        change(world, 9, HistoryKind.READ, "", "0C210000", earlier)
        change(world, 9, HistoryKind.VERSION, "0C210000", "0C220000", earlier)
        change(world, 9, HistoryKind.IMPORT_SUPPLIER, world.other.pk, world.supplier.pk, gained)
        change(world, 9, HistoryKind.READ, "", "0C220000", now)

        hub = [(each.kind, each.old, each.new, each.evidence) for each in card(world.as_supplier, 9).changes]

        assert hub == [
            (HistoryKind.READ, "", "0C220000", ""),
            (HistoryKind.IMPORT_SUPPLIER, "", world.supplier.name, ""),
            (HistoryKind.VERSION, "0C210000", "0C220000", ""),
        ]
        dcc = card(world.operator, 9).changes
        assert len(dcc) == 5
        assert (dcc[1].old, dcc[1].new, dcc[1].evidence) == (world.other.name, world.supplier.name, "alert 7")

    def test_tells_a_csp_no_supplier(self, world, card, now):
        change(world, 9, HistoryKind.IMPORT_SUPPLIER, world.other.pk, world.supplier.pk, now)
        change(world, 9, HistoryKind.STATUS, "Commissioned", "Suspended", now)

        assert [each.kind for each in card(world.as_csp, 9).changes] == [HistoryKind.STATUS]


class TestThePlaceInRollouts:
    @pytest.mark.requirement("R4.10")
    def test_says_where_the_hub_stands_and_what_comes_next(self, world, card, now):
        rollout = make_rollout(world, now=now)

        hub = card(world.as_supplier, 0)

        place = hub.places[0]
        assert hub.current == place
        assert (place.rollout_id, place.rollout_name, place.batch) == (
            rollout.pk,
            rollout.name,
            "Safe launch group",
        )
        assert (place.from_version, place.version) == ("0C220000", "0C230000")
        assert (place.state, place.consent) == (TargetState.ELIGIBLE, Consent.AWAITING)
        assert (place.effective_at, place.cutoff_at) == (rollout.automatic_at, rollout.cutoff_at)
        assert place.next_step == NextStep.YOUR_ANSWER

    @pytest.mark.requirement("R4.3")
    def test_is_kept_once_settled(self, world, card, now):
        make_rollout(world, now=now)
        Target.objects.filter(guid=world.guid(0)).update(
            state=TargetState.ACTIVATED, consent=Consent.COMPLETE
        )

        hub = card(world.as_supplier, 0)

        assert hub.current is None
        assert (hub.places[0].state, hub.places[0].next_step) == (TargetState.ACTIVATED, None)

    def test_under_an_earlier_supplier_is_not_told_to_the_next(self, world, card, now):
        make_rollout(world, now=now)
        Hub.objects.filter(guid=world.guid(17)).update(
            import_supplier=world.supplier, gas_supplier=world.supplier
        )

        assert card(world.as_supplier, 17).places == []
        assert len(card(world.operator, 17).places) == 1

    @pytest.mark.requirement("R4.10")
    def test_knows_a_next_step_for_every_state(self):
        steps = {
            state: next_step(state, consent=Consent.COMPLETE, mine=Answer.INSTRUCTED) for state in TargetState
        }

        assert {state for state, step in steps.items() if step is None} == {
            state for state, stage in STAGE_OF_STATE.items() if stage == 2
        }
        assert next_step(TargetState.ELIGIBLE, consent=Consent.AWAITING_SECOND, mine=Answer.INSTRUCTED) == (
            NextStep.SECOND_ANSWER
        )


class TestWhatCame:
    def test_of_the_feed_is_ones_own(self, world, card, now):
        for position, party in enumerate((world.supplier.pk, world.other.pk), start=1):
            FeedEntry.objects.create(
                position=position,
                guid=world.guid(9),
                at=now,
                party_id=party,
                rollout_id=None,
                version_id=world.target.pk,
                kind=EntryKind.HUB_ACTIVATED,
                data={"to": party},
            )

        hub = card(world.as_supplier, 9).entries

        assert [(each.kind, each.version, each.data) for each in hub] == [
            (EntryKind.HUB_ACTIVATED, "0C230000", {"to": world.supplier.pk})
        ]

    def test_from_the_hub_is_for_the_dcc_and_the_csp(self, world, card, now):
        CspAlert.objects.create(
            occurred_at=now,
            alert_id=uuid4(),
            guid=world.guid(9),
            batch_id=1,
            code=AlertCode.VERIFIED,
            reason=0,
            firmware_version="0C230000",
        )

        assert [each.code for each in card(world.operator, 9).alerts] == [AlertCode.VERIFIED]
        assert [each.code for each in card(world.as_csp, 9).alerts] == [AlertCode.VERIFIED]
        assert card(world.as_supplier, 9).alerts == ()


@pytest.mark.requirement("R4.3")
@pytest.mark.django_db(transaction=True)
def test_an_exchange_stands_in_the_history_of_both_hubs(world, card, now):
    feed = b"guid,smi_status,replaced_by\n00-DB-12-34-00-00-00-03,Decommissioned,00-DB-12-34-00-00-00-04\n"
    services.take_status_changes(world.operator, source=feed, now=now)

    for number in (3, 4):
        changes = card(world.as_supplier, number).changes
        exchange = next(each for each in changes if each.kind == HistoryKind.EXCHANGED)
        assert (exchange.old, exchange.new) == ("00-DB-12-34-00-00-00-03", "00-DB-12-34-00-00-00-04")


def test_the_other_hub_of_an_exchange_is_named_only_to_those_it_belongs_to(world, card, now):
    own, of_others = (str(Guid.from_db(world.guid(number))) for number in (1, 17))
    spelt = str(Guid.from_db(world.guid(0)))
    change(world, 0, HistoryKind.EXCHANGED, spelt, own, now)
    change(world, 0, HistoryKind.EXCHANGED, of_others, spelt, now + timedelta(days=1))

    def exchanges_for(scope):
        return {(each.old, each.new) for each in card(scope, 0).changes if each.kind == HistoryKind.EXCHANGED}

    assert exchanges_for(world.as_supplier) == {(spelt, own), ("", spelt)}
    assert exchanges_for(world.operator) == {(spelt, own), (of_others, spelt)}
