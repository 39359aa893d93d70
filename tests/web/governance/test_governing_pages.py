"""Pages of incidents, triage, halt rules, phases, decisions and the audit trail: seen and used without scripts."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.events import sequencer
from portal.events.models import Event
from portal.identity.roles import Role
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Batch, HaltRule, Incident, KnownIssue
from tests.factories import OrganisationFactory, UserFactory
from tests.web.governing import PNG, decision_of, make_trouble, spelt

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")


@pytest.fixture(autouse=True)
def _no_subscribers(settings):
    settings.EVENT_SUBSCRIBERS = []


@pytest.fixture
def trouble(world, today):
    return make_trouble(world, now=today)


@pytest.fixture
def running(world, today):
    return make_trouble(world, now=today, suspended=False)


def text_of(answer) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode()


# Incidents


def account(**changes):
    return {
        "title": "Meters lost",
        "category": "2",
        "han_impact": "SOME_DEVICES",
        "han_devices": "3",
        "description": "Since Tuesday.",
        "source": "paste",
        "hubs": "",
        "service_desk_reference": "SD-1",
        **changes,
    }


@pytest.mark.requirement("R5.1")
def test_a_supplier_raises_an_incident_with_hubs_and_files_and_follows_it(world, seat, running):
    client, url = seat("supplier"), f"/rollouts/{running.rollout.pk}/incidents/new/"
    assert "Raise an incident" in text_of(client.get(url))

    files = [SimpleUploadedFile("shot.png", PNG + b"1"), SimpleUploadedFile("call.txt", b"It is dark.")]
    hubs = spelt(world, 0, 1) + "\nnonsense\n" + spelt(world, 16)
    answer = client.post(url, {**account(hubs=hubs), "attachments": files})

    raised = Incident.objects.latest("id")
    assert answer["Location"] == f"/incidents/{raised.pk}/"
    assert (raised.hubs, raised.category, raised.is_high_priority) == (2, 2, True)
    page = text_of(client.get(answer["Location"]))
    for content in (
        "High priority",
        "SD-1",
        "shot.png",
        "call.txt",
        "Lines that were not accepted",
        "Since Tuesday.",
    ):
        assert content in page
    assert raised.reference in text_of(client.get("/incidents/"))
    hubs = text_of(client.get(f"/incidents/{raised.pk}/hubs.csv"))
    assert len(list(csv.DictReader(io.StringIO(hubs.lstrip("\ufeff"))))) == 2


@pytest.mark.requirement("R5.1")
@pytest.mark.parametrize(
    ("named", "hubs"),
    [
        ({"source": "rule", "rule-region": ["CENTRAL"]}, None),
        ({"source": "batch"}, None),
        ({"source": "file"}, 2),
    ],
)
def test_hubs_are_named_by_rule_group_or_file(world, seat, running, named, hubs):
    if named["source"] == "batch":
        named = {**named, "batch": running.rollout.batches.get(kind="SAFE_LAUNCH").pk}
    if named["source"] == "file":
        named = {**named, "file": SimpleUploadedFile("hubs.csv", f"GUID\n{spelt(world, 0, 1)}".encode())}

    answer = seat("supplier").post(f"/rollouts/{running.rollout.pk}/incidents/new/", {**account(), **named})

    assert answer.status_code == 302, text_of(answer)
    raised = Incident.objects.latest("id")
    assert raised.hubs == hubs if hubs else raised.hubs > 5


@pytest.mark.parametrize("missing", ["title", "hubs"])
def test_an_incident_without_what_it_needs_says_what(seat, running, missing):
    answer = seat("supplier").post(f"/rollouts/{running.rollout.pk}/incidents/new/", account(**{missing: ""}))

    assert answer.status_code == 422
    assert f'href="#id_{missing}"' in text_of(answer)


def test_hubs_of_nobody_here_are_refused_line_by_line_and_what_was_typed_stays(world, seat, running):
    answer = seat("supplier").post(
        f"/rollouts/{running.rollout.pk}/incidents/new/", account(hubs=spelt(world, 16, 17))
    )

    assert answer.status_code == 409
    assert 'value="Meters lost"' in text_of(answer)
    assert str(Guid.from_db(world.guid(16))) in text_of(answer)


def test_a_file_that_is_not_what_its_name_says_is_refused(world, seat, running):
    files = [SimpleUploadedFile("shot.png", b"<script>")]
    answer = seat("supplier").post(
        f"/rollouts/{running.rollout.pk}/incidents/new/",
        {**account(hubs=spelt(world, 0)), "attachments": files},
    )

    assert answer.status_code == 422
    assert not Incident.objects.filter(title="Meters lost").exists()


@pytest.mark.requirement("R5.1")
def test_the_dcc_answers_and_the_supplier_says_that_it_is_not_resolved(seat, running):
    dcc, client, url = seat("operator"), seat("supplier"), f"/incidents/{running.incident.pk}/"

    dcc.post(url, {"act": "acknowledge", "comment": "We look at it."})
    dcc.post(url, {"act": "comment", "text": "Smells of the gateway.", "is_internal": "on"})
    dcc.post(url, {"act": "resolve", "comment": "Mended."})
    page = text_of(client.get(url))
    answer = client.post(url, {"act": "reopen", "comment": "Still dark."}, follow=True)

    assert "We look at it." in page
    assert "Smells of the gateway." not in page
    assert "Under investigation" in text_of(answer)
    assert "Smells of the gateway." in text_of(dcc.get(url))
    assert client.post(url, {"act": "acknowledge"}).status_code == 403
    assert dcc.post(url, {"act": "acknowledge"}).status_code == 409
    assert client.post(url, {"act": "comment", "text": " "}).status_code == 422
    assert client.post(url, {"act": "explode"}).status_code == 404


@pytest.mark.requirement("R5.2")
def test_the_dcc_keeps_a_reference_a_file_and_a_known_issue_with_an_incident(seat, running):
    dcc, url = seat("operator"), f"/incidents/{running.incident.pk}/"

    dcc.post(url, {"act": "reference", "reference": "SD-9"})
    dcc.post(url, {"act": "explain", "known_issue": running.issue.pk})
    added = dcc.post(url, {"act": "attach", "uploads": [SimpleUploadedFile("a.txt", b"one")]}, follow=True)

    page = text_of(added)
    assert "1 file added." in page
    assert "SD-9" in page
    assert running.issue.title in page
    assert running.issue.title not in text_of(seat("supplier").get(url))
    sent = dcc.get(f"{url}files/{running.incident.attachments.latest('id').pk}/")
    assert sent.content == b"one"
    assert sent["Content-Disposition"].startswith("attachment")
    assert sent["X-Content-Type-Options"] == "nosniff"


def incident_paths(trouble):
    url = f"/incidents/{trouble.incident.pk}/"
    return [url, f"{url}hubs.csv", f"{url}files/{trouble.incident.attachments.get().pk}/"]


@pytest.mark.requirement("R5.1", "R3.3")
@pytest.mark.parametrize("actor", ["other", "third", "csp"])
def test_an_incident_does_not_exist_for_other_suppliers_even_of_the_same_hub(seat, running, actor):
    for path in incident_paths(running):
        assert seat(actor).get(path).status_code == 404, path
    url = incident_paths(running)[0]
    for act in ("comment", "resolve", "reference", "attach"):
        assert seat(actor).post(url, {"act": act, "text": "x"}).status_code == 404
    if actor != "csp":
        listed = text_of(seat(actor).get("/incidents/?status=all"))
        assert running.incident.reference not in listed
        assert running.incident.reference not in text_of(seat(actor).get("/incidents.csv?status=all"))


def test_the_second_suppliers_incident_shows_nowhere_when_they_are_merged(seat, running):
    merged = seat("operator").post(
        f"/incidents/{running.other.pk}/", {"act": "merge", "into": running.incident.pk}
    )

    assert merged.status_code == 302
    page = text_of(seat("other").get(f"/incidents/{running.other.pk}/"))
    assert "With another report of the same" in page
    assert running.incident.reference not in page
    assert "Brightwater" not in page


@pytest.mark.parametrize("actor", ["third", "csp", "panel"])
def test_who_has_no_hubs_in_an_update_or_only_decides_raises_no_incident(world, seat, running, actor):
    client = seat(actor)
    if actor == "third":
        nobody = UserFactory(organisation=OrganisationFactory(name="Nowhere Energy"))
        client.force_login(nobody)

    answer = client.get(f"/rollouts/{running.rollout.pk}/incidents/new/")

    assert answer.status_code in {403, 404}


def test_a_viewer_reads_incidents_and_raises_none(world, client, running):
    client.force_login(UserFactory(organisation=world.supplier, roles=[Role.SUPPLIER_VIEWER.value]))
    url = f"/incidents/{running.incident.pk}/"

    page = text_of(client.get(url))

    assert "Add the comment" not in page
    assert client.get(f"/rollouts/{running.rollout.pk}/incidents/new/").status_code == 403
    assert client.post(url, {"act": "comment", "text": "x"}).status_code == 403


@pytest.mark.parametrize("query", ["", "?status=closed", "?status=all&category=2", "?category=9&rollout=x"])
def test_the_list_of_incidents_is_filtered_and_taken_away(seat, running, query):
    client = seat("operator")

    assert client.get(f"/incidents/{query}").status_code == 200
    rows = list(csv.DictReader(io.StringIO(text_of(client.get(f"/incidents.csv{query}")).lstrip("\ufeff"))))
    assert len(rows) == (0 if "closed" in query else 2)


# Triage


@pytest.mark.requirement("R5.2")
@pytest.mark.parametrize("by", ["model", "version", "region", "batch", "supplier", "nonsense"])
def test_the_board_is_grouped_and_shows_samples_and_intervals(seat, running, by):
    page = text_of(seat("operator").get(f"/rollouts/{running.rollout.pk}/triage/?by={by}"))

    assert "95 %:" in page
    assert "3 of 15" in page
    assert "Upgraded hubs compared with others" in page
    assert running.issue.title in page
    if by == "supplier":
        assert "Brightwater Energy" in page


@pytest.mark.requirement("R5.2")
def test_duplicates_are_ticked_and_handled_as_one(seat, running):
    dcc, url = seat("operator"), f"/rollouts/{running.rollout.pk}/triage/merge/"

    assert dcc.post(url, {"incident": [running.incident.pk]}).status_code == 422
    done = dcc.post(url, {"incident": [running.other.pk, running.incident.pk]}, follow=True)

    assert "2 incidents are handled as one" in text_of(done)
    running.other.refresh_from_db()
    assert running.other.merged_into_id == running.incident.pk
    again = dcc.post(url, {"incident": [running.other.pk, running.incident.pk]})
    assert again.status_code == 409
    assert seat("panel").post(url, {"incident": [1, 2]}).status_code == 403


@pytest.mark.requirement("R5.2")
def test_a_known_issue_is_written_down_changed_and_switched_off(seat, running):
    dcc = seat("operator")
    content = {
        "title": "Old gateways",
        "rollout_id": running.rollout.pk,
        "failure_codes": ["33"],
        "rule-region": ["CENTRAL"],
        "is_active": "on",
    }

    assert dcc.post("/known-issues/new/", {"title": "Nothing said"}).status_code == 422
    answer = dcc.post("/known-issues/new/", content)
    issue = KnownIssue.objects.get(title="Old gateways")
    shown = text_of(dcc.get(f"/known-issues/{issue.pk}/"))
    dcc.post(f"/known-issues/{issue.pk}/", {**content, "is_active": ""})

    assert answer["Location"] == f"/rollouts/{running.rollout.pk}/triage/"
    assert re.search(r'value="CENTRAL"[^>]* checked', shown)
    issue.refresh_from_db()
    assert (issue.is_active, issue.version, issue.failure_codes) == (False, 2, [33])
    assert dcc.get("/known-issues/999/").status_code == 404


def test_conditions_a_form_cannot_show_are_kept(world, seat, running, today):
    tree = {
        "any": [
            {"field": "han_devices", "op": ">=", "value": 3},
            {"field": "region", "op": "in", "value": ["NORTH"]},
        ]
    }
    issue = services.put_known_issue(world.operator, title="Odd ones", criteria=tree, now=today)
    dcc, url = seat("operator"), f"/known-issues/{issue.pk}/"

    assert "Its present conditions" in text_of(dcc.get(url))
    dcc.post(url, {"title": "Odd ones out", "is_active": "on"})

    issue.refresh_from_db()
    assert issue.title == "Odd ones out"
    assert "any" in issue.criteria


# Halt rules


@pytest.mark.requirement("R5.7")
def test_halt_rules_show_what_each_reads_and_how_near_it_is(seat, running):
    page = text_of(seat("operator").get(f"/rollouts/{running.rollout.pk}/halt-rules/"))

    assert "Activation failed" in page
    assert "3 of 15" in page
    assert "5.0 %" in page
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


@pytest.mark.requirement("R5.7")
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


# Phases


def local(moment) -> str:
    return moment.astimezone(LONDON).strftime("%d/%m/%Y %H:%M")


@pytest.mark.requirement("R3.7")
def test_a_group_is_formed_gated_and_opened_by_hand(world, seat, running, today):
    dcc, url = seat("operator"), f"/rollouts/{running.rollout.pk}/phases/"
    content = {
        "name": "Second wave",
        "automatic_at": local(today + timedelta(days=50)),
        "source": "paste",
        "hubs": spelt(world, 15, 16, 17),
        "is_gated": "on",
    }

    assert dcc.post(f"{url}new/", {**content, "hubs": ""}).status_code == 422
    assert dcc.post(f"{url}new/", {**content, "automatic_at": local(today)}).status_code == 409
    formed = dcc.post(f"{url}new/", content, follow=True)
    assert "are in the new batch" in text_of(formed), text_of(formed)
    batch = Batch.objects.get(name="Second wave")
    gate = f"{url}{batch.pk}/"
    terms = {"act": "set", "success": "99", "settled": "90", "minimum": "5", "soak_hours": "24"}
    assert dcc.post(gate, {**terms, "success": "0"}).status_code == 422
    assert dcc.post(gate, terms).status_code == 302
    shown = text_of(dcc.get(gate))
    assert 'value="99.0"' in shown
    assert "90.0 % of “Safe launch group” settled" in text_of(dcc.get(url))
    assert dcc.post(gate, {"act": "open", "reason": ""}).status_code == 422
    assert dcc.post(gate, {"act": "open", "reason": "Long enough."}).status_code == 302

    batch.refresh_from_db()
    assert batch.gate_open
    assert dcc.get(f"{url}999/").status_code == 404


# Decisions


@pytest.mark.requirement("R5.3", "R5.4")
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


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize("actor", ["operator", "panel"])
def test_the_evidence_is_taken_away_in_one_file(seat, trouble, actor):
    sequencer.sequence_all()

    answer = seat(actor).get(f"/rollouts/{trouble.rollout.pk}/evidence.zip")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
    assert {"report.pdf", "report.html", "chain.json", "incidents.csv"} <= names


# The audit trail


@pytest.mark.requirement("R5.3")
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


# Who may see what


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
