"""What a Supplier can read of a hub it has lost: every page, answer and file of it stays the same whatever happens to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import unified_diff
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.events.sequencer import sequence_all
from portal.kernel import sql
from portal.kernel.references import HIGHEST, reference_of
from rollouts import services
from rollouts.models import PilotMember, PilotSubmission, Rollout
from rollouts.states import TargetState
from tests.api.conftest import Stage
from tests.api.systems import System
from tests.api.things import owned
from tests.factories import make_rollout

pytestmark = [pytest.mark.requirement("R3.11"), pytest.mark.django_db]

#: A request of its own, in which nothing of hubs stands, or which ends the session.
LEFT_OUT = re.compile(
    r"accounts/|oauth/|metrics|livez|readyz|style|problems/|openapi|csp/|stream|\.well-known"
)
#: What differs between two answers about the same facts.
DRAWN_BY_LOT = re.compile(
    rb'"request_id":"[^"]+"|nonce: ?[^;]+|name="csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"|x-csrftoken": "[^"]+"|name="seed" value="[^"]+"|name="(once|attempt|token)" value="[^"]+"'
)


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every route of the project, as Django writes it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def addresses(stage: Stage, ended: Rollout) -> list[str]:
    """Every address that can be read, with the things of the first Supplier in the place of parameters."""
    made: list[str] = []
    for route in sorted(set(routes())):
        if LEFT_OUT.search(route):
            continue
        values: dict[str, object] = {
            **owned(stage, "/" + route),
            "guid": stage.guid(0),
            "reference": stage.things["instruction"],
            "form": "csv",
            "label": "watched",
            "verb": "suspend",
            "act": "test",
            "issue_id": stage.things["known_issue_id"],
            "view_id": reference_of(HIGHEST, "estate_view"),
            "export_id": reference_of(HIGHEST, "estate_file"),
            "requirement_id": 1,
            "person_id": reference_of(stage.world.supplier_user.pk, "person"),
            "client_id": "x",
            "cpl_entry_id": stage.world.target.pk,
        }
        if route.startswith("approvals/"):
            values["rule_id"] = stage.things["approval_rule_id"]
        path = "/" + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda name, of=values: str(of.get(name[1], "nothing")), route
        )
        made.append(path)
        if "rollout_id" in route:
            made.append(path.replace(f"/{stage.rollout.pk}", f"/{ended.pk}", 1))
    return made


def read(client: Client, path: str) -> tuple[int, bytes]:
    answer = client.get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, DRAWN_BY_LOT.sub(b"", body)


def answers_to(stage: Stage, person: Client, ended: Rollout) -> dict[str, tuple[int, bytes]]:
    """All that the first Supplier is told, by its people's and its systems' seats."""
    sequence_all(seconds=5)
    return {
        path: read(stage.supplier.client if path.startswith("/api/") else person, path)
        for path in addresses(stage, ended)
    }


def differences(first: tuple[int, bytes], other: tuple[int, bytes]) -> list[str]:
    lines = (f"{status}\n{body.decode(errors='replace')}".splitlines() for status, body in (first, other))
    return [line for line in unified_diff(*lines, n=0) if line[:2] not in {"--", "++", "@@"}]


def report_trouble(system: System, path: str, guids: list[str]) -> None:
    body = {"category": 2, "title": "IHDs restart", "guids": guids}
    assert system.post(path, body).status_code == 201


def past_rollout(stage: Stage, now: datetime) -> Rollout:
    """A rollout that has ended, whose pilot held the hub."""
    ended = make_rollout(stage.world, now=now - timedelta(days=200), has_pilot=True, status="SAFE_LAUNCH")
    pilot = ended.batches.get(kind="PILOT")
    submission = PilotSubmission.objects.create(
        rollout=ended, organisation_id=stage.world.supplier.pk, submitted_at=now, status="CONFIRMED", hubs=2
    )
    guids = [stage.world.guid(0), stage.world.guid(1)]
    PilotMember.objects.bulk_create(
        PilotMember(submission=submission, guid=guid, rollout_id=ended.pk) for guid in guids
    )
    sql.run(
        "UPDATE rollouts_target SET batch_id = %(batch)s WHERE rollout_id = %(id)s AND guid = ANY(%(guids)s)",
        {"batch": pilot.pk, "id": ended.pk, "guids": guids},
    )
    report_trouble(stage.supplier, f"/rollouts/{ended.pk}/incidents", [stage.guid(0)])
    sql.run(
        "UPDATE rollouts_target SET state = %(state)s, state_at = %(at)s WHERE rollout_id = %(id)s",
        {"state": int(TargetState.NO_CONFIRMATION), "at": now - timedelta(days=80), "id": ended.pk},
    )
    Rollout.objects.filter(pk=ended.pk).update(status="COMPLETE")
    return ended


def test_nothing_that_becomes_of_a_lost_hub_changes_what_its_former_supplier_reads(stage, now):
    world = stage.world
    person = Client()
    person.force_login(world.supplier_user)
    with time_machine.travel(now, tick=False):
        ended = past_rollout(stage, now)
        assert (
            stage.supplier.client.post(
                "/api/v1/labels/watched/hubs", {"guids": [stage.guid(0)]}, content_type="application/json"
            ).status_code
            < 400
        )
        owned(stage, "/")
        services.change_suppliers(
            world.operator,
            changes=[(world.guid(0), world.third.pk, world.third.pk)],
            effective_at=now,
            now=now,
        )
        before = answers_to(stage, person, ended)

        answer = stage.third.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]})
        assert answer.status_code == 201
        report_trouble(stage.third, stage.path("/incidents"), [stage.guid(0)])
        report_trouble(stage.third, f"/rollouts/{ended.pk}/incidents", [stage.guid(0)])
        sql.run(
            "UPDATE rollouts_target SET state = 60, state_at = %(at)s WHERE guid = %(guid)s",
            {"at": now - timedelta(minutes=1), "guid": world.guid(0)},
        )
        sql.run(
            "UPDATE rollouts_hub SET cpl_entry_id = %(entry)s, smi_status = 6 WHERE guid = %(guid)s",
            {"entry": world.target.pk, "guid": world.guid(0)},
        )
        after = answers_to(stage, person, ended)

    ok = [path for path, (status, _) in before.items() if status == 200]
    assert len(ok) > 90, sorted(set(before) - set(ok))
    assert not [path for path, (status, _) in (before | after).items() if status >= 500]
    assert {
        path: differences(before[path], after[path]) for path in before if before[path] != after[path]
    } == {}


def test_a_hub_lost_after_a_rollout_ended_is_no_longer_among_its_hubs(stage, now):
    world = stage.world
    ended = past_rollout(stage, now)
    services.change_suppliers(
        world.operator, changes=[(world.guid(0), world.third.pk, world.third.pk)], effective_at=now, now=now
    )

    for rest in ("/hubs", "/pilot/hubs"):
        answer = stage.supplier.get(f"/rollouts/{ended.pk}{rest}")
        assert answer.status_code == 200
        assert stage.guid(1) in answer.content.decode()
        assert stage.guid(0) not in answer.content.decode()
    assert stage.guid(0) in stage.third.get(f"/rollouts/{ended.pk}/hubs").content.decode()
    assert services.measure_drift(rollout_id=ended.pk).total == 0
