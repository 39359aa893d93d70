"""Nothing that a Supplier can receive tells who its hubs' second Supplier is, or what anybody does elsewhere."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail

from tests.integration.receiving import Receiver, receiving
from tests.proof.estates import make_estate
from tests.proof.listening import Record, differences, listen
from tests.proof.story import play

pytestmark = [pytest.mark.requirement("R3.3"), pytest.mark.django_db(transaction=True)]

#: How often what is done elsewhere is drawn anew: once in `make test`, more often in `make proof`.
PAIRS_OF_ESTATES = int(os.environ.get("PROOF_ESTATES", "1"))


@pytest.fixture
def receiver() -> Any:
    """A receiver of A's webhook, at one address in both estates."""
    with receiving() as receiver:
        yield receiver


def received(name: str, *, seed: int, now: datetime, receiver: Receiver) -> Record:
    """All that A receives in one estate."""
    bodies: list[bytes] = []

    def read(body: bytes) -> list[Any]:
        bodies.append(body)
        return list(json.loads(body))

    receiver.read, receiver.secret = read, ""
    receiver.told.clear()
    mail.outbox.clear()
    estate = make_estate(name, seed=seed, now=now)
    play(estate, receiver)
    return listen(estate, receiver.told, bodies)


@pytest.mark.parametrize("seed", range(PAIRS_OF_ESTATES))
def test_nothing_tells_who_the_second_supplier_is(seed, receiver, media, fresh_cache, capsys):
    now = datetime.now(UTC).replace(second=0, microsecond=0)

    with_b = received("B", seed=seed, now=now, receiver=receiver)
    with_c = received("C", seed=seed, now=now, receiver=receiver)

    with capsys.disabled():
        sys.stdout.write(f" {len(with_b.entries):,} answers and messages, {with_b.size:,} octets: ")
    statuses = with_b.statuses()
    assert statuses[200] > 250
    assert max(statuses) < 500
    assert differences(with_b, with_c) == {}
