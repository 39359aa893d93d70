"""Views of the estate under a name, and files a worker writes: each person's own, and nobody else's."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from python_calamine import CalamineWorkbook

from portal.identity.models import User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel.references import reference_of
from portal.kernel.refusals import NotPermitted
from rollouts import services, tasks
from rollouts.models import Export, SavedView
from rollouts.queries.estate import estate as estate_queries
from rollouts.queries.estate.keyset import EstateFilter
from rollouts.services.estate import export
from rollouts.states import Region
from tests.factories import UserFactory, make_rollout

pytestmark = pytest.mark.django_db

ESTATE, VIEWS, FILES = "/estate/", "/estate/views/", "/estate/files/"
SPLIT = "split=yes"


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """Keep files of this test in a folder of its own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return tmp_path


@pytest.fixture
def colleague(world, client):
    """Somebody else of the same Supplier."""
    user = UserFactory(organisation=world.supplier, name="Colleague")
    client.force_login(user)
    return client


def keep(client, *, name="Shared hubs", query=SPLIT, **more):
    return client.post(f"{VIEWS}keep/", {"name": name, "query": query, **more})


def order(client, *, query="", form="xlsx"):
    return client.post(f"{FILES}order/", {"query": query, "form": form})


def write_export(export_id: int | None = None) -> Export:
    export = Export.objects.get(pk=export_id) if export_id else Export.objects.latest("pk")
    tasks.write_export(export_id=export.pk)
    export.refresh_from_db()
    return export


# --- views


def test_filters_are_kept_under_a_name_and_open_again(world, seat):
    client = seat("supplier")

    answer = keep(client, name="  Shared   hubs ")

    assert answer["Location"] == f"{ESTATE}?{SPLIT}"
    page = client.get(answer["Location"]).content.decode()
    assert '<a href="/estate/?split=yes" aria-current="page">Shared hubs</a>' in page
    assert "Second Supplier: Yes" in client.get(VIEWS).content.decode()


def test_a_view_is_ones_own_until_it_is_shared(world, seat, colleague):
    keep(seat("supplier"))
    assert b"Shared hubs" not in colleague.get(ESTATE).content

    view = SavedView.objects.get()
    seat("supplier").post(
        f"{VIEWS}{reference_of(view.pk, 'estate_view')}/",
        {"act": "change", "name": "Ours", "is_shared": "on"},
    )

    assert b">Ours</a>" in colleague.get(ESTATE).content
    assert b"Shared by others" in colleague.get(VIEWS).content


@pytest.mark.parametrize("actor", ["other", "third", "operator", "csp"])
def test_another_organisation_neither_sees_nor_changes_a_shared_view(world, seat, actor):
    keep(seat("supplier"), name="Brightwater only", is_shared="on")
    view = SavedView.objects.get()

    for path in (ESTATE, VIEWS):
        assert b"Brightwater only" not in seat(actor).get(path).content
    assert (
        seat(actor).post(f"{VIEWS}{reference_of(view.pk, 'estate_view')}/", {"act": "remove"}).status_code
        == 404
    )
    assert SavedView.objects.count() == 1


def test_a_colleague_does_not_change_a_shared_view(world, seat, colleague):
    keep(seat("supplier"), is_shared="on")
    view = SavedView.objects.get()

    assert (
        colleague.post(
            f"{VIEWS}{reference_of(view.pk, 'estate_view')}/", {"act": "change", "name": "Mine"}
        ).status_code
        == 404
    )
    assert (
        colleague.post(f"{VIEWS}{reference_of(view.pk, 'estate_view')}/", {"act": "remove"}).status_code
        == 404
    )


def test_a_view_is_removed(world, seat):
    keep(seat("supplier"))

    seat("supplier").post(
        f"{VIEWS}{reference_of(SavedView.objects.get().pk, 'estate_view')}/", {"act": "remove"}
    )

    assert not SavedView.objects.exists()


def test_a_name_is_taken_once_a_person_and_a_view_needs_a_name_and_a_filter(world, seat, colleague):
    client = seat("supplier")
    keep(client)

    assert keep(client, query="role=GAS").status_code == 409
    assert keep(client, name=" ").status_code == 422
    nothing = keep(client, name="All", query="split=perhaps&nonsense=1")
    assert nothing.status_code == 422
    assert b"Set a filter first" in nothing.content
    assert keep(colleague).status_code == 302
    keep(client, name="Other")
    other = SavedView.objects.get(name="Other")
    taken = client.post(
        f"{VIEWS}{reference_of(other.pk, 'estate_view')}/", {"act": "change", "name": "Shared hubs"}
    )
    assert taken.status_code == 409
    assert b"already" in taken.content


