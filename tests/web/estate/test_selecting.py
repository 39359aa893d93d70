"""Lists of hubs: sorted, with columns of one's own, and something done with the hubs that are ticked or match."""

from __future__ import annotations

import re

import pytest

from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Command, Hub, HubLabel, Incident, Instruction
from tests.factories import UserFactory, make_rollout
from tests.web.instructing import submit, token_in

pytestmark = pytest.mark.django_db


def guid_of(world, number: int) -> str:
    return str(Guid.from_db(world.guid(number)))


def listed(body: str) -> list[str]:
    return re.findall(r'class="guid" href="/hubs/([^"/]+)/"', body)


def select(client, act: str, *guids: str, **fields):
    return client.post("/estate/selected/", {"table": "estate", "act": act, "guid": guids, **fields})


def instructed(client, rollout, answer):
    """Go on from the selection to Check and submit it; return what was accepted and rejected."""
    address, token = answer["Location"].split("?selected=")
    assert address == f"/rollouts/{rollout.pk}/instruct/"
    assert "The hubs I selected in a list: " in client.get(answer["Location"]).content.decode()
    checked = client.post(
        address, {"kind": "INSTRUCT", "timing": "any", "source": "selected", "selected": token}
    )
    assert checked.status_code == 200
    submit(client, rollout, token_in(checked))
    instruction = Instruction.objects.latest("pk")
    return instruction.accepted, instruction.rejected


@pytest.mark.parametrize("path", ["/estate/", "/rollouts/{id}/hubs/"])
@pytest.mark.parametrize("actor", ["supplier", "operator"])
def test_a_list_is_walked_from_either_end(world, seat, today, actor, path, monkeypatch):
    rollout = make_rollout(world, now=today)
    client, url = seat(actor), path.format(id=rollout.pk)
    everything = listed(client.get(url).content.decode())

    backwards = listed(client.get(url, {"order": "desc"}).content.decode())

    assert len(everything) >= 16
    assert backwards == everything[::-1]
    assert 'aria-sort="descending"' in client.get(url, {"order": "desc"}).content.decode()
    assert 'href="?order=desc"' in client.get(url).content.decode()


@pytest.mark.parametrize("is_descending", [True, False])
def test_pages_follow_each_other_in_both_orders(world, is_descending):
    from rollouts.queries.estate.estate import estate_page

    everything = estate_page(world.as_supplier, is_descending=is_descending).items
    first = estate_page(world.as_supplier, size=5, is_descending=is_descending)
    second = estate_page(world.as_supplier, size=5, cursor=first.next, is_descending=is_descending)
    back = estate_page(world.as_supplier, size=5, cursor=second.previous, is_descending=is_descending)

    assert [*first.items, *second.items] == everything[:10]
    assert first.previous is None
    assert back.items == first.items


@pytest.mark.parametrize("is_descending", [True, False])
def test_pages_of_a_rollout_follow_each_other(world, today, is_descending):
    from rollouts.queries.rollouts.members import MemberFilter, members

    rollout = make_rollout(world, now=today)
    given = {"wanted": MemberFilter(), "is_descending": is_descending}
    everything = members(world.as_supplier, rollout.pk, **given).items
    first = members(world.as_supplier, rollout.pk, size=5, **given)
    second = members(world.as_supplier, rollout.pk, size=5, cursor=first.next, **given)

    assert [*first.items, *second.items] == everything[:10]


