"""`export`: the estate report over HTTP, from the page and over REST, and what it takes of memory."""

from __future__ import annotations

from pathlib import Path

import httpx

from portal.kernel.guid import guid_sql
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, rate
from tests.bench.stage import Stage

_BARE = f"""
COPY (SELECT {guid_sql("h.guid")}, {guid_sql("h.gpf_guid")}, m.manufacturer, m.model, e.firmware_version,
             (ARRAY['North', 'Central', 'South', '4G North', '4G Central', '4G South', 'Unknown', 'SMETS1'])[h.region],
             (ARRAY['Pending', 'Whitelisted', 'Installed, not commissioned', 'Commissioned', 'Decommissioned',
                    'Withdrawn', 'Suspended', 'Recovery', 'Recovered'])[h.smi_status],
             i.name, g.name, CASE WHEN h.import_supplier_id <> h.gas_supplier_id THEN 'yes' ELSE 'no' END,
             h.commissioned_on, r.name, t.state,
             to_char(t.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM rollouts_hub AS h
        JOIN rollouts_devicemodel AS m ON m.id = h.device_model_id
        JOIN rollouts_cplentry AS e ON e.id = h.cpl_entry_id
        LEFT JOIN identity_organisation AS i ON i.id = h.import_supplier_id
        LEFT JOIN identity_organisation AS g ON g.id = h.gas_supplier_id
        LEFT JOIN rollouts_target AS t ON t.guid = h.guid
        LEFT JOIN rollouts_rollout AS r ON r.id = t.rollout_id) TO STDOUT (FORMAT csv)
"""


def measure(stage: Stage) -> list[Figure]:
    """Fetch the DCC's whole estate, several times; the bare side copies the same columns to a client."""
    who = estate.people()
    estate.publish(who)
    ours, bare, lines = Seconds(), Seconds(), Seconds()
    growth = lines_growth = 0
    with stage.running(stage.web()) as programs:
        stage.wait_for_web(programs)
        cookies = estate.session_of(who.operator)
        with httpx.Client(base_url=stage.url, cookies=cookies, timeout=600) as client:
            for _ in range(4):  # both web processes have loaded what they need
                assert client.get("/estate/").status_code == 200
            for _ in range(stage.runs(3)):
                before = _forget_peaks(stage)
                with ours.timed():
                    assert _rows_of(client) == stage.hubs
                growth = max(growth, _peak(stage) - before)
                assert _bare(bare) == stage.hubs
                before = _forget_peaks(stage)
                with lines.timed():
                    assert _rows_of(client, "/api/v1/estate", Accept="application/x-ndjson") == stage.hubs - 1
                lines_growth = max(lines_growth, _peak(stage) - before)
    note = f"peak memory of the web grew by {growth / 1024:.0f} MB"
    figure = rate("export", "rows/s", rows=stage.hubs, ours=ours, bare=bare, ratio_at_most=1.5, note=note)
    note = f"JSON lines over REST; peak memory of the web grew by {lines_growth / 1024:.0f} MB"
    return [
        figure,
        Figure("export_memory", growth / 1024, "MB", ours.runs, reach="constant"),
        rate("export_rest", "rows/s", rows=stage.hubs, ours=lines, bare=bare, note=note),
    ]


def _rows_of(client: httpx.Client, address: str = "/estate.csv", **headers: str) -> int:
    lines = 0
    with client.stream("GET", address, headers=headers) as answer:
        assert answer.status_code == 200
        for block in answer.iter_bytes():
            lines += block.count(b"\n")
    return lines - 1  # the heading; JSON lines have none


def _bare(seconds: Seconds) -> int:
    lines = 0
    with estate.bare() as raw, raw.cursor() as cursor, seconds.timed(), cursor.copy(_BARE) as copy:
        for block in copy:
            lines += bytes(block).count(b"\n")
    return lines


def _web_processes(stage: Stage) -> list[int]:
    bind = f"--bind=127.0.0.1:{stage.port}".encode()
    result = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if bind in (process / "cmdline").read_bytes():
                result.append(int(process.name))
        except OSError:
            continue
    return result


def _forget_peaks(stage: Stage) -> int:
    """Let peaks be counted from now on; return what is held now, in kB."""
    for pid in _web_processes(stage):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _kilobytes(stage, "VmRSS")


def _peak(stage: Stage) -> int:
    return _kilobytes(stage, "VmHWM")


def _kilobytes(stage: Stage, what: str) -> int:
    total = 0
    for pid in _web_processes(stage):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith(what))
    return total
