"""`instruct_50k` and `instruct_1m`: a Supplier's mixed list over HTTP, from the upload to the complete receipt."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import httpx
import numpy as np

from portal.kernel import clock, sql
from rollouts.models import Instruction, Rollout
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, duration
from tests.bench.lists import BAD_SHARE, MixedList, mixed
from tests.bench.stage import Stage

LINES: Final = 50_000
MANY_LINES: Final = 1_000_000
_SECONDS: Final = 1.5
_MANY_SECONDS: Final = 20.0
_LOOK_EVERY: Final = 0.25
_GIVE_UP_AFTER: Final = 300.0

_UPDATE = """
WITH changed AS (
    UPDATE {target} AS t
       SET import_answer = CASE WHEN t.import_supplier_id = %(party)s THEN 1 ELSE t.import_answer END,
           import_time = CASE WHEN t.import_supplier_id = %(party)s THEN %(at)s ELSE t.import_time END,
           import_instruction_id = CASE WHEN t.import_supplier_id = %(party)s THEN 1 ELSE t.import_instruction_id END,
           gas_answer = CASE WHEN t.import_supplier_id = %(party)s THEN t.gas_answer ELSE 1 END,
           gas_time = CASE WHEN t.import_supplier_id = %(party)s THEN t.gas_time ELSE %(at)s END,
           gas_instruction_id = CASE WHEN t.import_supplier_id = %(party)s THEN t.gas_instruction_id ELSE 1 END,
           answered_at = %(now)s, effective_at = %(at)s, state_at = %(now)s,
           consent = CASE WHEN t.import_supplier_id <> t.gas_supplier_id THEN 3 ELSE 4 END,
           state = CASE WHEN t.import_supplier_id <> t.gas_supplier_id THEN 10 ELSE 20 END
      FROM (SELECT guid FROM bench_guid ORDER BY guid) AS s
     WHERE t.rollout_id = %(rollout)s AND t.guid = s.guid
 RETURNING t.guid, t.consent
)
INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
SELECT guid, %(now)s, %(party)s, %(rollout)s, 1, 1, '{{"effective_at": "2030-01-01T00:00:00Z"}}'
  FROM changed WHERE consent = 4
