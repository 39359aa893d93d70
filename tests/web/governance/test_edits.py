"""Halt rules, gates and known issues that two people change: no change is lost, nothing is done unseen."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import Batch, HaltRule, KnownIssue, SavedView
from tests.web.forms import as_typed, fields_in
from tests.web.governing import make_trouble

pytestmark = pytest.mark.django_db
FORM = ".decide"


@pytest.fixture
def trouble(world, today):
    return make_trouble(world, now=today, suspended=False)


def text_of(answer):
    return unescape(answer.content.decode())


def test_two_people_change_one_halt_rule(world, seat, trouble, today):
    rule = services.put_halt_rule(
        world.operator,
        rollout_id=trouble.rollout.pk,
        now=today,
        name="Many fail",
        kind="ANY",
        minimum_sample=50,
        lookback_hours=24.0,
        threshold=0.0123456789,
    )
    client, url = seat("operator"), f"/rollouts/{trouble.rollout.pk}/halt-rules/{rule.pk}/"
    form = ".decide choose"
    mine, theirs = fields_in(client.get(url), form), fields_in(client.get(url), form)
    client.post(url, {**theirs, "minimum_sample": "80"})

    client.post(url, {**mine, "name": "Too many fail"})

    rule.refresh_from_db()
    assert (rule.name, rule.minimum_sample, rule.threshold) == ("Too many fail", 80, 0.0123456789)

    answer = client.post(url, {**mine, "minimum_sample": "60"})

    assert answer.status_code == 409
    assert "changed this to “80”" in text_of(answer)
    assert HaltRule.objects.get(pk=rule.pk).minimum_sample == 80
    client.post(url, fields_in(answer, form))
    assert HaltRule.objects.get(pk=rule.pk).minimum_sample == 60


def test_two_people_note_what_an_incident_is(world, seat, trouble, today):
    client, url = seat("operator"), f"/incidents/{reference_of(trouble.incident.pk, 'incident')}/"
    page = client.get(url).content.decode()
    made_from = [unescape(each) for each in re.findall(r'name="made_from" value="([^"]+)"', page)]
    reference = next(each for each in made_from if "reference" in each)
    services.set_service_desk_reference(
        world.operator, incident_id=trouble.incident.pk, reference="SD-1", now=today
    )

    answer = client.post(url, {"act": "reference", "reference": "SD-2", "made_from": reference})

    trouble.incident.refresh_from_db()
    assert answer.status_code == 409
    assert "changed this to “SD-1”" in text_of(answer)
    assert trouble.incident.service_desk_reference == "SD-1"
    client.post(url, {"act": "reference", "reference": "", "made_from": reference})
    trouble.incident.refresh_from_db()
    assert trouble.incident.service_desk_reference == "SD-1"


def test_of_two_tabs_that_change_a_view_the_second_merges_or_is_asked(world, seat, today):
    view = services.save_view(world.operator, name="North", query="region=1", is_shared=False, now=today)
    client, url, form = (
        seat("operator"),
        f"/estate/views/{reference_of(view, 'estate_view')}/",
        f".view-form-{reference_of(view, 'estate_view')}",
    )
    mine, theirs = (fields_in(client.get("/estate/views/"), form) | {"act": "change"} for _ in range(2))
    client.post(url, {**theirs, "name": "Centre"})

    merged = client.post(url, {**mine, "is_shared": "on"})
    answer = client.post(url, {**mine, "name": "South"})

    view_kept = SavedView.objects.get(pk=view)
    assert (merged.status_code, view_kept.name, view_kept.is_shared) == (302, "Centre", True)
    assert answer.status_code == 409
    assert "changed this to “Centre”" in text_of(answer)
    assert "You entered “South”" in text_of(answer)
    client.post(url, {**fields_in(answer, form), "act": "change"})
    assert SavedView.objects.get(pk=view).name == "South"


def test_a_rule_is_switched_the_way_the_button_said(seat, trouble):
    rule = HaltRule.objects.filter(rollout=trouble.rollout).first()
    client, url = seat("operator"), f"/rollouts/{trouble.rollout.pk}/halt-rules/{rule.pk}/switch/"

    for _ in range(2):
        client.post(url, {"switch": "off"})
        rule.refresh_from_db()
        assert not rule.is_active


def test_a_gate_opened_by_hand_is_not_shut_by_a_stale_form(world, seat, trouble, today):
    client, url = seat("operator"), f"/rollouts/{trouble.rollout.pk}/phases/"
    hubs = {"source": "paste", "hubs": world.pasted(15, 16, 17), "is_gated": "on"}
    at = as_typed(today + timedelta(days=50))
    client.post(f"{url}new/", {"name": "Second wave", "automatic_at": at, **hubs})
    batch = Batch.objects.get(name="Second wave")
    gate = f"{url}{batch.pk}/"
    mine = {**fields_in(client.get(gate), FORM), "act": "set"}
    mine.pop("reason", None)
    client.post(gate, {"act": "open", "reason": "Long enough."})

    answer = client.post(gate, {**mine, "soak_hours": "24"})

    batch.refresh_from_db()
    assert answer.status_code == 409
    assert "Somebody has opened the gate" in text_of(answer)
    assert batch.gate_open
    client.post(gate, {**fields_in(answer, FORM), "act": "set"})
    batch.refresh_from_db()
    assert (batch.gate_open, batch.gate_settings["soak_hours"]) == (False, 24)


def test_two_people_change_one_known_issue_and_its_hubs(seat, trouble):
    issue = trouble.issue
    client, url = seat("operator"), f"/known-issues/{issue.pk}/"
    mine, theirs = fields_in(client.get(url), FORM), fields_in(client.get(url), FORM)
    client.post(url, {**theirs, "rule-installed_after": "03/04/2020", "description": "Theirs"})

    client.post(url, {**mine, "title": "Mine"})

    issue.refresh_from_db()
    assert (issue.title, issue.description) == ("Mine", "Theirs")
    leaf = {"field": "installed_on", "op": "after", "value": "2020-04-03"}
    assert leaf in issue.criteria.get("all", [issue.criteria])
    answer = client.post(url, {**mine, "rule-installed_after": "05/06/2021"})
    assert answer.status_code == 409
    assert "changed this to “03/04/2020”" in text_of(answer)
    assert KnownIssue.objects.get(pk=issue.pk).title == "Mine"
