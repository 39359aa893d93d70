"""Incidents, triage and decisions in a real browser: accessible, within the window, and whole journeys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.events import sequencer
from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import Batch, HaltRule
from tests.browser.test_pages import WIDTHS, photograph
from tests.factories import make_world
from tests.web.governing import make_trouble

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    """A world in which a rollout of two phases went wrong; it stands, and a recommendation waits."""
    world, now = make_world(hubs=400), datetime.now(UTC)
    trouble = make_trouble(world, now=now, suspended=False)
    formed = services.create_batch(
        world.operator,
        rollout_id=trouble.rollout.pk,
        name="Second wave",
        automatic_at=now + timedelta(days=50),
        tree={"all": [{"field": "han_devices", "op": ">=", "value": 0}]},
        is_gated=True,
        now=now - timedelta(hours=2),
    )
    services.set_phase(
        world.operator, batch_id=formed.batch_id, success=0.98, soak_hours=72, minimum=100, now=now
    )
    services.take_incident_step(
        world.operator,
        incident_id=trouble.other.pk,
        verb="acknowledge",
        comment="We look at it.",
        now=now - timedelta(minutes=10),
    )
    services.take_step(
        world.operator,
        rollout_id=trouble.rollout.pk,
        verb="suspend",
        reason="Homes lose their displays.",
        now=now - timedelta(minutes=9),
    )
    sequencer.sequence_all()
    return world, trouble


def pages_of(world, trouble, actor: str) -> dict[str, str]:
    update = f"/rollouts/{trouble.rollout.pk}/"
    incident = {
        "incidents": "/incidents/?status=all",
        "incident": f"/incidents/{reference_of(trouble.incident.pk, 'incident')}/",
    }
    board = {
        "triage": "/triage/",
        "triage-of": f"{update}triage/",
        "halt-rules": f"{update}halt-rules/",
        "phases": f"{update}phases/",
        "decisions": "/decisions/",
        "decision-under-review": f"{update}decision/",
        "update-in-trouble": update,
    }
    match actor:
        case "supplier":
            return {**incident, "incident-new": f"{update}incidents/new/", "update-in-trouble": update}
        case "panel":
            return {**incident, **board}
        case _:
            batch = Batch.objects.get(name="Second wave")
            return {
                **incident,
                **board,
                "incident-new": f"{update}incidents/new/",
                "halt-rule": f"{update}halt-rules/{HaltRule.objects.get(name='Activation failed').pk}/",
                "halt-rule-new": f"{update}halt-rules/new/",
                "gate": f"{update}phases/{batch.pk}/",
                "phase-new": f"{update}phases/new/",
                "known-issue": f"/known-issues/{trouble.issue.pk}/",
                "known-issue-new": "/known-issues/new/",
                "audit": "/audit/",
            }


@pytest.mark.parametrize("actor", ["supplier", "operator", "panel"])
def test_every_page_of_what_went_wrong_is_accessible_and_fits(
    live_server, open_page, log_in, axe, fits, scene, actor
):
    world, trouble = scene
    wrong = []
    for width in WIDTHS:
        page = open_page(width=width)
        log_in(page, getattr(world, f"{actor}_user"))
        for name, path in pages_of(world, trouble, actor).items():
            answer = page.goto(f"{live_server.url}{path}")
            if name.endswith("-new"):
                page.locator("main form button").last.click()
                page.get_by_role("alert").wait_for()
            if name == "audit":
                page.get_by_role("button", name="Check the whole chain").click()
                page.get_by_text("The chain is intact").wait_for()
            photograph(page, f"{actor}-{name}", width)
            assert name.endswith("-new") or answer.status == 200, path
            for judge in (fits, axe):
                try:
                    judge(page)
                except AssertionError as problem:
                    wrong.append(f"{name} {width}: {problem}")

    assert not wrong, "\n\n".join(wrong)
