"""What commands do to hubs, without a network: time is a number here."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubsim import alerts, guids, truth
from hubsim.catalogue import cpl_entries
from hubsim.codes import HubCommandKind
from hubsim.commands import ImageName, ReceivedCommand
from hubsim.estate import build_estate
from hubsim.messages import shuffled, spread
from hubsim.profile import BadFirmware, Delay, MessageFaults, Profile, RegionFaults, preset
from hubsim.world import World

pytestmark = pytest.mark.requirement("R6.5")

START = 1_800_000_000.0
DAY = 86_400.0
SEED = 21
ESTATE = build_estate(hubs=30_000, seed=SEED)
BEFORE = ESTATE.versions.index("0C220000")
FITTING = ESTATE.guid[(ESTATE.model == 3) & (ESTATE.version == BEFORE) & (ESTATE.status == 4)]
HASHES = {each.firmware.version: each.hash for each in cpl_entries(SEED)}
IMAGE = ImageName("TOSHIBA", "433100AC", "0C230000", HASHES["0C230000"])
SLOW_ANSWER = RegionFaults(answer_seconds=Delay(60, 60, 60), reboot_seconds=Delay(120, 120, 120))


class Bench:
    """A world and the time in it."""

    def __init__(self, profile: Profile | str = "instant") -> None:
        self.world = World(
            ESTATE, seed=SEED, profile=preset(profile) if isinstance(profile, str) else profile
        )
        self.now = START
        self._commands = 0

    def send(self, kind, hubs, *, image=IMAGE, execute_at=None) -> str:
        self._commands += 1
        command = ReceivedCommand(f"c{self._commands}", kind, np.unique(hubs), image, execute_at)
        assert self.world.take(command, now=self.now) == len(command.guids)
        return str(command.id)

    def after(self, seconds: float) -> list[dict]:
        """Let time pass; return the alerts sent meanwhile, as the portal would read them."""
        self.now += seconds
        while self.world.advance(self.now):
            pass
        ready = self.world.ready(self.now, limit=10**9)
        text = alerts.encode(ready, command_ids=self.world.commands.ids, versions=self.world.versions, run=9)
        return [orjson.loads(line) for line in text.splitlines()]

    def holding(self, hubs):
        """Bring the image onto hubs."""
        self.send(HubCommandKind.DISTRIBUTE, hubs)
        self.after(30 * DAY)
        return self


def codes(said):
    return Counter((alert["code"], alert.get("reason")) for alert in said)


def version_of(bench, guid):
    place, _ = ESTATE.find(np.array([guid], dtype=np.uint64))
    return bench.world.versions[bench.world.hubs.version[place[0]]]


def test_a_distribution_ends_with_verification_and_changes_no_version():
    bench = Bench()
    command_id = bench.send(HubCommandKind.DISTRIBUTE, FITTING[:500])

    alerts = bench.after(1)

    assert codes(alerts) == {("0x8F72", None): 500}
    assert {alert["command_id"] for alert in alerts} == {command_id}
    assert {alert["guid"] for alert in alerts} == {guids.text_of(int(each)) for each in FITTING[:500]}
    assert "firmware_version" not in alerts[0]
    assert truth.summary(bench.world)["holding_image"] == 500
    assert truth.summary(bench.world)["activated"] == 0


def test_an_image_with_the_wrong_hash_is_not_verified():
    bench = Bench()
    bench.send(HubCommandKind.DISTRIBUTE, FITTING[:10], image=replace(IMAGE, hash="00" * 32))

    assert codes(bench.after(1)) == {("0x8F1C", None): 10}
    bench.send(HubCommandKind.ACTIVATE, FITTING[:10], image=replace(IMAGE, hash="00" * 32))
    assert codes(bench.after(1)) == {("CS06_RESPONSE", "NO_IMAGE_HELD"): 10}


def test_an_image_for_another_model_is_a_hardware_mismatch():
    other = ESTATE.guid[ESTATE.model == 2][:10]
    bench = Bench()
    bench.send(HubCommandKind.DISTRIBUTE, other)

    gone = np.isin(ESTATE.status[ESTATE.model == 2][:10], [5, 6]).sum()
    assert codes(bench.after(1))[("DELIVERY_FAILED", "HARDWARE_MISMATCH")] == 10 - gone


def test_hubs_taken_off_the_wall_and_hubs_nobody_knows_cannot_be_reached():
    gone = ESTATE.guid[ESTATE.status == 5][:5]
    bench = Bench()
    for kind in HubCommandKind:
        bench.send(kind, np.append(gone, np.uint64(1)))

    assert codes(bench.after(1)) == {
        ("DELIVERY_FAILED", "UNREACHABLE"): 12,
        ("CANCEL_FAILED", "UNREACHABLE"): 6,
        ("READ_RESULT", "NO_RESPONSE"): 6,
    }


def test_an_immediate_activation_answers_with_the_version_now_running():
    bench = Bench().holding(FITTING[:100])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:100])

    alerts = bench.after(1)

    assert codes(alerts) == {("CS06_RESPONSE", "SUCCESS"): 100}
    assert {alert["firmware_version"] for alert in alerts} == {"0C230000"}
    assert version_of(bench, FITTING[0]) == "0C230000"


def test_a_failed_activation_carries_the_version_still_running():
    bench = Bench(Profile("x", everywhere=RegionFaults(activation_failure=1.0)))
    bench.holding(FITTING[:100]).send(HubCommandKind.ACTIVATE, FITTING[:100])

    alerts = bench.after(1)

    assert codes(alerts) == {("CS06_RESPONSE", "ACTIVATION_FAILURE"): 100}
    assert {alert["firmware_version"] for alert in alerts} == {"0C220000"}


def test_activating_what_is_not_held_fails():
    bench = Bench()
    bench.send(HubCommandKind.ACTIVATE, FITTING[:5])
    assert codes(bench.after(1)) == {("CS06_RESPONSE", "NO_IMAGE_HELD"): 5}

    bench.holding(FITTING[:5]).send(
        HubCommandKind.ACTIVATE, FITTING[:5], image=replace(IMAGE, version="0C240000")
    )
    assert codes(bench.after(1)) == {("CS06_RESPONSE", "HASH_MISMATCH"): 5}


def test_activating_again_what_already_runs_succeeds_and_changes_nothing():
    bench = Bench().holding(FITTING[:5])
    for _ in range(2):
        bench.send(HubCommandKind.ACTIVATE, FITTING[:5])
        assert codes(bench.after(1)) == {("CS06_RESPONSE", "SUCCESS"): 5}

    assert truth.summary(bench.world)["activations"] == 5


def test_a_future_dated_activation_is_accepted_first_and_done_on_its_day():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:50])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=bench.now + 5 * DAY)

    assert codes(bench.after(DAY)) == {("CS06_ACCEPTED", None): 50}
    assert truth.summary(bench.world)["future_dated"] == 50
    assert codes(bench.after(3.9 * DAY)) == {}
    alerts = bench.after(0.2 * DAY)

    assert codes(alerts) == {("0x8F66", "SUCCESS"): 50}
    assert {alert["firmware_version"] for alert in alerts} == {"0C230000"}
    assert truth.summary(bench.world)["future_dated"] == 0


def test_a_future_dated_failure_is_told_on_its_day():
    faults = replace(SLOW_ANSWER, activation_failure=1.0)
    bench = Bench(Profile("x", everywhere=faults)).holding(FITTING[:50])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=bench.now + DAY)

    alerts = bench.after(2 * DAY)

    assert codes(alerts) == {("CS06_ACCEPTED", None): 50, ("0x8F67", "ACTIVATION_FAILURE"): 50}


def test_a_command_that_arrives_after_its_date_is_carried_out_at_once():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=bench.now + 30)

    assert codes(bench.after(DAY)) == {("CS06_RESPONSE", "SUCCESS"): 5}


def test_a_cancel_in_time_stops_the_activation():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:50])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=bench.now + DAY)
    bench.send(HubCommandKind.CANCEL, FITTING[:50])

    assert codes(bench.after(9 * DAY)) == {("CS06_ACCEPTED", None): 50, ("CANCELLED", None): 50}
    assert truth.summary(bench.world)["activated"] == 0


def test_a_cancel_comes_too_late_for_what_has_begun():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:50])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:50], execute_at=bench.now + DAY)
    bench.after(DAY - 1)
    bench.send(HubCommandKind.CANCEL, FITTING[:50])

    assert codes(bench.after(DAY)) == {("CANCEL_FAILED", "TOO_LATE"): 50, ("0x8F66", "SUCCESS"): 50}


def test_a_cancel_that_time_leaps_over_is_judged_by_when_it_arrived():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=bench.now + DAY)
    bench.now += DAY - 30
    bench.send(HubCommandKind.CANCEL, FITTING[:5])
    bench.send(HubCommandKind.READ, FITTING[:5])

    alerts = bench.after(30 * DAY)

    assert codes(alerts)[("CANCEL_FAILED", "TOO_LATE")] == 5
    assert codes(alerts)[("0x8F66", "SUCCESS")] == 5


def test_a_hub_may_refuse_to_let_go():
    faults = replace(SLOW_ANSWER, cancel_fails=1.0)
    bench = Bench(Profile("x", everywhere=faults)).holding(FITTING[:5])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=bench.now + DAY)
    bench.send(HubCommandKind.CANCEL, FITTING[:5])

    assert codes(bench.after(2 * DAY)) == {
        ("CS06_ACCEPTED", None): 5,
        ("CANCEL_FAILED", "REJECTED"): 5,
        ("0x8F66", "SUCCESS"): 5,
    }


def test_a_cancel_with_nothing_to_cancel_is_fine():
    bench = Bench()
    bench.send(HubCommandKind.CANCEL, FITTING[:5], image=None)

    assert codes(bench.after(1)) == {("CANCELLED", None): 5}


def test_a_new_date_replaces_the_old_one():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=bench.now + DAY)
    later = bench.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=bench.now + 3 * DAY)

    assert codes(bench.after(2 * DAY)) == {("CS06_ACCEPTED", None): 10}
    alerts = bench.after(2 * DAY)
    assert codes(alerts) == {("0x8F66", "SUCCESS"): 5}
    assert {alert["command_id"] for alert in alerts} == {later}


@pytest.mark.requirement("R4.8")
@pytest.mark.parametrize(
    ("kind", "found"), [("mute_new", {"0C230000"}), ("mute_old", {"0C220000"}), ("mute_lost", {None})]
)
def test_a_mute_hub_is_found_out_by_reading_or_not_at_all(kind, found):
    bench = Bench(Profile("x", everywhere=RegionFaults(**{kind: 1.0}))).holding(FITTING[:20])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:20])
    assert bench.after(9 * DAY) == []

    bench.send(HubCommandKind.READ, FITTING[:20], image=None)

    alerts = bench.after(1)
    assert {alert["code"] for alert in alerts} == {"READ_RESULT"}
    assert {alert.get("firmware_version") for alert in alerts} == found
    assert ({alert.get("reason") for alert in alerts} == {"NO_RESPONSE"}) == (found == {None})


def test_half_of_the_hubs_never_heard_again_run_the_new_version():
    bench = Bench(Profile("x", everywhere=RegionFaults(mute_lost=1.0))).holding(FITTING[:1000])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:1000])
    bench.after(1)

    assert 400 < truth.summary(bench.world)["activated"] < 600
    assert truth.summary(bench.world)["muted"]["LOST"] == 1000


def test_bad_firmware_shows_in_the_truth():
    profile = replace(preset("instant"), bad_firmware=BadFirmware(("*",), 0.5))
    bench = Bench(profile).holding(FITTING[:1000])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:1000])
    bench.after(1)

    summary = truth.summary(bench.world)
    assert 400 < summary["han_broken"] < 600
    assert summary["han_devices_lost"] >= summary["han_broken"]


def test_the_profile_in_force_when_it_happens_decides():
    bench = Bench(Profile("x", everywhere=SLOW_ANSWER)).holding(FITTING[:5])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:5], execute_at=bench.now + DAY)
    bench.world.follow(Profile("y", everywhere=RegionFaults(activation_failure=1.0)))

    assert codes(bench.after(2 * DAY))[("0x8F67", "ACTIVATION_FAILURE")] == 5


def test_alerts_go_under_the_csp_that_serves_the_region():
    bench = Bench()
    bench.send(HubCommandKind.READ, ESTATE.guid[:2000], image=None)
    bench.now += 1
    bench.world.advance(bench.now)

    ready = bench.world.ready(bench.now)

    places, known = ESTATE.find(ready["guid"])
    assert known.all()
    expected = np.array([1, 0, 1, 1, 2, 2, 2, 1, 1])[ESTATE.region[places]]
    assert (ready["csp"] == expected).all()


def journey(profile, *, steps):
    """Run the same commands, with time passing in steps of one size or another; return everything said."""
    bench = Bench(profile)
    content = []
    bench.send(HubCommandKind.DISTRIBUTE, FITTING[:800])
    content += [alert for _ in range(steps) for alert in bench.after(10 * DAY / steps)]
    bench.send(HubCommandKind.ACTIVATE, FITTING[:800], execute_at=START + 12 * DAY)
    bench.send(HubCommandKind.CANCEL, FITTING[:200], image=None)
    content += [alert for _ in range(steps) for alert in bench.after(10 * DAY / steps)]
    bench.send(HubCommandKind.READ, FITTING[:800], image=None)
    content += [alert for _ in range(steps) for alert in bench.after(30 * DAY / steps)]
    content.sort(key=lambda alert: (alert["occurred_at"], alert["alert_id"]))
    return content, b"".join(truth.csv_chunks(bench.world, changed_only=False))


def test_the_same_run_repeats_itself_however_finely_time_passes():
    coarse = journey("hostile", steps=1)
    fine = journey("hostile", steps=50)

    assert coarse == journey("hostile", steps=1)
    assert coarse == fine


def test_what_hubs_say_of_their_version_is_the_truth():
    content, text = journey("hostile", steps=3)
    truth_by_guid = {row["guid"]: row for row in csv.DictReader(io.StringIO(text.decode()))}
    latest = {alert["guid"]: alert for alert in content if alert.get("firmware_version")}

    assert len(latest) > 600
    for guid, alert in latest.items():
        assert truth_by_guid[guid]["firmware_version"] == alert["firmware_version"]


def test_the_truth_lists_every_hub_or_only_those_that_changed():
    bench = Bench().holding(FITTING[:30])
    bench.send(HubCommandKind.ACTIVATE, FITTING[:30])
    bench.after(1)

    everyone = b"".join(truth.csv_chunks(bench.world, changed_only=False)).decode().splitlines()
    changed = list(
        csv.DictReader(io.StringIO(b"".join(truth.csv_chunks(bench.world, changed_only=True)).decode()))
    )

    assert len(everyone) == len(ESTATE) + 1
    assert [row["guid"] for row in changed] == [guids.text_of(int(each)) for each in FITTING[:30]]
    assert {row["firmware_version"] for row in changed} == {"0C230000"}
    assert {row["gpf_firmware_version"] for row in changed} == {"0C230000"}
    assert {row["activations"] for row in changed} == {"1"}
    assert all(row["activated_at"].endswith("Z") for row in changed)


def written(count):
    made = np.zeros(count, dtype=alerts.ALERT)
    made["due"] = made["occurred"] = START + np.arange(count)
    made["key"] = np.arange(count, dtype=np.uint64) * np.uint64(7919)
    made["version"] = -1
    return made


def test_duplicates_are_the_same_alert_twice():
    sent = spread(written(10_000), MessageFaults(duplicates=0.2), seed=1)
    text = alerts.encode(sent, command_ids=[b'"c"'], versions=[], run=1).splitlines()

    assert len(sent) == pytest.approx(12_000, rel=0.03)
    assert len(set(text)) == 10_000


def test_jitter_and_lateness_reorder():
    faults = MessageFaults(jitter_seconds=100, late=0.05, late_seconds=10_000)
    sent = spread(written(10_000), faults, seed=1)

    delays = sent["due"] - sent["occurred"]
    assert (delays >= 0).all()
    assert (delays > 100).mean() == pytest.approx(0.05, abs=0.01)
    assert (np.diff(sent["due"]) < 0).any()


def test_bursts_gather_what_would_come_alone():
    sent = spread(written(1000), MessageFaults(burst_seconds=300), seed=1)

    assert len(np.unique(sent["due"])) == 4 or len(np.unique(sent["due"])) == 5
    assert (sent["due"] >= sent["occurred"]).all()


def test_a_batch_can_be_shuffled_without_loss():
    before = written(500)
    after = shuffled(before, seed=1)

    assert (after["key"] != before["key"]).any()
    assert sorted(after["key"]) == sorted(before["key"])


def test_only_alerts_that_hubs_raise_of_themselves_may_lack_their_command():
    made = written(10_000)
    made["code"] = np.arange(10_000) % 10

    sent = spread(made, MessageFaults(without_command_id=0.5), seed=1)

    report = [
        orjson.loads(line)
        for line in alerts.encode(sent, command_ids=[b"7"], versions=[], run=1).splitlines()
    ]
    assert {alert["code"] for alert in report if "command_id" not in alert} == {
        "0x8F72",
        "0x8F1C",
        "0x8F66",
        "0x8F67",
    }
    assert {alert["command_id"] for alert in report if "command_id" in alert} == {7}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 2**31))
def test_ids_of_different_runs_do_not_meet(one, other):
    def ids(run):
        text = alerts.encode(written(50), command_ids=[b"1"], versions=[], run=run)
        return {orjson.loads(line)["alert_id"] for line in text.splitlines()}

    assert len(ids(one)) == 50
    assert one == other or not ids(one) & ids(other)
