"""Activations dated ahead: accepted, done on their day, replaced, or cancelled in time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubsim import truth
from hubsim.codes import HubCommandKind
from hubsim.profile import Profile
from tests.hubsim.simulation import DAY, FITTING, SLOW_ANSWER, Simulation, codes


@pytest.mark.requirement("R6.5")
def test_a_future_dated_activation_is_accepted_first_and_done_on_its_day():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:50])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=simulation.now + 5 * DAY)

    assert codes(simulation.after(DAY)) == {("CS06_ACCEPTED", None): 50}
    assert truth.summary(simulation.world)["future_dated"] == 50
    assert codes(simulation.after(3.9 * DAY)) == {}
    alerts = simulation.after(0.2 * DAY)

    assert codes(alerts) == {("0x8F66", "SUCCESS"): 50}
    assert {alert["firmware_version"] for alert in alerts} == {"0C230000"}
    assert truth.summary(simulation.world)["future_dated"] == 0


@pytest.mark.requirement("R6.5")
def test_a_future_dated_failure_is_told_on_its_day():
    faults = replace(SLOW_ANSWER, activation_failure=1.0)
    simulation = Simulation(Profile("x", everywhere=faults)).holding(FITTING[:50])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=simulation.now + DAY)

    alerts = simulation.after(2 * DAY)

    assert codes(alerts) == {("CS06_ACCEPTED", None): 50, ("0x8F67", "ACTIVATION_FAILURE"): 50}


@pytest.mark.requirement("R6.5")
def test_a_command_that_arrives_after_its_date_is_carried_out_at_once():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=simulation.now + 30)

    assert codes(simulation.after(DAY)) == {("CS06_RESPONSE", "SUCCESS"): 5}


@pytest.mark.requirement("R6.5")
def test_a_cancel_in_time_stops_the_activation():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:50])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=simulation.now + DAY)
    simulation.send(HubCommandKind.CANCEL, FITTING[:50])

    assert codes(simulation.after(9 * DAY)) == {("CS06_ACCEPTED", None): 50, ("CANCELLED", None): 50}
    assert truth.summary(simulation.world)["activated"] == 0


@pytest.mark.requirement("R6.5")
def test_a_cancel_comes_too_late_for_what_has_begun():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:50])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=simulation.now + DAY)
    simulation.after(DAY - 1)
    simulation.send(HubCommandKind.CANCEL, FITTING[:50])

    assert codes(simulation.after(DAY)) == {("CANCEL_FAILED", "TOO_LATE"): 50, ("0x8F66", "SUCCESS"): 50}


def test_a_cancel_that_time_leaps_over_is_judged_by_when_it_arrived():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=simulation.now + DAY)
    simulation.now += DAY - 30
    simulation.send(HubCommandKind.CANCEL, FITTING[:5])
    simulation.send(HubCommandKind.READ, FITTING[:5])

    alerts = simulation.after(30 * DAY)

    assert codes(alerts)[("CANCEL_FAILED", "TOO_LATE")] == 5
    assert codes(alerts)[("0x8F66", "SUCCESS")] == 5


@pytest.mark.requirement("R6.5")
def test_a_hub_may_refuse_to_let_go():
    faults = replace(SLOW_ANSWER, cancel_fails=1.0)
    simulation = Simulation(Profile("x", everywhere=faults)).holding(FITTING[:5])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=simulation.now + DAY)
    simulation.send(HubCommandKind.CANCEL, FITTING[:5])

    assert codes(simulation.after(2 * DAY)) == {
        ("CS06_ACCEPTED", None): 5,
        ("CANCEL_FAILED", "REJECTED"): 5,
        ("0x8F66", "SUCCESS"): 5,
    }


@pytest.mark.requirement("R6.5")
def test_a_cancel_with_nothing_to_cancel_is_fine():
    simulation = Simulation()
    simulation.send(HubCommandKind.CANCEL, FITTING[:5], image=None)

    assert codes(simulation.after(1)) == {("CANCELLED", None): 5}


@pytest.mark.requirement("R6.5")
def test_a_new_date_replaces_the_old_one():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=simulation.now + DAY)
    later = simulation.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=simulation.now + 3 * DAY)

    assert codes(simulation.after(2 * DAY)) == {("CS06_ACCEPTED", None): 10}
    alerts = simulation.after(2 * DAY)
    assert codes(alerts) == {("0x8F66", "SUCCESS"): 5}
    assert {alert["command_id"] for alert in alerts} == {later}
