"""The catalogue and the imports in a real browser: accessible, within the window, with scripts and without."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rollouts import services, tasks
from rollouts.models import HeldDifference, ImportFile
from rollouts.states.inventory import FileKind
from tests.browser.test_pages import photograph
from tests.factories import make_rollout, make_world

pytestmark = [pytest.mark.django_db(transaction=True)]
WIDTHS = [1280, 390, 320]
HASH = "ab" * 32
HUBS = "guid,model,firmware_version,region,smi_status,Engineer\n" + "".join(
    f"00-DB-12-34-FF-00-00-{n:02X},433100AC,0C220000,{'Mars' if n % 3 else 'Central'},Commissioned,Ann\n"
    for n in range(1, 9)
)
LIST = (
    "Type,Model,Firmware,Image hash,State,Upgrade path\n"
    f"CH,433100AC,0C230000,{HASH},Removed,0C220000\n"
    f"CH,433100AC,0C240000,{HASH},Current,0C230000\n"
    f"CH,433100AC,0C250000,{HASH},Current,0C990000\n"
    f"ESME,9,1,{HASH},Current,\n"
)


@pytest.fixture
def world(media):
    return make_world()


@pytest.fixture
def sent(world, tmp_path):
    def sent(text, kind=FileKind.LOAD, *, name="inventory-2030-03-15.csv"):
        path = tmp_path / name
        path.write_text(text)
        with path.open("rb") as source:
            return services.send_import(
                world.operator, kind=kind, source=source, file_name=name, now=datetime.now(UTC)
            )

    return sent


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_fits(live_server, open_page, log_in, axe, fits, world, sent, width):
    make_rollout(world, now=datetime.now(UTC))
    done, named, listed = sent(HUBS), sent(HUBS.replace("guid,model", "CHF,Kind")), sent(LIST, FileKind.CPL)
    tasks.take_import(import_file_id=done.pk)
    done.refresh_from_db()
    for n in range(3):
        HeldDifference.objects.create(
            estate_import_id=done.estate_import_id,
            guid=world.guid(n),
            line_no=n + 2,
            file_entry_id=world.oldest.pk,
            hub_entry_id=world.current.pk,
        )
    running = sent(HUBS, name="a-file-with-a-rather-long-name-of-the-night-of-15-march-2030.csv")
    ImportFile.objects.filter(pk=running.pk).update(status="RUNNING", done=running.size // 2)
    page, wrong = open_page(width=width), []
    log_in(page, world.operator_user)
    pages = {
        "catalogue": "/catalogue/",
        "entry": f"/catalogue/{world.target.pk}/",
        "entry-new": "/catalogue/new/",
        "entry-change": f"/catalogue/{world.target.pk}/change/",
        "entry-status": f"/catalogue/{world.target.pk}/status/",
        "model-new": "/catalogue/models/new/",
        "imports": "/imports/",
        "import": f"/imports/{done.estate_import_id}/",
        "import-columns": f"/imports/files/{named.pk}/",
        "import-list": f"/imports/files/{listed.pk}/",
        "import-running": f"/imports/files/{running.pk}/",
    }

    for name, path in pages.items():
        assert page.goto(f"{live_server.url}{path}").status == 200, path
        photograph(page, f"operator-{name}", width)
        for judge in (fits, axe):
            try:
                judge(page)
            except AssertionError as problem:
                wrong.append(f"{name}: {problem}")

    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_operator_sends_a_file_names_its_columns_and_sees_what_came_of_it(
    live_server, open_page, log_in, world, tmp_path, scripts
):
    page = open_page(java_script_enabled=scripts)
    log_in(page, world.operator_user)
    file = tmp_path / "own.csv"
    file.write_text(HUBS.replace("guid,model", "CHF,Kind of hub"))

    page.goto(f"{live_server.url}/imports/")
    page.set_input_files("#id_file", str(file))
    page.get_by_role("button", name="Send").click()
    page.get_by_label("GUID", exact=True).select_option("CHF")
    page.get_by_label("Model", exact=True).select_option("Kind of hub")
    page.get_by_role("button", name="Remember and go on").click()
    page.get_by_text("The columns are remembered for the next file.").wait_for()
    tasks.take_import(import_file_id=ImportFile.objects.get().pk)
    page.goto(f"{live_server.url}/imports/")
    page.get_by_role("link", name="own.csv").click()

    assert page.get_by_text("There is no such region.").is_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Lines not accepted (CSV)").click()
    assert download.value.suggested_filename.endswith("-not-taken.csv")