@pytest.mark.parametrize(("table", "path"), [("estate", "/estate/"), ("rollout", "/rollouts/{id}/hubs/")])
def test_columns_are_chosen_by_each_person_for_each_list(world, seat, today, table, path):
    rollout = make_rollout(world, now=today)
    client, url = seat("supplier"), path.format(id=rollout.pk)
    colleague = UserFactory(organisation=world.supplier, roles=["SUPPLIER_VIEWER"])
    chosen = {
        "table": table,
        "rollout": rollout.pk if table == "rollout" else "",
        "query": "region=1&order=desc",
        "column": ["state", "activates", "nonsense", "import"],
    }

    answer = client.post("/estate/columns/", chosen)
    body = client.get(url).content.decode()

    assert answer["Location"] == f"{url}?region=1&order=desc"
    assert re.findall(r'<th scope="col">([^<]+)</th>', body.split("</thead>")[0]) == ["State", "Activates"]
    other = type(client)()
    other.force_login(colleague)
    assert '<th scope="col">Region</th>' in other.get(url).content.decode()
    client.post("/estate/columns/", {**chosen, "usual": "yes"})
    assert '<th scope="col">Region</th>' in client.get(url).content.decode()
    assert client.post("/estate/columns/", {**chosen, "table": "secrets"}).status_code == 404


