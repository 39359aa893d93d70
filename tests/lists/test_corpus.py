"""Every file of the corpus by its receipt: read, checked on the page, submitted, and sent over REST."""

from __future__ import annotations

import pytest

from portal.kernel.guid import format_many
from portal.kernel.spreadsheets import SHEET_STEP, FileRefused, GuidColumn, read_guid_column
from rollouts.services import HubList
from tests.lists.corpus import HUBS, TEXTS, Case
from tests.lists.workbooks import WORKBOOKS

CORPUS = TEXTS + WORKBOOKS


def test_the_corpus_is_large_and_each_file_is_another() -> None:
    assert len(CORPUS) >= 60
    assert len({case.data for case in CORPUS}) == len(CORPUS)


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_a_file_is_read_by_its_receipt(case: Case) -> None:
    if case.problem:
        with pytest.raises(FileRefused) as refusal:
            read_guid_column(case.data)
        assert refusal.value.problem is case.problem
        assert case.says in refusal.value.message
        return

    hubs = HubList.from_text(case.data)

    assert format_many(hubs.guids) == [HUBS[number] for number in case.taken]
    assert [(line.sheet, line.line) if len(hubs.sheets) > 1 else line.line for line in hubs.refused] == list(
        case.refused
    )
    assert [(part.kind.value, part.rows) for part in hubs.not_read] == list(case.not_read)
    if case.says:
        assert any(case.says in f"{line.detail} {line.reason.label}" for line in hubs.refused)


def lines_of(column: GuidColumn) -> set[int]:
    return {*column.parsed.lines.tolist(), *(problem.line for problem in column.parsed.problems)}


def test_lines_of_several_sheets_are_told_apart() -> None:
    case = next(case for case in WORKBOOKS if case.name == "two sheets")

    assert lines_of(read_guid_column(case.data)) == {2, 3, SHEET_STEP + 2, SHEET_STEP + 3, SHEET_STEP + 4}
