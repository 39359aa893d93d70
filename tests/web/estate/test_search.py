"""Searching everywhere, from every seat: what is found, why nothing is, and never more than the seat may see."""

from __future__ import annotations

import re

import pytest

from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from rollouts.models import Hub, Incident, Instruction
from rollouts.queries.estate.keyset import FIRST, LAST, EstateFilter, selection_of
from tests.factories import UserFactory, make_rollout
from tests.web.governing import make_trouble
from tests.web.instructing import check, submit, token_in

pytestmark = pytest.mark.django_db

#: The statements a search takes, by seat; a GUID's beginning and ending are two walks of their indexes.
COSTS = {"supplier": 13, "operator": 12, "csp": 10, "panel": 6}


def results_for(client, text: str, **headers: str) -> str:
    answer = client.get("/search/", {"q": text}, headers=headers or {"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def links(body: str) -> list[str]:
    return re.findall(r'<li><a href="([^"]+)"', body)


def guid_of(world, number: int) -> str:
    return str(Guid.from_db(world.guid(number)))


@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda text: text.replace("-", ""), lambda text: f" {text};"]
)
def test_a_hub_is_found_by_its_guid_in_any_spelling(world, seat, spell):
    guid = guid_of(world, 3)

    answer = seat("supplier").get("/search/", {"q": spell(guid)})

    assert answer["Location"] == f"/hubs/{guid}/"
    assert links(results_for(seat("supplier"), spell(guid))) == [f"/hubs/{guid}/"]


def test_a_hub_is_found_by_its_gpf(world, seat):
    gpf = str(Guid.from_db(Hub.objects.get(guid=world.guid(3)).gpf_guid))

    assert seat("supplier").get("/search/", {"q": gpf})["Location"] == f"/hubs/{guid_of(world, 3)}/"


@pytest.mark.parametrize("text", ["00-00-00-03", "000003", "00-03"])
def test_a_hub_is_found_by_how_its_guid_ends(world, seat, text):
    assert links(results_for(seat("supplier"), text)) == [f"/hubs/{guid_of(world, 3)}/"]


def test_a_beginning_shows_the_first_hubs_and_leads_to_all(world, seat):
    listed = links(results_for(seat("supplier"), "00-DB"))

    assert listed[:6] == [f"/hubs/{guid_of(world, number)}/" for number in range(6)]
    assert listed[6:] == ["/estate/?q=00-DB"]


def test_an_ending_can_be_a_filter_of_the_estate(world, seat):
    body = seat("supplier").get("/estate/", {"q": "*00-03"}).content.decode()
    refused = seat("supplier").get("/estate/", {"q": "*03"})

    assert guid_of(world, 3) in body
    assert guid_of(world, 4) not in body
    assert refused.status_code == 422
    assert "last four digits or more" in refused.content.decode()


@pytest.mark.requirement("R3.3", "R4.2")
def test_a_foreign_hub_an_unknown_one_and_one_that_was_lost_read_the_same(world, seat):
    client, other = seat("supplier"), seat("other")
    lost, foreign = guid_of(world, 0), guid_of(world, 17)
    assert links(results_for(client, lost))
    Hub.objects.filter(guid=world.guid(0)).update(
        import_supplier_id=world.other.pk, gas_supplier_id=world.other.pk
    )

    answers = [
        results_for(client, text).replace(text, "")
        for text in (lost, foreign, "00-DB-12-34-FF-FF-FF-FF", lost[-11:], foreign[-11:], "FF-FF-FF-FF")
    ]

    assert len(set(answers[:3])) == 1
    assert len(set(answers[3:])) == 1
    assert "None of your hubs has this GUID" in answers[0]
    assert links(results_for(other, lost)) == [f"/hubs/{lost}/"]


