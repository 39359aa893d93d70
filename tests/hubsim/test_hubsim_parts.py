"""GUIDs, the agenda and the clock: the small parts the rest stands on."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubsim import guids
from hubsim.agenda import Agenda
from hubsim.alerts import write_times
from hubsim.clock import SimulatedClock, iso
from hubsim.posting import read_retry_after
from hubsim.randomness import key_of, mix, permuted, uniforms

GUID_VALUES = st.integers(0, 2**64 - 1)
ENTRY = np.dtype([("due", "f8"), ("name", "i4")])


@settings(deadline=None)
@given(st.lists(GUID_VALUES, min_size=1, max_size=20))
def test_a_guid_read_from_its_text_is_the_guid(values):
    texts = [guids.text_of(value) for value in values]

    assert guids.parse(texts).tolist() == values
    assert guids.parse([text.lower() for text in texts]).tolist() == values


@pytest.mark.parametrize(
    "bad",
    [
        "00-DB-12-34-00-00-00-0",
        "00-DB-12-34-00-00-00-0G",
        "00:DB:12:34:00:00:00:01",
        "00DB123400000001",
        "00-DB-12-34-00-00-00-00-1",
        "é0-DB-12-34-00-00-00-01",
        " 0-DB-12-34-00-00-00-01",
        None,
    ],
)
def test_what_is_no_guid_is_refused(bad):
    with pytest.raises(guids.MalformedGuid):
        guids.parse(["00-DB-12-34-00-00-00-01", bad])


def test_two_wrong_lengths_do_not_make_a_right_one():
    with pytest.raises(guids.MalformedGuid, match="not a GUID"):
        guids.parse(["00-DB-12-34-00-00-00-0", "100-DB-12-34-00-00-00-01"])


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(0, 100), max_size=30), max_size=8),
    st.lists(st.tuples(st.floats(0, 120), st.integers(1, 50)), max_size=8),
)
def test_the_agenda_hands_out_everything_once_and_in_order(batches, asks):
    agenda = Agenda(ENTRY)
    names = 0
    for batch in batches:
        records = np.zeros(len(batch), dtype=ENTRY)
        records["due"], records["name"] = batch, range(names, names + len(batch))
        agenda.add(records)
        names += len(batch)

    taken = []
    for now, limit in [*sorted(asks), (1000.0, 10_000)]:
        due = agenda.due(now, limit=limit)
        assert (due["due"] <= now).all()
        taken.extend(due.tolist())

    assert [due for due, _ in taken] == sorted(due for due, _ in taken)
    assert sorted(name for _, name in taken) == list(range(names))
    assert len(agenda) == 0
    assert agenda.next_due() == float("inf")


def test_the_agenda_keeps_what_is_over_the_limit_for_the_next_call():
    agenda = Agenda(ENTRY)
    records = np.zeros(100, dtype=ENTRY)
    records["due"] = np.arange(100)
    for start in range(0, 100, 10):
        agenda.add(records[start : start + 10])

    assert agenda.due(99, limit=25)["due"].tolist() == list(range(25))
    assert agenda.next_due() == 25
    assert len(agenda) == 75


def test_the_clock_runs_at_its_rate_from_where_it_was_set():
    wall = [100.0]
    clock = SimulatedClock(business_at=datetime(2027, 1, 1, tzinfo=UTC), rate=3600, elapsed=lambda: wall[0])

    wall[0] += 24
    assert iso(clock.now()) == "2027-01-02T00:00:00.000Z"
    assert clock.until(clock.now() + 7200) == pytest.approx(2)
    clock.set(business_at=None, rate=0)
    wall[0] += 1000
    assert iso(clock.now()) == "2027-01-02T00:00:00.000Z"
    assert clock.until(clock.now() + 1) == float("inf")
    clock.set(business_at=datetime(2028, 1, 1, tzinfo=UTC), rate=None)
    assert iso(clock.now()) == "2028-01-01T00:00:00.000Z"
    assert clock.until(clock.now() - 1) == 0


@settings(deadline=None)
@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=20))
def test_times_are_written_as_python_would_write_them(seconds):
    milliseconds = [round(value * 1000) for value in seconds]

    written = write_times(np.array(milliseconds) / 1000)

    assert [text.decode() for text in written] == [iso(each / 1000) for each in milliseconds]


def test_no_time_is_written_as_nothing():
    assert write_times(np.array([np.nan, 0.0])).tolist() == [b"", b"1970-01-01T00:00:00.000Z"]


@settings(deadline=None)
@given(st.integers(0, 2**63), st.integers(0, 65535))
def test_a_draw_does_not_depend_on_what_is_drawn_with_it(seed, number):
    identity = np.arange(50, dtype=np.uint64)
    together = uniforms(identity, number, key=key_of(seed, 1))
    alone = [uniforms(identity[i : i + 1], number, key=key_of(seed, 1))[0] for i in range(50)]

    assert together.tolist() == alone
    assert ((together >= 0) & (together < 1)).all()


def test_draws_are_spread_evenly():
    drawn = uniforms(np.arange(200_000, dtype=np.uint64), 1, key=key_of(1, 2))

    counts, _ = np.histogram(drawn, bins=20, range=(0, 1))
    assert abs(counts / 10_000 - 1).max() < 0.05


def test_scrambling_loses_nothing():
    values = np.arange(300_000, dtype=np.uint64)

    assert len(np.unique(mix(values))) == len(values)
    assert len(np.unique(permuted(values, key=12345))) == len(values)
    assert permuted(values, key=12345).max() < 2**32


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("3", 3.0), ("soon", None), ("Thu, 01 Jan 1970 00:00:10 GMT", 10.0)],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, seconds):
    assert read_retry_after(value, now=0) == seconds
