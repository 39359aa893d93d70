"""A rollout in which things went wrong, for looking at what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.kernel import sql
from rollouts import services
from rollouts.models import Decision, Incident, KnownIssue, Rollout
from rollouts.services import HubList, IncidentAccount, Upload
from tests.factories import World, make_rollout

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@dataclass
class Trouble:
    """The rollout, an incident of `supplier`, one of `other`, a known issue."""

    rollout: Rollout
    incident: Incident
    other: Incident
    issue: KnownIssue


def make_trouble(world: World, *, now: datetime, suspended: bool = True) -> Trouble:
    """Activate most hubs, fail some, raise two incidents; suspend it all if wanted."""
    rollout = make_rollout(world, now=now - timedelta(days=40))
    sql.run(
        """
        UPDATE rollouts_target SET consent = 4, state = 60, state_at = %(then)s
         WHERE rollout_id = %(id)s AND (guid & 65535) %% 20 < 12;
        UPDATE rollouts_target SET consent = 4, state = 51, code = 32, state_at = %(then)s
         WHERE rollout_id = %(id)s AND (guid & 65535) %% 20 IN (12, 13, 14)
        """,
        {"id": rollout.pk, "then": now - timedelta(days=2)},
    )
    services.put_halt_rule(
        world.operator,
        rollout_id=rollout.pk,
        name="Activation failed",
        kind="ACTIVATION",
        minimum_sample=10,
        lookback_hours=96,
        threshold=0.05,
        now=now,
    )
    raised = [
        _raise(world.as_supplier, world, rollout, (0, 1, 9), now=now - timedelta(minutes=40)),
        _raise(world.as_other, world, rollout, (9, 10), now=now - timedelta(minutes=30)),
    ]
    issue = services.put_known_issue(
        world.operator,
        title="Gateway of Central restarts at night",
        description="Mended by the CSP in March.",
        failure_codes=[32],
        criteria={"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]},
        rollout_id=rollout.pk,
        now=now,
    )
    if suspended:
        services.take_step(
            world.operator,
            rollout_id=rollout.pk,
            verb="suspend",
            reason="Homes lose their displays.",
            now=now - timedelta(minutes=20),
        )
    records = [Incident.objects.get(pk=each.incident_id) for each in raised]
    return Trouble(rollout, records[0], records[1], issue)


def decision_of(trouble: Trouble) -> Decision:
    """The open decision on the rollout."""
    return Decision.objects.get(rollout=trouble.rollout, status__in=["REVIEW", "RECOMMENDED"])


def _raise(scope, world, rollout, numbers, *, now):
    account = IncidentAccount(
        category=2,
        title="Displays lost after the new firmware",
        description="Customers call since Tuesday.",
        han_impact="SOME_DEVICES",
        han_devices=4,
        service_desk_reference="SD-4711",
        attachments=[Upload("display.png", PNG)],
    )
    return services.raise_incident(
        scope,
        rollout_id=rollout.pk,
        account=account,
        source=HubList.from_stored([world.guid(number) for number in numbers]),
        now=now,
    )


def text_of(answer) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode()
