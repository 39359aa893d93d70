"""Ten jobs by the shortest way: how many clicks each takes, and no more than it took before.

`TASK_TIMES=FILE` writes clicks, keys typed into and seconds of a script down, for docs/explanation/task-times.md.
A click is a press of a button, link, box or key that does something; filling a field is counted apart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.identity.models import User
from portal.identity.roles import Role
from portal.kernel import sql
from rollouts.models import Rollout
from tests.browser.scenes import make_scene
from tests.factories import make_rollout, make_world
from tests.web.forms import as_typed
from tests.web.governing import make_trouble

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R6.1")]


class Hand:
    """Somebody's hand at one page after another: what it clicks and fills is counted."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.clicks = self.fields = 0

    def open(self, path: str = "/") -> None:
        self.page.goto(f"{self.url}{path}")

    def click(self, name: str, *, role: str = "link", exact: bool = False, within: str = "main") -> None:
        self.page.locator(within).get_by_role(role, name=name, exact=exact).first.click()
        self.page.wait_for_load_state()
        self.clicks += 1

    def press(self, name: str, *, exact: bool = False) -> None:
        self.click(name, role="button", exact=exact)

    def tick(self, label: str, *, exact: bool = False) -> None:
        self.page.get_by_label(label, exact=exact).first.check()
        self.clicks += 1

    def menu(self, name: str) -> None:
        self.click(name, within=".site-nav")

    def fill(self, label: str, text: str, *, exact: bool = False) -> None:
        self.page.get_by_label(label, exact=exact).first.fill(text)
        self.fields += 1

    def choose(self, label: str, value: str) -> None:
        self.page.get_by_label(label).first.select_option(value)
        self.fields += 1

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)
        self.page.wait_for_load_state()
        self.clicks += 1

    def sees(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()


@pytest.fixture
def hand(live_server, open_page, log_in, settings, no_subscribers):
    """A hand of somebody who has logged in and looks at the dashboard."""

    def _hand(user: User) -> Hand:
        page = open_page()
        log_in(page, user)
        hand = Hand(page, live_server.url)
        hand.open()
        return hand

    return _hand


@pytest.fixture
def measured():
    """Time a job, and write it down where somebody asked for it."""

    def _measured(job: str, hand: Hand, work: Callable[[Hand], None], *others: Hand) -> int:
        began = time.monotonic()
        work(hand)
        took = time.monotonic() - began
        clicks = hand.clicks + sum(other.clicks for other in others)
        fields = hand.fields + sum(other.fields for other in others)
        if file := os.environ.get("TASK_TIMES"):
            with Path(file).open("a") as out:
                out.write(f"| {job} | {clicks} | {fields} | {took:.1f} |\n")
        return clicks

    return _measured


@pytest.fixture
def now():
    return datetime.now(UTC)


def test_finding_a_hub(hand, measured):
    world = make_world()
    supplier = hand(world.supplier_user)

    def find(hand: Hand) -> None:
        hand.key("/")
        hand.page.keyboard.type(world.pasted(3)[-8:])
        hand.fields += 1
        hand.page.locator(".search-results a").first.wait_for()
        hand.key("ArrowDown")
        hand.key("Enter")
        hand.page.wait_for_url("**/hubs/**")

    assert measured("find a hub", supplier, find) <= 3


def test_instructing_500_hubs_with_20_bad_lines_and_sending_those_again(hand, measured, now, tmp_path):
    world = make_world(hubs=900)
    make_rollout(world, now=now - timedelta(days=1))
    own = sql.rows(
        "SELECT guid FROM rollouts_hub WHERE import_supplier_id = %(s)s ORDER BY guid LIMIT 500",
        {"s": world.supplier.pk},
    )
    numbers = [row.guid - world.guid(0) for row in own]
    lines = world.pasted(*numbers).splitlines()
    bad = [line.replace("00-DB", "00-DX") for line in lines[:20]]
    supplier = hand(world.supplier_user)

    def instruct(hand: Hand) -> None:
        hand.click("Toshiba 0C230000", exact=True)
        hand.click("Instruct")
        hand.tick("The hubs I paste")
        hand.fill("Hubs", "\n".join([*bad, *lines[20:]]), exact=True)
        hand.fill("Date and time of activation", as_typed(now + timedelta(days=30)))
        hand.press("Check")
        hand.press("Submit")
        hand.sees("Instruction received")
        hand.click("Instruct more hubs")
        hand.tick("The hubs I paste")
        hand.fill("Hubs", "\n".join(lines[:20]), exact=True)
        hand.fill("Date and time of activation", as_typed(now + timedelta(days=30)))
        hand.press("Check")
        hand.press("Submit")
        hand.sees("Instruction received")

    assert measured("instruct 500 hubs, mend 20 lines and send them again", supplier, instruct) <= 9


def test_choosing_a_pilot_by_rule(hand, measured, now):
    scene = make_scene(now=now)
    supplier = hand(scene.world.supplier_user)

    def nominate(hand: Hand) -> None:
        hand.click("Toshiba radio stack", exact=True)
        hand.click("Choose pilot hubs")
        hand.tick("North", exact=True)
        hand.fill("Sample of how many hubs", "12")
        hand.tick("As soon as possible")
        hand.press("Preview")
        hand.sees("Representativeness")
        hand.press("Nominate for the pilot")
        hand.sees("nominated for the pilot")

    assert measured("choose a pilot by rule", supplier, nominate) <= 6


def test_making_an_approval_rule(hand, measured, now):
    scene = make_scene(now=now)
    supplier = hand(scene.world.supplier_user)

    def rule(hand: Hand) -> None:
        page = hand.page
        hand.menu("Rules")
        page.goto(f"{hand.url}/approvals/new/")
        hand.clicks += 2
        page.locator("#id_name").fill("Everything major")
        page.locator("#id_release-add").click()
        page.locator("#id_release-0-field").select_option("severity")
        page.locator("#id_release-0-value").select_option("MAJOR")
        hand.clicks += 1
        hand.fields += 3
        hand.press("Save the rule")
        hand.click("Switch on")
        hand.press("Switch it on")
        hand.sees("is on, in version 1")

    assert measured("make an approval rule and switch it on", supplier, rule) <= 7


def test_raising_an_incident_with_hubs(hand, measured, now):
    world = make_world(hubs=200)
    rollout = make_trouble(world, now=now, suspended=False).rollout
    supplier = hand(world.supplier_user)

    def complain(hand: Hand) -> None:
        hand.click(rollout.name, exact=True)
        hand.click("Raise an incident")
        hand.fill("What is wrong?", "Heating displays go dark")
        hand.tick("2. Severe")
        hand.tick("Some devices lost")
        hand.page.get_by_role("textbox", name="Hubs", exact=True).fill(world.pasted(0, 1, 2))
        hand.fields += 1
        hand.press("Raise the incident")
        hand.sees("is raised with 3 hubs")

    assert measured("raise an incident with hubs", supplier, complain) <= 5


def test_suspending_deciding_and_resuming(hand, measured, now):
    world = make_world(hubs=200)
    rollout = make_trouble(world, now=now, suspended=False).rollout
    operator, panel = hand(world.operator_user), hand(world.panel_user)

    def halt(hand: Hand) -> None:
        hand.click(rollout.name, exact=True)
        hand.click("Suspend at once")
        hand.fill("Reason", "Homes lose their displays.")
        hand.press("Suspend at once")
        hand.click("Decision", exact=True)
        hand.tick("Proceed as planned")
        hand.fill("Reasons", "A gateway was at fault. It is mended.")
        hand.press("Recommend")
        hand.sees("Still needed:")
        panel.open()
        panel.click("Confirm what happens next")
        panel.fill("Comment", "Agreed.")
        panel.press("Approve")
        panel.sees("the decision is confirmed and enacted")

    assert measured("suspend, decide and resume (two people)", operator, halt, panel) <= 8
    assert Rollout.objects.get(pk=rollout.pk).status == "SAFE_LAUNCH"


def test_publishing_a_rollout(hand, measured, now):
    world = make_world(hubs=40)
    operator = hand(world.operator_user)

    def publish(hand: Hand) -> None:
        hand.click("Publish a rollout")
        hand.fill("Name of the rollout", "Toshiba winter release")
        hand.choose("Firmware on the Central Products List", str(world.target.pk))
        hand.tick("SEC Release", exact=True)
        hand.fill("Automatic activation", as_typed(now + timedelta(days=120)))
        hand.fill("Address of the Release Note", "https://notes.example/1")
        hand.press("Save and preview")
        hand.press("Publish the notice")
        hand.sees("Published: 40 hubs")

    assert measured("publish a rollout of an entry on the list", operator, publish) <= 4


def test_exporting_the_estate(hand, measured):
    world = make_world()
    supplier = hand(world.supplier_user)

    def export(hand: Hand) -> None:
        hand.menu("Estate")
        with hand.page.expect_download() as download:
            hand.click("Download all (CSV)")
        assert download.value.path().read_text(encoding="utf-8-sig").startswith("guid")

    assert measured("export the estate", supplier, export) <= 2


def administrator_of(world) -> User:
    user = world.supplier_user
    user.roles = [Role.SUPPLIER_ADMIN.value, Role.SUPPLIER_ANALYST.value]
    user.save(update_fields=["roles"])
    return user


def test_inviting_a_colleague(hand, measured):
    admin = hand(administrator_of(make_world()))

    def invite(hand: Hand) -> None:
        hand.page.locator(".user-menu summary").click()
        hand.clicks += 1
        hand.click("People", within=".user-menu")
        hand.click("Invite somebody")
        hand.fill("Name", "Zuleika Dobson", exact=True)
        hand.fill("E-mail", "zuleika@supplier.example")
        hand.tick("Viewer")
        hand.press("Send the invitation")
        hand.sees("zuleika@supplier.example")

    assert measured("invite a colleague", admin, invite) <= 5


def test_connecting_a_crm(hand, measured):
    admin = hand(administrator_of(make_world()))

    def connect(hand: Hand) -> None:
        hand.page.locator(".user-menu summary").click()
        hand.clicks += 1
        hand.click("API clients", within=".user-menu")
        hand.click("Make a client")
        hand.fill("Name", "Customer system", exact=True)
        hand.tick("events:read")
        hand.press("Make the client")
        hand.page.locator("[data-client-secret]").wait_for()

    assert measured("connect a CRM (a client that reads the feed)", admin, connect) <= 5
