"""What was sent for one hub: all of it to the DCC, to a Supplier what concerns its own part."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Command
from rollouts.states import CommandKind, CommandStatus
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


def address(world, number: int) -> str:
    return f"/hubs/{Guid.from_db(world.guid(number))}/commands/"


def sent(world, rollout, today, *numbers: int, kind=CommandKind.DISTRIBUTE, **more) -> Command:
    fields = {
        "rollout_id": rollout.pk if rollout else None,
        "kind": kind,
        "status": CommandStatus.SENT,
        "region": 2,
        "guids": [world.guid(n) for n in numbers],
        "hub_count": len(numbers),
        "cpl_entry_id": world.target.pk,
        "due_at": today - timedelta(hours=3),
        "created_at": today - timedelta(hours=4),
        "sent_at": today - timedelta(hours=2),
        "attempts": 1,
        **more,
    }
    return Command.objects.create(**fields)


def answered(world, command, number: int, today, *, code: int, reason: int = 0) -> None:
    sql.run(
        "INSERT INTO rollouts_csp_alert (occurred_at, alert_id, guid, batch_id, command_id, code, reason,"
        " firmware_version) VALUES (%(at)s, %(id)s, %(guid)s, 1, %(command)s, %(code)s, %(reason)s, '')",
        {
            "at": today - timedelta(hours=1),
            "id": uuid4(),
            "guid": world.guid(number),
            "command": command.pk,
            "code": code,
            "reason": reason,
        },
    )


def test_the_dcc_sees_what_was_sent_and_what_the_hub_answered(world, seat, today):
    rollout = make_rollout(world, now=today)
    first = sent(world, rollout, today, 9, 10, problem="busy", attempts=2)
    sent(world, rollout, today, 9, kind=CommandKind.ACTIVATE, execute_at=today + timedelta(days=1))
    sent(world, rollout, today, 10)
    answered(world, first, 9, today, code=1)

    page = seat("operator").get(address(world, 9)).content.decode()

    assert page.count("<tr>") == 3
    for words in ("Distribute", "Activate", "Image verified", "tried 2 times", "busy", "2 hubs", "to act"):
        assert words in page, words
    assert f"command {first.pk}" in page


@pytest.mark.requirement("R4.10")
def test_a_supplier_sees_its_own_part_and_nothing_of_how_the_csp_is_asked(world, seat, today):
    rollout = make_rollout(world, now=today)
    first = sent(world, rollout, today, 9, 10, problem="the CSP was busy", attempts=2)
    answered(world, first, 9, today, code=2, reason=20)

    for actor in ("supplier", "other"):
        page = seat(actor).get(address(world, 9)).content.decode()
        assert "Verification failed" in page
        for words in ("busy", "tried", "2 hubs", f"command {first.pk}"):
            assert words not in page, (actor, words)


@pytest.mark.requirement("R3.3")
def test_a_reading_the_second_supplier_asked_for_is_not_shown(world, seat, today):
    make_rollout(world, now=today)
    services.request_read(world.as_other, guids=[world.guid(9)], now=today)

    assert b"No command was sent" in seat("supplier").get(address(world, 9)).content
    assert b"asked for by you" in seat("other").get(address(world, 9)).content
    assert b"asked for by Fernhill Gas" in seat("operator").get(address(world, 9)).content
    assert b"Fernhill" not in seat("csp").get(address(world, 9)).content


def test_updates_a_supplier_no_longer_answers_in_are_not_shown(world, seat, today):
    rollout = make_rollout(world, now=today)
    sent(world, rollout, today, 9)
    sql.run(
        "UPDATE rollouts_target SET gas_supplier_id = %(third)s WHERE guid = %(guid)s",
        {"third": world.third.pk, "guid": world.guid(9)},
    )

    assert b"No command was sent" in seat("other").get(address(world, 9)).content
    assert b"Accepted by the CSP" in seat("supplier").get(address(world, 9)).content


@pytest.mark.parametrize(("actor", "number"), [("supplier", 17), ("other", 0), ("third", 0), ("panel", 0)])
def test_the_commands_of_anothers_hub_are_not_there(world, seat, today, actor, number):
    make_rollout(world, now=today)

    assert seat(actor).get(address(world, number)).status_code == 404


def test_the_part_comes_alone_and_any_spelling_leads_to_the_page(world, seat, today):
    rollout = make_rollout(world, now=today)
    sent(world, rollout, today, 0)
    client = seat("supplier")

    part = client.get(address(world, 0), headers={"HX-Request": "true"}).content
    moved = client.get("/hubs/00db123400000000/commands/")

    assert b"<html" not in part
    assert b"Accepted by the CSP" in part
    assert moved["Location"] == address(world, 0)
    assert b'hx-trigger="load"' in client.get(f"/hubs/{Guid.from_db(world.guid(0))}/").content
    assert client.get("/hubs/nonsense/commands/").status_code == 404


def test_many_commands_cost_no_more_statements_than_one(world, seat, today, statements):
    rollout = make_rollout(world, now=today)
    sent(world, rollout, today, 0)
    client = seat("operator")
    client.get(address(world, 0))
    few = statements(client, address(world, 0))
    for _ in range(30):
        sent(world, rollout, today, 0)

    assert statements(client, address(world, 0)) == few == 9