@pytest.mark.requirement("R3.8")
def test_ticked_hubs_are_instructed(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")

    answer = select(client, "instruct", guid_of(world, 1), guid_of(world, 3))

    assert instructed(client, rollout, answer) == (2, 0)


def test_all_that_match_are_instructed(world, seat, today):
    Hub.objects.filter(guid__lte=world.guid(4)).update(region=1)
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    filtered = "region=1"
    matching = listed(client.get(f"/rollouts/{rollout.pk}/hubs/?{filtered}").content.decode())

    of_rollout = select(
        client, "instruct", which="all", table="rollout", rollout=rollout.pk, query=f"{filtered}&order=desc"
    )
    of_estate = select(client, "instruct", which="all", query=filtered)

    assert 0 < len(matching) < 16
    assert instructed(client, rollout, of_rollout)[0] == len(matching)
    assert instructed(client, rollout, of_estate)[0] == len(matching)


@pytest.mark.requirement("R5.1")
def test_an_incident_is_raised_with_ticked_hubs(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    answer = select(
        client, "incident", guid_of(world, 1), guid_of(world, 3), table="rollout", rollout=rollout.pk
    )
    address, token = answer["Location"].split("?selected=")
    assert "The 2 hubs I selected in a list" in client.get(answer["Location"]).content.decode()

    client.post(
        address,
        {
            "title": "Prepayment meters silent",
            "category": 3,
            "han_impact": "UNKNOWN",
            "source": "selected",
            "selected": token,
        },
    )

    assert Incident.objects.get().hubs == 2


def test_hubs_in_several_rollouts_are_asked_for_the_one(world, seat, today):
    first = make_rollout(world, now=today)
    second = make_rollout(world, now=today)
    client = seat("supplier")
    from rollouts.models import Target

    Target.objects.filter(rollout_id=second.pk).exclude(guid=world.guid(1)).delete()
    Target.objects.filter(rollout_id=first.pk, guid=world.guid(1)).delete()

    answer = select(client, "instruct", *(guid_of(world, n) for n in (0, 1, 2)))
    page = client.get(answer["Location"]).content.decode()

    assert re.findall(r'href="/rollouts/(\d+)/instruct/\?selected=', page) == [str(first.pk), str(second.pk)]
    assert seat("other").get(answer["Location"]).status_code == 404


def test_labels_are_put_on_and_taken_off_what_is_selected(world, seat):
    Hub.objects.filter(guid__lte=world.guid(4)).update(region=1)
    client, back = seat("supplier"), "/estate/?region=1"

    put = select(client, "label", which="all", query="region=1", label="tower block")
    labelled = HubLabel.objects.filter(organisation_id=world.supplier.pk, label="tower block").count()
    taken = select(client, "unlabel", guid_of(world, 0), label="tower block", query="region=1")

    assert put["Location"] == taken["Location"] == back
    assert "“tower block” is off 1 hub." in client.get(back).content.decode()
    assert labelled == Hub.objects.filter(region=1, import_supplier_id=world.supplier.pk).count() > 1
    assert HubLabel.objects.count() == labelled - 1


@pytest.mark.requirement("R4.8")
def test_the_versions_of_ticked_hubs_are_read(world, seat):
    client = seat("supplier")

    answer = select(client, "read", guid_of(world, 1), guid_of(world, 3))

    assert "The version of 2 hubs is being read" in client.get(answer["Location"]).content.decode()
    assert Command.objects.count() >= 1


@pytest.mark.requirement("R3.3", "R4.2")
@pytest.mark.parametrize("which", ["foreign", "lost", "unknown"])
def test_a_hub_that_is_not_ones_own_reads_like_one_that_does_not_exist(world, seat, today, which):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    guid = {"foreign": guid_of(world, 17), "lost": guid_of(world, 2), "unknown": "00-DB-99-00-00-00-00-01"}[
        which
    ]
    if which == "lost":
        pair = (world.other.pk, world.other.pk)
        services.change_suppliers(
            world.operator, changes=[(world.guid(2), *pair)], effective_at=today, now=today, evidence="7"
        )

    read = select(client, "read", guid)
    select(client, "label", guid, label="mine")
    instruction = select(client, "instruct", guid, table="rollout", rollout=rollout.pk)

    assert "Not a hub of yours in the inventory" in client.get(read["Location"]).content.decode()
    assert not HubLabel.objects.exists()
    address, token = instruction["Location"].split("?selected=")
    fields = {"kind": "INSTRUCT", "timing": "any", "source": "selected", "selected": token}
    checked = client.post(address, fields).content.decode()
    assert re.sub(r"<[^>]+>", " ", checked).count("Not a hub of yours") >= 1
    assert "Submit <span" not in checked


def test_a_selection_is_its_organisations_alone(world, seat, today):
    rollout = make_rollout(world, now=today)
    answer = select(seat("supplier"), "instruct", guid_of(world, 1))
    address, token = answer["Location"].split("?selected=")
    other = seat("other")

    assert "I selected in a list" not in other.get(answer["Location"]).content.decode()
    refused = other.post(
        address, {"kind": "INSTRUCT", "timing": "any", "source": "selected", "selected": token}
    )
    assert refused.status_code == 422
    assert rollout.pk


def test_nothing_ticked_and_no_rollout_are_said_in_words(world, seat):
    client = seat("supplier")

    for act, guids, fields, says in (
        ("instruct", [], {}, "Tick the hubs you mean first"),
        ("instruct", ["nonsense"], {}, "Tick the hubs you mean first"),
        ("instruct", [guid_of(world, 1)], {}, "No rollout under way has any of these hubs"),
        ("obey", [guid_of(world, 1)], {}, "Choose what to do with these hubs"),
        ("label", [guid_of(world, 1)], {"label": " "}, "A label has 1 to 40 characters"),
        ("label", [], {"label": "x", "which": "all", "query": "region=77"}, "no longer known"),
    ):
        back = select(client, act, *guids, **fields)["Location"]
        assert says in client.get(back).content.decode()
    assert not HubLabel.objects.exists()


def test_too_many_at_once_are_refused(world, seat, monkeypatch):
    monkeypatch.setattr("rollouts.queries.estate.selecting.MOST_SELECTED", 3)
    client = seat("supplier")

    select(client, "label", which="all", label="x")

    assert "More than 3 hubs match" in client.get("/estate/").content.decode()
    assert not HubLabel.objects.exists()


def test_who_may_only_look_selects_nothing(world, seat, client):
    client.force_login(UserFactory(organisation=world.supplier, roles=["SUPPLIER_VIEWER"]))

    assert 'name="guid"' not in client.get("/estate/").content.decode()
    for act in ("label", "unlabel", "read"):
        assert select(client, act, guid_of(world, 1), label="x").status_code == 403, act
    assert select(seat("panel"), "read", guid_of(world, 1)).status_code == 403
    assert select(seat("csp"), "read", guid_of(world, 1)).status_code == 403
    assert select(seat("operator"), "label", guid_of(world, 1), label="x").status_code == 403
    assert "Put on" not in seat("operator").get("/estate/").content.decode()
