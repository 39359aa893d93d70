"""Suppliers nominate hubs for the pilot and the DCC confirms them, on pages without scripts."""

from __future__ import annotations

import re

import pytest

from rollouts.models import PilotSubmission, Rollout, SelectionRule
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R2.2", "R2.3")
def test_a_supplier_previews_a_rule_and_nominates_by_it(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    client, url = seat("supplier"), f"/rollouts/{rollout.pk}/pilot/"
    rule = {
        "source": "rule",
        "rule-supply": "SOLE",
        "rule-size": "4",
        "rule-strata": ["region"],
        "rule-seed": "7",
    }

    preview = client.post(url, {**rule, "act": "preview"})
    part = client.post(url, {**rule, "act": "preview"}, headers={"HX-Request": "true"})
    answer = client.post(url, {**rule, "act": "submit", "timing": "any", "rule_name": "Quick look"})

    assert "Representativeness" in preview.content.decode()
    assert "<html" not in part.content.decode()
    assert answer.status_code == 302
    nomination = PilotSubmission.objects.get()
    assert (nomination.hubs, nomination.organisation_id) == (4, world.supplier.pk)
    assert SelectionRule.objects.get().name == "Quick look"


@pytest.mark.requirement("R2.3")
def test_the_dcc_confirms_a_nomination_and_starts_the_pilot(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    url = f"/rollouts/{rollout.pk}/pilot/"
    seat("supplier").post(
        url, {"source": "paste", "hubs": world.pasted(0, 9, 17), "act": "submit", "timing": "any"}
    )
    nomination, client = PilotSubmission.objects.get(), seat("operator")
    assert "Brightwater Energy" in client.get(url).content.decode()

    nothing = client.post(f"{url}decide/", {"act": "confirm"})
    confirmed = client.post(f"{url}decide/", {"act": "confirm", "submission": nomination.pk}, follow=True)
    started = client.post(f"/rollouts/{rollout.pk}/steps/start_pilot/", follow=True)

    assert nothing.status_code == 422
    assert "2 hubs joined" in confirmed.content.decode()
    assert started.status_code == 200
    rollout.refresh_from_db()
    assert rollout.status == "PILOT"
    ended = client.post(f"/rollouts/{rollout.pk}/steps/end_pilot/", {"commentary": ""})
    assert ended.status_code == 422


@pytest.mark.requirement("R2.3")
def test_the_dcc_goes_on_without_a_pilot_and_the_page_says_since_when(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    client, url = seat("operator"), f"/rollouts/{rollout.pk}/steps/skip_pilot/"

    silent = client.post(url, {"commentary": ""})
    taken = client.post(url, {"commentary": "Nobody nominates."}, follow=True)
    theirs = seat("other").get(f"/rollouts/{rollout.pk}/").content.decode()

    assert silent.status_code == 422
    assert "goes on without a pilot" in taken.content.decode()
    assert "DCC went on without one on" in theirs
    assert "Pilot group" not in theirs
    assert "Nobody nominates." in theirs
    assert seat("other").post(url, {"commentary": "No"}).status_code == 403


@pytest.mark.requirement("R2.3")
def test_a_nomination_beyond_the_cap_is_refused_with_the_list_kept(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    Rollout.objects.update(pilot_cap=2)

    answer = seat("supplier").post(
        f"/rollouts/{rollout.pk}/pilot/",
        {"source": "paste", "hubs": world.pasted(0, 1, 2), "act": "submit", "timing": "any"},
    )

    assert answer.status_code == 409
    assert "holds 2 hubs at most" in answer.content.decode()
    assert world.pasted(2) in answer.content.decode()


def test_a_nomination_of_which_nothing_can_be_taken_says_why_line_by_line(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)

    answer = seat("supplier").post(
        f"/rollouts/{rollout.pk}/pilot/",
        {"source": "paste", "hubs": world.pasted(17), "act": "submit", "timing": "any"},
    )

    assert answer.status_code == 409
    assert "Not a hub of yours in the inventory" in answer.content.decode()


def test_declining_a_nomination_needs_a_word_to_its_supplier(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    url = f"/rollouts/{rollout.pk}/pilot/"
    seat("supplier").post(url, {"source": "paste", "hubs": world.pasted(0), "act": "submit", "timing": "any"})
    nomination, client = PilotSubmission.objects.get(), seat("operator")
    content = {"act": "decline", "submission": nomination.pk}

    refused = client.post(f"{url}decide/", content)
    assert refused.status_code == 422
    assert re.search(r'name="submission" value="\d+" checked', refused.content.decode())
    assert client.post(f"{url}decide/", {**content, "comment": "Too few regions."}).status_code == 302
    assert "Too few regions." in seat("supplier").get(url).content.decode()
