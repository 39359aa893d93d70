"""Nobody locks two things in the order in which somebody else does not: see docs/explanation/lock-order.md."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import orjson
import pytest

from portal.kernel.guid import Guid
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import HeldDifference, Hub, Rollout
from rollouts.ports import CspReply, SendOutcome
from rollouts.services import HubList
from rollouts.states import CommandKind, InstructionKind
from rollouts.states.inventory import FileKind
from tests.factories import make_rollout, make_world
from tests.integration.deciding import decide
from tests.integration.publishing import published
from tests.lock_order import Recorder, recorded

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "lock-order.md"
LISTED = re.findall(r"^\d+\. `([^`]+)`", PAGE.read_text(), re.MULTILINE)
#: A hub that is new to the inventory.
INVENTORY = (
    b"guid,gpf_guid,manufacturer,model,hardware_version,firmware_version,region,smi_status\n"
    b"00-DB-12-34-FF-00-00-01,00-DB-12-CC-FF-00-00-01,Toshiba,433100AC,00AC,0C220000,CENTRAL,INSTALLED_NOT_COMMISSIONED\n"
)
#: What the course must have come through, or it shows nothing.
USE_CASES = {
    "publish.notify_rollout",
    "instruct.receive_instruction",
    "close_window._close_page",
    "claim._claim",
    "send._settle",
    "apply.apply_next_batch",
    "step.take_step",
    "halt._hold_back",
    "decide._sign",
    "sweep._page",
    "reschedule._page",
    "change_supplier._change_slice",
    "refresh._withdraw",
    "fold_tallies.fold_tally",
}
PILOT_USE_CASES = {
    "nominate.submit_pilot",
    "confirm.confirm_pilot",
    "run.accept_pilot",
    "form_batch.create_batch",
    "triage.merge_incident",
    "load._take_in",
}
#: What is locked on that course alone.
OF_PILOTS = {"rollouts_batch", "rollouts_incident", "rollouts_pilotsubmission"}
CATALOGUE_USE_CASES = {
    "take_list._taken",
    "enter._changed",
    "change_status.change_cpl_status",
    "map_columns.map_columns",
    "import_files.call_off_import",
    "decide_differences._decide",
}
OF_CATALOGUE = {
    "identity_organisation",
    "rollouts_columnmapping",
    "rollouts_held_difference",
    "rollouts_import_file",
}
LIST = (
    "model,firmware_version,hash,status,upgrade_path\n"
    f"433100AC,0C230000,{'AB' * 32},Expired,0C220000; 0C210000\n"
    f"433100AC,0C240000,{'AB' * 32},Current,0C230000\n"
)


class Network:
    """A CSP that takes what it is sent, or refuses it, and reports when asked."""

    def __init__(self):
        self.orders = []
        self.outcome = SendOutcome.ACCEPTED

    def __call__(self, _route):
        return self

    def send(self, order):
        self.orders.append(order)
        return CspReply(self.outcome)


class Course:
    """A rollout from its notice to its end, by services alone."""

    def __init__(self, world, now, *, has_pilot=False):
        self.world, self.now, self.network = world, now, Network()
        self.rollout = published(world, now=now, has_pilot=has_pilot)

    def instruct(self, scope, *numbers, kind=InstructionKind.INSTRUCT, days=20):
        services.receive_instruction(
            scope,
            rollout_id=self.rollout.pk,
            kind=kind,
            source=HubList.from_stored([self.world.guid(number) for number in numbers]),
            activate_at=self.now + timedelta(days=days) if kind == InstructionKind.INSTRUCT else None,
            received_at=self.now,
            now=self.now,
        )

    def wait(self, days):
        self.now += timedelta(days=days)

    def tick(self):
        services.finish_halts(self.now)
        services.finish_delays(self.now)
        services.plan_due(self.now)
        services.dispatch_region(2, network_of=self.network, tell_time=lambda: self.now, seconds=60.0)
        services.follow_up_silence(self.now)
        services.evaluate_halt_rules(self.now)

    def answer(self, code, **more):
        lines = [
            orjson.dumps(
                {
                    "alert_id": str(uuid.uuid4()),
                    "guid": str(Guid.from_db(hub)),
                    "code": code[order.kind],
                    "occurred_at": self.now.isoformat(),
                    "command_id": str(order.command_id),
                    **more,
                }
            )
            for order in self.network.orders
            for hub in order.guids
            if order.kind in code
        ]
        self.network.orders.clear()
        read = alert_lines.read(b"\n".join(lines))
        services.receive_alerts(
            csp_id=self.world.csp.pk, copy_text=read.copy_text, count=read.count, received_at=self.now
        )
        services.apply_waiting(now=self.now, seconds=60.0)

    def suspend(self):
        services.halt(
            self.world.operator, rollout_id=self.rollout.pk, verb="suspend", reason="Look.", now=self.now
        )

    def decide(self, outcome, **terms):
        decide(self.world, Rollout.objects.get(pk=self.rollout.pk), outcome, self.now, **terms)


def run(world, now) -> Recorder:
    """Do what is done with rollouts, by the services that do it."""
    kinds = CommandKind
    with recorded() as recorder:
        course = Course(world, now)
        course.instruct(world.as_supplier, *range(12))
        course.instruct(world.as_other, 9, 10)
        course.instruct(world.as_supplier, 3, kind=InstructionKind.WITHDRAW)
        # Claimed and not sent when it is suspended; then images go out.
        services.plan_due(course.now)
        services.claim_next(2, now=course.now)
        course.suspend()
        course.decide("PROCEED")
        course.tick()
        course.answer({kinds.DISTRIBUTE: "0x8F72"})
        course.wait(19)
        course.tick()  # activations dated ahead
        services.change_suppliers(
            world.operator,
            changes=[(world.guid(0), world.third.pk, world.third.pk)],
            effective_at=course.now,
            now=course.now,
            evidence="feed 7",
        )
        course.suspend()
        course.tick()
        course.answer({kinds.CANCEL: "CANCELLED"})
        course.decide("DELAY", automatic_at=now + timedelta(days=150), goes_on=True)
        course.tick()
        course.wait(2)
        course.tick()
        course.answer({kinds.ACTIVATE: "0x8F66"}, firmware_version="0C230000")
        # A hub goes, another comes; the window closes; a CSP refuses.
        Hub.objects.filter(guid=world.guid(13)).update(smi_status=5)
        services.refresh_eligibility(now=course.now)
        services.close_window(rollout_id=course.rollout.pk, now=now + timedelta(days=125))
        course.now = now + timedelta(days=149)
        course.network.outcome = SendOutcome.REFUSED
        course.tick()
        course.network.outcome = SendOutcome.ACCEPTED
        course.wait(2)
        course.tick()
        course.suspend()
        course.answer({kinds.DISTRIBUTE: "DELIVERY_FAILED"}, reason="UNREACHABLE")
        services.change_cpl_status(
            world.operator,
            cpl_entry_id=world.target.pk,
            status="CANCELLED",
            reason="Withdrawn.",
            now=course.now,
        )
        services.halt(
            world.operator, rollout_id=course.rollout.pk, verb="revoke", reason="Over.", now=course.now
        )
        course.tick()
        services.fold_tallies()
    return recorder


def run_pilot(world, now) -> Recorder:
    """Do what is done with a pilot, a batch, incidents, labels and the inventory."""

    def hubs(*numbers):
        return HubList.from_stored([world.guid(number) for number in numbers])

    with recorded() as recorder:
        course = Course(world, now, has_pilot=True)
        rollout_id = course.rollout.pk
        nominated = [
            services.submit_pilot(world.as_supplier, rollout_id=rollout_id, source=hubs(number), now=now)
            for number in (0, 1, 2)
        ]
        services.withdraw_submission(world.as_supplier, submission_id=nominated[1].submission_id, now=now)
        services.decline_submission(
            world.operator, submission_id=nominated[2].submission_id, comment="Not now.", now=now
        )
        services.confirm_pilot(
            world.operator, rollout_id=rollout_id, submission_ids=[nominated[0].submission_id], now=now
        )
        services.start_pilot(world.operator, rollout_id=rollout_id, now=now)
        services.comment_on_pilot(world.operator, rollout_id=rollout_id, commentary="On course.", now=now)
        services.create_batch(
            world.operator,
            rollout_id=rollout_id,
            name="First",
            automatic_at=now + timedelta(days=60),
            source=hubs(3, 4),
            now=now,
        )
        raised = [
            services.raise_incident(
                world.as_supplier,
                rollout_id=rollout_id,
                account=services.IncidentAccount(
                    category=2, title="Meters lost", han_impact="SOME_DEVICES", han_devices=3
                ),
                source=hubs(number),
                now=now,
            )
            for number in (0, 5)
        ]
        services.merge_incident(
            world.operator, incident_id=raised[1].incident_id, into_id=raised[0].incident_id, now=now
        )
        services.add_label(world.as_supplier, label="Flats", hubs=hubs(6))
        services.load_estate(world.operator, source=INVENTORY, now=now)
        course.wait(1)
        course.tick()
        course.answer({CommandKind.ACTIVATE: "0x8F66"}, firmware_version="0C230000")
        services.end_pilot(world.operator, rollout_id=rollout_id, commentary="Good.", now=course.now)
        services.reopen_pilot(world.operator, rollout_id=rollout_id, commentary="More.", now=course.now)
        services.end_pilot(world.operator, rollout_id=rollout_id, commentary="Good.", now=course.now)
        services.accept_pilot(world.operator, rollout_id=rollout_id, now=course.now)
    return recorder


def keep_catalogue(world, now) -> Recorder:
    """Do what is done with the Central Products List and with files to be imported."""
    make_rollout(world, now=now)
    with recorded() as recorder:
        services.change_cpl_entry(
            world.operator,
            cpl_entry_id=world.target.pk,
            facts=services.EntryFacts(image_sha256="AB" * 32, predecessors=[world.oldest.pk]),
            now=now,
        )
        services.take_cpl_list(world.operator, data=LIST.encode(), now=now)
        services.change_cpl_status(
            world.operator, cpl_entry_id=world.target.pk, status="ACTIVE", reason="Again.", now=now
        )
        services.map_columns(world.operator, kind=FileKind.LOAD, columns={"guid": "CHF"}, now=now)
        services.map_columns(world.operator, kind=FileKind.LOAD, columns={}, now=now)
        sent = services.send_import(
            world.operator, kind=FileKind.LOAD, source=BytesIO(INVENTORY), file_name="a.csv", now=now
        )
        order = services.claim_import(import_file_id=sent.pk, at=now)
        report = services.read_import(order, source=BytesIO(INVENTORY), now=now)
        unwanted = services.send_import(
            world.operator, kind=FileKind.LOAD, source=BytesIO(INVENTORY), file_name="b.csv", now=now
        )
        services.call_off_import(world.operator, import_file_id=unwanted.pk, at=now)
        HeldDifference.objects.create(
            estate_import_id=report.id,
            guid=world.guid(0),
            line_no=2,
            file_entry_id=world.oldest.pk,
            hub_entry_id=world.current.pk,
        )
        services.decide_differences(world.operator, import_id=report.id, takes_file=True, now=now)
    return recorder


def check_order(recorder: Recorder) -> set[str]:
    """Check every unit of work against the page; return what was locked."""
    for unit in recorder.units:
        missing = set(unit.order) - set(LISTED)
        assert not missing, f"{unit.use_case} locks {missing}: give it a place in {PAGE.name}"
        assert unit.order == sorted(unit.order, key=LISTED.index), f"{unit.use_case} locks in another order"
        assert not unit.upgraded, f"{unit.use_case} shares {unit.upgraded} first and wants it alone then"
    return {what for unit in recorder.units for what in unit.order}


@pytest.mark.parametrize(
    ("course", "use_cases", "locked"),
    [
        (run, USE_CASES, set(LISTED) - OF_PILOTS - OF_CATALOGUE),
        (run_pilot, PILOT_USE_CASES, OF_PILOTS),
        (keep_catalogue, CATALOGUE_USE_CASES, OF_CATALOGUE),
    ],
)
def test_what_is_locked_is_locked_in_the_order_on_the_page(course, use_cases, locked, now, media):
    recorder = course(make_world(hubs=20), now)

    assert check_order(recorder) >= locked
    assert {unit.use_case for unit in recorder.units} >= use_cases


def test_only_a_halt_and_a_call_wait_for_each_other_and_hold_no_row_meanwhile(now):
    recorder = run(make_world(hubs=20), now)

    assert {lock for lock, _, _ in recorder.waits} == {"advisory ROLLOUT"}
    assert not any("advisory ROLLOUT" in held or in_unit for _, held, in_unit in recorder.waits)
