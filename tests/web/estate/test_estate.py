"""The estate on pages: found, filtered, walked, taken away; and one hub's page."""

from __future__ import annotations

import re

import pytest

from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts.models import Command
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


def guids_in(answer) -> list[str]:
    return re.findall(r'class="guid" href="/hubs/([^/]+)/', answer.content.decode())


def spelt(world, number) -> str:
    return str(Guid.from_db(world.guid(number)))


@pytest.mark.requirement("R4.3")
def test_everybody_lists_what_it_answers_for(world, seat):
    assert len(guids_in(seat("supplier").get("/estate/"))) == 16
    assert len(guids_in(seat("other").get("/estate/"))) == 6
    assert len(guids_in(seat("operator").get("/estate/"))) == 20
    assert seat("panel").get("/estate/").status_code == 403


@pytest.mark.requirement("R4.3")
@pytest.mark.parametrize(
    "spelling",
    ["00-DB-12-34-00-00-00-03", "00db123400000003", "00:db:12:34:00:00:00:03", " 00DB.1234.0000.0003 "],
)
def test_a_hub_is_found_by_any_spelling(world, seat, spelling):
    assert guids_in(seat("supplier").get("/estate/", {"q": spelling})) == [world.pasted(3)]
    assert guids_in(seat("other").get("/estate/", {"q": spelling})) == []


def test_what_cannot_be_searched_for_is_said_and_kept(world, seat):
    answer = seat("supplier").get("/estate/", {"q": "hello world"})

    assert answer.status_code == 422
    assert 'value="hello world"' in answer.content.decode()


@pytest.mark.requirement("R4.3")
def test_filters_stand_in_the_address_and_count(world, seat):
    sql.run("UPDATE rollouts_hub SET region = 3 WHERE guid < %(first)s", {"first": world.guid(4)})
    client = seat("supplier")

    answer = client.get("/estate/?region=3")
    split = client.get("/estate/?split=yes&role=GAS")

    assert len(guids_in(answer)) == 4
    assert "4 hubs" in answer.content.decode()
    assert guids_in(split) == [world.pasted(12), world.pasted(13)]
    assert client.get("/estate/?region=99&version=zzz&rollout=77").status_code == 200


@pytest.mark.requirement("R4.3")
def test_the_hubs_of_an_update_are_filtered_by_their_state(world, seat, today):
    rollout = make_rollout(world, now=today)
    sql.run("UPDATE rollouts_target SET state = 20, consent = 4 WHERE guid = %(one)s", {"one": world.guid(5)})

    answer = seat("supplier").get(f"/estate/?rollout={rollout.pk}&state=SCHEDULED")

    assert guids_in(answer) == [world.pasted(5)]


@pytest.mark.requirement("R4.3")
def test_a_list_is_taken_away_as_it_is_filtered(world, seat):
    client = seat("supplier")

    complete = b"".join(client.get("/estate.csv").streaming_content).decode().splitlines()
    some = b"".join(client.get("/estate.csv?split=yes").streaming_content).decode().splitlines()

    assert len(complete) == 17
    assert len(some) == 6
    assert not any(word in "".join(complete) for word in ("Fernhill", "Kestrel"))


@pytest.mark.requirement("R4.3")
def test_pages_of_an_estate_meet_without_a_gap(world, seat):
    sql.run(
        "INSERT INTO rollouts_hub (guid, device_model_id, cpl_entry_id, import_supplier_id, gas_supplier_id, region,"
        " smi_status, han_devices, postcode_area)"
        " SELECT %(first)s + g, %(model)s, %(entry)s, %(party)s, %(party)s, 2, 4, 1, 'LS' FROM generate_series(100, 219) AS g",
        {
            "first": world.guid(0),
            "model": world.model.pk,
            "entry": world.current.pk,
            "party": world.supplier.pk,
        },
    )
    client, result, url = seat("supplier"), [], "/estate/"

    while url:
        answer = client.get(url)
        result += guids_in(answer)
        more = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        url = "/estate/" + more[1].replace("&amp;", "&") if more else ""

    assert len(result) == len(set(result)) == 136
    assert result == sorted(result)
    assert client.get("/estate/?page=nonsense").status_code in {404, 422}


@pytest.mark.requirement("R3.3")
def test_a_hubs_page_tells_its_own_suppliers_everything_but_who_the_other_is(world, seat, today):
    make_rollout(world, now=today)
    url = f"/hubs/{world.pasted(9)}/"

    body = seat("supplier").get(url).content.decode()

    assert "Toshiba 433100AC" in body
    assert "It waits for your answer." in body
    assert "Has not answered" in body
    assert "Fernhill" not in body
    assert "Fernhill Gas" in seat("operator").get(url).content.decode()
    assert seat("third").get(url).status_code == 404
    assert seat("panel").get(url).status_code == 404


def test_a_hub_has_one_address(world, seat):
    answer = seat("supplier").get("/hubs/00db123400000003/")

    assert answer["Location"] == f"/hubs/{world.pasted(3)}/"
    assert seat("supplier").get("/hubs/nonsense/").status_code == 404


@pytest.mark.requirement("R4.8")
def test_a_reading_is_asked_for_on_the_hubs_page(world, seat):
    url = f"/hubs/{world.pasted(3)}/read/"

    assert seat("other").post(url).status_code == 404
    assert seat("supplier").get(url).status_code == 405
    answer = seat("supplier").post(url, follow=True)
    again = seat("supplier").post(url, follow=True)

    assert "is being read" in answer.content.decode()
    assert "a moment ago" in again.content.decode()
    assert Command.objects.count() == 1


def test_a_bookmark_with_the_former_name_of_the_filter_still_filters(world, seat, today):
    rollout = make_rollout(world, now=today)

    old, new = (seat("supplier").get(f"/estate/?{name}={rollout.pk}") for name in ("update", "rollout"))

    assert old.context["form"].filters() == new.context["form"].filters()
    assert new.context["form"].filters().rollout_id == rollout.pk
