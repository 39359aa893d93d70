"""Alerts on their way: doubled, late, reordered, in bursts, and none lost unless it is asked for."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubsim import alerts
from hubsim.messages import shuffled, spread
from hubsim.profile import MessageFaults
from tests.hubsim.simulation import START


def alerts_written(count):
    made = np.zeros(count, dtype=alerts.ALERT)
    made["due"] = made["occurred"] = START + np.arange(count)
    made["key"] = np.arange(count, dtype=np.uint64) * np.uint64(7919)
    made["version"] = -1
    return made


def test_duplicates_are_the_same_alert_twice():
    sent = spread(alerts_written(10_000), MessageFaults(duplicates=0.2), seed=1)
    text = alerts.encode(sent, command_ids=[b'"c"'], versions=[], run=1).splitlines()

    assert len(sent) == pytest.approx(12_000, rel=0.03)
    assert len(set(text)) == 10_000


def test_jitter_and_lateness_reorder():
    faults = MessageFaults(jitter_seconds=100, late=0.05, late_seconds=10_000)
    sent = spread(alerts_written(10_000), faults, seed=1)

    delays = sent["due"] - sent["occurred"]
    assert (delays >= 0).all()
    assert (delays > 100).mean() == pytest.approx(0.05, abs=0.01)
    assert (np.diff(sent["due"]) < 0).any()


def test_bursts_gather_what_would_come_alone():
    sent = spread(alerts_written(1000), MessageFaults(burst_seconds=300), seed=1)

    assert len(np.unique(sent["due"])) == 4 or len(np.unique(sent["due"])) == 5
    assert (sent["due"] >= sent["occurred"]).all()


def test_a_batch_can_be_shuffled_without_loss():
    before = alerts_written(500)
    after = shuffled(before, seed=1)

    assert (after["key"] != before["key"]).any()
    assert sorted(after["key"]) == sorted(before["key"])


def test_only_alerts_that_hubs_raise_of_themselves_may_lack_their_command():
    made = alerts_written(10_000)
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
def test_ids_of_different_runs_do_not_meet(first, other):
    def ids(run):
        text = alerts.encode(alerts_written(50), command_ids=[b"1"], versions=[], run=run)
        return {orjson.loads(line)["alert_id"] for line in text.splitlines()}

    assert len(ids(first)) == 50
    assert first == other or not ids(first) & ids(other)


def test_a_share_of_alerts_is_lost():
    sent = spread(alerts_written(10_000), MessageFaults(lost=0.3), seed=1)

    assert len(sent) == pytest.approx(7_000, rel=0.03)
    assert len(spread(alerts_written(100), MessageFaults(lost=1), seed=1)) == 0
