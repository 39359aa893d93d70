"""What a Supplier reads of its own hubs and instructions while a rollout is suspended (R5.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel.presentation.moments import long_date
from portal.kernel.working_days import local_day
from rollouts import services
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def suspended(world, today):
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=120))
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(0), world.guid(1)]),
        activate_at=today + timedelta(days=30),
        received_at=today,
        now=today,
    )
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Bad.", now=today)
    return rollout


@pytest.mark.requirement("R5.5")
def test_a_supplier_reads_what_a_suspension_means_for_its_own_instructions(suspended, seat, today):
    page = " ".join(seat("supplier").get(f"/rollouts/{suspended.pk}/").content.decode().split())

    assert "What this means for your hubs" in page
    assert "You have instructed <strong>2 hubs</strong> that have not activated." in page
    assert f"2 hubs on {long_date(local_day(today + timedelta(days=30)))}" in page
    assert "<strong>14 hubs</strong> have no answer from you." in page
    assert "You cannot instruct while the rollout is suspended." in page
    assert "The cut-off stays unless DCC decides otherwise" in page


@pytest.mark.requirement("R5.5", "R4.5")
def test_the_dashboard_says_the_same(suspended, seat):
    board = " ".join(seat("supplier").get("/").content.decode().split())

    assert "your instructions for 2 hubs are kept but not carried out." in board
    assert "14 hubs have no answer from you; you can give it once the rollout resumes." in board


@pytest.mark.parametrize("actor", ["operator", "csp", "panel"])
def test_those_who_have_no_instructions_read_nothing_of_them(suspended, seat, actor):
    assert (
        "What this means for your hubs" not in seat(actor).get(f"/rollouts/{suspended.pk}/").content.decode()
    )


def test_another_supplier_reads_of_its_own_hubs_alone(suspended, seat):
    page = " ".join(seat("other").get(f"/rollouts/{suspended.pk}/").content.decode().split())

    assert "You have no instructions that are still to be carried out." in page
    assert "<strong>2 hubs</strong>" not in page
