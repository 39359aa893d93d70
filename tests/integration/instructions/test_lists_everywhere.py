"""One list, whoever takes it: what was not read is named, and lines that come back say their sheet."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rollouts import services
from rollouts.models import Incident, Instruction, InstructionLine, PilotSubmission
from rollouts.queries.estate.searching import guids_like
from rollouts.queries.pilots.pilots import submissions
from rollouts.services import HubList
from tests.factories import World, make_rollout, make_world
from tests.lists.corpus import HUBS
from tests.lists.workbooks import written

A, B, C = HUBS[:3]
NOT_READ = [
    ("HEADING", "First", 1),
    ("HIDDEN_SHEET", "Old", 2),
    ("HEADING", "Second", 1),
    ("SHEET", "Notes", 1),
]
STRANGER = "00-DB-99-99-00-00-00-01"


@pytest.fixture
def hubs() -> HubList:
    """Two sheets of hubs, one of them with a bad line and a stranger; one hidden, and one without."""
    data = written(
        ("First", [["GUID"], [A]]),
        ("Old", [["GUID"], [C]]),
        ("Second", [["note", "GUID"], ["x", B], ["y", "?"], ["z", STRANGER]]),
        ("Notes", [["Read", "me"]]),
        change=lambda book: book.worksheets()[1].hide(),
    )
    return HubList.from_text(data, file_name="hubs.xlsx")


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def named(parts) -> list[tuple[str, str, int]]:
    return [(part.kind.value, part.sheet, part.rows) for part in parts]


def stood(lines) -> list[tuple[str, int, str]]:
    return [(line.sheet, line.line, str(line.reason)) for line in lines]


REFUSED = [("Second", 3, "MALFORMED_ID"), ("Second", 4, "UNKNOWN_DEVICE")]


def instruct(world: World, hubs: HubList, now: datetime):
    rollout = make_rollout(world, now=now)
    return services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind="INSTRUCT",
        source=hubs,
        received_at=now,
        now=now,
        group=None,
    )


@pytest.mark.requirement("R4.1", "R4.2")
def test_an_instruction_names_what_was_not_read_and_where_its_refused_lines_stood(
    world: World, hubs: HubList, now: datetime
) -> None:
    receipt = instruct(world, hubs, now)

    assert named(receipt.not_read) == NOT_READ
    assert receipt.accepted == 2
    lines = InstructionLine.objects.order_by("line_no")
    assert [(line.sheet, line.line_no, line.reason) for line in lines] == REFUSED


@pytest.mark.requirement("R4.2")
def test_an_instruction_applied_in_slices_says_the_same_of_its_list(
    world: World, hubs: HubList, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollouts.services.instructions.instruct.AT_ONCE", 1)
    receipt = instruct(world, hubs, now)

    services.apply_instruction(instruction_id=receipt.id, now=now)

    assert Instruction.objects.get(pk=receipt.id).accepted == 2
    lines = InstructionLine.objects.order_by("line_no")
    assert [(line.sheet, line.line_no, line.reason) for line in lines] == REFUSED


def test_a_nomination_names_what_was_not_read_and_where_its_refused_lines_stood(
    world: World, hubs: HubList, now: datetime
) -> None:
    rollout = make_rollout(world, now=now, status="PILOT", has_pilot=True)

    nomination = services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=hubs, received_at=now, now=now
    )

    assert named(nomination.not_read) == NOT_READ
    assert [(line["sheet"], line["line"], line["reason"]) for line in nomination.rejected] == REFUSED
    assert named(submissions(world.as_supplier, rollout_id=rollout.pk)[0].not_read) == NOT_READ
    assert PilotSubmission.objects.count() == 1


@pytest.mark.requirement("R4.2")
def test_an_incident_names_what_was_not_read_and_where_its_refused_lines_stood(
    world: World, hubs: HubList, now: datetime
) -> None:
    rollout = make_rollout(world, now=now)
    account = services.IncidentAccount(category=3, title="No link", description="x")

    raised = services.raise_incident(
        world.as_supplier, rollout_id=rollout.pk, account=account, source=hubs, now=now
    )

    assert (raised.hubs, named(raised.not_read)) == (2, NOT_READ)
    assert [line[:2] for line in stood(raised.rejected)] == [("Second", 3), ("Second", 4)]
    assert [line["sheet"] for line in Incident.objects.get().rejected] == ["Second", "Second"]


def test_labels_name_what_was_not_read_and_are_found_in_any_spelling(world: World, hubs: HubList) -> None:
    done = services.add_label(world.as_supplier, label="tower\u200b \uff11", hubs=hubs)

    assert (done.changed, named(done.not_read)) == (2, NOT_READ)
    assert stood(done.rejected) == REFUSED
    assert services.remove_label(world.as_supplier, label="\u200etower 1").changed == 2


def test_a_batch_names_what_was_not_read_before_it_is_formed_and_after(
    world: World, hubs: HubList, now: datetime
) -> None:
    rollout = make_rollout(world, now=now)
    terms = {
        "rollout_id": rollout.pk,
        "automatic_at": rollout.automatic_at - timedelta(days=7),
        "source": hubs,
    }

    outlook = services.foresee_batch(world.operator, now=now, **terms)
    formed = services.create_batch(world.operator, now=now, name="First", **terms)

    for done in (outlook, formed):
        assert named(done.not_read) == NOT_READ
        assert stood(done.rejected) == REFUSED[:1]


@pytest.mark.parametrize(
    "text", [f"\u200e{A}\u00a0", "\u202a00-DB-12-34-00-00-00-00\u202c", "\uff10\uff10DB123400000000"]
)
def test_a_search_reads_spellings_as_lists_do(world: World, text: str) -> None:
    assert guids_like(text) == (world.guid(0), world.guid(0))
