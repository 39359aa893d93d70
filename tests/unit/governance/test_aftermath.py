"""Which hubs may activate after a halt: those that were due, and those a cancel had left for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from demo.rehearsal.aftermath import HaltInterval, SentCommand, wrongly_activated
from rollouts.states import CommandKind

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)
HALT = HaltInterval(at=NOON, until=NOON + timedelta(days=2))
HUB = 7


def hours(number):
    return NOON + timedelta(hours=number)


def activation(*, left=-5.0, due=None):
    return SentCommand(CommandKind.ACTIVATE, [HUB], hours(left), None if due is None else hours(due))


def cancel(left):
    return SentCommand(CommandKind.CANCEL, [HUB], hours(left), hours(10))


@pytest.mark.parametrize(
    ("commands", "at", "is_wrong"),
    [
        pytest.param([activation(due=-1)], 1, False, id="it was due when the halt came, and took its time"),
        pytest.param([activation()], 1, False, id="it was told to at once, before the halt"),
        pytest.param([activation(due=10)], 10, True, id="it lay ahead, and nobody recalled it"),
        pytest.param([activation(due=10), cancel(1)], 10, False, id="a cancel had left, and failed"),
        pytest.param([activation(due=10), cancel(11)], 10, True, id="a cancel left too late"),
        pytest.param([activation(due=10), cancel(1), cancel(11)], 10, False, id="the first cancel counts"),
        pytest.param([activation(left=1)], 2, True, id="it was told to while the rollout stood"),
        pytest.param([], 2, True, id="nobody told it anything"),
        pytest.param([], -1, False, id="it activated before the halt"),
        pytest.param([activation(left=49)], 49, False, id="it activated after the resumption"),
    ],
)
def test_a_hub_that_activates_after_a_halt_needs_an_excuse(commands, at, is_wrong):
    result = wrongly_activated({HUB: hours(at)}, commands, halt=HALT)

    assert result == ({HUB} if is_wrong else set())


def test_an_excuse_is_one_for_the_hubs_it_names():
    assert wrongly_activated({8: hours(1)}, [activation(due=-1)], halt=HALT) == {8}