"""


def measure(stage: Stage) -> list[Figure]:
    """Instruct the same hubs of a rollout published afresh: by bare SQL, by REST, through the pages, in turns."""
    who = estate.people()
    bare, rest, pages = Seconds(), Seconds(), Seconds()
    with stage.running(stage.web()) as programs:
        stage.wait_for_web(programs)
        for _ in range(stage.runs(5)):
            lines = list_for(who, LINES, bare)[1].lines
            by_rest(stage, who, *list_for(who, LINES), rest)
            _through_pages(stage, who, *list_for(who, LINES), pages)
    note = "" if lines >= LINES else f"{lines:,} lines: the Supplier has no more"
    at_most = _SECONDS * min(1.0, lines / LINES)
    return [
        duration("instruct_50k", ours=rest, bare=bare, at_most=at_most, ratio_at_most=2, note=note),
        duration(
            "instruct_50k_pages", ours=pages, bare=bare, at_most=at_most, note="with the check before it"
        ),
    ]


def measure_many(stage: Stage) -> list[Figure]:
    """Instruct a million hubs of one Supplier, or as many as there are: a worker applies them slice by slice."""
    who = estate.people()
    estate.concentrate(
        who.analyst.organisation_id, hubs=min(round(MANY_LINES * (1 - BAD_SHARE)), round(stage.hubs * 0.96))
    )
    ours, bare = Seconds(), Seconds()
    with stage.running(
        stage.web(), *stage.workers("worker-live", "worker-dispatch"), stage.beat()
    ) as programs:
        stage.wait_for_web(programs)
        stage.wait_for_workers(programs, "worker-live", "worker-dispatch")
        for _ in range(stage.runs(2)):
            lines = list_for(who, MANY_LINES, bare)[1].lines
            by_rest(stage, who, *list_for(who, MANY_LINES), ours)
    note = "" if lines >= MANY_LINES - 10 else f"{lines:,} lines"
    at_most = _MANY_SECONDS * min(1.0, lines / MANY_LINES)
    return [duration("instruct_1m", ours=ours, bare=bare, at_most=at_most, note=note)]


def list_for(who: estate.People, lines: int, bare: Seconds | None = None) -> tuple[Rollout, MixedList]:
    """Publish afresh, and make the list; the bare statement uses it up, if it is to be timed."""
    party = who.analyst.organisation_id
    rollout = estate.publish(who)
    good = estate.guids_of(rollout.pk, party, limit=round(lines * (1 - BAD_SHARE)))
    listed = mixed(good, party_id=party, rollout_id=rollout.pk)
    if bare:
        _bare_instruct(rollout, party, listed, bare)
    sql.run("CHECKPOINT")
    return rollout, listed


def by_rest(stage: Stage, who: estate.People, rollout: Rollout, listed: MixedList, seconds: Seconds) -> None:
    """Do what a CRM does: send the list; where it takes longer, ask until it is done."""
    requested = {"kind": "INSTRUCT", "activate_at": f"{clock.now() + timedelta(days=10):%Y-%m-%dT%H:%M:00Z}"}
    seen = set()
    with _session(stage, who) as client:
        headers = {"Content-Type": "text/csv", "X-CSRFToken": _csrf_token(client)}
        path = f"/api/v1/rollouts/{rollout.pk}/instructions"
        with seconds.timed():
            answer = client.post(path, params=requested, content=listed.body, headers=headers)
            assert answer.status_code in {201, 202}, answer.text[:2000]
            ends = time.monotonic() + _GIVE_UP_AFTER
            while not (receipt := answer.json())["finished_at"]:
                assert time.monotonic() < ends, "the receipt was never complete"
                time.sleep(_LOOK_EVERY)
                answer = client.get(f"/api/v1/instructions/{receipt['reference']}")
                seen.add(answer.json()["processed"])
    assert listed.lines <= 2 * LINES or len(seen) > 2, "no progress was shown"
    _check(rollout, listed)


def _through_pages(
    stage: Stage, who: estate.People, rollout: Rollout, listed: MixedList, seconds: Seconds
) -> None:
    """Do what a person does: send the file, see what it would do, submit it, open the receipt."""
    path = f"/rollouts/{rollout.pk}/instruct/"
    with _session(stage, who) as client:
        fields = {
            "kind": "INSTRUCT",
            "source": "file",
            "activate_at": f"{clock.now() + timedelta(days=10):%Y-%m-%dT%H:%M}",
            "csrfmiddlewaretoken": _csrf_token(client),
        }
        with seconds.timed():
            checked = client.post(path, data=fields, files={"file": ("hubs.csv", listed.body, "text/csv")})
            assert checked.status_code == 200, checked.text[:2000]
            token = re.search(r'name="token" value="([^"]+)"', checked.text)
            assert token
            submitted = client.post(f"{path}submit/", data={**fields, "token": token[1]})
            assert submitted.status_code == 302, submitted.text[:2000]
            assert client.get(submitted.headers["Location"]).status_code == 200
    _check(rollout, listed)


def _csrf_token(client: httpx.Client) -> str:
    return next(cookie.value or "" for cookie in client.cookies.jar if cookie.name == "csrftoken")


@contextmanager
def _session(stage: Stage, who: estate.People) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stage.url, cookies=estate.session_of(who.analyst), timeout=120) as client:
        for path in ("/", "/api/v1/rollouts") * 4:  # both web processes have loaded what they need
            assert client.get(path).is_success
        yield client


def _check(rollout: Rollout, listed: MixedList) -> None:
    instruction = Instruction.objects.latest("id")
    assert (instruction.accepted, instruction.rejected) == (listed.good, listed.lines - listed.good)
    assert _answered(rollout) == listed.good
    assert estate.count("SELECT count(*) FROM rollouts_instructionline") == instruction.rejected


def _answered(rollout: Rollout) -> int:
    return estate.count(
        "SELECT count(*) FROM rollouts_target WHERE rollout_id = %(id)s AND import_answer + gas_answer = 1",
        id=rollout.pk,
    )


def _bare_instruct(rollout: Rollout, party_id: int, listed: MixedList, seconds: Seconds) -> None:
    """COPY, one UPDATE join, the feed entries of what became final, the refused lines; commit."""
    guids = np.sort(np.array(listed.stored, dtype=np.int64))
    rows = np.empty(len(guids), dtype=[("n", ">i2"), ("a", ">i4"), ("guid", ">i8")])
    rows["n"], rows["a"], rows["guid"] = 1, 8, guids
    block = b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff"
    refused = "".join(
        f"{number}\t00-DB-12-34-00-00-00-00\t\\N\tUNKNOWN_DEVICE\t\t1\n"
        for number in range(listed.lines - listed.good)
    ).encode()
    now = clock.now()
    params = {"party": party_id, "rollout": rollout.pk, "at": now + timedelta(days=10), "now": now}
    with estate.bare() as raw, seconds.timed():
        raw.execute("CREATE TEMPORARY TABLE bench_guid (guid bigint) ON COMMIT DROP")
        estate.copy_binary(raw, "COPY bench_guid FROM STDIN (FORMAT binary)", block)
        raw.execute(_UPDATE.format(target=f"rollouts_target_{rollout.pk}"), params)
        estate.copy_binary(
            raw,
            "COPY rollouts_instructionline (line_no, raw, guid, reason, detail, instruction_id) FROM STDIN",
            refused,
        )
        raw.commit()
    assert _answered(rollout) == listed.good
