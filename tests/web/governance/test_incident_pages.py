"""Pages of incidents and of triage: raised with hubs, answered, merged, explained; without scripts."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.identity.roles import Role
from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import Incident, KnownIssue
from tests.factories import OrganisationFactory, UserFactory
from tests.web.governing import PNG, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_subscribers")]


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
    hubs = world.pasted(0, 1) + "\nnonsense\n" + world.pasted(16)
    answer = client.post(url, {**account(hubs=hubs), "attachments": files})

    raised = Incident.objects.latest("id")
    assert answer["Location"] == f"/incidents/{reference_of(raised.pk, 'incident')}/"
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
    hubs = text_of(client.get(f"/incidents/{reference_of(raised.pk, 'incident')}/hubs.csv"))
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
        named = {**named, "file": SimpleUploadedFile("hubs.csv", f"GUID\n{world.pasted(0, 1)}".encode())}

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
        f"/rollouts/{running.rollout.pk}/incidents/new/", account(hubs=world.pasted(16, 17))
    )

    assert answer.status_code == 409
    assert 'value="Meters lost"' in text_of(answer)
    assert str(Guid.from_db(world.guid(16))) in text_of(answer)


def test_a_file_that_is_not_what_its_name_says_is_refused(world, seat, running):
    files = [SimpleUploadedFile("shot.png", b"<script>")]
    answer = seat("supplier").post(
        f"/rollouts/{running.rollout.pk}/incidents/new/",
        {**account(hubs=world.pasted(0)), "attachments": files},
    )

    assert answer.status_code == 422
    assert not Incident.objects.filter(title="Meters lost").exists()


def test_the_dcc_answers_and_the_supplier_says_that_it_is_not_resolved(seat, running):
    dcc, client, url = (
        seat("operator"),
        seat("supplier"),
        f"/incidents/{reference_of(running.incident.pk, 'incident')}/",
    )

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
    dcc, url = seat("operator"), f"/incidents/{reference_of(running.incident.pk, 'incident')}/"

    dcc.post(url, {"act": "reference", "reference": "SD-9"})
    dcc.post(url, {"act": "explain", "known_issue": running.issue.pk})
    added = dcc.post(url, {"act": "attach", "uploads": [SimpleUploadedFile("a.txt", b"one")]}, follow=True)

    page = text_of(added)
    assert "1 file added." in page
    assert "SD-9" in page
    assert running.issue.title in page
    assert running.issue.title not in text_of(seat("supplier").get(url))
    attached = reference_of(running.incident.attachments.latest("id").pk, "incident_file")
    sent = dcc.get(f"{url}files/{attached}/")
    assert sent.content == b"one"
    assert sent["Content-Disposition"].startswith("attachment")
    assert sent["X-Content-Type-Options"] == "nosniff"


def incident_paths(trouble):
    url = f"/incidents/{reference_of(trouble.incident.pk, 'incident')}/"
    attached = reference_of(trouble.incident.attachments.get().pk, "incident_file")
    return [url, f"{url}hubs.csv", f"{url}files/{attached}/"]


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
        f"/incidents/{reference_of(running.other.pk, 'incident')}/",
        {"act": "merge", "into": running.incident.pk},
    )

    assert merged.status_code == 302
    page = text_of(seat("other").get(f"/incidents/{reference_of(running.other.pk, 'incident')}/"))
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
    url = f"/incidents/{reference_of(running.incident.pk, 'incident')}/"

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


@pytest.mark.requirement("R5.2")
@pytest.mark.parametrize("by", ["model", "version", "region", "batch", "supplier", "nonsense"])
def test_the_board_is_grouped_and_shows_samples_and_intervals(seat, running, by):
    page = text_of(seat("operator").get(f"/rollouts/{running.rollout.pk}/triage/?by={by}"))

    assert "95%:" in page
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
