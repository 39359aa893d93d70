"""The address CSPs send alerts to: stored before it answers, and refused line by line."""

from __future__ import annotations

import json

import orjson
import pytest
from django.test import Client

from portal.identity.tokens import issue_token
from rollouts import services
from rollouts.models import (
    CspAlertBatch,
)
from rollouts.states import TargetState
from tests.integration.alerting import AlertScenario

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_subscribers")]


class TestTheEndpoint:
    def post(self, body, **headers):
        return Client().post(
            "/csp/v1/alerts",
            data=body,
            content_type="application/x-ndjson",
            headers=dict(headers.items()),
        )

    def test_it_stores_before_it_answers(self, now):
        scenario = AlertScenario(now)
        token = issue_token(scenario.world.csp, name="gateway", now=now)

        answer = self.post(orjson.dumps(scenario.activated(0)), authorization=f"Bearer {token}")

        assert answer.status_code == 202
        assert answer.json()["accepted"] == 1
        assert CspAlertBatch.objects.filter(applied_at=None).count() == 1

    def test_a_bad_line_is_named_and_nothing_is_stored(self, now):
        scenario = AlertScenario(now)
        token = issue_token(scenario.world.csp, name="gateway", now=now)
        body = orjson.dumps(scenario.activated(0)) + b'\n{"alert_id": "x"}\nnot json\n'

        answer = self.post(body, authorization=f"Bearer {token}")

        assert answer.status_code == 422
        assert [line["line"] for line in answer.json()["lines"]] == [2, 3]
        assert not CspAlertBatch.objects.exists()

    @pytest.mark.parametrize(
        "odd",
        [
            {"alert_id": "0123456789abcdef0123456789abcde\tf"},
            {"alert_id": "0123456789abcdef\n0123456789abcdef"},
            {"alert_id": "0-123456789abcdef0123456789abcde-f"},
            {"occurred_at": "2030-W10-1T10:00:00Z"},
            {"occurred_at": "2030-03-04\t10:00:00Z"},
            {"occurred_at": "20300304T100000,5Z"},
            {"occurred_at": "2030-03-04T10:00:00+00:00:00.5"},
            {"occurred_at": "0001-01-01T00:00:00+14:00"},
            {"command_id": str(2**63)},
            {"command_id": 10**30},
            {"command_id": -1},
            {"command_id": "12_\u0661"},
            {"command_id": float("1e300")},
            {"firmware_version": "0C23\t000"},
            {"firmware_version": "ﬀﬀﬀﬀﬀ"},
        ],
        ids=repr,
    )
    def test_what_is_stored_can_be_applied(self, now, odd):
        scenario = AlertScenario(now)
        token = issue_token(scenario.world.csp, name="gateway", now=now)
        body = json.dumps(scenario.activated(0, **odd)) + "\n" + json.dumps(scenario.activated(1))

        answer = self.post(body.encode(), authorization=f"Bearer {token}")

        services.apply_waiting(now=now)
        assert not CspAlertBatch.objects.filter(applied_at=None).exists()
        taken = answer.status_code == 202
        assert (scenario.state(1) == TargetState.ACTIVATED) is taken
        assert taken or [line["line"] for line in answer.json()["lines"]] == [1]

    @pytest.mark.parametrize("command_id", [True, 1.5, [7], "x" * 65])
    def test_the_id_of_a_command_is_a_number_or_a_short_text(self, now, command_id):
        scenario = AlertScenario(now)
        token = issue_token(scenario.world.csp, name="gateway", now=now)
        body = orjson.dumps(scenario.activated(0, command_id=command_id))

        answer = self.post(body, authorization=f"Bearer {token}")

        assert answer.status_code == 422

    @pytest.mark.parametrize("token", ["", "wrong"])
    def test_it_wants_the_token_of_a_csp(self, now, token):
        scenario = AlertScenario(now)
        issue_token(scenario.world.supplier, name="not a CSP", now=now, secret="supplier-secret")

        for secret in (token, "supplier-secret"):
            answer = self.post(orjson.dumps(scenario.activated(0)), authorization=f"Bearer {secret}")
            assert answer.status_code == 401