def test_one_person_keeps_so_many_views_and_no_more(world, seat, monkeypatch):
    monkeypatch.setattr("rollouts.services.estate.save_views.MOST_VIEWS", 1)
    keep(seat("supplier"))

    assert keep(seat("supplier"), name="Another").status_code == 422


def test_a_filter_that_fits_no_hub_any_more_is_told(world, seat):
    page = seat("supplier").get(f"{ESTATE}?version=FFFFFFFF&split=yes").content.decode()

    assert "Firmware: FFFFFFFF" in page
    assert "it is left out" in page


# --- files


@pytest.mark.requirement("R4.3")
def test_a_workbook_is_written_by_a_worker_and_fetched_by_who_ordered_it(world, seat):
    client = seat("supplier")
    assert order(client)["Location"] == FILES
    assert b"Waiting" in client.get(FILES).content

    export = write_export()

    assert (export.status, export.done, export.total) == ("READY", 16, 16)
    page = client.get(FILES).content.decode()
    url = f"{FILES}{reference_of(export.pk, 'estate_file')}/"
    assert f'href="{url}"' in page
    answer = client.get(url)
    assert answer["Content-Disposition"].startswith('attachment; filename="estate-')
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
    rows = book.get_sheet_by_index(0).to_python()
    assert len(rows) == 17
    assert rows[0][0] == "guid"
    assert rows[1][0] == "00-DB-12-34-00-00-00-00"


@pytest.mark.requirement("R4.3")
def test_a_file_holds_what_was_listed(world, seat):
    make_rollout(world, now=datetime.now(UTC))
    order(seat("supplier"), query="split=yes&role=GAS&unknown=1", form="csv")

    export = write_export()

    body = b"".join(
        seat("supplier").get(f"{FILES}{reference_of(export.pk, 'estate_file')}/").streaming_content
    ).decode()
    assert len(body.splitlines()) == 3
    assert (export.query, export.filters) == ("role=GAS&split=yes", {"roles": ["GAS"], "is_split": True})
    for name in ("Fernhill", "Kestrel"):
        assert name not in body


@pytest.mark.requirement("R4.3")
def test_the_file_of_the_other_supplier_holds_its_own_hubs(world, seat):
    order(seat("other"), form="csv")

    export = write_export()

    body = b"".join(
        seat("other").get(f"{FILES}{reference_of(export.pk, 'estate_file')}/").streaming_content
    ).decode()
    assert len(body.splitlines()) == 7
    assert "Brightwater" not in body


@pytest.mark.parametrize("actor", ["other", "operator", "csp", "colleague"])
def test_nobody_else_lists_fetches_or_removes_a_file(world, seat, colleague, actor):
    order(seat("supplier"))
    export = write_export()
    client = colleague if actor == "colleague" else seat(actor)

    assert client.get(f"{FILES}{reference_of(export.pk, 'estate_file')}/").status_code == 404
    assert client.post(f"{FILES}{reference_of(export.pk, 'estate_file')}/remove/").status_code == 404
    assert f"{FILES}{reference_of(export.pk, 'estate_file')}/".encode() not in client.get(FILES).content
    assert Export.objects.get().status == "READY"


def test_a_file_that_is_not_ready_is_not_there(world, seat):
    order(seat("supplier"))

    assert (
        seat("supplier").get(f"{FILES}{reference_of(Export.objects.get().pk, 'estate_file')}/").status_code
        == 404
    )


def test_a_file_is_kept_for_a_day(world, seat, storage):
    order(seat("supplier"))
    export = write_export()
    assert (storage / export.file).exists()

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        client = seat("supplier")
        assert client.get(f"{FILES}{reference_of(export.pk, 'estate_file')}/").status_code == 404
        tasks.sweep_exports()
        assert b"No longer kept" in client.get(FILES).content

    assert not (storage / export.file).exists()
    assert services.sweep_exports(datetime.now(UTC) + timedelta(days=8)) == 0
    assert not Export.objects.exists()


def test_a_file_is_removed_or_called_off(world, seat, storage):
    client = seat("supplier")
    order(client)
    export = write_export()
    client.post(f"{FILES}{reference_of(export.pk, 'estate_file')}/remove/")
    assert not (storage / export.file).exists()

    order(client)
    claimed = services.claim_export(export_id=Export.objects.get().pk, now=datetime.now(UTC))
    client.post(f"{FILES}{reference_of(claimed.export_id, 'estate_file')}/remove/")
    with pytest.raises(services.ExportSuperseded):
        services.report_export(claimed, done=1, now=datetime.now(UTC))
    assert not services.finish_export(claimed, file="x", size=1, done=1, now=datetime.now(UTC))


