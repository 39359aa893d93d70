"""`library_50k`: a Supplier's program dry-runs and instructs a file with the Python package; its rejections come as CSV."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from portal.kernel import clock
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, duration
from tests.bench.instructing import LINES, list_for
from tests.bench.stage import Stage
from tests.integration.clients import client_for
from tests.libraries import python_library


def measure(stage: Stage) -> list[Figure]:
    """Send a mixed list as a file in chunks, and a list of strangers; fetch the rejections of that."""
    library, who = python_library(), estate.people()
    made = client_for(who.analyst)
    bare, tried, given, refused, strangers = Seconds(), Seconds(), Seconds(), Seconds(), Seconds()
    with (
        TemporaryDirectory() as folder,
        stage.running(stage.web()) as programs,
        library.Portal(stage.url, made.client_id, made.secret) as portal,
    ):
        stage.wait_for_web(programs)
        file = Path(folder) / "hubs.csv"
        for _ in range(stage.runs(5)):
            rollout, listed = list_for(who, LINES, bare)
            rollout, listed = list_for(who, LINES)
            file.write_bytes(listed.body)
            at = clock.now() + timedelta(days=10)
            for _ in range(4):  # both web processes have loaded what they need, and there is a token
                portal.dry_run(rollout.pk, ["00-00-00-00-00-00-00-00"])
            with tried.timed():
                forecast = portal.dry_run(rollout.pk, file, activate_at=at)
            with given.timed():
                receipt = portal.finished(portal.instruct(rollout.pk, file, activate_at=at))
            assert (receipt.accepted, receipt.rejected) == (forecast.accepted, forecast.rejected)
            _refused(portal, rollout.pk, strangers, refused)
    return [
        duration("library_dry_run_50k", ours=tried, bare=bare),
        duration("library_instruct_50k", ours=given, bare=bare),
        duration(
            "rejections_csv",
            ours=refused,
            bare=strangers,
            ratio_at_most=1,
            note=f"{LINES:,} lines, beside the dry run that finds them",
        ),
    ]


def _refused(portal: Any, rollout_id: int, dry: Seconds, seconds: Seconds) -> None:
    """Have a list of nobody's hubs refused, line by line, and fetch why as CSV."""
    unknown = ["-".join(f"{each:02X}" for each in b"\xff" + secrets.token_bytes(7)) for _ in range(LINES)]
    with dry.timed():
        portal.dry_run(rollout_id, unknown)
    reference = portal.instruct(rollout_id, unknown).reference
    with seconds.timed():
        answer = portal.http.get(
            f"/api/v1/instructions/{reference}/rejections", headers={"Accept": "text/csv"}
        )
    assert answer.content.count(b"\r\n") == LINES + 1
