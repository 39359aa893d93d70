"""What DCC does from log-in to the last click: publish, pilot, suspend, revoke; with scripts and without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.models import Rollout
from rollouts.services import HubList
from rollouts.states import BatchKind, RolloutStatus
from tests.web.forms import as_typed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.hubs(40)]


@pytest.fixture
def moment() -> datetime:
    return datetime.now(UTC)


def status_of(rollout) -> RolloutStatus:
    rollout.refresh_from_db()
    return RolloutStatus(rollout.status)


def publish(operator, moment, *, entry_id: int) -> Rollout:
    """Draft, look, publish; the first try lacks what it needs."""
    page = operator.page
    operator.follow("Publish a rollout")
    operator.look("publish")
    operator.press("Save and preview")
    page.get_by_role("alert").wait_for()
    operator.look("publish-wrong")
    page.get_by_label("Name of the rollout").fill("Toshiba winter release")
    page.get_by_label("Firmware on the Central Products List").select_option(str(entry_id))
    page.get_by_label("SEC Release", exact=True).check()
    page.get_by_label("Severity").select_option("MAJOR")
    page.get_by_label("Automatic activation").fill(as_typed(moment + timedelta(days=120)))
    page.get_by_label("Address of the Release Note").fill("https://notes.example/1")
    operator.press("Save and preview")
    assert operator.says("Brightwater Energy")
    assert operator.tile("Eligible hubs") == 40
    operator.look("preview")
    operator.press("Publish the notice")
    assert operator.says("Published: 40 hubs of 3 Suppliers")
    operator.look("published")
    return Rollout.objects.get()


def nominate(world, rollout, moment) -> None:
    services.submit_pilot(
        world.as_supplier,
        rollout_id=rollout.pk,
        source=HubList.from_stored([world.guid(n) for n in (0, 1, 2, 3)]),
        now=moment,
    )


def let_pilot_activate(rollout) -> None:
    """Play the hubs of the pilot: three are activated, one fails."""
    pilot = rollout.batches.get(kind=BatchKind.PILOT)
    for state in (30, 40, 50):
        sql.run(
            "UPDATE rollouts_target SET state = %(state)s WHERE batch_id = %(pilot)s",
            {"state": state, "pilot": pilot.pk},
        )
    sql.run(
        "UPDATE rollouts_target SET state = CASE WHEN guid & 3 = 3 THEN 51 ELSE 60 END,"
        " code = CASE WHEN guid & 3 = 3 THEN 32 ELSE 0 END WHERE batch_id = %(pilot)s",
        {"pilot": pilot.pk},
    )


@pytest.mark.requirement("R1.5", "R2.3", "R5.4")
@pytest.mark.parametrize("scripts", [True, False])
def test_from_a_draft_to_the_end_of_the_pilot_a_stop_and_a_revocation(walk, world, moment, scripts):
    operator = walk(scripts=scripts)
    operator.log_in(world.operator_user, second_factor=True)
    rollout = publish(operator, moment, entry_id=world.target.pk)
    nominate(world, rollout, datetime.now(UTC))
    page = operator.page

    operator.follow("Dashboard", within=page.get_by_role("navigation", name="Portal"))
    operator.follow("Decide on pilot nominations")
    operator.look("nominations")
    page.get_by_label("Choose the nomination of Brightwater Energy").check()
    operator.press("Confirm the ticked nominations")
    assert operator.says("4 hubs joined")
    operator.follow("Start the pilot")
    operator.look("start-pilot")
    operator.press("Start the pilot")
    assert status_of(rollout) == RolloutStatus.PILOT
    let_pilot_activate(rollout)

    operator.follow("End the pilot")
    operator.look("end-pilot")
    page.get_by_label("Commentary").fill("Three of four run the new firmware; one is being looked at.")
    operator.press("End the pilot")
    operator.look("pilot-review")
    assert status_of(rollout) == RolloutStatus.PILOT_REVIEW
    operator.follow("Accept")
    operator.press("Accept")
    operator.look("safe-launch")
    assert status_of(rollout) == RolloutStatus.SAFE_LAUNCH

    operator.follow("Suspend at once")
    operator.look("suspend")
    page.get_by_label("Reason").fill("Meters lose their connection after activation.")
    operator.press("Suspend at once")
    assert operator.says("Meters lose their connection after activation.")
    operator.look("suspended")
    assert status_of(rollout) == RolloutStatus.SUSPENDED

    operator.follow("Revoke the notice")
    operator.look("revoke")
    page.get_by_label("Reason").fill("The manufacturer has withdrawn the image.")
    operator.press("Revoke the notice")
    operator.look("revoked")
    assert status_of(rollout) == RolloutStatus.REVOKED
