"""What commands do to hubs, without a network: time is a number here."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from hubsim import guids, truth
from hubsim.codes import HubCommandKind
from hubsim.profile import BadFirmware, Profile, RegionFaults, preset
from tests.hubsim.simulation import DAY, ESTATE, FITTING, IMAGE, SLOW_ANSWER, START, Simulation, codes


def version_of(simulation, guid):
    place, _ = ESTATE.find(np.array([guid], dtype=np.uint64))
    return simulation.world.versions[simulation.world.hubs.version[place[0]]]


@pytest.mark.requirement("R6.5")
def test_a_distribution_ends_with_verification_and_changes_no_version():
    simulation = Simulation()
    command_id = simulation.send(HubCommandKind.DISTRIBUTE, FITTING[:500])

    alerts = simulation.after(1)

    assert codes(alerts) == {("0x8F72", None): 500}
    assert {alert["command_id"] for alert in alerts} == {command_id}
    assert {alert["guid"] for alert in alerts} == {guids.text_of(int(each)) for each in FITTING[:500]}
    assert "firmware_version" not in alerts[0]
    assert truth.summary(simulation.world)["holding_image"] == 500
    assert truth.summary(simulation.world)["activated"] == 0


@pytest.mark.requirement("R6.5")
def test_an_image_with_the_wrong_hash_is_not_verified():
    simulation = Simulation()
    simulation.send(HubCommandKind.DISTRIBUTE, FITTING[:10], image=replace(IMAGE, hash="00" * 32))

    assert codes(simulation.after(1)) == {("0x8F1C", None): 10}
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:10], image=replace(IMAGE, hash="00" * 32))
    assert codes(simulation.after(1)) == {("CS06_RESPONSE", "NO_IMAGE_HELD"): 10}


@pytest.mark.requirement("R6.5")
def test_an_image_for_another_model_is_a_hardware_mismatch():
    other = ESTATE.guid[ESTATE.model == 2][:10]
    simulation = Simulation()
    simulation.send(HubCommandKind.DISTRIBUTE, other)

    gone = np.isin(ESTATE.status[ESTATE.model == 2][:10], [5, 6]).sum()
    assert codes(simulation.after(1))[("DELIVERY_FAILED", "HARDWARE_MISMATCH")] == 10 - gone


@pytest.mark.requirement("R6.5")
def test_hubs_taken_off_the_wall_and_hubs_nobody_knows_cannot_be_reached():
    gone = ESTATE.guid[ESTATE.status == 5][:5]
    simulation = Simulation()
    for kind in HubCommandKind:
        simulation.send(kind, np.append(gone, np.uint64(1)))

    assert codes(simulation.after(1)) == {
        ("DELIVERY_FAILED", "UNREACHABLE"): 12,
        ("CANCEL_FAILED", "UNREACHABLE"): 6,
        ("READ_RESULT", "NO_RESPONSE"): 6,
    }


@pytest.mark.requirement("R6.5")
def test_an_immediate_activation_answers_with_the_version_now_running():
    simulation = Simulation().holding(FITTING[:100])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:100])

    alerts = simulation.after(1)

    assert codes(alerts) == {("CS06_RESPONSE", "SUCCESS"): 100}
    assert {alert["firmware_version"] for alert in alerts} == {"0C230000"}
    assert version_of(simulation, FITTING[0]) == "0C230000"


@pytest.mark.requirement("R6.5")
def test_a_failed_activation_carries_the_version_still_running():
    simulation = Simulation(Profile("x", everywhere=RegionFaults(activation_failure=1.0)))
    simulation.holding(FITTING[:100]).send(HubCommandKind.ACTIVATE, FITTING[:100])

    alerts = simulation.after(1)

    assert codes(alerts) == {("CS06_RESPONSE", "ACTIVATION_FAILURE"): 100}
    assert {alert["firmware_version"] for alert in alerts} == {"0C220000"}


@pytest.mark.requirement("R6.5")
def test_activating_what_is_not_held_fails():
    simulation = Simulation()
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:5])
    assert codes(simulation.after(1)) == {("CS06_RESPONSE", "NO_IMAGE_HELD"): 5}

    simulation.holding(FITTING[:5]).send(
        HubCommandKind.ACTIVATE, FITTING[:5], image=replace(IMAGE, version="0C240000")
    )
    assert codes(simulation.after(1)) == {("CS06_RESPONSE", "HASH_MISMATCH"): 5}


@pytest.mark.requirement("R6.5")
def test_activating_again_what_already_runs_succeeds_and_changes_nothing():
    simulation = Simulation().holding(FITTING[:5])
    for _ in range(2):
        simulation.send(HubCommandKind.ACTIVATE, FITTING[:5])
        assert codes(simulation.after(1)) == {("CS06_RESPONSE", "SUCCESS"): 5}

    assert truth.summary(simulation.world)["activations"] == 5


@pytest.mark.requirement("R6.5")
@pytest.mark.parametrize(
    ("kind", "codes_read"), [("mute_new", {"0C230000"}), ("mute_old", {"0C220000"}), ("mute_lost", {None})]
)
def test_a_mute_hub_is_found_out_by_reading_or_not_at_all(kind, codes_read):
    simulation = Simulation(Profile("x", everywhere=RegionFaults(**{kind: 1.0}))).holding(FITTING[:20])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:20])
    assert simulation.after(9 * DAY) == []

    simulation.send(HubCommandKind.READ, FITTING[:20], image=None)

    alerts = simulation.after(1)
    assert {alert["code"] for alert in alerts} == {"READ_RESULT"}
    assert {alert.get("firmware_version") for alert in alerts} == codes_read
    assert ({alert.get("reason") for alert in alerts} == {"NO_RESPONSE"}) == (codes_read == {None})


def test_half_of_the_hubs_never_heard_again_run_the_new_version():
    simulation = Simulation(Profile("x", everywhere=RegionFaults(mute_lost=1.0))).holding(FITTING[:1000])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:1000])
    simulation.after(1)

    assert 400 < truth.summary(simulation.world)["activated"] < 600
    assert truth.summary(simulation.world)["muted"]["LOST"] == 1000


def test_bad_firmware_shows_in_the_truth():
    profile = replace(preset("instant"), bad_firmware=BadFirmware(("*",), 0.5))
    simulation = Simulation(profile).holding(FITTING[:1000])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:1000])
    simulation.after(1)

    summary = truth.summary(simulation.world)
    assert 400 < summary["han_broken"] < 600
    assert summary["han_devices_lost"] >= summary["han_broken"]


def test_the_profile_in_force_when_it_happens_decides():
    simulation = Simulation(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=simulation.now + DAY)
    simulation.world.follow(Profile("y", everywhere=RegionFaults(activation_failure=1.0)))

    assert codes(simulation.after(2 * DAY))[("0x8F67", "ACTIVATION_FAILURE")] == 5


@pytest.mark.requirement("R6.5")
def test_alerts_go_under_the_csp_that_serves_the_region():
    simulation = Simulation()
    simulation.send(HubCommandKind.READ, ESTATE.guid[:2000], image=None)
    simulation.now += 1
    simulation.world.advance(simulation.now)

    ready = simulation.world.ready(simulation.now)

    places, known = ESTATE.find(ready["guid"])
    assert known.all()
    expected = np.array([1, 0, 1, 1, 2, 2, 2, 1, 1])[ESTATE.region[places]]
    assert (ready["csp"] == expected).all()


def journey(profile, *, steps):
    """Run the same commands, with time passing in steps of one size or another; return everything said."""
    simulation = Simulation(profile)
    content = []
    simulation.send(HubCommandKind.DISTRIBUTE, FITTING[:800])
    content += [alert for _ in range(steps) for alert in simulation.after(10 * DAY / steps)]
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:800], execute_at=START + 12 * DAY)
    simulation.send(HubCommandKind.CANCEL, FITTING[:200], image=None)
    content += [alert for _ in range(steps) for alert in simulation.after(10 * DAY / steps)]
    simulation.send(HubCommandKind.READ, FITTING[:800], image=None)
    content += [alert for _ in range(steps) for alert in simulation.after(30 * DAY / steps)]
    content.sort(key=lambda alert: (alert["occurred_at"], alert["alert_id"]))
    return content, b"".join(truth.csv_chunks(simulation.world, changed_only=False))


def test_the_same_run_repeats_itself_however_finely_time_passes():
    coarse = journey("hostile", steps=1)
    fine = journey("hostile", steps=50)

    assert coarse == journey("hostile", steps=1)
    assert coarse == fine


@pytest.mark.requirement("R6.5")
def test_what_hubs_say_of_their_version_is_the_truth():
    content, text = journey("hostile", steps=3)
    truth_by_guid = {row["guid"]: row for row in csv.DictReader(io.StringIO(text.decode()))}
    latest = {alert["guid"]: alert for alert in content if alert.get("firmware_version")}

    assert len(latest) > 600
    for guid, alert in latest.items():
        assert truth_by_guid[guid]["firmware_version"] == alert["firmware_version"]


def test_the_truth_lists_every_hub_or_only_those_that_changed():
    simulation = Simulation().holding(FITTING[:30])
    simulation.send(HubCommandKind.ACTIVATE, FITTING[:30])
    simulation.after(1)

    everyone = b"".join(truth.csv_chunks(simulation.world, changed_only=False)).decode().splitlines()
    changed = list(
        csv.DictReader(io.StringIO(b"".join(truth.csv_chunks(simulation.world, changed_only=True)).decode()))
    )

    assert len(everyone) == len(ESTATE) + 1
    assert [row["guid"] for row in changed] == [guids.text_of(int(each)) for each in FITTING[:30]]
    assert {row["firmware_version"] for row in changed} == {"0C230000"}
    assert {row["gpf_firmware_version"] for row in changed} == {"0C230000"}
    assert {row["activations"] for row in changed} == {"1"}
    assert all(row["activated_at"].endswith("Z") for row in changed)
