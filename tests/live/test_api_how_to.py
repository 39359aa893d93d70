"""The commands of docs/how-to/use-the-api.md, copied and run: not one of them is refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.kernel.guid import Guid
from rollouts.models import Decision, HaltRule, Instruction
from tests.factories import make_rollout, make_world
from tests.integration.clients import client_for

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here"),
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-the-api.md"
_OF_DCC = "## As the DCC"


def blocks(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


class Shell:
    """A shell in which somebody types what the page says, with values of their own."""

    def __init__(self, home: Path, values: dict[str, str]) -> None:
        self.home, self.values = home, values
        (home / "bin").mkdir(exist_ok=True)
        curl = home / "bin" / "curl"
        # What is refused ends the run, and says why.
        curl.write_text(f'#!/bin/sh\nexec {shutil.which("curl")} --fail-with-body "$@"\n')
        curl.chmod(0o755)

    def run(self, lines: list[str]) -> str:
        text = "\n".join(lines)
        for place, value in self.values.items():
            text = text.replace(place, value)  # what stands in for one place may hold another
        done = subprocess.run(
            ["/usr/bin/env", "bash", "-c", f"set -eo pipefail\n{text}"],
            cwd=self.home,
            env={"PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-2000:], done.stderr)
        return done.stdout


@pytest.fixture
def world(transactional_db):
    return make_world(hubs=20)


def test_whoever_copies_the_commands_is_not_refused(world, live_server, tmp_path):
    now = datetime.now(UTC)
    rollout = make_rollout(world, now=now, automatic_at=now + timedelta(days=170))
    (tmp_path / "hubs.csv").write_text(f"guid\n{Guid.from_db(world.guid(0))}\nnonsense\n")
    of_suppliers, _, of_dcc = PAGE.read_text().partition(_OF_DCC)
    begin, token, *rest = blocks(of_suppliers)
    supplier, dcc = client_for(world.supplier_user), client_for(world.operator_user)
    etag = """$(api -i "$PORTAL/api/v1/rollouts/17" | sed -n 's/^etag: //Ip' | tr -d '\\r')"""
    values = {
        """'If-None-Match: W/"…"'""": f'"If-None-Match: {etag}"',
        "http://127.0.0.1:8000": live_server.url,
        "CLIENT=…   SECRET=…": f"CLIENT={supplier.client_id} SECRET={supplier.secret}",
        "rollouts/17": f"rollouts/{rollout.pk}",
        "2027-02-01T02:00:00Z": f"{now + timedelta(days=60):%Y-%m-%dT%H:%M:%SZ}",
    }

    Shell(tmp_path, values).run([begin, token, *rest[:4]])
    reference = Instruction.objects.get().reference
    log_file = Shell(tmp_path, values | {"I-7K2M9QX4TB": reference}).run([begin, token, *rest[4:]])

    assert "nonsense" in (tmp_path / "correct-me.csv").read_text()
    assert "304" in log_file
    assert "chfp_" in log_file
    assert len((tmp_path / "estate.ndjson").read_text().splitlines()) == 16
    assert len((tmp_path / "eligible.csv").read_text().splitlines()) == 17

    values["CLIENT=…   SECRET=…"] = f"CLIENT={dcc.client_id} SECRET={dcc.secret}"
    Shell(tmp_path, values).run([begin, token, *blocks(of_dcc)])

    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"
    assert HaltRule.objects.get(rollout=rollout).name == "More than 2 % fail"
    assert Decision.objects.get(rollout=rollout).outcome == "PROCEED"
    assert "figures.json" in zipfile.ZipFile(tmp_path / "evidence.zip").namelist()
