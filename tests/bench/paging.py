"""`pages`: what a page takes over HTTP, session, templates and all, while a national estate lies behind it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

import httpx

from portal.identity.models import User
from portal.kernel import clock
from rollouts import services
from rollouts.queries.estate.estate import estate_page
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.bench import estate
from tests.bench.figures import Figure, percentile
from tests.bench.stage import Stage

_WARM_UP: Final = 30
_SHARE: Final = 0.95
_MILLISECONDS: Final = 50.0
_DEEP_PAGES: Final = 50


def measure(stage: Stage) -> list[Figure]:
    """Ask for each page many times over one connection; of the DCC's and a Supplier's, the slower counts."""
    who = estate.people()
    rollout = estate.publish(who)
    _instruct(who, rollout.pk)
    taken: dict[str, list[float]] = {}
    with stage.running(stage.web()) as programs:
        stage.wait_for_web(programs)
        for user in (who.analyst, who.operator):
            deep = _deep_cursor(user)
            pages = {
                "dashboard": "/",
                "rollout": f"/rollouts/{rollout.pk}/",
                "estate_first": "/estate/",
                "estate_deep": f"/estate/?page={deep}",
            }
            for name, path in pages.items():
                p95 = percentile(_times(stage, user, path), _SHARE)
                taken.setdefault(name, []).append(p95)
    worst = {name: max(values) for name, values in taken.items()}
    worst["pages"] = max(worst.values())
    return [_figure(stage, name, value) for name, value in worst.items()]


def _figure(stage: Stage, name: str, value: float) -> Figure:
    return Figure(
        name=name if name == "pages" else f"pages_{name}",
        value=value,
        unit="ms p95",
        runs=_request_count(stage),
        reach=f"≤ {_MILLISECONDS:g} ms",
        is_reached=value <= _MILLISECONDS,
    )


def _request_count(stage: Stage) -> int:
    return 50 if stage.quick else 200


def _times(stage: Stage, user: User, path: str) -> list[float]:
    with httpx.Client(base_url=stage.url, cookies=estate.session_of(user), timeout=60) as client:
        for _ in range(_WARM_UP):
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        taken = []
        for _ in range(_request_count(stage)):
            began = time.perf_counter()
            client.get(path)
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def _instruct(who: estate.People, rollout_id: int) -> None:
    """Answer for half the Supplier's hubs, so that pages have something to show."""
    now = clock.now()
    mine = estate.guids_of(rollout_id, who.analyst.organisation_id, limit=20_000)
    services.receive_instruction(
        who.as_supplier,
        rollout_id=rollout_id,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored(mine),
        activate_at=now + timedelta(days=10),
        received_at=now,
        now=now,
    )
    services.fold_tallies()


def _deep_cursor(user: User) -> str:
    """Walk some pages into the estate, then jump: a cursor in its middle."""
    from portal.identity.scope import Scope

    cursor = ""
    for _ in range(_DEEP_PAGES):
        page = estate_page(Scope.of(user), cursor=cursor, size=1000)
        cursor = page.next or cursor
    return cursor
