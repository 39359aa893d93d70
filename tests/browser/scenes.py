"""A small world with rollouts at every stage, for looking at pages."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import (
    Command,
    CplEntry,
    Decision,
    DeviceModel,
    Export,
    PilotSubmission,
    Rollout,
    UnmatchedAlert,
)
from rollouts.services import HubList
from rollouts.states import BatchKind, CommandKind, CommandStatus, InstructionKind
from tests.factories import UserFactory, World, make_rollout, make_world


@dataclass
class Scene:
    """The world, and one rollout of each kind."""

    world: World
    draft: Rollout
    notified: Rollout
    pilot: Rollout
    moving: Rollout
    suspended: Rollout
    reference: str
    unlisted: int
    """An import that names firmware the Central Products List lacks."""


def make_scene(*, now: datetime, hubs: int = 600) -> Scene:
    """Make the world as it stands now."""
    world = make_world(hubs=hubs)
    sql.run("UPDATE rollouts_hub SET region = 1 + (guid & 65535) %% 3")
    sql.run(
        "UPDATE rollouts_hub SET cpl_entry_id = %(old)s WHERE (guid & 65535) %% 7 = 0",
        {"old": world.oldest.pk},
    )
    world.target.allowed_predecessor_ids = [world.oldest.pk, world.current.pk]
    world.target.save(update_fields=["allowed_predecessor_ids"])
    moving = _moving(world, now=now)
    suspended = _named(
        make_rollout(world, now=now - timedelta(days=30), automatic_at=now + timedelta(days=60)),
        "Toshiba security fix",
    )
    services.take_step(
        world.operator,
        rollout_id=suspended.pk,
        verb="suspend",
        reason="Smart meters lose their connection to the hub after activation in two regions.",
        now=now - timedelta(hours=3),
    )
    services.recommend(
        world.operator,
        decision_id=Decision.objects.get(rollout=suspended).pk,
        version=1,
        outcome="PROCEED",
        reasons="The two regions ran a gateway that has been mended; no new case in 24 hours.",
        now=now - timedelta(hours=1),
    )
    pilot = _named(
        make_rollout(
            world,
            now=now - timedelta(days=20),
            status="NOTIFIED",
            has_pilot=True,
            gate_open=False,
            automatic_at=now + timedelta(days=44),
        ),
        "Toshiba tariff display",
    )
    _into_pilot(world, pilot, now=now)
    notified = _named(
        make_rollout(
            world,
            now=now - timedelta(days=2),
            status="NOTIFIED",
            has_pilot=True,
            gate_open=False,
            automatic_at=now + timedelta(days=150),
        ),
        "Toshiba radio stack",
    )
    services.submit_pilot(
        world.as_other,
        rollout_id=notified.pk,
        source=HubList.from_stored([world.guid(n) for n in (16, 17, 36, 37, 9)]),
        now=now - timedelta(hours=5),
    )
    _other_model(world)
    draft = services.draft_rollout(
        world.operator,
        name="WNC quarterly maintenance",
        cpl_entry_id=CplEntry.objects.get(firmware_version="01000002").pk,
        kind="PLANNED",
        severity="MINOR",
        priority="P3",
        automatic_at=now + timedelta(days=120),
        description="Steadier radio links in blocks of flats.",
        now=now,
    )
    receipt = services.receive_instruction(
        world.as_supplier,
        rollout_id=notified.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_text(_list(world), file_name="north-london.csv"),
        received_at=now,
        activate_at=now + timedelta(days=30),
        name="North London",
        now=now,
    )
    _misfit(world, now=now)
    _taken_away(world, now=now)
    _commanded(world, moving, now=now)
    _ruled(world, now=now)
    services.note_activations(now)
    unlisted = _sent_unlisted(world, now=now)
    return Scene(world, draft, notified, pilot, moving, suspended, receipt.reference, unlisted)


def _sent_unlisted(world: World, *, now: datetime) -> int:
    file = (
        "guid,manufacturer,model,hardware_version,firmware_version,region,smi_status\n"
        "00-DB-12-34-FF-00-00-01,Calderbrook,51A00002,0002,5A000001,Central,Commissioned\n"
        "00-DB-12-34-FF-00-00-02,Calderbrook,51A00002,0002,5A000002,Central,Commissioned\n"
        "00-DB-12-34-FF-00-00-03,,433100AC,,0C990000,Central,Commissioned\n"
    )
    source = io.BytesIO(file.encode())
    return services.load_estate(world.operator, source=source, file_name="estate.csv", now=now).id


def _named(rollout: Rollout, name: str) -> Rollout:
    rollout.name = name
    rollout.save(update_fields=["name"])
    return rollout


def _moving(world: World, *, now: datetime) -> Rollout:
    rollout = _named(
        make_rollout(world, now=now - timedelta(days=90), automatic_at=now + timedelta(days=9)),
        "Toshiba mesh update",
    )
    rollout.description = "Mends the loss of mesh links after a power cut, and shortens the time to rejoin."
    rollout.save(update_fields=["description"])
    sql.run(
        """
        UPDATE rollouts_target SET consent = 5, state = 20, import_answer = 0
         WHERE rollout_id = %(id)s AND consent IN (1, 2);
        UPDATE rollouts_target SET effective_at = %(now)s - interval '1 day' * ((guid & 65535) %% 6), consent = 4, import_answer = 1
         WHERE rollout_id = %(id)s AND (guid & 65535) %% 3 = 0 AND consent <> 6;
        UPDATE rollouts_target SET state = 30 WHERE rollout_id = %(id)s AND (guid & 65535) %% 3 IN (0, 1);
        UPDATE rollouts_target SET state = 40 WHERE rollout_id = %(id)s AND state = 30 AND (guid & 65535) %% 5 <> 4;
        UPDATE rollouts_target SET state = 31, code = 19 WHERE rollout_id = %(id)s AND (guid & 65535) %% 41 = 7 AND state = 30;
        UPDATE rollouts_target SET state = 41, code = 20 WHERE rollout_id = %(id)s AND (guid & 65535) %% 43 = 7 AND state = 20;
        UPDATE rollouts_target SET state = 50 WHERE rollout_id = %(id)s AND state = 40 AND (guid & 65535) %% 3 = 0;
        UPDATE rollouts_target SET state = 60 WHERE rollout_id = %(id)s AND state = 50 AND (guid & 65535) %% 4 <> 1;
        UPDATE rollouts_target SET state = 51, code = 32 WHERE rollout_id = %(id)s AND state = 50 AND (guid & 65535) %% 31 = 5;
        UPDATE rollouts_target SET state = 52, code = 40 WHERE rollout_id = %(id)s AND state = 50 AND (guid & 65535) %% 37 = 3
        """,
        {"id": rollout.pk, "now": now},
    )
    sql.run(
        """
        UPDATE rollouts_target SET state_at = %(now)s - interval '6 hours' * ((guid & 65535) %% 19)
         WHERE rollout_id = %(id)s AND state = 60
        """,
        {"id": rollout.pk, "now": now},
    )
    rollout.window_closed_at = now - timedelta(days=20)
    rollout.save(update_fields=["window_closed_at"])
    return rollout


def _into_pilot(world: World, rollout: Rollout, *, now: datetime) -> None:
    numbers = [20 * n + k for n in range(10) for k in (0, 3, 5, 9, 12)]
    services.submit_pilot(
        world.as_supplier,
        rollout_id=rollout.pk,
        source=HubList.from_stored([world.guid(n) for n in numbers]),
        activate_at=now - timedelta(days=8),
        received_at=now - timedelta(days=16),
        now=now - timedelta(days=16),
    )
    nominated = PilotSubmission.objects.get(rollout=rollout)
    services.confirm_pilot(
        world.operator, rollout_id=rollout.pk, submission_ids=[nominated.pk], now=now - timedelta(days=15)
    )
    services.start_pilot(world.operator, rollout_id=rollout.pk, now=now - timedelta(days=14))
    pilot = rollout.batches.get(kind=BatchKind.PILOT)
    sql.run(
        """
        UPDATE rollouts_target SET state = 30 WHERE batch_id = %(batch)s AND state = 20;
        UPDATE rollouts_target SET state = 40 WHERE batch_id = %(batch)s AND state = 30 AND (guid & 65535) %% 20 <> 5;
        UPDATE rollouts_target SET state = 50 WHERE batch_id = %(batch)s AND state = 40 AND (guid & 65535) %% 7 > 0;
        UPDATE rollouts_target SET state = 60 WHERE batch_id = %(batch)s AND state = 50 AND (guid & 65535) %% 11 > 0;
        UPDATE rollouts_target SET state = 51, code = 31
         WHERE batch_id = %(batch)s AND state = 50 AND (guid & 65535) %% 2 = 0
        """,
        {"batch": pilot.pk},
    )
    rollout.refresh_from_db()


def _other_model(world: World) -> None:
    """Move some hubs to a model that no open rollout is for."""
    model = DeviceModel.objects.create(
        manufacturer="WNC",
        manufacturer_code="10A0",
        model="010A030B",
        hardware_version="030B",
        band=DeviceModel.Band.DUAL,
        regions=[1, 2, 3],
    )
    entries = [
        CplEntry.objects.create(
            device_model=model,
            firmware_version=version,
            firmware_version_raw=version,
            image_sha256=bytes.fromhex(version * 8),
        )
        for version in ("01000001", "01000002")
    ]
    entries[1].allowed_predecessor_ids = [entries[0].pk]
    entries[1].save(update_fields=["allowed_predecessor_ids"])
    chosen = "guid & 65535 BETWEEN %(first)s AND %(last)s"
    params = {"model": model.pk, "entry": entries[0].pk, "first": world.hubs - 180, "last": world.hubs}
    sql.run(
        f"UPDATE rollouts_hub SET device_model_id = %(model)s, cpl_entry_id = %(entry)s WHERE {chosen}",
        params,
    )
    sql.run(f"UPDATE rollouts_hub SET smi_status = 3 WHERE {chosen} AND guid & 15 = 3", params)
    sql.run(f"DELETE FROM rollouts_target WHERE {chosen}", params)


def _list(world: World) -> str:
    own = [str(Guid.from_db(world.guid(20 * n + k))) for n in range(12) for k in (0, 1, 2, 9, 12)]
    return "\n".join(
        [
            "GUID",
            *own,
            own[0],
            "00-DB-12-34-56-78-9",
            "00DB1234FFFFFFFF",
            "5.61E+17",
            str(Guid.from_db(world.guid(17))),
        ]
    )


def _misfit(world: World, *, now: datetime) -> None:
    UnmatchedAlert.objects.create(
        alert_id=uuid4(),
        batch_id=1,
        csp_id=world.csp.pk,
        guid=world.guid(3),
        code=5,
        occurred_at=now - timedelta(minutes=9),
        received_at=now - timedelta(minutes=8),
        why="NO_ROLLOUT",
    )


def _taken_away(world: World, *, now: datetime) -> None:
    for name, query, is_shared in (
        ("Shared hubs in the North", "region=1&split=yes", True),
        ("On the oldest firmware", "version=0C210000", False),
    ):
        services.save_view(world.as_supplier, name=name, query=query, is_shared=is_shared, now=now)
    for status, done, more in (
        ("FAILED", 0, {"problem": "The file could not be written; 3 tries were made. Order it again."}),
        (
            "READY",
            480,
            {"file": "exports/none.xlsx", "size": 48_211, "expires_at": now + timedelta(hours=23)},
        ),
        ("RUNNING", 214, {}),
    ):
        Export.objects.create(
            organisation_id=world.supplier.pk,
            user_id=world.supplier_user.pk,
            form="xlsx",
            status=status,
            query="region=1" if status == "RUNNING" else "",
            total=480,
            done=done,
            created_at=now - timedelta(minutes=4),
            seen_at=now,
            **more,
        )


def _commanded(world: World, rollout: Rollout, *, now: datetime) -> None:
    """Return the first hub the commands of its rollout, and what it answered; plan two nights ahead."""
    for night, hubs in ((1, 1240), (2, 86)):
        Command.objects.create(
            rollout_id=rollout.pk,
            kind=CommandKind.ACTIVATE,
            status=CommandStatus.READY,
            region=1,
            guids=[],
            hub_count=hubs,
            execute_at=now + timedelta(days=night),
            due_at=now + timedelta(days=night),
            created_at=now,
        )
    for kind, hours, code in ((1, 60, 1), (2, 50, 5), (4, 2, None)):
        command = Command.objects.create(
            rollout_id=rollout.pk,
            kind=kind,
            status=3,
            region=1,
            guids=[world.guid(0), world.guid(3)],
            hub_count=2,
            cpl_entry_id=world.target.pk,
            execute_at=now - timedelta(hours=5) if kind == 2 else None,
            due_at=now - timedelta(hours=hours),
            created_at=now - timedelta(hours=hours + 1),
            sent_at=now - timedelta(hours=hours - 1),
            attempts=4 - kind,
        )
        if code:
            sql.run(
                "INSERT INTO rollouts_csp_alert (occurred_at, alert_id, guid, batch_id, command_id, code, reason,"
                " firmware_version) VALUES (%(at)s, %(id)s, %(guid)s, 1, %(command)s, %(code)s, 0, '')",
                {
                    "at": now - timedelta(hours=hours - 4),
                    "id": uuid4(),
                    "guid": world.guid(0),
                    "command": command.pk,
                    "code": code,
                },
            )


def _ruled(world: World, *, now: datetime) -> None:
    """Change who must sign once, and propose another change."""
    member = UserFactory(organisation=world.panel, name="Ada Whitcombe")
    row = {"organisation": world.panel.pk, "role": "PANEL_MEMBER", "outcomes": []}
    first = services.propose_requirements(
        world.operator,
        rows=[{**row, "number": 1}],
        reasons="The Panel nominated one member for firmware decisions.",
        now=now - timedelta(days=40),
    )
    services.sign_off(
        Scope.of(member), decision_id=first.pk, version=2, verdict="APPROVE", now=now - timedelta(days=39)
    )
    services.propose_requirements(
        world.operator,
        rows=[{**row, "number": 2, "outcomes": ["STOP"]}, {**row, "number": 1, "option": 2}],
        reasons="Stopping a rollout for good should take two members.",
        now=now - timedelta(days=1),
    )
