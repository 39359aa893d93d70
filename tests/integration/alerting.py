"""What tests of alerts share: a rollout whose hubs have been commanded, and the CSP that reports on them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import orjson

from portal.events import feed, sequencer
from portal.events.kinds import ActivationCode
from portal.identity.models import Organisation
from portal.kernel import sql
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import (
    Command,
    Target,
)
from rollouts.states import CommandKind, TargetState
from tests.factories import make_rollout, make_world


class AlertScenario:
    """A rollout of which some hubs have been commanded, and a CSP that reports on them."""

    def __init__(self, now, *, hubs=20, state=TargetState.ACTIVATING):
        self.now = now
        self.world = make_world(hubs=hubs)
        self.rollout = make_rollout(self.world, now=now)
        self.command = Command.objects.create(
            rollout_id=self.rollout.pk,
            kind=CommandKind.ACTIVATE if state == TargetState.ACTIVATING else CommandKind.DISTRIBUTE,
            region=2,
            guids=[self.world.guid(n) for n in range(hubs)],
            hub_count=hubs,
            due_at=now,
            created_at=now,
        )
        sql.run(
            "UPDATE rollouts_target SET state = %(state)s, consent = CASE WHEN consent < 4 THEN 4 ELSE consent END,"
            " command_id = %(command)s, attempts = 1, state_at = %(now)s",
            {"state": int(state), "command": self.command.pk, "now": now},
        )
        sql.run(
            "INSERT INTO rollouts_hub_in_flight SELECT guid, %(id)s FROM rollouts_target",
            {"id": self.rollout.pk},
        )

    def alert(self, number, code, *, anonymous=False, minutes=1, guid=None, **more):
        return {
            "alert_id": str(uuid.uuid4()),
            "guid": text(guid if guid is not None else self.world.guid(number)),
            "code": code,
            "occurred_at": (self.now + timedelta(minutes=minutes)).isoformat(),
            **({} if anonymous else {"command_id": str(self.command.pk)}),
            **more,
        }

    def activated(self, number, **more):
        return self.alert(number, "0x8F66", **{"firmware_version": "0C230000", **more})

    def deliver(self, *alerts, csp: Organisation | None = None):
        lines = alert_lines.read(b"\n".join(orjson.dumps(alert) for alert in alerts))
        assert not lines.problems
        services.receive_alerts(
            csp_id=(csp or self.world.csp).pk,
            copy_text=lines.copy_text,
            count=lines.count,
            received_at=self.now,
        )
        return services.apply_next_batch(now=self.now + timedelta(minutes=2))

    def state(self, number):
        target = Target.objects.get(guid=self.world.guid(number), rollout_id=self.rollout.pk)
        return TargetState(target.state)

    def target(self, number):
        return Target.objects.get(guid=self.world.guid(number), rollout_id=self.rollout.pk)

    def feed(self, scope):
        sequencer.sequence_all()
        return [(entry.kind, entry.guid, entry.code) for entry in feed.entries_after(scope, 0)]


def roles_of(world):
    """The Suppliers of a hub with two, each with the role in which it answers for it."""
    return [(world.as_supplier, ActivationCode.IMPORT), (world.as_other, ActivationCode.GAS)]


def read_command(scenario):
    return Command.objects.create(
        rollout_id=scenario.rollout.pk,
        kind=CommandKind.READ,
        region=2,
        guids=[],
        hub_count=0,
        due_at=scenario.now,
        created_at=scenario.now,
    )


def text(db_guid: int) -> str:
    return "-".join(f"{octet:02X}" for octet in (db_guid + 2**63).to_bytes(8, "big"))
