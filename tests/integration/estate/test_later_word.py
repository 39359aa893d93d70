"""What an inventory file says and what hubs say of themselves: the later word stands, whatever comes first."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import orjson
import pytest

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.identity.models import MarketParticipant
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import (
    CspAlertBatch,
    EstateImport,
    EstateImportLine,
    HeldDifference,
    Hub,
    HubHistory,
    Target,
    UnmatchedAlert,
)
from rollouts.queries.estate.imports import refused_lines_csv
from rollouts.services.alerts import requeue as _putting_back
from rollouts.states import HistoryKind, SmiStatus, TargetState
from rollouts.states.inventory import LineProblem
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)

HEADING = "guid,model,firmware_version,region,smi_status,import_mpid,gas_code"
OLD, NEW, OLDER = "0C220000", "0C230000", "0C210000"


class Desk:
    """A file of the inventory and alerts of its hubs, as they come in."""

    def __init__(self, now, *, hubs=20):
        self.now = now
        self.world = make_world(hubs=hubs)
        fuel = MarketParticipant.Fuel
        for organisation, mpid, gas in (
            (self.world.supplier, "BRIG", "BRG"),
            (self.world.other, "FERN", "FER"),
        ):
            MarketParticipant.objects.create(organisation=organisation, fuel=fuel.ELECTRICITY, code=mpid)
            MarketParticipant.objects.create(organisation=organisation, fuel=fuel.GAS, code=gas)

    def load(self, *lines, as_of=None, later=0):
        source = "\n".join([HEADING, *lines, ""]).encode()
        now = self.now + timedelta(minutes=later)
        return services.load_estate(self.world.operator, source=source, as_of=as_of, now=now)

    def read(self, number, code="READ_RESULT", *, version=NEW, minutes=0, **more):
        alert = {
            "alert_id": str(uuid.uuid4()),
            "guid": hub(number),
            "code": code,
            "occurred_at": (self.now + timedelta(minutes=minutes)).isoformat(),
            "firmware_version": version,
            **more,
        }
        lines = alert_lines.read(orjson.dumps(alert))
        assert not lines.problems
        services.receive_alerts(
            csp_id=self.world.csp.pk, copy_text=lines.copy_text, count=1, received_at=self.now
        )
        services.apply_waiting(now=self.now + timedelta(minutes=max(minutes, 0)))
        return alert["alert_id"]

    def version(self, number):
        return Hub.objects.select_related("cpl_entry").get(guid=guid(number)).cpl_entry.firmware_version


def hub(number):
    return f"00-DB-12-34-00-00-00-{number:02X}"


def guid(number):
    return Guid.parse(hub(number)).db


def line(number, version=OLD, status="Commissioned"):
    return f"{hub(number)},433100AC,{version},Central,{status},BRIG,BRG"


def noted(report):
    return list(
        EstateImportLine.objects.filter(estate_import_id=report.id).values_list("line_no", "raw", "reason")
    )


@pytest.fixture
def desk(now):
    return Desk(now)


@pytest.mark.requirement("R4.6")
def test_a_file_that_is_older_than_the_hubs_word_does_not_turn_its_version_back(desk):
    desk.read(0, minutes=-10)

    report = desk.load(line(0), line(1), later=5)

    assert desk.version(0) == NEW
    assert (report.summary["outdated"], report.refused, report.accepted) == (1, 0, 2)
    assert noted(report) == [
        (2, f"{hub(0)}: {OLD} in the file, {NEW} confirmed by the hub", LineProblem.OLDER_VERSION)
    ]
    csv_text = b"".join(refused_lines_csv(desk.world.operator, import_id=report.id)).decode()
    assert hub(0) not in csv_text
    held = HeldDifference.objects.get(estate_import_id=report.id)
    assert (held.guid, held.line_no, held.decision) == (guid(0), 2, "OPEN")
    assert HubHistory.objects.filter(guid=guid(0), kind=HistoryKind.VERSION).count() == 1
    assert services.measure_estate_drift() == 0


@pytest.mark.requirement("R4.6")
def test_an_activation_outlives_the_file_made_before_it_and_the_hub_stays_cured(desk, now):
    rollout = make_rollout(desk.world, now=now)
    Hub.objects.filter(guid=guid(0)).update(smi_status=SmiStatus.SUSPENDED)
    Target.objects.filter(guid=guid(0)).update(state=TargetState.ACTIVATING, consent=4, command_id=1)
    desk.read(0, "0x8F66", minutes=1)

    desk.load(line(0, status="Suspended"), as_of=now, later=5)

    records = Hub.objects.get(guid=guid(0))
    assert (desk.version(0), records.smi_status) == (NEW, SmiStatus.COMMISSIONED)
    assert records.gpf_cpl_entry_id == records.cpl_entry_id
    assert Target.objects.get(rollout_id=rollout.pk, guid=guid(0)).state == TargetState.ACTIVATED


def test_a_file_made_after_the_hubs_word_counts(desk, now):
    desk.read(0, minutes=-10)

    report = desk.load(line(0), as_of=now - timedelta(minutes=5))

    assert desk.version(0) == OLD
    assert "outdated" not in report.summary
    assert EstateImport.objects.get(pk=report.id).as_of == now - timedelta(minutes=5)


def test_a_file_of_yesterday_that_comes_today_says_so(desk, now):
    desk.read(0, minutes=-18 * 60)

    desk.load(line(0), as_of=now - timedelta(days=1))
    assert desk.version(0) == NEW

    desk.load(line(0))  # as of midnight, when nobody says otherwise
    assert desk.version(0) == OLD


def test_a_file_is_not_as_of_a_time_to_come(desk, now):
    with pytest.raises(BadInput):
        desk.load(line(0), as_of=now + timedelta(seconds=1))

    assert not EstateImport.objects.exists()


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize("order", list(itertools.permutations(["read", "file", "later"])))
def test_whatever_order_they_come_in_the_latest_word_stands(desk, now, order):
    """A reading ten minutes ago, a file as of five minutes ago, perhaps a reading of a minute ago."""
    news = {
        "read": lambda: desk.read(0, version=NEW, minutes=-10),
        "file": lambda: desk.load(line(0, OLDER), as_of=now - timedelta(minutes=5)),
        "later": lambda: desk.read(0, version=NEW, minutes=-1),
    }

    for each in order:
        news[each]()

    assert desk.version(0) == NEW


@pytest.mark.parametrize("is_file_first", [True, False])
def test_a_reading_from_before_the_file_does_not_turn_the_file_back(desk, now, is_file_first):
    steps = [
        lambda: desk.load(line(0, OLDER), as_of=now - timedelta(minutes=5)),
        lambda: desk.read(0, version=NEW, minutes=-10),
    ]

    for step in steps if is_file_first else reversed(steps):
        step()

    assert desk.version(0) == OLDER


class TestAlertsBeforeTheirHub:
    @pytest.mark.requirement("R4.11")
    def test_count_once_the_inventory_brings_it(self, desk, now):
        desk.read(40, minutes=-1)
        assert UnmatchedAlert.objects.get().why == "UNKNOWN_HUB"

        desk.load(line(40), as_of=now - timedelta(minutes=5))
        services.apply_waiting(now=now)

        assert desk.version(40) == NEW
        assert not UnmatchedAlert.objects.exists()
        kinds = HubHistory.objects.filter(guid=guid(40)).order_by("kind", "old_value")
        assert list(kinds.values_list("kind", "old_value", "new_value")) == [
            (HistoryKind.VERSION, OLD, NEW),
            (HistoryKind.READ, "", NEW),
        ]

    @pytest.mark.requirement("R4.11")
    @pytest.mark.parametrize("made", [-15, -5])
    @pytest.mark.parametrize("order", [("file", "read"), ("read", "file")])
    def test_end_as_if_it_had_been_known_all_along(self, desk, now, made, order):
        news = {
            "read": lambda: desk.read(40, minutes=-10),
            "file": lambda: desk.load(line(40), line(41), as_of=now + timedelta(minutes=made)),
        }

        for each in order:
            news[each]()
        services.apply_waiting(now=now)

        # Of a hub that is new its own word counts: the file that brings it has it from before the portal knew it.
        assert desk.version(40) == NEW
        assert not UnmatchedAlert.objects.exists()

    @pytest.mark.requirement("R4.11")
    def test_are_put_back_slice_by_slice_and_once(self, desk, now, monkeypatch):
        monkeypatch.setattr(_putting_back, "PUT_BACK_AT_ONCE", 2)
        for number in range(40, 45):
            desk.read(number, minutes=-1)
        desk.read(60, minutes=-1)
        calls = CspAlertBatch.objects.count()

        desk.load(*(line(number) for number in range(40, 45)))

        fresh = CspAlertBatch.objects.order_by("pk")[calls:]
        assert [(batch.csp_id, batch.count, batch.applied_at) for batch in fresh] == [
            (desk.world.csp.pk, 2, None),
            (desk.world.csp.pk, 2, None),
            (desk.world.csp.pk, 1, None),
        ]
        assert services.put_back_early_alerts(now=now) == 0
        facts = Event.objects.filter(name="unmatched-alerts.put-back").order_by("pk")
        assert [fact.facts for fact in facts] == [{"alerts": 2}, {"alerts": 2}, {"alerts": 1}]
        services.apply_waiting(now=now)
        assert {desk.version(number) for number in range(40, 45)} == {NEW}
        assert list(UnmatchedAlert.objects.values_list("guid", flat=True)) == [guid(60)]

    @pytest.mark.requirement("R4.11")
    def test_keep_what_was_said_when_somebody_reviewed_them(self, desk, now):
        desk.read(40, minutes=-1)
        services.review_unmatched(
            desk.world.operator, note="Of a trial.", now=now, alert_ids=[UnmatchedAlert.objects.get().pk]
        )

        desk.load(line(40))
        desk.load(line(40))
        services.apply_waiting(now=now)

        records = UnmatchedAlert.objects.get()
        assert (records.why, records.review_note) == ("CAME_EARLY", "Of a trial.")
        assert desk.version(40) == NEW

    @pytest.mark.requirement("R4.11")
    def test_that_fit_nothing_still_are_kept_for_the_reason_they_have_now(self, desk, now):
        desk.read(40, "0x8F72", minutes=-1)

        desk.load(line(40))
        services.apply_waiting(now=now)

        records = UnmatchedAlert.objects.get()
        assert (records.why, records.received_at) == ("NO_ROLLOUT", now)

    @pytest.mark.requirement("R4.11")
    def test_are_told_as_any_other_and_a_repetition_counts_for_nothing(self, desk, now):
        alert_id = desk.read(40, minutes=-1)

        desk.load(line(40))
        services.apply_waiting(now=now)
        desk.read(40, minutes=-1, alert_id=alert_id)

        assert HubHistory.objects.filter(guid=guid(40), kind=HistoryKind.READ).count() == 1
        assert not FeedOutbox.objects.filter(kind=EntryKind.HUB_VERSION_READ).exists()  # nobody asked
