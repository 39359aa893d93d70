"""Two estates that differ in who the second Supplier is and in what others do elsewhere; the same things are done in both.

The first Supplier, A, has hubs of its own and hubs with a second Supplier: B in one estate, C in the other. Whoever of
the two is not A's second Supplier, and the second one too, goes about its own business on hubs that are none of A's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import time_machine
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.test import Client

from portal.events import naming
from portal.events.sequencer import sequence_all
from portal.identity.models import Organisation
from portal.kernel import sql
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import Command
from rollouts.states import CommandKind, TargetState
from tests.api.conftest import Stage
from tests.api.systems import System
from tests.factories import UserFactory, World, make_world
from tests.integration.publishing import published
from tests.scenery import as_owner

GAS_WITH_SECOND, IMPORT_WITH_SECOND = (9, 10, 11, 29, 30, 31), (12, 13, 32, 33)
#: Hubs that are none of A's: it learns of them neither by reading nor by naming them.
FOREIGN = (16, 17, 18, 19, 36, 37, 38, 39)
UNKNOWN = "00-DB-12-34-00-FF-FF-FF"
_ELSEWHERE = 40
#: Where ids begin in both estates: tests that follow may take it that there is nothing with the id 1.
_FIRST_ID = 10_000


@dataclass
class Estate:
    """A stage, who is A's second Supplier on it, and how what is done elsewhere is drawn."""

    name: str
    stage: Stage
    second: System
    bystander: System
    draw: random.Random
    now: datetime
    answers: list[tuple[str, Any]] = field(default_factory=list)
    """What A was answered when it did something, with a name for each."""
    person: Client = field(default_factory=Client)
    """Somebody of A at a browser."""

    @property
    def address(self) -> str:
        """Where A's mail goes."""
        return str(self.stage.world.supplier_user.email)

    @property
    def second_organisation(self) -> Organisation:
        """Whom A's hubs have as their second Supplier."""
        return self.stage.world.other if self.name == "B" else self.stage.world.third

    def later(self, **by: float) -> Any:
        """Let time pass, and stand still from then on."""
        self.now += timedelta(**by)
        return time_machine.travel(self.now, tick=False)

    def record(self, name: str, answer: Any) -> Any:
        self.answers.append((name, answer))
        return answer


def make_estate(name: str, *, seed: int, now: datetime) -> Estate:
    """Make the estate in which B or C is the second Supplier, in a database emptied to its sequences."""
    empty_database()
    cache.clear()
    naming.forget_names()
    UserFactory.reset_sequence(0, force=True)
    draw = random.Random(f"{seed}{name}")
    with time_machine.travel(now, tick=False):
        world = make_world(hubs=_ELSEWHERE + 20)
        others = [world.other, world.third]
        second, bystander = others if name == "B" else reversed(others)
        _share_hubs(world, second.pk, bystander.pk, draw)
        services.fold_estate_tally()
        rollout = published(world, now=now, pilot_cap=30)
        stage = Stage(
            world, rollout, *(System(each) for each in (world.supplier, *others, world.dcc, world.csp))
        )
        systems = [stage.other, stage.third]
        estate = Estate(name, stage, *(systems if name == "B" else systems[::-1]), draw, now)
        Token.objects.update(expires_at=now + timedelta(days=365))
        return estate


def _share_hubs(world: World, second: int, bystander: int, draw: random.Random) -> None:
    """Give hubs to the second Supplier, and those that are none of A's to whom it may be."""
    give = "UPDATE rollouts_hub SET import_supplier_id = %(import)s, gas_supplier_id = %(gas)s WHERE guid = ANY(%(guids)s)"
    shares: list[tuple[int | None, int | None, tuple[int, ...]]] = [
        (world.supplier.pk, second, GAS_WITH_SECOND),
        (second, world.supplier.pk, IMPORT_WITH_SECOND),
    ]
    for number in (*FOREIGN, *range(_ELSEWHERE, world.hubs)):
        suppliers = draw.choice(
            [(second, second), (bystander, bystander), (second, bystander), (None, bystander)]
        )
        shares.append((*suppliers, (number,)))
    for import_supplier, gas_supplier, numbers in shares:
        guids = [world.guid(number) for number in numbers]
        sql.run(give, {"import": import_supplier, "gas": gas_supplier, "guids": guids})
    sql.run(
        "DELETE FROM rollouts_hub WHERE guid >= %(first)s",
        {"first": world.guid(world.hubs - draw.randrange(10))},
    )


