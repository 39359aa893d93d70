"""The audit trail says in sentences who did what, finds it by date, person and object, and hands it out as a file."""

from __future__ import annotations

import ast
import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from portal.events import sequencer
from portal.events.models import Event
from portal.kernel.working_days import local_day
from rollouts.states import ROLLOUT_STEPS
from rollouts.states.governing import INCIDENT_STEPS
from rollouts.web.governance.audit_words import DEEDS
from tests.web.governing import text_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_subscribers"),
    pytest.mark.requirement("R6.8"),
]
ROOT = Path(__file__).resolve().parents[3]


def names_recorded():
    """The names of facts that stand in the code as they are."""
    for folder in ("rollouts", "portal", "notifications"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                first = node.args[0]
                is_fact = any(keyword.arg == "subject" for keyword in node.keywords)
                if name == "record" and is_fact and isinstance(first, ast.Constant):
                    yield first.value


def listed(client, **query):
    answer = client.get("/audit/", query)
    assert answer.status_code == 200
    return [row["sentence"] for row in answer.context["rows"]]


def test_each_fact_has_a_sentence():
    made = {step.fact for step in ROLLOUT_STEPS.values()}
    made |= {f"incident.{verb}" for verb in INCIDENT_STEPS if verb != "merge"}
    made |= {f"pilot-submission.{status}" for status in ("confirmed", "declined", "withdrawn")}

    assert sorted({*names_recorded(), *made} - set(DEEDS)) == []


def test_the_page_says_who_did_what_to_what(world, seat, trouble):
    sentences = listed(seat("operator"))

    name = trouble.rollout.name
    assert any(f"suspended rollout “{name}”" in each for each in sentences)
    assert any(f"raised incident {trouble.incident.reference}" in each for each in sentences)
    assert all(each.endswith(".") and "{" not in each for each in sentences)


def test_facts_are_found_by_object_person_and_day(world, seat, trouble, today):
    dcc = seat("operator")
    every = listed(dcc)

    by_name = listed(dcc, subject=trouble.rollout.name)
    by_reference = listed(dcc, subject=trouble.incident.reference)
    by_person = listed(dcc, actor=world.supplier_user.name)

    assert by_reference
    assert all(trouble.incident.reference in each for each in by_reference)
    assert by_name
    assert set(by_name) < set(every)
    assert by_person
    assert all(each.startswith(world.supplier_user.name) for each in by_person)
    tomorrow = local_day(today) + timedelta(days=1)
    assert listed(dcc, since=tomorrow.isoformat()) == []
    assert listed(dcc, until=tomorrow.isoformat()) == every
    assert listed(dcc, subject="No such thing") == []


def test_what_is_listed_is_downloaded(seat, trouble):
    sequencer.sequence_all()
    answer = seat("operator").get("/audit.csv", {"subject": trouble.incident.reference})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert len(rows) == Event.objects.filter(subject=f"incident:{trouble.incident.pk}").count()
    assert f"raised incident {trouble.incident.reference} (3 hubs)." in rows[-1]["sentence"]
    assert rows[-1]["hash"]


@pytest.mark.parametrize("actor", ["supplier", "other", "csp", "panel"])
def test_the_file_is_for_the_dcc(seat, trouble, actor):
    assert seat(actor).get("/audit.csv").status_code in {403, 404}


def test_what_happened_stands_before_the_record(seat, trouble):
    page = text_of(seat("operator").get("/audit/"))

    assert "What happened" in page
    assert "rollout.suspended" in page
