"""A workbook of which not everything is read: Check names it before the receipt does, at every width."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.factories import make_rollout, make_world
from tests.lists.corpus import GPFS, HUBS
from tests.lists.workbooks import written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R4.2")]

SHEETS = (
    ("Hubs", [["GUID", "GPF"], *zip(HUBS[:3], GPFS, strict=False)]),
    (
        "Ordered in March",
        [["note", "GUID"], ["x", HUBS[3]], ["y", "00-DB-12"], ["Flat 4, the white door", ""]],
    ),
    ("Old", [["GUID"], [HUBS[4]]]),
    ("Read me", [["Whom", "to ask"]]),
)


@pytest.mark.parametrize("width", [1280, 390])
def test_check_and_receipt_name_what_was_not_read(walk, width):
    now = datetime.now(UTC)
    world = make_world()
    rollout = make_rollout(world, now=now - timedelta(days=1))
    analyst = walk(width=width)
    analyst.log_in(world.supplier_user)
    page = analyst.page
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/rollouts/{rollout.pk}/instruct/")
    page.get_by_label("No preference").check()
    page.get_by_label("The hubs in a file").check()
    data = written(*SHEETS, change=lambda book: book.worksheets()[2].hide())
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "hubs.xlsx", "mimeType": "application/octet-stream", "buffer": data}
    )

    analyst.press("Check")
    for name in ("check", "receipt"):
        assert analyst.says("Sheet “Old”: the sheet is hidden. Rows not read: 2.")
        assert analyst.says("Sheet “Read me”: the sheet has no column of hub GUIDs.")
        assert analyst.says("Ordered in March")
        analyst.look(f"list-not-read-{name}-{width}")
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
        if name == "check":
            page.get_by_label("Yes, let").check()
            analyst.press("Submit")
