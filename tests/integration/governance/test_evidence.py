"""The evidence pack: the report, the data behind it, and the proof that nobody has changed either (R5.3)."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import timedelta

import orjson
import pytest

from portal.events import sequencer
from portal.events.models import Event
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound, NotPermitted
from rollouts import services
from rollouts.queries.governance import evidence
from rollouts.queries.governance.evidence import document, drawing
from rollouts.queries.governance.evidence.page import svg
from rollouts.queries.governance.evidence.sections import ReportTable, sections_of
from rollouts.rules.rates import Rate
from rollouts.services import HubList, IncidentAccount
from tests.factories import make_rollout
from tests.integration.deciding import decide
from tests.integration.dispatching import settle

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture(autouse=True)
def _no_subscribers(settings):
    settings.EVENT_SUBSCRIBERS = []


@pytest.fixture
def rollout(world, now):
    """Activated and failed hubs, an incident, a suspension and what was decided."""
    rollout = make_rollout(world, now=now - timedelta(days=30))
    settle(rollout, state=60, state_at=now - timedelta(days=2), where=f"guid < {world.guid(20)}")
    settle(
        rollout,
        state=51,
        code=32,
        state_at=now - timedelta(days=1),
        where=f"guid BETWEEN {world.guid(20)} AND {world.guid(25)}",
    )
    services.put_halt_rule(
        world.operator,
        rollout_id=rollout.pk,
        name="Activation failed",
        kind="ACTIVATION",
        minimum_sample=10,
        lookback_hours=72,
        threshold=0.05,
        now=now,
    )
    source = HubList.from_text(str(Guid.from_db(world.guid(3))))
    account = IncidentAccount(category=1, title="=HYPERLINK lost meters", han_impact="ALL_DEVICES")
    services.raise_incident(world.as_supplier, rollout_id=rollout.pk, account=account, source=source, now=now)
    assert services.evaluate_halt_rules(now) == [rollout.pk]
    decide(world, rollout, "PAUSE", now)
    sequencer.sequence_all()
    return rollout


def unpacked(pack):
    with zipfile.ZipFile(io.BytesIO(pack.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_one_file_holds_the_report_and_the_data_behind_it(world, rollout, now):
    pack = evidence.evidence_pack(world.as_panel, rollout_id=rollout.pk, now=now)

    files = unpacked(pack)
    assert pack.file_name == f"evidence-{rollout.pk}-20300304-1000.zip"
    assert set(files) >= {
        "README.txt",
        "report.html",
        "report.pdf",
        "figures.json",
        "triage.csv",
        "comparison.csv",
        "days.csv",
        "halt_rules.json",
        "incidents.csv",
        "incident_hubs.csv",
        "decisions.json",
        "audit.ndjson",
        "chain.json",
        "SHA256SUMS",
    }
    page = files["report.html"].decode()
    for content in ("6 of 26", "Recommended", "Pause", "All devices lost", "Intact", "<svg", "INC-"):
        assert content in page
    assert [(row["activated"], row["failed"]) for row in rows_of(files["days.csv"])] == [
        ("20", "0"),
        ("0", "6"),
    ]
    assert rows_of(files["incident_hubs.csv"])[0]["guid"] == str(Guid.from_db(world.guid(3)))
    trip = orjson.loads(files["halt_rules.json"])["trips"][0]
    assert trip["evidence"]["rate"] == Rate(6, 26).document()
    decision = orjson.loads(files["decisions.json"])[0]
    assert (decision["line"]["outcome"], decision["signatures"][0]["verdict"]) == ("PAUSE", "APPROVE")


def test_the_report_begins_with_what_matters_and_charts_only_what_was_seen(world, rollout, now):
    sections = sections_of(evidence.collect(world.as_panel, rollout_id=rollout.pk, now=now))

    short = sections[0]
    assert short.heading == "In short"
    assert short.paragraphs[0] == "20 of 40 hubs run the new firmware."
    assert "“Activation failed” tripped at 6 of 26 hubs, and suspended the rollout." in short.paragraphs[-1]
    charts = [drawing for section in sections for drawing in section.drawings]
    assert all(chart.shapes for chart in charts)
    assert "Upgraded hubs with devices lost by region" in " ".join(chart.title for chart in charts)


def test_no_word_of_a_table_is_broken_on_paper():
    head = ("Group", "Hubs", "Upgraded", "Failure rate")
    table = ReportTable(head, (("0C220000", "3,294", "607", "0.0 % (0.0 to 0.6 %; 0 of 607)"),) * 3)

    widths = document._widths(table)

    assert sum(widths) == pytest.approx(document._WIDTH)
    for place, head in enumerate(table.head):
        words = [*head.split(), *table.rows[0][place].split()]
        assert widths[place] >= max(document._breadth(word) for word in words)
    assert table.numeric == (False, True, True, False)


def test_every_file_is_in_the_list_of_digests(world, rollout, now):
    files = unpacked(evidence.evidence_pack(world.operator, rollout_id=rollout.pk, now=now))

    listed = dict(line.split("  ")[::-1] for line in files.pop("SHA256SUMS").decode().splitlines())
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_the_audit_trail_is_proved_and_a_change_shows(world, rollout, now):
    evidence_collected = evidence.collect(world.operator, rollout_id=rollout.pk, now=now)
    assert evidence_collected.chain.is_intact
    assert evidence_collected.chain.head == Event.objects.count()
    assert all(link.position and link.hash for link in evidence_collected.links)
    assert {"rollout.suspended", "incident.raised", "decision.enacted"} <= {
        link.name for link in evidence_collected.links
    }

    Event.objects.filter(name="rollout.suspended").update(actor_name="Nobody")

    changed = evidence.collect(world.operator, rollout_id=rollout.pk, now=now)
    assert not changed.chain.is_intact
    assert "BROKEN" in changed.chain.words


def test_what_somebody_typed_is_no_formula_and_no_markup(world, rollout, now):
    files = unpacked(evidence.evidence_pack(world.operator, rollout_id=rollout.pk, now=now))

    assert rows_of(files["incidents.csv"])[0]["title"] == "'=HYPERLINK lost meters"
    assert "<script" not in files["report.html"].decode()


def test_it_is_for_the_dcc_and_the_panel(world, rollout, now):
    for scope in (world.as_supplier, world.as_csp):
        with pytest.raises(NotPermitted):
            evidence.evidence_pack(scope, rollout_id=rollout.pk, now=now)
    with pytest.raises(NotFound):
        evidence.evidence_pack(world.as_panel, rollout_id=0, now=now)


def test_a_rollout_to_which_nothing_has_happened_has_evidence_too(world, now):
    rollout = make_rollout(world, now=now)

    files = unpacked(evidence.evidence_pack(world.as_panel, rollout_id=rollout.pk, now=now))

    assert rows_of(files["days.csv"]) == []


def test_the_report_is_a_pdf_too(world, rollout, now):
    files = unpacked(evidence.evidence_pack(world.as_panel, rollout_id=rollout.pk, now=now))

    assert files["report.pdf"].startswith(b"%PDF-")
    assert b"/Lang (en-GB)" in files["report.pdf"]


class TestCharts:
    def test_a_chart_says_in_words_what_it_shows(self):
        chart = drawing.intervals("Rates", [("North", Rate(1, 10)), ("South", Rate(0, 0))], limit=0.1)

        assert "North: 1 of 10, 95% between" in chart.says
        assert "South" not in chart.says
        assert "<desc>North: 1 of 10" in svg(chart)

    def test_empty_charts_can_be_drawn(self):
        assert "No hub has settled." in svg(drawing.intervals("Rates", []))
        assert svg(drawing.course("Course", []))
