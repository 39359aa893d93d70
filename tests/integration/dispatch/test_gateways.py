"""The CSPs over HTTP: what the network does becomes a reply, within a bounded time."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from rollouts import gateways
from rollouts.gateways import HttpHubNetwork
from rollouts.ports import CspCommand, CspRoute, SendOutcome
from rollouts.states import CommandKind
from tests.csp import standing_in

ORDER = CspCommand(command_id=7, kind=CommandKind.READ, guids=(-(2**63) + 1,))


@pytest.fixture
def csp():
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
def network(csp):
    network = HttpHubNetwork(CspRoute(base_url=csp.url, token="secret"), seconds=2)
    yield network
    network.close()


def test_a_reading_names_its_hubs_and_nothing_else(csp, network):
    assert network.send(ORDER).outcome is SendOutcome.ACCEPTED

    (command,) = csp.commands
    assert command == {
        "path": "/commands/read",
        "authorization": "Bearer secret",
        "command_id": 7,
        "hubs": ["00-00-00-00-00-00-00-01"],
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, SendOutcome.ACCEPTED),
        (202, SendOutcome.ACCEPTED),
        (400, SendOutcome.REFUSED),
        (409, SendOutcome.REFUSED),
        (422, SendOutcome.REFUSED),
        (401, SendOutcome.NOT_REACHED),
        (403, SendOutcome.NOT_REACHED),
        (404, SendOutcome.NOT_REACHED),
        (429, SendOutcome.BUSY),
        (503, SendOutcome.BUSY),
        (500, SendOutcome.UNKNOWN),
        (502, SendOutcome.UNKNOWN),
        (302, SendOutcome.UNKNOWN),
    ],
)
def test_each_answer_means_one_thing(csp, network, status, outcome):
    csp.answers = lambda _: (status, {})

    assert network.send(ORDER).outcome is outcome


def test_how_long_to_wait_is_read_in_either_spelling(csp, network):
    csp.answers = lambda _: (429, {"Retry-After": "17"})
    assert network.send(ORDER).retry_after == 17

    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    csp.answers = lambda _: (503, {"Retry-After": soon})
    assert 50 < network.send(ORDER).retry_after <= 60

    for nonsense in ("", "soon"):
        csp.answers = lambda _, text=nonsense: (503, {"Retry-After": text})
        assert network.send(ORDER).retry_after is None


def test_nobody_there_is_told_from_an_answer_that_was_lost(csp, network):
    csp.answers = lambda _: None
    assert network.send(ORDER).outcome is SendOutcome.UNKNOWN

    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        nobody = HttpHubNetwork(
            CspRoute(base_url=f"http://127.0.0.1:{unheard.getsockname()[1]}", token=""), seconds=2
        )
        assert nobody.send(ORDER).outcome is SendOutcome.NOT_REACHED
        nobody.close()


def test_a_csp_that_never_answers_holds_nobody_for_long(csp):
    network = HttpHubNetwork(CspRoute(base_url=csp.url, token=""), seconds=0.4)
    csp.answers = lambda _: time.sleep(1.5) or (202, {})
    began = time.monotonic()

    assert network.send(ORDER).outcome is SendOutcome.UNKNOWN

    assert time.monotonic() - began < 1
    network.close()


def test_a_csp_that_drips_its_answer_holds_nobody_for_long():
    may_end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n")
                while not may_end.wait(0.05):
                    try:
                        connection.sendall(b".")
                    except OSError:
                        return

        dripping = threading.Thread(target=drip)
        dripping.start()
        network = HttpHubNetwork(
            CspRoute(base_url=f"http://127.0.0.1:{server.getsockname()[1]}", token=""), seconds=0.4
        )
        began = time.monotonic()

        assert network.send(ORDER).outcome is SendOutcome.ACCEPTED

        assert time.monotonic() - began < 1
        may_end.set()
        network.close()
        dripping.join()


def test_connections_to_a_csp_are_kept(csp):
    route = CspRoute(base_url=csp.url, token="")

    assert gateways.network_of(route) is gateways.network_of(route)

    gateways.close_networks()


def test_words_the_database_could_not_keep_are_left_out(network, monkeypatch):
    monkeypatch.setattr(network, "_client", _Answering(b"out of\x00order"))

    assert network.send(ORDER).problem == "500: out oforder"


class _Answering:
    """A client that answers with these words."""

    def __init__(self, words):
        self._words = words

    def stream(self, *_, **__):
        return nullcontext(httpx.Response(500, content=self._words))

    def close(self):
        """Nothing is open."""