def test_rollouts_incidents_instructions_and_people_are_found(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    submit(client, rollout, token_in(check(client, rollout)))
    reference = Instruction.objects.get().reference
    colleague = UserFactory(organisation=world.supplier, name="Zuleika Dobson", roles=["SUPPLIER_VIEWER"])
    User.objects.filter(pk=world.supplier_user.pk).update(roles=["SUPPLIER_ADMIN", "SUPPLIER_ANALYST"])

    assert links(results_for(client, rollout.name[:7].lower())) == [f"/rollouts/{rollout.pk}/"]
    assert links(results_for(client, reference.lower())) == [f"/instructions/{reference}/"]
    assert links(results_for(client, "zuleika")) == [
        f"/organisation/people/{reference_of(colleague.pk, 'person')}/"
    ]
    for actor in ("other", "operator", "csp", "panel"):
        assert links(results_for(seat(actor), reference)) == [], actor
        assert links(results_for(seat(actor), "zuleika")) == [], actor


def test_incidents_are_found_by_those_who_may_see_them(world, seat, today):
    make_trouble(world, now=today)
    incident = Incident.objects.filter(organisation_id=world.supplier.pk).first()

    for text in (incident.reference, incident.title):
        assert f"/incidents/{reference_of(incident.pk, 'incident')}/" in links(
            results_for(seat("supplier"), text)
        )
        assert f"/incidents/{reference_of(incident.pk, 'incident')}/" in links(
            results_for(seat("operator"), text)
        )
        assert f"/incidents/{reference_of(incident.pk, 'incident')}/" not in links(
            results_for(seat("other"), text)
        )
        assert f"/incidents/{reference_of(incident.pk, 'incident')}/" not in links(
            results_for(seat("csp"), text)
        )


def test_a_draft_and_a_rollout_of_others_are_not_found(world, seat, today):
    rollout = make_rollout(world, now=today, status="DRAFT")

    assert links(results_for(seat("operator"), rollout.name)) == [f"/rollouts/{rollout.pk}/"]
    for actor in ("supplier", "csp", "panel"):
        assert links(results_for(seat(actor), rollout.name)) == [], actor


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "Type two characters or more."),
        ("1.23457E+15", "Excel has turned this GUID into a number"),
        ("00-DB-99", "begins or ends with it"),
        ("00-DB-12-34-00-00-00-000", "This is too long."),
        ("no such thing", "No rollout, incident or instruction"),
        ("no such thing", "People are found by administrators"),
    ],
)
def test_a_search_says_why_nothing_was_found(world, seat, text, says):
    User.objects.filter(pk=world.supplier_user.pk).update(roles=["SUPPLIER_ANALYST"])

    assert says in results_for(seat("supplier"), text)


def test_a_csp_finds_hubs_of_its_regions_by_guid_and_ending_alone(world, seat):
    assert links(results_for(seat("csp"), guid_of(world, 3))) == [f"/hubs/{guid_of(world, 3)}/"]
    assert links(results_for(seat("csp"), "000003")) == [f"/hubs/{guid_of(world, 3)}/"]
    assert "A CSP finds hubs by the whole GUID" in results_for(seat("csp"), "00-DB")
    Hub.objects.filter(guid=world.guid(3)).update(region=0)
    assert links(results_for(seat("csp"), guid_of(world, 3))) == []
    assert links(results_for(seat("csp"), "000003")) == []


def test_the_panel_finds_no_single_hubs(world, seat):
    for text in (guid_of(world, 3), "000003", "00-DB"):
        assert "not single hubs" in results_for(seat("panel"), text)


def test_the_page_works_without_scripts(world, seat):
    client = seat("supplier")

    page = client.get("/search/", {"q": "000003"}).content.decode()

    assert "<html" in page
    assert 'value="000003"' in page
    assert f'href="/hubs/{guid_of(world, 3)}/"' in page
    assert client.get("/search/").status_code == 200
    assert 'href="/search/"' in client.get("/").content.decode()


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", "%_%", "\x00", "١٢٣٤", "<script>", "a" * 5000])
def test_no_text_breaks_the_search(world, seat, text):
    assert "<script>" not in results_for(seat("supplier"), text)


@pytest.mark.parametrize("actor", COSTS)
def test_a_search_takes_few_statements_however_much_there_is(world, seat, statements, today, actor):
    make_rollout(world, now=today)
    client = seat(actor)
    client.get("/search/?q=0003")
    few = statements(client, "/search/?q=0003")
    for _ in range(3):
        make_rollout(world, now=today)

    assert statements(client, "/search/?q=0003") == few == COSTS[actor]


@pytest.mark.parametrize("actor", ["supplier", "operator", "csp"])
def test_endings_are_read_from_their_index(world, actor):
    sql.run("SET LOCAL enable_seqscan = off")
    selection = selection_of(Scope.of(getattr(world, f"{actor}_user")), EstateFilter(search="*000003"))
    params = {**selection.params, "first": FIRST, "last": LAST, "bound": 100, "size": 7}

    text = selection.statement("estate_walk", "ASC").text
    plan = " ".join(str(row[0]) for row in sql.rows(f"EXPLAIN {text}", params))

    source = sql.rows("SELECT prosrc FROM pg_proc WHERE proname = 'rollouts_hubs_ending'")[0].prosrc
    own = source.replace("ending", "3").replace("mask", "16777215")
    inside = " ".join(str(row[0]) for row in sql.rows(f"EXPLAIN {own}"))

    assert "Function Scan on rollouts_hubs_ending" in plan
    assert "rollouts_hub_by_ending" in inside
    assert "Seq Scan on rollouts_hub" not in plan + inside
    assert "rollouts_hub_by_import" not in plan
