"""What arrives at the web server itself: chunks, slow senders, senders that go away in the middle."""

from __future__ import annotations

import contextlib
import socket
import time
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from rollouts.models import Instruction
from tests.api.conftest import stage_of
from tests.factories import make_world

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stage(server):
    return stage_of(make_world(), now=datetime.now(UTC))


def head_of(stage, *lines):
    notices = (
        f"POST /api/v1{stage.path('/instructions')} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {stage.supplier.token}",
        "Content-Type: text/csv",
        *lines,
    )
    return "\r\n".join([*notices, "", ""]).encode()


def spoken(port, *pieces, pause=0.0, hangs_up=False):
    """Send bytes to the server, piece by piece, and return its response."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)
        if hangs_up:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := line.recv(65536):
                answer += piece
                if b"\r\n0\r\n\r\n" in answer or b"Content-Length" in answer:
                    break
        return answer


def test_a_list_in_chunks_is_taken_whole(stage, port):
    lines = [b"guid\n", *(f"{stage.guid(number)}\n".encode() for number in range(20))]

    answer = httpx.post(
        f"http://127.0.0.1:{port}/api/v1{stage.path('/instructions')}",
        content=iter(lines),
        headers={"Authorization": f"Bearer {stage.supplier.token}", "Content-Type": "text/csv"},
        trust_env=False,
    )

    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert (answer.status_code, answer.json()["lines"]) == (201, 20)


def test_a_sender_that_goes_away_in_the_middle_instructs_nothing(stage, port):
    half = f"guid\n{stage.guid(0)}\n".encode()

    sized = spoken(port, head_of(stage, "Content-Length: 2000") + half, hangs_up=True)
    chunked = spoken(
        port, head_of(stage, "Transfer-Encoding: chunked") + b"%x\r\n%b" % (200, half), hangs_up=True
    )

    assert b" 400 " in sized.partition(b"\r\n")[0]
    assert b" 400 " in chunked.partition(b"\r\n")[0]
    assert not Instruction.objects.exists()


def test_a_sender_that_never_comes_to_an_end_is_cut_off(stage, port):
    began = time.monotonic()

    answer = spoken(port, head_of(stage, "Content-Length: 2000"), *[b"x"] * 3, pause=0.1)

    assert b" 408 " in answer.partition(b"\r\n")[0]
    assert b"application/problem+json" in answer
    assert time.monotonic() - began < 15


def test_chunks_that_are_none_are_a_problem(stage, port):
    answer = spoken(port, head_of(stage, "Transfer-Encoding: chunked") + b"zz\r\nguid\r\n0\r\n\r\n")

    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        ("GET /api/v1/rollouts?search=" + "x" * 5_000, "", 414),
        ("GET /api/v1/rollouts", "X-Long: " + "x" * 10_000, 431),
        ("GET /api/v1/rollouts", "Bad Name: x", 400),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem(server, port, request_line, header, status):
    lines = [f"{request_line} HTTP/1.1", "Host: 127.0.0.1", *filter(None, [header]), "", ""]

    answer = spoken(port, "\r\n".join(lines).encode())

    head, _, body = answer.partition(b"\r\n\r\n")
    assert f" {status} ".encode() in head.partition(b"\r\n")[0]
    assert b"application/problem+json" in head
    assert orjson.loads(body)["status"] == status