def empty_database() -> None:
    """Leave nothing of the other estate, and let ids begin where they began there."""
    partitions = (
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'rollouts_target'::regclass"
    )
    tables = (
        "SELECT string_agg(quote_ident(relname), ', ') FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'django_migrations'"
    )
    sequences = "SELECT setval(quote_ident(sequencename)::regclass, %(number)s) FROM pg_sequences WHERE schemaname = 'public'"
    with as_owner():
        for (partition,) in sql.rows(partitions):
            sql.run(f"DROP TABLE {partition}")
        ((names,),) = sql.rows(tables)
        sql.run(f"TRUNCATE {names} CASCADE")
    with as_owner():
        sql.rows(sequences, {"number": _FIRST_ID})


def be_busy_elsewhere(estate: Estate) -> None:
    """Let B and C do things on hubs that are none of A's: how often, and which, is drawn."""
    stage, draw = estate.stage, estate.draw
    tree = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}
    acts = [
        (stage.path("/instructions"), {"kind": "INSTRUCT", "guids": ["own"]}),
        (stage.path("/incidents"), {"category": 2, "title": "IHDs restart", "guids": ["own"]}),
        ("/selection-rules", {"name": "drawn", "tree": tree}),
        ("/webhooks", {"name": "drawn", "url": "https://1.1.1.1/hook", "kinds": []}),
        ("/estate/files", {"form": "CSV"}),
        ("/labels/elsewhere/hubs", {"guids": ["own"]}),
        ("/readings", {"guids": ["own"]}),
        (stage.path("/pilot/submissions"), {"guids": ["own"]}),
    ]
    for system in (stage.other, stage.third):
        for path, body in acts:
            for _ in range(draw.randrange(4)):
                named = stage.guid(draw.choice([*FOREIGN, *range(_ELSEWHERE, _ELSEWHERE + 10)]))
                drawn = {"drawn": f"Rule {draw.random()}", "own": named}
                text = orjson.dumps(body).decode()
                for word, value in drawn.items():
                    text = text.replace(f'"{word}"', f'"{value}"')
                assert system.post(path, text.encode()).status_code < 500, path
        if draw.randrange(2):
            UserFactory(organisation=stage.world.other)


@contextmanager
def at(estate: Estate, **by: float) -> Iterator[Stage]:
    """Let time pass; then what others do elsewhere, and what is done alike in both estates."""
    with estate.later(**by):
        estate.person.force_login(estate.stage.world.supplier_user)
        be_busy_elsewhere(estate)
        yield estate.stage
        sequence_all(seconds=20)


def report(estate: Estate, reports: dict[int, str], *, kind: CommandKind, state: TargetState) -> None:
    """Let hubs be commanded, and their CSP report."""
    world, rollout = estate.stage.world, estate.stage.rollout
    guids = [world.guid(number) for number in reports]
    command = Command.objects.create(
        rollout_id=rollout.pk, kind=kind, region=2, guids=guids, hub_count=len(guids), due_at=estate.now,
        sent_at=estate.now, created_at=estate.now,
    )  # fmt: skip
    sql.run(
        "UPDATE rollouts_target SET state = %(state)s, command_id = %(command)s, attempts = 1, state_at = %(now)s,"
        " consent = 4 WHERE rollout_id = %(rollout)s AND guid = ANY(%(guids)s)",
        {
            "state": int(state),
            "command": command.pk,
            "now": estate.now,
            "rollout": rollout.pk,
            "guids": guids,
        },
    )
    sql.run(
        "INSERT INTO rollouts_hub_in_flight SELECT unnest(%(guids)s::bigint[]), %(id)s ON CONFLICT DO NOTHING",
        {"guids": guids, "id": rollout.pk},
    )
    alerts = [
        {
            "alert_id": f"6f9619ff-8b86-d011-b42d-{int(state):04d}{number:08d}",
            "guid": estate.stage.guid(number),
            "code": code,
            "occurred_at": estate.now.isoformat(),
            "command_id": str(command.pk),
            **({"firmware_version": "0C230000"} if code == "0x8F66" else {}),
        }
        for number, code in reports.items()
    ]
    lines = alert_lines.read(b"\n".join(orjson.dumps(alert) for alert in alerts))
    assert not lines.problems
    services.receive_alerts(
        csp_id=world.csp.pk, copy_text=lines.copy_text, count=lines.count, received_at=estate.now
    )
    services.apply_next_batch(now=estate.now)
