"""A system about itself, and how it learns that an operation is to go."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from portal.identity.api_scopes import ApiScope
from portal.rest.operations import Operation, operation
from portal.rest.views import ResourceView
from tests.api.systems import PREFIX, System, body_of

SINCE = datetime(2030, 1, 1, tzinfo=UTC)


def token_for(client_id: str, secret: str) -> int:
    shown = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    answer = Client().post(
        "/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {shown}"}
    )
    return int(answer.status_code)


@pytest.mark.requirement("R6.2")
def test_a_system_reads_what_it_may_do_and_until_when(stage):
    stage.supplier.post("/client/secret")

    document = body_of(stage.supplier.get("/client"))

    assert document["name"] == "CRM of Brightwater Energy"
    assert "instructions:write" in document["scopes"]
    assert [secret["expires_at"] for secret in document["secrets"]] == [None]
    assert "sha256" not in document["secrets"][0]


@pytest.mark.requirement("R6.2")
def test_a_system_changes_its_secret_and_the_former_one_counts_for_a_while(stage):
    first = body_of(stage.supplier.post("/client/secret"))
    second = stage.supplier.post("/client/secret")

    made = body_of(second)
    assert second.status_code == 201
    assert made["former_counts_for_days"] == 7
    assert [token_for(each["client_id"], each["secret"]) for each in (first, made)] == [200, 200]
    former = body_of(stage.supplier.get("/client"))["secrets"][1]
    assert former["expires_at"] is not None
    assert former["ending"] == first["secret"][-4:]

    third = body_of(stage.supplier.post("/client/secret"))

    assert [token_for(each["client_id"], each["secret"]) for each in (first, made, third)] == [401, 200, 200]


def test_only_a_system_has_a_secret_of_its_own(stage):
    browser = Client()
    browser.force_login(stage.world.supplier_user)
    narrow = System(stage.world.supplier, [ApiScope.EVENTS_READ])

    assert browser.get(f"{PREFIX}/client").status_code == 403
    assert browser.post(f"{PREFIX}/client/secret", content_type="application/json").status_code == 403
    assert narrow.post("/client/secret").status_code == 403


def test_what_is_to_go_says_so_in_every_answer_and_in_the_description(stage):
    class Going(ResourceView):
        needs = ApiScope.ROLLOUTS_READ

        @operation("getGoing", "Going", deprecated=SINCE, sunset=SINCE + timedelta(days=400))
        def get(self, request):
            return Response({})

    request = APIRequestFactory().get("/")
    force_authenticate(request, stage.world.supplier_user)
    answer = Going.as_view()(request)

    assert answer["Deprecation"] == f"@{int(SINCE.timestamp())}"
    assert answer["Sunset"] == "Wed, 05 Feb 2031 00:00:00 GMT"
    assert "Deprecation" not in stage.supplier.get("/rollouts")


def test_nothing_goes_within_a_year():
    with pytest.raises(ImproperlyConfigured, match="a year"):
        Operation("getGoing", "Going", deprecated=SINCE, sunset=SINCE + timedelta(days=30))
    with pytest.raises(ImproperlyConfigured, match="a year"):
        Operation("getGoing", "Going", deprecated=SINCE)
