"""Pages on which DCC plans a pilot and moves the date, in a real browser, and what others read of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.kernel.working_days import local
from rollouts import services
from tests.browser.test_pages import photograph
from tests.factories import make_rollout, make_world
from tests.integration.deciding import recommended

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R1.2")]


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_dates_of_a_pilot_and_an_earlier_date_are_read_everywhere(
    live_server, open_page, log_in, axe, fits, width
):
    now = datetime.now(UTC)
    world = make_world()
    planned = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    dated = make_rollout(world, now=now)
    services.receive_instruction(
        world.as_supplier,
        rollout_id=dated.pk,
        kind="INSTRUCT",
        source=services.HubList.from_stored([world.guid(0)]),
        activate_at=now + timedelta(days=80),
        received_at=now,
        now=now,
    )
    board, panel, csp = (open_page(width=width) for _ in range(3))
    for page, user in ((board, world.operator_user), (panel, world.panel_user), (csp, world.csp_user)):
        log_in(page, user)

    def look(page, name):
        axe(page)
        fits(page)
        photograph(page, name, width)

    at = f"{live_server.url}/rollouts"
    board.goto(f"{at}/{planned.pk}/pilot/plan/")
    board.get_by_label("Pilot starts").fill(local(now + timedelta(days=10)).strftime("%d/%m/%Y 02:00"))
    board.get_by_label("Pilot ends").fill(local(now + timedelta(days=20)).strftime("%d/%m/%Y 02:00"))
    look(board, "plan-pilot")
    board.get_by_role("button", name="Save the dates").click()
    board.get_by_text("Planned from").wait_for()
    look(board, "planned-pilot")
    board.goto(f"{at}/new/")
    look(board, "publish")
    csp.goto(f"{live_server.url}/schedule/")
    look(csp, "schedule-with-pilot")
    csp.goto(f"{at}/{planned.pk}/")
    look(csp, "planned-dates")

    recommended(world, dated, "BRING_FORWARD", now, automatic_at=now + timedelta(days=20))
    board.goto(f"{at}/{dated.pk}/decision/")
    board.get_by_label("Bring the date forward:").check()
    assert board.get_by_label("New automatic activation").is_visible()
    look(board, "recommend-forward")
    panel.goto(f"{at}/{dated.pk}/decision/")
    panel.get_by_text("1 hub instructed for later would take the new date.").wait_for()
    look(panel, "sign-forward")
    csp.goto(live_server.url)
    csp.get_by_text("Panel confirms or rejects what DCC recommends by").wait_for()
    look(csp, "due-by")
