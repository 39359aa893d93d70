"""Pilot hubs the DCC proposes, in a real browser: drawn and looked at, proposed, and accepted with one answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rollouts import services
from rollouts.models import PilotSubmission
from tests.browser.test_pages import photograph
from tests.factories import make_rollout, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R2.3")]


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_pilot_hubs_are_proposed_and_accepted(live_server, open_page, log_in, axe, fits, width):
    now = datetime.now(UTC)
    world = make_world()
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    board = open_page(width=width)
    log_in(board, world.operator_user)
    at = f"{live_server.url}/rollouts/{rollout.pk}"

    def look(page, name):
        axe(page)
        fits(page)
        photograph(page, name, width)

    board.goto(f"{at}/pilot/")
    look(board, "who-has-nominated")
    board.get_by_role("link", name="Propose hubs").click()
    board.get_by_label("Sample of how many hubs").fill("12")
    board.get_by_label("What the Suppliers read").fill("Nobody has nominated hubs so far.")
    board.get_by_role("button", name="Preview").click()
    board.get_by_text("Representativeness").wait_for()
    look(board, "propose")
    board.get_by_label("As soon as possible").check()
    board.get_by_role("button", name="Propose these hubs").click()
    board.get_by_text("proposed to").first.wait_for()
    look(board, "proposed")

    supplier = open_page(width=width)
    log_in(supplier, world.supplier_user)
    supplier.goto(live_server.url)
    supplier.get_by_text("Accept or decline pilot hubs").first.wait_for()
    look(supplier, "owed")
    supplier.goto(f"{at}/pilot/")
    supplier.get_by_role("link", name="Accept or decline them").click()
    look(supplier, "proposal")
    supplier.get_by_role("button", name="Accept").click()
    supplier.get_by_text("Accepted:").wait_for()
    look(supplier, "accepted")

    assert PilotSubmission.objects.get(organisation_id=world.supplier.pk).status == "ACCEPTED"


def test_going_on_without_a_pilot_says_what_it_means(live_server, open_page, log_in, axe, fits):
    world = make_world()
    rollout = make_rollout(world, now=datetime.now(UTC), status="NOTIFIED", has_pilot=True, gate_open=False)
    page = open_page(width=390)
    log_in(page, world.operator_user)

    page.goto(f"{live_server.url}/rollouts/{rollout.pk}/steps/skip_pilot/")
    axe(page)
    fits(page)
    photograph(page, "skip-pilot", 390)
    page.get_by_label("Commentary").fill("Nobody nominates, and the fix is urgent.")
    page.get_by_role("button", name="Go on without a pilot").click()
    page.get_by_text("goes on without a pilot").first.wait_for()
    photograph(page, "without-a-pilot", 390)

    rollout.refresh_from_db()
    assert rollout.status == "SAFE_LAUNCH"
    assert services.measure_drift(rollout_id=rollout.pk).total == 0
