"""Feeds of changes to the inventory: Suppliers, statuses, exchanges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.identity.models import MarketParticipant
from portal.kernel.refusals import NotPermitted
from portal.kernel.spreadsheets import FileRefused
from rollouts import services
from rollouts.models import EstateImport, EstateImportLine, Hub, HubHistory, Target
from rollouts.services.estate.inventory.files import NotAnInventory
from rollouts.states import FailureCode, HistoryKind, SmiStatus, TargetState
from rollouts.states.inventory import LineProblem
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    made = make_world()
    fuel = MarketParticipant.Fuel
    for organisation, mpid, gas in (
        (made.supplier, "BRIG", "BRG"),
        (made.other, "FERN", "FER"),
        (made.third, "KEST", "KES"),
    ):
        MarketParticipant.objects.create(organisation=organisation, fuel=fuel.ELECTRICITY, code=mpid)
        MarketParticipant.objects.create(organisation=organisation, fuel=fuel.GAS, code=gas)
    return made


def hub(n):
    return f"00-DB-12-34-00-00-00-{n:02X}"


def suppliers(world, n):
    return Hub.objects.values_list("import_supplier_id", "gas_supplier_id").get(guid=world.guid(n))


def refused(report):
    lines = EstateImportLine.objects.filter(estate_import_id=report.id).order_by("line_no")
    return list(lines.values_list("line_no", "reason"))


class TestChangesOfSupplier:
    @pytest.fixture
    def take(self, world, now):
        def take(*lines):
            source = "\n".join(["guid,role,new_code,effective_on", *lines]).encode()
            return services.take_supplier_changes(world.operator, source=source, file_name="cos.csv", now=now)

        return take

    def test_are_applied_by_role(self, world, take):
        report = take(
            f"{hub(0)},IMPORT,KEST,2030-03-04",
            f"{hub(9)},GAS,KES,2030-03-01",
            f"{hub(14)},IMPORT,,2030-03-02",
        )

        assert (report.lines, report.accepted, report.summary["moving"]) == (3, 3, 3)
        assert suppliers(world, 0) == (world.third.pk, world.supplier.pk)
        assert suppliers(world, 9) == (world.supplier.pk, world.third.pk)
        assert suppliers(world, 14) == (None, None)
        assert services.measure_estate_drift() == 0

    def test_of_both_roles_come_on_two_lines(self, world, take):
        take(f"{hub(0)},IMPORT,KEST,2030-03-04", f"{hub(0)},GAS,KES,2030-03-04")

        assert suppliers(world, 0) == (world.third.pk, world.third.pk)

    def test_follow_each_other_by_day_whatever_the_order_of_lines(self, world, take):
        take(f"{hub(0)},IMPORT,KEST,2030-02-01", f"{hub(0)},IMPORT,FERN,2030-02-03")

        assert suppliers(world, 0)[0] == world.other.pk

    def test_of_both_roles_on_different_days_add_up_whatever_the_order_of_lines(self, world, take):
        take(f"{hub(9)},IMPORT,KEST,2030-03-04", f"{hub(9)},GAS,KES,2030-03-02")

        assert suppliers(world, 9) == (world.third.pk, world.third.pk)

    def test_take_effect_at_midnight_in_britain(self, take, world):
        take(f"{hub(0)},IMPORT,KEST,2029-07-01")

        assert HubHistory.objects.get().at == datetime(2029, 6, 30, 23, tzinfo=UTC)

    def test_are_refused_each_with_its_reason(self, take, world):
        report = take(
            f"{hub(77)},IMPORT,KEST,2030-03-04",
            "nonsense,IMPORT,KEST,2030-03-04",
            f"{hub(1)},OWNER,KEST,2030-03-04",
            f"{hub(1)},IMPORT,KES,2030-03-04",
            f"{hub(1)},GAS,KEST,2030-03-04",
            f"{hub(1)},IMPORT,KEST,soon",
            f"{hub(1)},IMPORT,KEST,2030-03-05",
            f"{hub(2)},IMPORT,KEST,2030-03-04",
        )

        assert refused(report) == [
            (2, LineProblem.UNKNOWN_DEVICE),
            (3, LineProblem.MALFORMED_ID),
            (4, LineProblem.BAD_ROLE),
            (5, LineProblem.UNKNOWN_MPID),
            (6, LineProblem.UNKNOWN_GAS_CODE),
            (7, LineProblem.BAD_DATE),
            (8, LineProblem.NOT_YET),
        ]
        assert (report.accepted, suppliers(world, 1), suppliers(world, 2)[0]) == (
            1,
            (world.supplier.pk, world.supplier.pk),
            world.third.pk,
        )

    def test_may_be_sent_again(self, world, take):
        take(f"{hub(0)},IMPORT,KEST,2030-03-04")
        take(f"{hub(0)},IMPORT,KEST,2030-03-04")

        assert HubHistory.objects.count() == 1

    def test_are_for_the_dcc(self, world, now):
        with pytest.raises(NotPermitted):
            services.take_supplier_changes(world.as_supplier, source=b"guid,role,code\n", now=now)

    @pytest.mark.parametrize(
        ("source", "refusal"), [(b"", FileRefused), (b"guid,code\nx,y\n", NotAnInventory)]
    )
    def test_in_another_form_are_refused_as_a_whole(self, world, now, source, refusal):
        with pytest.raises(refusal):
            services.take_supplier_changes(world.operator, source=source, now=now)

        assert EstateImport.objects.count() == 0


class TestChangesOfStatus:
    @pytest.fixture
    def take(self, world, now):
        def take(*lines, at=now):
            source = "\n".join(["guid,smi_status,effective_on,replaced_by", *lines]).encode()
            return services.take_status_changes(world.operator, source=source, file_name="smi.csv", now=at)

        return take

    @pytest.mark.requirement("R1.6")
    def test_withdraw_hubs_that_have_gone_from_their_rollouts(self, world, take, now):
        rollout = make_rollout(world, now=now)

        report = take(f"{hub(3)},Decommissioned,2030-03-02,")

        target = Target.objects.get(rollout_id=rollout.pk, guid=world.guid(3))
        change = HubHistory.objects.get()
        assert report.changed == 1
        assert (target.state, target.code) == (TargetState.WITHDRAWN, FailureCode.DECOMMISSIONED)
        assert (change.kind, change.old_value, change.new_value) == (
            HistoryKind.STATUS,
            "Commissioned",
            "Decommissioned",
        )
        assert change.at == datetime(2030, 3, 2, tzinfo=UTC)

    @pytest.mark.requirement("R1.6", "R4.10")
    @pytest.mark.parametrize("status", ["Decommissioned", "Withdrawn"])
    def test_say_of_a_hub_that_another_took_the_place_of_that_it_was_exchanged(
        self, world, take, now, status
    ):
        rollout = make_rollout(world, now=now)

        take(f"{hub(3)},{status},,{hub(4)}", f"{hub(5)},{status},,")

        codes = Target.objects.filter(rollout_id=rollout.pk, state=TargetState.WITHDRAWN)
        entries = FeedOutbox.objects.filter(kind=EntryKind.HUB_WITHDRAWN).values_list("guid", "code")
        assert (
            dict(codes.values_list("guid", "code"))
            == dict(entries)
            == {
                world.guid(3): FailureCode.EXCHANGED,
                world.guid(5): FailureCode.DECOMMISSIONED,
            }
        )

    @pytest.mark.requirement("R1.6")
    def test_let_hubs_join_that_are_commissioned(self, world, take, now):
        Hub.objects.filter(guid=world.guid(5)).update(smi_status=SmiStatus.PENDING)
        rollout = make_rollout(world, now=now)
        Target.objects.filter(guid=world.guid(5)).delete()

        take(f"{hub(5)},Commissioned,,")

        assert Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(5)).exists()

    def test_note_exchanges_once(self, take):
        line = f"{hub(3)},Decommissioned,,{hub(4)}"

        first, again = take(line), take(line)

        assert (first.summary["exchanged"], again.summary["exchanged"]) == (1, 0)
        assert HubHistory.objects.filter(kind=HistoryKind.EXCHANGED).count() == 2

    def test_change_the_gpf_where_they_say_so(self, world, now):
        source = f"guid,smi_status,gpf_status\n{hub(1)},Commissioned,Suspended\n".encode()

        services.take_status_changes(world.operator, source=source, now=now)

        assert Hub.objects.get(guid=world.guid(1)).gpf_status == SmiStatus.SUSPENDED

    def test_are_refused_each_with_its_reason(self, take, now):
        report = take(
            f"{hub(77)},Commissioned,,",
            f"{hub(1)},Exploded,,",
            f"{hub(1)},Suspended,someday,",
            f"{hub(1)},Decommissioned,,{hub(77)}",
            f"{hub(2)},Suspended,,",
        )

        assert refused(report) == [
            (2, LineProblem.UNKNOWN_DEVICE),
            (3, LineProblem.UNKNOWN_STATUS),
            (4, LineProblem.BAD_DATE),
            (5, LineProblem.UNKNOWN_REPLACEMENT),
        ]
        assert report.changed == 1

    def test_are_never_dated_in_the_future(self, take, now):
        take(f"{hub(1)},Suspended,{(now + timedelta(days=9)).date()},")

        assert HubHistory.objects.get().at == now
