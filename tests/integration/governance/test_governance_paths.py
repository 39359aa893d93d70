"""Any path of halts, decisions, delays, dispatch and alerts: nothing leaves while halted, nothing is lost after."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import Command, Decision, Rollout, Target
from rollouts.ports import CspReply, SendOutcome
from rollouts.states import (
    ENDED_STATUSES,
    HALTED_STATUSES,
    RUNNING_STATUSES,
    CommandKind,
    CommandStatus,
    TargetState,
)
from rollouts.states.governing import OPEN_DECISIONS, DecisionStatus
from tests.factories import make_rollout
from tests.integration.deciding import decide, sign
from tests.integration.dispatching import settle

pytestmark = pytest.mark.django_db

HUBS = 20
MOVING = {CommandKind.DISTRIBUTE, CommandKind.ACTIVATE}


class Hubs:
    """The CSP and every hub behind it: does as it is told, knows what it has done, reports when asked."""

    def __init__(self, world):
        self.world = world
        self.now = None
        self.holding: set[int] = set()
        self.dated: dict[int, object] = {}
        self.activated: set[int] = set()
        self.untold: list[dict[str, object]] = []
        self.left_while: list[str] = []

    def __call__(self, _route):
        return self

    def send(self, order):
        if order.kind in MOVING:
            rollout = Rollout.objects.get(pk=Command.objects.get(pk=order.command_id).rollout_id)
            if rollout.status not in RUNNING_STATUSES:
                self.left_while.append(rollout.status)
        for guid in order.guids:
            getattr(self, CommandKind(order.kind).name.lower())(guid, order)
        return CspReply(SendOutcome.ACCEPTED)

    def distribute(self, guid, order):
        self.holding.add(guid)
        self.say(guid, "0x8F72", order)

    def activate(self, guid, order):
        assert guid in self.holding, "told to activate what it does not hold"
        if order.execute_at is None:
            self.run(guid, order)
        else:
            self.dated[guid] = order

    def cancel(self, guid, order):
        if guid in self.dated:
            del self.dated[guid]
            self.say(guid, "CANCELLED", order)
        else:
            self.say(guid, "CANCEL_FAILED", order, reason="TOO_LATE")

    def read(self, guid, order):
        raise AssertionError("nobody is silent here")

    def run(self, guid, order):
        self.activated.add(guid)
        self.say(guid, "0x8F66", order, firmware_version="0C230000")

    def say(self, guid, code, order, **more):
        self.untold.append(
            {
                "alert_id": str(uuid.uuid4()),
                "guid": str(Guid.from_db(guid)),
                "code": code,
                "occurred_at": self.now.isoformat(),
                "command_id": str(order.command_id),
                **more,
            }
        )

    def at(self, now):
        self.now = now
        for guid, order in list(self.dated.items()):
            if order.execute_at <= now:
                del self.dated[guid]
                self.run(guid, order)

    def report(self):
        notices, self.untold = self.untold, []
        if notices:
            lines = alert_lines.read(b"\n".join(orjson.dumps(alert) for alert in notices))
            services.receive_alerts(
                csp_id=self.world.csp.pk, copy_text=lines.copy_text, count=lines.count, received_at=self.now
            )
            while services.apply_next_batch(now=self.now):
                pass


class Course:
    """One rollout, its hubs, and whatever anybody does to it."""

    def __init__(self, world, now):
        self.world, self.now = world, now
        self.hubs = Hubs(world)
        self.rollout = make_rollout(
            world, now=now - timedelta(days=30), automatic_at=now + timedelta(days=40)
        )
        settle(
            self.rollout,
            state=20,
            consent=4,
            import_answer=1,
            gas_answer=1,
            answered_at=now,
            import_time=now + timedelta(days=4),
            effective_at=now + timedelta(days=4),
            where=f"guid < {world.guid(8)}",
        )
        settle(
            self.rollout,
            state=20,
            consent=4,
            import_answer=1,
            gas_answer=1,
            answered_at=now,
            effective_at=now,
            where=f"guid BETWEEN {world.guid(8)} AND {world.guid(11)}",
        )
        self.hubs.at(now)
        # Images on hubs, and eight activations dated a day ahead: what a halt has to recall.
        for step in (self.tick, self.report, lambda: self.wait(3), self.tick):
            step()

    @property
    def open_decision(self):
        return Decision.objects.filter(rollout=self.rollout, status__in=OPEN_DECISIONS).first()

    def status(self):
        return Rollout.objects.values_list("status", flat=True).get(pk=self.rollout.pk)

    def wait(self, days):
        self.now += timedelta(days=days)
        self.hubs.at(self.now)

    def tick(self):
        for rollout_id in services.rollouts_to_close(now=self.now):
            services.close_window(rollout_id=rollout_id, now=self.now)
        services.finish_halts(self.now)
        services.finish_delays(self.now)
        services.plan_due(self.now)
        services.dispatch_region(2, network_of=self.hubs, tell_time=lambda: self.now, seconds=60.0)

    def plan(self):
        services.plan_due(self.now)

    def report(self):
        self.hubs.report()

    def suspend(self):
        services.halt(
            self.world.operator, rollout_id=self.rollout.pk, verb="suspend", reason="Wait.", now=self.now
        )

    def suspend_and_die(self):
        services.take_step(
            self.world.operator, rollout_id=self.rollout.pk, verb="suspend", reason="Wait.", now=self.now
        )

    def recommend(self, outcome, goes_on):
        decision = services.open_review(
            self.world.operator, rollout_id=self.rollout.pk, because="Look.", now=self.now
        )
        until = Rollout.objects.get(pk=self.rollout.pk).automatic_at + timedelta(days=30)
        services.recommend(
            self.world.operator,
            decision_id=decision.pk,
            version=decision.version,
            outcome=outcome,
            reasons="So.",
            automatic_at=until if outcome == "DELAY" else None,
            goes_on=goes_on,
            now=self.now,
        )

    def sign(self, verdict):
        if decision := self.open_decision:
            sign(self.world.as_panel, decision, self.now, verdict=verdict)

    def halt_and_recall(self):
        self.suspend()
        self.tick()
        self.report()

    def go_on(self, outcome):
        self.recommend(outcome, goes_on=True)
        self.sign("APPROVE")

    def do(self, deed):
        name, *terms = deed
        stood = self.status()
        with suppress(Refusal):  # a no is an answer; what matters is what is so afterwards
            getattr(self, name)(*terms)
        # A signature that was refused, or says no, finishes nothing for a halt whose process died.
        was_moved = name in {"sign", "go_on"} and self.status() != stood
        self.check(halted_by=was_moved or name in {"suspend", "halt_and_recall"})

    def check(self, *, halted_by):
        rollout = Rollout.objects.get(pk=self.rollout.pk)
        assert self.hubs.left_while == []
        moving = Command.objects.filter(rollout_id=rollout.pk, kind__in=MOVING)
        if halted_by and rollout.status in HALTED_STATUSES | ENDED_STATUSES:
            waiting = moving.filter(status__in=[CommandStatus.READY, CommandStatus.CLAIMED])
            assert not waiting.exists()
            ahead = moving.filter(status=CommandStatus.SENT, execute_at__gt=self.now, recalled_at=None)
            assert not ahead.exists()
        if rollout.status == "SUSPENDED":
            assert self.open_decision is not None
        open_ones = Decision.objects.filter(rollout=rollout, status__in=OPEN_DECISIONS).count()
        assert open_ones <= (0 if rollout.status in ENDED_STATUSES else 1)
        assert services.measure_drift(rollout_id=rollout.pk).total == 0

    def run_to_its_end(self):
        if self.status() in HALTED_STATUSES:
            decide(self.world, self.rollout, "PROCEED", self.now)
        ends = Rollout.objects.get(pk=self.rollout.pk).automatic_at + timedelta(days=12)
        while self.now < ends:
            self.wait(2)
            self.tick()
            self.report()
            self.tick()
            self.report()
            assert self.hubs.left_while == []


deeds = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 12)),
    st.tuples(st.just("tick")),
    st.tuples(st.just("tick")),
    st.tuples(st.just("plan")),
    st.tuples(st.just("report")),
    st.tuples(st.just("suspend")),
    st.tuples(st.just("halt_and_recall")),
    st.tuples(st.just("halt_and_recall")),
    st.tuples(st.just("go_on"), st.sampled_from(["PROCEED", "DELAY"])),
    st.tuples(st.just("suspend_and_die")),
    st.tuples(
        st.just("recommend"), st.sampled_from(["PROCEED", "PAUSE", "DELAY", "DELAY", "STOP"]), st.booleans()
    ),
    st.tuples(st.just("sign"), st.sampled_from(["APPROVE", "APPROVE", "REJECT"])),
)


@pytest.mark.requirement("R5.6")
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(course=st.lists(deeds, min_size=4, max_size=22))
def test_nothing_leaves_while_it_stands_and_nothing_is_lost_when_it_goes_on(world, now, course):
    put_back_from_the_last(world)
    path = Course(world, now)

    for deed in course:
        path.do(deed)
    path.run_to_its_end()

    ended = {}
    for state in Target.objects.filter(rollout_id=path.rollout.pk).values_list("state", flat=True):
        ended[TargetState(state).name] = ended.get(TargetState(state).name, 0) + 1
    if path.status() in {"STOPPED", "REVOKED"}:
        assert set(ended) <= {"ACTIVATED", "WITHDRAWN"}
    else:
        assert ended == {"ACTIVATED": HUBS}
    activated = Target.objects.filter(rollout_id=path.rollout.pk, state=TargetState.ACTIVATED)
    assert set(activated.values_list("guid", flat=True)) == path.hubs.activated
    unfinished = Decision.objects.filter(status=DecisionStatus.ENACTED, finished_at=None)
    assert not unfinished.filter(rollout=path.rollout).exists()


def put_back_from_the_last(world):
    """Let the hubs run the old version again, and nothing be in flight, however the last course ended."""
    Rollout.objects.update(status="COMPLETE")
    sql.run(
        "UPDATE rollouts_hub SET cpl_entry_id = %(entry)s; DELETE FROM rollouts_hub_in_flight;"
        " DELETE FROM rollouts_command",
        {"entry": world.current.pk},
    )
