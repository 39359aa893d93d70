"""What a CSP reports of hubs while Suppliers speak by Service Requests, and the push of what follows."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import orjson

from notifications.webhooks import delivering
from portal.events import sequencer
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import Command
from rollouts.states import CommandKind
from tests.service_requests.conftest import XmlStage


def report(stage: XmlStage, now: datetime, hub: str, code: str, **more: str) -> None:
    """Let the CSP send one alert of a hub, and apply it."""
    line = {"alert_id": str(uuid.uuid4()), "guid": hub, "code": code, "occurred_at": now.isoformat(), **more}
    lines = alert_lines.read(orjson.dumps(line))
    assert not lines.problems
    services.receive_alerts(
        csp_id=stage.world.csp.pk, copy_text=lines.copy_text, count=lines.count, received_at=now
    )
    services.apply_next_batch(now=now)


def report_reading(stage: XmlStage, hub: str, **answer: str) -> None:
    """Let the CSP answer the one command that reads a hub."""
    command = Command.objects.get(kind=CommandKind.READ)
    report(stage, datetime.now(UTC), hub, "READ_RESULT", command_id=str(command.pk), **answer)


def push(now: datetime) -> None:
    """Number the entries, and deliver all that is due."""
    sequencer.sequence_all()
    while delivering.deliver_next(now=now):
        pass
