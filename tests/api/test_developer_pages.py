"""What an integrator reads before there is a client."""

from __future__ import annotations

import re

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from portal.problems import CATALOGUE
from portal.rest.developer_pages import PAGES

pytestmark = [pytest.mark.django_db]


def test_the_description_is_one_as_yaml_and_json():
    as_yaml = Client().get("/api/v1/openapi.yaml")
    as_json = Client().get("/api/v1/openapi.json")

    assert (as_yaml.status_code, as_json.status_code) == (200, 200)
    assert as_json["Content-Type"] == "application/json"
    assert yaml.load(as_yaml.content, yaml.CSafeLoader) == as_json.json()


@pytest.mark.parametrize("slug", PAGES)
def test_pages_are_read_without_a_log_in(slug):
    index = Client().get(reverse("developers")).content.decode()
    page = Client().get(reverse("developer-page", args=[slug]))

    assert reverse("developer-page", args=[slug]) in index
    assert page.status_code == 200
    assert page.content.decode().partition("# ")[1]


@pytest.mark.parametrize("slug", PAGES)
def test_every_link_of_a_page_leads_somewhere(slug):
    text = Client().get(reverse("developer-page", args=[slug])).content.decode()

    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("https://")}

    assert {link: Client().get(link).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("code", ["invalid_input", "body_too_slow"])
def test_a_problem_is_a_page_in_a_browser_and_a_document_for_a_system(code):
    known = CATALOGUE[code]

    page = Client().get(known.type, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    document = Client().get(known.type)

    assert page["Content-Type"].startswith("text/html")
    assert known.title in page.content.decode()
    assert document.json()["code"] == code


def test_what_is_no_page_is_not_found():
    assert Client().get("/developers/nothing").status_code == 404
    assert Client().get("/problems/nothing").status_code == 404
