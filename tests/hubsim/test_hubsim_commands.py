"""What a command must look like, and how the CSP's gateway treats it."""

from __future__ import annotations

import orjson
import pytest

from hubsim.codes import HubCommandKind
from hubsim.commands import MalformedCommand, read_command
from hubsim.gateway import Gateway
from hubsim.profile import GatewayFaults

NOW = 1_800_000_000.0
IMAGE = {"manufacturer": "106C", "model": "433100AC", "version": "0C230000", "hash": "ab" * 32}
GOOD = {"command_id": "c-1", "hubs": ["00-DB-12-34-00-00-00-01"], "image": IMAGE}


def read(kind=HubCommandKind.ACTIVATE, **changes):
    return read_command(kind, orjson.dumps({**GOOD, **changes}), now=NOW)


@pytest.mark.requirement("R6.5")
def test_a_good_command_is_read():
    command = read(execute_at="2027-01-20T02:00:00Z", hubs=[*GOOD["hubs"], "00-db-12-34-00-00-00-01"])

    assert command.id == "c-1"
    assert command.guids.tolist() == [0x00DB123400000001]
    assert command.execute_at == 1800410400.0
    assert command.image is not None
    assert command.image.hash == "AB" * 32


def test_an_id_may_be_a_number():
    assert read(command_id=42).id == 42


@pytest.mark.requirement("R6.5")
@pytest.mark.parametrize("kind", [HubCommandKind.CANCEL, HubCommandKind.READ])
def test_cancel_and_read_need_no_image(kind):
    assert read(kind, image=None).image is None


@pytest.mark.requirement("R6.5")
@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"command_id": None}, "command_id"),
        ({"command_id": True}, "command_id"),
        ({"command_id": "x" * 65}, "command_id"),
        ({"command_id": "a\u0000b"}, "command_id"),
        ({"hubs": []}, "hubs"),
        ({"hubs": "00-DB-12-34-00-00-00-01"}, "hubs"),
        ({"hubs": [1]}, "hubs"),
        ({"hubs": ["nonsense"]}, "nonsense"),
        ({"hubs": GOOD["hubs"] * 10_001}, "at most 10,000"),
        ({"image": None}, "image"),
        ({"image": {**IMAGE, "hash": "ab"}}, "image.hash"),
        ({"image": {**IMAGE, "hash": "zz" * 32}}, "image.hash"),
        ({"image": {**IMAGE, "version": "0C23.000"}}, "image.version"),
        ({"image": {**IMAGE, "model": 5}}, "image.model"),
        ({"execute_at": "tomorrow"}, "execute_at"),
        ({"execute_at": "2027-01-20T02:00:00"}, "execute_at"),
        ({"execute_at": 5}, "execute_at"),
        ({"execute_at": "3000-12-31T00:00:00Z"}, "to cancel, use"),
    ],
)
def test_a_bad_command_is_refused_with_what_is_wrong(changes, complaint):
    with pytest.raises(MalformedCommand, match=complaint):
        read(**changes)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(MalformedCommand):
        read_command(HubCommandKind.READ, body, now=NOW)


class Wall:
    """A wall clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_an_outage_comes_round_and_says_how_long_it_lasts():
    wall = Wall()
    gateway = Gateway(
        GatewayFaults(outage_every_seconds=60, outage_lasts_seconds=10, outage_holds_alerts=1),
        seed=1,
        elapsed=wall,
    )

    assert gateway.refusal() is None
    assert gateway.alerts_held_for() == 0
    wall.seconds = 52.5
    refusal = gateway.refusal()
    assert refusal is not None
    assert (refusal.status, refusal.retry_after) == (503, 8)
    assert gateway.alerts_held_for() == 7.5
    wall.seconds = 60
    assert gateway.refusal() is None


def test_an_outage_without_a_pause_lasts_until_the_profile_changes():
    gateway = Gateway(GatewayFaults(outage_lasts_seconds=5), seed=1, elapsed=Wall())

    refusal = gateway.refusal()
    assert refusal is not None
    assert refusal.status == 503
    gateway.follow(GatewayFaults())
    assert gateway.refusal() is None


def test_the_throttle_lets_a_command_in_whole_and_then_asks_for_patience():
    wall = Wall()
    gateway = Gateway(GatewayFaults(hubs_per_second=1000), seed=1, elapsed=wall)

    gateway.charge(3500)

    refusal = gateway.refusal()
    assert refusal is not None
    assert (refusal.status, refusal.retry_after) == (429, 3)
    wall.seconds = 2.5
    assert gateway.refusal() is None


def test_answers_get_slow_or_lost_at_their_rates_and_another_try_draws_anew():
    gateway = Gateway(GatewayFaults(slow=0.3, slow_seconds=2, failed_answers=0.5), seed=1, elapsed=Wall())

    answers = [gateway.answer(number) for number in range(2000)]

    assert sum(seconds > 0 for seconds, _ in answers) == pytest.approx(600, rel=0.15)
    assert sum(lost for _, lost in answers) == pytest.approx(1000, rel=0.1)
    assert any(not gateway.answer(0)[1] for _ in range(20))
