"""From homes that lose devices to a decision that is enacted: a Supplier, the DCC and the Panel, each at the portal."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.events import sequencer
from rollouts.models import Decision, Incident, Rollout
from tests.factories import make_world
from tests.web.governing import make_trouble

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(settings):
    settings.EVENT_SUBSCRIBERS = []
    return make_world(hubs=200)


@pytest.fixture
def rollout(world):
    return make_trouble(world, now=datetime.now(UTC), suspended=False).rollout


def status_of(rollout) -> str:
    return str(Rollout.objects.values_list("status", flat=True).get(pk=rollout.pk))


def raise_incident(supplier, world, rollout) -> Incident:
    page = supplier.page
    supplier.follow("Rollouts", within=page.get_by_role("navigation", name="Portal"))
    supplier.follow(rollout.name)
    supplier.follow("Raise an incident")
    page.get_by_label("What is wrong?").fill("Heating displays go dark")
    page.get_by_label("2. Severe").check()
    page.get_by_label("Some devices lost").check()
    page.get_by_role("textbox", name="Hubs", exact=True).fill(world.pasted(0, 1, 2))
    supplier.look("incident-form")
    supplier.press("Raise the incident")
    assert supplier.says("is raised with 3 hubs, at high priority")
    supplier.look("incident-raised")
    return Incident.objects.get(title="Heating displays go dark")


def suspend_and_recommend(operator, rollout) -> None:
    page = operator.page
    operator.follow(rollout.name)
    operator.follow("Suspend at once")
    operator.look("what-it-touches")
    page.get_by_label("Reason").fill("Homes lose their displays.")
    operator.press("Suspend at once")
    assert operator.says("Sending has stopped.")
    assert status_of(rollout) == "SUSPENDED"

    operator.follow("Decision", exact=True)
    assert operator.says("Any outcome needs")
    operator.look("under-review")
    page.get_by_label("Proceed as planned").check()
    page.get_by_label("Reasons").fill("A gateway was at fault. It is mended, and no new case came in.")
    operator.press("Recommend")
    assert operator.says("Still needed:")
    operator.look("recommended")
    assert status_of(rollout) == "SUSPENDED"


def read_and_sign(panel, rollout, folder: Path) -> None:
    page = panel.page
    panel.follow("Confirm what happens next")
    assert panel.says("A gateway was at fault.")
    panel.look("to-sign")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the evidence").click()
    stored = folder / "evidence.zip"
    download.value.save_as(stored)
    with zipfile.ZipFile(io.BytesIO(stored.read_bytes())) as archive:
        assert archive.read("report.pdf").startswith(b"%PDF-")
    page.get_by_label("Comment").fill("Agreed.")
    panel.press("Approve")
    assert panel.says("the decision is confirmed and enacted")
    panel.look("enacted")


@pytest.mark.requirement("R5.1", "R5.2", "R5.3", "R5.4")
@pytest.mark.parametrize("scripts", [True, False])
def test_from_an_incident_to_a_decision_that_the_panel_confirms(walk, world, rollout, tmp_path, scripts):
    supplier = walk(scripts=scripts)
    supplier.log_in(world.supplier_user)
    incident = raise_incident(supplier, world, rollout)

    operator = walk(scripts=scripts)
    operator.log_in(world.operator_user, second_factor=True)
    operator.follow("Answer incidents")
    assert operator.says("Upgraded hubs compared with others")
    operator.look("triage")
    operator.follow(incident.title)
    operator.page.get_by_label("Your answer").fill("We look at it.")
    operator.press("Acknowledge")
    assert operator.says("We look at it.")
    operator.look("answered")
    suspend_and_recommend(operator, rollout)

    panel = walk(scripts=scripts)
    panel.log_in(world.panel_user, second_factor=True)
    read_and_sign(panel, rollout, tmp_path)
    assert status_of(rollout) == "SAFE_LAUNCH"
    assert Decision.objects.get(rollout=rollout).status == "ENACTED"

    sequencer.sequence_all()
    navigation = operator.page.get_by_role("navigation", name="Portal")
    operator.follow("Decisions", within=navigation)
    assert operator.says("Confirmed and enacted")
    operator.look("decided")
    operator.follow("Audit trail", within=navigation)
    operator.press("Check the whole chain")
    assert operator.says("The chain is intact")
    operator.look("audit")


@pytest.mark.requirement("R5.3")
def test_a_rejection_by_the_panel_opens_a_new_review(walk, world, rollout):
    operator = walk()
    operator.log_in(world.operator_user, second_factor=True)
    operator.follow("Rollouts", within=operator.page.get_by_role("navigation", name="Portal"))
    suspend_and_recommend(operator, rollout)
    panel = walk(width=390)
    panel.log_in(world.panel_user, second_factor=True)
    panel.follow("Confirm what happens next")

    panel.press("Reject")
    assert panel.says("Give a reason")
    panel.look("reject-needs-a-word")
    panel.page.get_by_label("Comment").fill("Two regions are not looked at yet.")
    panel.press("Reject")

    assert panel.says("DCC reviews it again")
    panel.look("rejected")
    assert status_of(rollout) == "SUSPENDED"
    assert list(Decision.objects.order_by("id").values_list("status", flat=True)) == ["REJECTED", "REVIEW"]
