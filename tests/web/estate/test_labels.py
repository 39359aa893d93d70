"""A Supplier's labels on pages: made, shown, taken off; nobody else's are seen."""

from __future__ import annotations

import pytest

from portal.kernel.guid import Guid
from rollouts.models import Hub, HubLabel
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def guid_of(world, number: int) -> str:
    return str(Guid.from_db(world.guid(number)))


def test_a_label_is_put_on_the_hubs_of_a_list_and_the_others_are_named(world, seat):
    client = seat("supplier")
    pasted = f"{guid_of(world, 0)}\n{guid_of(world, 17)}\nnonsense\n{guid_of(world, 1)}"

    answer = client.post("/estate/labels/", {"label": "tower block", "hubs": pasted})

    body = answer.content.decode()
    assert "The label is on 2 hubs of the list." in body
    assert "nonsense" in body
    assert guid_of(world, 17) in body
    assert 'href="/estate/?label=tower+block"' in body
    assert HubLabel.objects.count() == 2


def test_a_label_is_removed_from_all_hubs(world, seat):
    client = seat("supplier")
    client.post("/estate/labels/", {"label": "x", "hubs": world.pasted(0, 1)})

    answer = client.post("/estate/labels/remove/", {"label": "x"}, follow=True)

    assert "The label is off 2 hubs." in answer.content.decode()
    assert not HubLabel.objects.exists()


def test_one_hub_gets_a_label_and_loses_it_on_its_page(world, seat):
    client, guid = seat("supplier"), guid_of(world, 3)

    client.post(f"/hubs/{guid}/labels/", {"act": "label", "label": "lift shaft"})
    shown = client.get(f"/hubs/{guid}/").content.decode()
    client.post(f"/hubs/{guid}/labels/", {"act": "unlabel", "label": "lift shaft"})

    assert "Take the label lift shaft off" in shown
    assert "Take the label lift shaft off" not in client.get(f"/hubs/{guid}/").content.decode()


def test_the_list_of_hubs_shows_labels_to_who_wants_them(world, seat):
    client = seat("supplier")
    client.post("/estate/labels/", {"label": "tower block", "hubs": guid_of(world, 0)})
    client.post("/estate/columns/", {"table": "estate", "column": ["labels"]})

    assert '<td data-label="Your labels">tower block</td>' in client.get("/estate/").content.decode()
    assert "tower block" not in seat("other").get("/estate/").content.decode()


@pytest.mark.requirement("R3.3")
def test_labels_are_nobody_elses(world, seat):
    client, guid = seat("supplier"), guid_of(world, 9)
    client.post(f"/hubs/{guid}/labels/", {"act": "label", "label": "ours"})

    assert "ours" not in seat("other").get(f"/hubs/{guid}/").content.decode()
    assert "ours" not in seat("other").get("/estate/labels/").content.decode()
    assert seat("other").post("/estate/labels/remove/", {"label": "ours"}).status_code == 302
    assert HubLabel.objects.count() == 1
    Hub.objects.filter(guid=world.guid(9)).update(import_supplier_id=world.other.pk)
    assert client.post(f"/hubs/{guid}/labels/", {"act": "label", "label": "x"}).status_code == 404
    for actor in ("operator", "csp", "panel"):
        assert seat(actor).get("/estate/labels/").status_code == 403, actor


def test_a_viewer_reads_labels_and_changes_none(world, client):
    client.force_login(UserFactory(organisation=world.supplier, roles=["SUPPLIER_VIEWER"]))

    assert "Put the label on" not in client.get("/estate/labels/").content.decode()
    assert client.post("/estate/labels/", {"label": "x", "hubs": world.pasted(0)}).status_code == 403
    assert client.post("/estate/labels/remove/", {"label": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"label": "", "hubs": "x"}, 422), ({"label": "x"}, 422), ({"label": "x" * 41, "hubs": "y"}, 422)],
)
def test_what_is_missing_is_said(world, seat, fields, status):
    assert seat("supplier").post("/estate/labels/", fields).status_code == status