def test_progress_is_told_on_the_way(world, seat, monkeypatch):
    monkeypatch.setattr(estate_queries, "_TELLING", 4)
    monkeypatch.setattr("rollouts.tasks.estate._TOLD_EVERY", 0)
    notices: list[int] = []
    monkeypatch.setattr(services, "report_export", lambda order, *, done, now: notices.append(done))
    order(seat("supplier"))

    write_export()

    assert notices == [0, 4, 8, 12]


def test_one_worker_writes_a_file_and_a_lost_one_is_followed_by_another(world, seat):
    order(seat("supplier"))
    number, now = Export.objects.get().pk, datetime.now(UTC)
    assert services.waiting_exports(now) == [number]
    first = services.claim_export(export_id=number, now=now)
    assert services.claim_export(export_id=number, now=now) is None
    assert services.waiting_exports(now) == []

    later = now + export.SILENT
    second = services.claim_export(export_id=number, now=later)

    assert (first.attempt, second.attempt) == (1, 2)
    with pytest.raises(services.ExportSuperseded):
        services.report_export(first, done=1, now=later)


def test_a_file_that_cannot_be_written_is_given_up_after_three_tries(world, seat):
    order(seat("supplier"))
    number, now = Export.objects.get().pk, datetime.now(UTC)
    for _ in range(3):
        assert services.claim_export(export_id=number, now=now) is not None
        now += export.SILENT

    assert services.claim_export(export_id=number, now=now) is None
    assert Export.objects.get().status == "FAILED"
    assert b"Order it again" in seat("supplier").get(FILES).content


def test_a_failed_try_leaves_the_file_to_the_next_one(world, seat, monkeypatch):
    order(seat("supplier"))
    number = Export.objects.get().pk

    def broken(*_args: object, **_kwargs: object) -> int:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("rollouts.tasks.estate.write_estate_workbook", broken)
        with pytest.raises(RuntimeError):
            tasks.write_export(export_id=number)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=3)):
        rung = []
        monkeypatch.setattr(tasks.write_export, "apply_async", lambda kwargs, **_: rung.append(kwargs))
        tasks.tick_exports()
        assert rung == [{"export_id": number}]
        assert write_export(number).status == "READY"


def test_too_many_hubs_for_a_workbook_are_refused_beforehand_and_on_the_way(world, seat, monkeypatch):
    monkeypatch.setattr(estate_queries, "MOST_IN_A_WORKBOOK", 10)
    monkeypatch.setattr(estate_queries, "_TELLING", 4)
    client = seat("supplier")

    refused = client.post(f"{FILES}order/", {"form": "xlsx"}, follow=True)
    assert b"Take the CSV file" in refused.content
    assert not Export.objects.exists()

    order(client, query="q=00-DB")  # how many these are only the walk tells
    assert write_export().status == "FAILED"
    assert b"Take the CSV file" in client.get(FILES).content


def test_so_many_files_of_one_person_are_under_way_and_no_more(world, seat):
    for _ in range(3):
        order(seat("supplier"))

    refused = seat("supplier").post(f"{FILES}order/", {"form": "csv"}, follow=True)

    assert b"3 files of yours are being written" in refused.content
    assert Export.objects.count() == 3


def test_who_has_left_gets_no_file(world, seat):
    order(seat("supplier"))
    User.objects.filter(pk=world.supplier_user.pk).update(is_active=False)

    assert write_export().status == "FAILED"


def test_the_panel_has_no_estate_to_keep(world, seat):
    for path in (VIEWS, FILES):
        assert seat("panel").get(path).status_code == 403
    assert order(seat("panel")).status_code == 403
    assert keep(seat("panel")).status_code == 403


@pytest.mark.requirement("R4.3")
def test_a_viewer_takes_away_what_it_sees(world, client):
    client.force_login(UserFactory(organisation=world.supplier, roles=[Role.SUPPLIER_VIEWER.value]))
    order(client)

    assert write_export().status == "READY"


def test_an_order_that_is_no_order_is_refused(world, seat):
    refused = seat("supplier").post(f"{FILES}order/", {"form": "pdf"}, follow=True)

    assert b"Choose a workbook or a CSV file" in refused.content


def test_a_filter_survives_being_written_down():
    wanted = EstateFilter(regions=[Region.NORTH], versions=["0C220000"], is_split=False, search="00-DB")

    assert EstateFilter.read(wanted.document()) == wanted
    assert EstateFilter.read({}) == EstateFilter()


def test_files_need_a_person(world):
    system = Scope.system(world.dcc.pk)

    with pytest.raises(NotPermitted):
        services.order_export(system, form="csv", query="", filters={}, total=1, now=datetime.now(UTC))
    with pytest.raises(NotPermitted):
        services.save_view(system, name="x", query="y", is_shared=False, now=datetime.now(UTC))
