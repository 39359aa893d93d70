"""Rules in a real browser: built with scripts and without, by keyboard, accessible, within the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import ApprovalRule, SelectionRuleVersion
from tests.browser.scenes import make_scene
from tests.browser.test_pages import WIDTHS, photograph

pytestmark = [pytest.mark.django_db(transaction=True)]

TREE = {
    "all": [
        {"field": "region", "op": "in", "value": ["NORTH", "CENTRAL"]},
        {
            "any": [
                {"field": "han_devices", "op": "between", "value": [3, 5]},
                {"not": {"field": "installed_on", "op": "older_than_days", "value": 900}},
                {"field": "postcode_area", "op": "in", "value": ["SW", "NW"]},
            ]
        },
    ]
}
NIGHTS = {
    "after": "notice",
    "days": 10,
    "window": {"days": ["mon", "tue", "wed", "thu"], "from": "22:00", "to": "05:00"},
    "per_night": 40,
    "seed": 3,
}
MAJOR = {"field": "severity", "op": "in", "value": ["MAJOR", "CRITICAL"]}


@pytest.fixture
def scene():
    now = datetime.now(UTC)
    scene = make_scene(now=now)
    author = scene.world.as_supplier
    for number, size in enumerate((40, 60)):
        services.save_rule(
            author,
            name="Small homes of North and Central",
            tree=TREE if number else {"all": [TREE["all"][0]]},
            sample={"size": size, "strata": ["region", "version"], "seed": 7},
            now=now - timedelta(days=3 - number),
        )
    for days in (7, 10):
        version = services.save_approval_rule(
            author,
            name="Major rollouts at night",
            release_tree={"all": [MAJOR]},
            hub_tree={"all": [{"field": "supply", "op": "=", "value": "SOLE"}]},
            time_policy={**NIGHTS, "days": days},
            now=now - timedelta(days=1),
        )
    services.enable_approval_rule(author, rule_id=version.rule_id, version=1, now=now)
    services.run_approval_rules(now=now)
    return scene


def pages_of(scene) -> dict[str, str]:
    rule, approval = SelectionRuleVersion.objects.first().rule_id, ApprovalRule.objects.get().pk
    rollout = scene.notified.pk
    return {
        "rules": "/rules/",
        "rule-new": "/rules/new/",
        "rule": f"/rules/{reference_of(rule, 'selection_rule')}/?rollout={rollout}&from=1&to=2",
        "rule-change": f"/rules/{reference_of(rule, 'selection_rule')}/change/?rollout={rollout}",
        "approvals": "/approvals/",
        "approval-new": "/approvals/new/",
        "approval": f"/approvals/{reference_of(approval, 'approval_rule')}/?from=1&to=2",
        "approval-change": f"/approvals/{reference_of(approval, 'approval_rule')}/change/",
        "approval-try": f"/approvals/{reference_of(approval, 'approval_rule')}/try/",
        "approval-enable": f"/approvals/{reference_of(approval, 'approval_rule')}/enable/?version=2",
    }


def test_every_page_of_rules_is_accessible_and_fits(live_server, open_page, log_in, axe, fits, scene):
    wrong = []
    for width in WIDTHS:
        page = open_page(width=width)
        log_in(page, scene.world.supplier_user)
        for name, path in pages_of(scene).items():
            answer = page.goto(f"{live_server.url}{path}")
            if name == "rule-change":
                page.get_by_role("button", name="Count the hubs").click()
                page.get_by_text("What it would choose").wait_for()
            if name in {"rule-new", "approval-new"}:
                page.locator("#id_hub-group").click()
                page.locator("#id_hub-0-0-field").wait_for()
                page.get_by_role("button", name="Save the rule").click()
                page.get_by_role("alert").wait_for()
            photograph(page, name, width)
            assert name.endswith("-new") or answer.status == 200, path
            for judge in (fits, axe):
                try:
                    judge(page)
                except AssertionError as problem:
                    wrong.append(f"{name} {width}: {problem}")

    assert not wrong, "\n\n".join(wrong)


@pytest.mark.requirement("R2.2")
def test_a_rule_is_built_by_keyboard_and_read_as_it_grows(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/rules/new/")
    page.locator("#id_name").fill("North by keyboard")
    page.locator("#id_hub-add").focus()
    page.keyboard.press("Enter")
    page.locator("#id_hub-0-field:focus").wait_for()
    page.locator("#id_hub-0-field").select_option("region")
    page.locator("#id_hub-0-value").wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("#id_hub-0-value").select_option("NORTH")
    page.get_by_text("Hubs where region is North.").wait_for()

    page.locator("#id_rollout").select_option(str(scene.notified.pk))
    page.get_by_text("What it would choose").wait_for()
    page.locator("#id_hub-0-not").check()
    page.get_by_text("Hubs where not (region is North).").wait_for()
    page.locator("#id_size").fill("12")
    page.locator("#id_size").press("Enter")
    page.wait_for_load_state("networkidle")
    assert page.locator("#id_size").input_value() == "12"
    page.get_by_role("button", name="Save the rule").click()
    page.get_by_text("Saved: North by keyboard, version 1.").wait_for()

    version = SelectionRuleVersion.objects.get(rule__name="North by keyboard")
    assert version.tree == {"all": [{"not": {"field": "region", "op": "=", "value": "NORTH"}}]}


@pytest.mark.requirement("R3.10")
def test_an_approval_rule_is_built_tried_and_switched_on_without_scripts(
    live_server, open_page, log_in, scene
):
    page = open_page(java_script_enabled=False)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/approvals/new/")
    page.locator("#id_name").fill("Everything major")
    page.locator("#id_release-add").click()
    page.locator("#id_release-0-field").select_option("severity")
    page.get_by_role("button", name="Show the choices").click()
    page.locator("#id_release-0-value").select_option("MAJOR")
    page.locator("#id_hub-group").click()
    page.locator("#id_hub-0-0-remove").click()
    page.locator("#id_hub-0-remove").click()
    page.get_by_role("button", name="Try it out").click()
    assert "It would have approved" in page.locator("main").inner_text()

    page.get_by_role("button", name="Save the rule").click()
    assert "Releases where severity is Major." in page.locator("main").inner_text()
    page.get_by_role("link", name="Switch on").click()
    assert "Switch on this rule?" in page.locator("h1").inner_text()
    page.get_by_role("button", name="Switch it on").click()

    assert "Everything major is on, in version 1" in page.locator("main").inner_text()
    assert ApprovalRule.objects.get(name="Everything major").enabled_version == 1


def test_a_condition_is_added_changed_and_removed_without_scripts(live_server, open_page, log_in, scene):
    page = open_page(java_script_enabled=False, width=390)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/rules/new/")
    page.locator("#id_name").fill("By hand")
    page.locator("#id_hub-add").click()
    page.locator("#id_hub-add").click()
    page.locator("#id_hub-1-remove").click()
    page.locator("#id_hub-0-field").select_option("installed_on")
    page.get_by_role("button", name="Show the choices").click()
    page.locator("#id_hub-0-op").select_option("older_than_days")
    page.get_by_role("button", name="Show the choices").click()
    page.locator("#id_hub-0-value").fill("400")
    page.get_by_role("button", name="Save the rule").click()

    assert "Hubs where installation date is more than 400 days ago." in page.locator("main").inner_text()
