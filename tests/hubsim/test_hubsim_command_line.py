"""`python -m hubsim`: what it writes, and that it starts and ends cleanly."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hubsim.__main__ import main, read_tokens
from hubsim.codes import Csp
from tests.hubsim.two_sides import until

ROOT = Path(__file__).resolve().parents[2]


def test_the_estate_goes_to_standard_output(capfdbinary):
    assert main(["estate", "--hubs", "10", "--seed", "3"]) == 0

    assert len(capfdbinary.readouterr().out.splitlines()) == 11


def test_the_reference_data_is_json(capfdbinary):
    assert main(["reference", "--seed", "3"]) == 0

    document = json.loads(capfdbinary.readouterr().out)
    assert set(document) == {"seed", "organisations", "regions", "device_models", "cpl_entries"}


def test_an_image_can_be_written(capfdbinary):
    assert main(["image", "--model", "433100ac", "--version", "0C230000"]) == 0
    assert capfdbinary.readouterr().out.startswith(bytes.fromhex("1EF1EE0B"))

    assert main(["image", "--model", "433100AC", "--version", "1"]) == 1


def test_tokens_are_read_from_text_or_file(tmp_path):
    path = tmp_path / "tokens"
    path.write_text("north=a\ncentral=b\nfourg=c=d\n")

    expected = {Csp.NORTH: "a", Csp.CENTRAL: "b", Csp.FOURG: "c=d"}
    assert read_tokens("north=a, central=b,fourg=c=d") == expected
    assert read_tokens(f"@{path}") == expected


@pytest.mark.parametrize(
    "text", ["", "north=a", "north=a,central=b,fourg=", "north=a,central=b,fourg=c,moon=d"]
)
def test_every_csp_needs_its_token(text):
    with pytest.raises(ValueError, match="is needed"):
        read_tokens(text)


def test_serving_without_tokens_is_refused(capsys, monkeypatch):
    monkeypatch.delenv("HUBSIM_TOKENS", raising=False)
    monkeypatch.delenv("HUBSIM_TOKEN", raising=False)

    assert main(["serve", "--portal-url", "http://127.0.0.1:9"]) == 2
    assert "north=" in capsys.readouterr().err


@pytest.mark.live
def test_a_served_estate_answers_and_ends_cleanly_when_told_to():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "--hubs=1000", f"--port={port}", "--portal-url=http://127.0.0.1:9", "--profile=instant"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hubsim", *words],
        cwd=ROOT,
        env={**os.environ, "HUBSIM_TOKEN": "t"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: _healthy(port))
        sent = httpx.post(
            f"http://127.0.0.1:{port}/commands/read",
            json={"command_id": 1, "hubs": ["00-DB-12-34-00-00-00-01"]},
            headers={"Authorization": "Bearer t"},
            trust_env=False,
        )
        assert sent.status_code == 202
        process.send_signal(signal.SIGTERM)
        content, _ = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0
    assert content.decode().startswith("hubsim: 1,000 hubs, instant, on http://127.0.0.1:")
    assert b"Traceback" not in content


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False
