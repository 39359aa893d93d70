"""Pages people work from, used in a real browser: with scripts, without them, and judged for everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollouts.models import Batch, Export, SavedView, UnmatchedAlert
from tests.browser.scenes import make_scene
from tests.browser.test_pages import photograph

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(live_server):
    return make_scene(now=datetime.now(UTC))


@pytest.mark.requirement("R4.3")
@pytest.mark.parametrize("scripts", [True, False])
def test_a_view_is_kept_and_a_file_ordered(live_server, open_page, log_in, axe, scene, scripts):
    page = open_page(java_script_enabled=scripts)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/estate/")
    page.get_by_label("CSP region").or_(page.get_by_label("Region")).first.select_option(label="South")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**region=3**")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("All of the South")
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.get_by_role("link", name="All of the South").get_attribute("aria-current") == "page"
    assert SavedView.objects.get(name="All of the South").query == "region=3"

    page.get_by_role("button", name="Prepare what is listed").click()
    page.wait_for_url("**/estate/files/")

    assert Export.objects.latest("pk").query == "region=3"
    if scripts:
        axe(page)


def test_what_is_unfolded_and_typed_stays_while_the_list_comes_again(live_server, open_page, log_in, scene):
    page = open_page()
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/estate/?region=3")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Of the North")

    page.get_by_label("CSP region").or_(page.get_by_label("Region")).first.select_option(label="North")
    page.wait_for_url("**/estate/?region=1")  # once, and nothing that is not set
    page.wait_for_function("document.querySelector('.views-bar__keep [name=query]')?.value === 'region=1'")

    assert page.get_by_label("Name of the view").input_value() == "Of the North"
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Of the North").wait_for()
    assert SavedView.objects.get(name="Of the North").query == "region=1"


@pytest.mark.requirement("R3.7")
@pytest.mark.parametrize("width", [1280, 390])
def test_a_group_is_checked_before_it_is_formed(live_server, open_page, log_in, axe, fits, scene, width):
    page = open_page(width=width)
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/rollouts/{scene.notified.pk}/phases/new/")
    page.get_by_label("Name of the batch").fill("North first")
    at = datetime.now(UTC) + timedelta(days=100)
    page.get_by_label("Automatic activation of the batch").fill(at.strftime("%d/%m/%Y %H:%M"))
    page.get_by_label("North", exact=True).check()
    page.get_by_role("button", name="Check").click()
    page.wait_for_url("**/phases/check/")
    photograph(page, "operator-phase-check", width)
    fits(page)
    axe(page)

    page.get_by_role("button", name="Form the batch and announce it").click()

    page.wait_for_url("**/phases/")
    assert Batch.objects.filter(rollout=scene.notified, name="North first").exists()


@pytest.mark.requirement("R4.11")
def test_an_alert_is_reviewed_without_scripts(live_server, open_page, log_in, scene):
    page = open_page(java_script_enabled=False)
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/unmatched-alerts/")
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Why is no action needed?").fill("A rehearsal of the CSP's.")
    page.get_by_role("button", name="Mark as reviewed").click()

    assert page.get_by_text("1 alert marked as reviewed.").is_visible()
    assert UnmatchedAlert.objects.get().review_note == "A rehearsal of the CSP's."
