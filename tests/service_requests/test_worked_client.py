"""The worked client of docs/how-to/send-service-requests against a portal over HTTP, with certificates by openssl."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from portal.accounts.clients import create_client
from portal.events import sequencer
from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from rollouts import services
from rollouts.rules.identifiers import parse_user_id
from tests.service_requests.messages import DCC, USER

HOME = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "send-service-requests"
BLOCKS = re.findall(r"```sh\n(.*?)```", (HOME / "README.md").read_text(), re.DOTALL)
SHELL = shutil.which("sh")

pytestmark = [pytest.mark.requirement("R6.6"), pytest.mark.django_db(transaction=True)]


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl")
def test_the_client_instructs_and_prints_what_was_not_taken(stage, live_server, settings, tmp_path):
    subprocess.run([SHELL, "-ec", BLOCKS[0]], cwd=tmp_path, check=True, capture_output=True)
    now = clock.now()  # certificates begin when they are made
    for name, file in (("KEY", "portal.key"), ("CERTIFICATE", "portal.pem"), ("ROOTS", "root.pem")):
        setattr(settings, f"SERVICE_REQUEST_{name}_FILE", str(tmp_path / file))
    number = services.submit_certificate(
        stage.supplier.admin, user_id=parse_user_id(USER), pem=(tmp_path / "user.pem").read_text(), now=now
    )
    services.accept_certificate(stage.world.operator, certificate_id=number, now=now)
    made = create_client(
        stage.supplier.admin,
        name="XML",
        scopes=[ApiScope.INSTRUCTIONS_WRITE, ApiScope.EVENTS_READ],
        networks="",
        now=now,
    )
    environment = {
        **os.environ,
        **dict(re.findall(r"(SR_\w+)=(\"[^\"]*\"|\S+)", BLOCKS[3])),
        "SR_MODEL": "Toshiba 433100AC 00AC",
        "PORTAL_URL": live_server.url,
        "SR_CLIENT_ID": made.client_id,
        "SR_CLIENT_SECRET": made.secret,
        "SR_DCC_ID": DCC,
    }
    (tmp_path / "hubs.txt").write_text(f"{stage.guid(0)}\nFF-FF-FF-FF-FF-FF-FF-01\n")

    with subprocess.Popen(
        [sys.executable, HOME / "client.py", "instruct", "hubs.txt"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        while client.poll() is None:
            sequencer.sequence_all()
            with suppress(subprocess.TimeoutExpired):
                client.wait(timeout=0.5)
        printed = client.stdout.read()

    assert client.returncode == 0
    assert [line.split()[0] for line in printed.splitlines() if not line.startswith(" ")] == [
        "I99",
        "W110101",
    ]
    assert "  Accepted: 1\n" in printed
    assert "  InvalidDeviceIDList: FF-FF-FF-FF-FF-FF-FF-01\n" in printed
