"""Pages of halt rules, phases, decisions and the audit trail: seen and used without scripts."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest

from portal.events import sequencer
from portal.events.models import Event
from rollouts import services
from rollouts.models import Batch, HaltRule, KnownIssue
from tests.web.forms import as_typed
from tests.web.governing import decision_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_subscribers")]


def test_halt_rules_show_what_each_reads_and_how_near_it_is(seat, running):
    page = text_of(seat("operator").get(f"/rollouts/{running.rollout.pk}/halt-rules/"))

    assert "Activation failed" in page
    assert "3 of 15" in page
    assert "5.0%" in page
    assert "None has tripped." in page


def rule_said(**changes):
    return {
        "name": "Hashes differ",
        "kind": "CODES",
        "failure_codes": ["31", "32"],
        "threshold": "2.5",
        "minimum_sample": "12",
        "lookback_hours": "48",
        "is_active": "on",
        **changes,
    }


@pytest.mark.requirement("R5.7")
def test_a_halt_rule_is_added_changed_and_switched_off(seat, running):
    dcc, url = seat("operator"), f"/rollouts/{running.rollout.pk}/halt-rules/"

    assert dcc.post(f"{url}new/", rule_said(failure_codes=[])).status_code == 422
    assert dcc.post(f"{url}new/", rule_said(threshold="120")).status_code == 422
    assert dcc.post(f"{url}new/", rule_said()).status_code == 302
    rule = HaltRule.objects.get(name="Hashes differ")
    assert (rule.threshold, rule.minimum_sample, rule.failure_codes) == (0.025, 12, [31, 32])
    assert 'value="2.5"' in text_of(dcc.get(f"{url}{rule.pk}/"))
    dcc.post(f"{url}{rule.pk}/", rule_said(kind="ANY", batch_id=running.rollout.batches.first().pk))
    off = dcc.post(f"{url}{rule.pk}/switch/", follow=True)

    rule.refresh_from_db()
    assert (rule.kind, rule.failure_codes, rule.is_active) == ("ANY", [], False)
    assert "is switched off" in text_of(off)
    assert dcc.get(f"{url}999/").status_code == 404


def test_a_rule_on_silence_whose_window_is_too_short_says_so(seat, running):
    dcc, url = seat("operator"), f"/rollouts/{running.rollout.pk}/halt-rules/"
    dcc.post(f"{url}new/", rule_said(name="Silence", kind="NO_ANSWER", lookback_hours="24"))
    rule = HaltRule.objects.get(name="Silence")

    assert text_of(dcc.get(url)).count("Shorter than silence lasts") == 1
    page = text_of(dcc.get(f"{url}{rule.pk}/"))
    assert "The look-back is shorter than the 4 days after which a silent hub is given up" in page
    assert "A late report counts when it arrives" in page

    dcc.post(f"{url}{rule.pk}/", rule_said(name="Silence", kind="NO_ANSWER", lookback_hours="240"))
    assert "Shorter than silence lasts" not in text_of(dcc.get(url))


@pytest.mark.requirement("R5.7")
def test_a_rule_that_tripped_says_what_it_counted(world, seat, running, today):
    KnownIssue.objects.update(is_active=False)
    assert services.evaluate_halt_rules(today) == [running.rollout.pk]

    page = text_of(seat("panel").get(f"/rollouts/{running.rollout.pk}/halt-rules/"))

    assert "Suspended the rollout" in page
    assert "Over the limit" in page
    assert "Switch off" not in page


@pytest.mark.requirement("R3.7")
def test_a_group_is_formed_gated_and_opened_by_hand(world, seat, running, today):
    dcc, url = seat("operator"), f"/rollouts/{running.rollout.pk}/phases/"
    content = {
        "name": "Second wave",
        "automatic_at": as_typed(today + timedelta(days=50)),
        "source": "paste",
        "hubs": world.pasted(15, 16, 17),
        "is_gated": "on",
    }

    assert dcc.post(f"{url}new/", {**content, "hubs": ""}).status_code == 422
    assert dcc.post(f"{url}new/", {**content, "automatic_at": as_typed(today)}).status_code == 409
    formed = dcc.post(f"{url}new/", content, follow=True)
    assert "are in the new batch" in text_of(formed), text_of(formed)
    batch = Batch.objects.get(name="Second wave")
    gate = f"{url}{batch.pk}/"
    terms = {"act": "set", "success": "99", "settled": "90", "minimum": "5", "soak_hours": "24"}
    assert dcc.post(gate, {**terms, "success": "0"}).status_code == 422
    assert dcc.post(gate, terms).status_code == 302
    shown = text_of(dcc.get(gate))
    assert 'value="99.0"' in shown
    assert "90.0% of “Safe launch group” settled" in text_of(dcc.get(url))
    assert dcc.post(gate, {"act": "open", "reason": ""}).status_code == 422
    assert dcc.post(gate, {"act": "open", "reason": "Long enough."}).status_code == 302

    batch.refresh_from_db()
    assert batch.gate_open
    assert dcc.get(f"{url}999/").status_code == 404


@pytest.mark.requirement("R5.3")
def test_what_awaits_the_panel_is_listed_with_its_evidence(world, seat, trouble, today):
    services.recommend(
        world.operator,
        decision_id=decision_of(trouble).pk,
        version=1,
        outcome="STOP",
        reasons="Beyond repair.",
        now=today,
    )

    panel = text_of(seat("panel").get("/decisions/"))
    dcc = text_of(seat("operator").get("/decisions/"))

    assert "Awaiting your signature" in panel
    assert "Beyond repair." in panel
    assert f"/rollouts/{trouble.rollout.pk}/evidence.zip" in panel
    assert "Awaiting your signature" not in dcc
    assert "Under way" in dcc


@pytest.mark.parametrize("actor", ["operator", "panel"])
def test_the_evidence_is_taken_away_in_one_file(seat, trouble, actor):
    sequencer.sequence_all()

    answer = seat(actor).get(f"/rollouts/{trouble.rollout.pk}/evidence.zip")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
    assert {"report.pdf", "report.html", "chain.json", "incidents.csv"} <= names


def test_the_audit_trail_lists_facts_and_its_chain_is_checked(seat, trouble):
    sequencer.sequence_all()
    dcc = seat("operator")

    page = text_of(dcc.get("/audit/"))
    filtered = text_of(dcc.get(f"/audit/?kind=incident.&subject=incident:{trouble.incident.pk}"))
    checked = text_of(dcc.post("/audit/"))

    assert "rollout.suspended" in page
    assert "incident.raised" in filtered
    assert "rollout.suspended" not in filtered
    assert "The chain is intact" in checked
    Event.objects.filter(name="rollout.suspended").update(actor_name="Somebody else")
    assert "The chain is broken" in text_of(dcc.post("/audit/"))


FOR_BOARDS = ["triage/", "halt-rules/", "phases/", "evidence.zip"]
FOR_OPERATORS = ["halt-rules/new/", "phases/new/"]


@pytest.mark.parametrize("actor", ["supplier", "other", "third", "csp"])
def test_triage_rules_phases_and_evidence_are_for_the_dcc_and_the_panel(seat, trouble, actor):
    for page in (*FOR_BOARDS, *FOR_OPERATORS):
        assert seat(actor).get(f"/rollouts/{trouble.rollout.pk}/{page}").status_code in {403, 404}, page
    for path in (
        "/triage/",
        "/decisions/",
        "/audit/",
        "/known-issues/new/",
        f"/known-issues/{trouble.issue.pk}/",
    ):
        assert seat(actor).get(path).status_code in {403, 404}, path


def test_the_panel_reads_what_the_dcc_changes(seat, trouble):
    panel = seat("panel")
    for page in FOR_BOARDS:
        assert panel.get(f"/rollouts/{trouble.rollout.pk}/{page}").status_code == 200, page
    for page in (*FOR_OPERATORS, f"phases/{trouble.rollout.batches.get(kind='SAFE_LAUNCH').pk}/"):
        assert panel.get(f"/rollouts/{trouble.rollout.pk}/{page}").status_code == 403, page
    rule = HaltRule.objects.filter(rollout=trouble.rollout).first()
    assert panel.post(f"/rollouts/{trouble.rollout.pk}/halt-rules/{rule.pk}/switch/").status_code == 403
    assert panel.get("/audit/").status_code == 403
    assert panel.get("/known-issues/new/").status_code == 403


@pytest.mark.parametrize("page", [*FOR_BOARDS, *FOR_OPERATORS, "incidents/new/"])
def test_a_draft_has_none_of_these_pages_for_others(world, seat, trouble, page):
    type(trouble.rollout).objects.filter(pk=trouble.rollout.pk).update(status="DRAFT")

    for actor in ("panel", "supplier", "csp"):
        assert seat(actor).get(f"/rollouts/{trouble.rollout.pk}/{page}").status_code in {403, 404}
