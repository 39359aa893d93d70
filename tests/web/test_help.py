"""Help: guides, terms, answers on the spot, and hints that can be put away for good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse

from portal.help.guides import GUIDES
from portal.identity.models import OrganisationKind
from portal.kernel.presentation.terms import TERMS, slug_of

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", [guide.slug for guide in GUIDES.values()])
def test_each_guide_can_be_read_and_printed(world, seat, slug):
    page = seat("csp").get(f"/help/guides/{slug}/")

    assert page.status_code == 200
    assert "data-print" in page.content.decode()


def test_a_guide_that_does_not_exist_is_not_found(world, seat):
    assert seat("csp").get("/help/guides/nobody/").status_code == 404


def test_every_term_has_an_anchor_of_its_own_and_stands_in_order(world, seat):
    page = seat("csp").get("/help/terms/").content.decode()
    anchors = [slug_of(term) for term in TERMS]

    assert len(set(anchors)) == len(anchors)
    assert all(f'<div id="{anchor}"' in page for anchor in anchors)
    assert list(TERMS) == sorted(TERMS, key=str.lower)


def test_every_term_that_a_page_explains_is_on_the_page_of_terms():
    sources = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    used = set(re.findall(r'{% term "([^"]+)"', sources))
    linked = set(re.findall(r"'help-terms' %}#([a-z-]+)", sources))

    assert used
    assert used <= set(TERMS)
    assert linked <= {slug_of(term) for term in TERMS}


@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        ("supplier", OrganisationKind.SUPPLIER),
        ("operator", OrganisationKind.DCC),
        ("csp", OrganisationKind.CSP),
        ("panel", OrganisationKind.PANEL),
    ],
)
def test_first_steps_are_shown_to_each_role_until_they_are_put_away(running, seat, actor, kind):
    client, guide = seat(actor), GUIDES[kind]
    before = client.get("/").content.decode()

    answer = client.post("/help/hints/put-away/")
    after = client.get("/").content.decode()

    assert "New here?" in before
    for step in guide.steps:
        assert client.get(reverse(step.page)).status_code == 200
        assert f'<a href="{reverse(step.page)}">{step.label}</a>' in before
    assert answer.url == "/"
    assert "New here?" not in after


def test_hints_put_away_by_one_person_are_still_there_for_another(running, seat):
    seat("supplier").post("/help/hints/put-away/")

    assert "New here?" in seat("operator").get("/").content.decode()


def test_hints_are_not_put_away_by_a_visitor(client):
    assert client.post("/help/hints/put-away/").status_code == 302
    assert client.get("/help/hints/put-away/").status_code == 405


def test_the_menu_leads_to_help_and_to_the_documentation_of_the_api(running, seat):
    page = seat("supplier").get("/").content.decode()

    assert '<a href="/help/">Help and guide</a>' in page
    assert '<a href="/developers/">API documentation</a>' in page
