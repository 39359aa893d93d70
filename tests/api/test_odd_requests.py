"""What is sent is heeded or refused: said twice, in the wrong place, in another spelling, or to another host."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime

import pytest
from django.test import Client

from notifications.models import WebhookEndpoint
from portal.identity.api_scopes import ApiScope
from portal.kernel.references import number_of
from rollouts.models import Instruction, Rollout, SelectionRule
from tests.api.systems import PREFIX, System, body_of
from tests.api.things import owned
from tests.integration.clients import client_for

pytestmark = [pytest.mark.django_db]
LATER = "2027-02-01T02:00:00Z"


def guid_list(stage):
    return {"kind": "INSTRUCT", "guids": [stage.guid(0)]}


def codes_of(answer):
    return (answer.status_code, [each["at"] for each in body_of(answer).get("errors", [])])


class TestOneSourceForEachValue:
    @pytest.fixture
    def later(self, stage):
        until = Rollout.objects.get(pk=stage.rollout.pk).activate_until or datetime(2030, 1, 1, tzinfo=UTC)
        return until.strftime("%Y-%m-%dT%H:%M:%SZ")

    def test_a_dry_run_says_what_the_query_says_of_a_json_body(self, stage):
        in_body = stage.supplier.post(
            stage.path("/instructions?dry_run=true"), {**guid_list(stage), "kind": "DECLINE"}
        )
        in_query = stage.supplier.post(
            stage.path("/instructions?dry_run=true&kind=DECLINE"), {"guids": [stage.guid(0)]}
        )

        assert in_query.status_code == in_body.status_code == 200
        outlooks = [body_of(each) for each in (in_query, in_body)]
        for each in outlooks:
            each["activation_hours"].pop("begins_at")  # within the hours, that is now
        assert outlooks[0] == outlooks[1]

    @pytest.mark.parametrize(
        ("query", "member"),
        [
            (f"activate_at={LATER}", {"activate_at": "2027-03-01T02:00:00Z"}),
            (f"activate_at={LATER}", {"activate_at": None}),
            ("kind=DECLINE", {"kind": "INSTRUCT"}),
            ("name=a", {"name": "b"}),
            ("batch_id=1", {"batch_id": 2}),
            ("group=PILOT", {"group": "GENERAL"}),
        ],
    )
    def test_two_that_say_different_things_are_refused(self, stage, query, member):
        answer = stage.supplier.post(stage.path(f"/instructions?{query}"), {**guid_list(stage), **member})

        assert codes_of(answer) == (422, [f"/{query.partition('=')[0]}"])
        assert not Instruction.objects.exists()

    def test_two_that_say_the_same_are_one(self, stage):
        answer = stage.supplier.post(
            stage.path("/instructions?kind=INSTRUCT&name=Central"), {**guid_list(stage), "name": "Central"}
        )

        assert (answer.status_code, body_of(answer)["name"]) == (201, "Central")

    def test_a_name_in_the_query_is_heeded(self, stage):
        answer = stage.supplier.post(stage.path("/instructions?name=Central"), guid_list(stage))

        assert (answer.status_code, body_of(answer)["name"]) == (201, "Central")

    def test_a_nomination_takes_the_time_from_one_of_both(self, stage):
        path = stage.path("/pilot/submissions")
        body = {"guids": [stage.guid(0)], "activate_at": "2027-03-01T02:00:00Z"}

        answer = stage.supplier.post(f"{path}?activate_at={LATER}", body)

        assert codes_of(answer) == (422, ["/activate_at"])

    @pytest.mark.parametrize(
        "path", ["/selection-rules?name=x", "/webhooks?state=ENABLED", "/client/secret?a=1"]
    )
    def test_a_query_that_no_method_knows_is_refused(self, stage, path):
        answer = stage.supplier.post(path, {})

        assert answer.status_code == 422, answer.content
        assert not SelectionRule.objects.exists()

    def test_a_body_that_no_method_knows_is_refused(self, stage):
        number = owned(stage, "")["webhook_id"]

        answer = stage.supplier.client.delete(
            f"{PREFIX}/webhooks/{number}", b'{"x": 1}', content_type="application/json"
        )

        assert answer.status_code == 422
        assert WebhookEndpoint.objects.filter(pk=number_of(number, "webhook")).exists()


class TestSaidTwice:
    def test_a_list_is_taken_from_each_of_its_parameters(self, stage):
        several = stage.supplier.get("/estate?region=NORTH&region=CENTRAL&fields=guid&fields=region")
        between_commas = stage.supplier.get("/estate?region=NORTH,CENTRAL&fields=guid,region")

        assert body_of(several)["items"] == body_of(between_commas)["items"]
        assert {each["region"] for each in body_of(several)["items"]} == {"NORTH", "CENTRAL"} & {
            each["region"] for each in body_of(stage.supplier.get("/estate"))["items"]
        }

    @pytest.mark.parametrize(
        "path",
        ["/estate?limit=1&limit=2", "/rollouts?limit=1&limit=1", "/instructions?rollout_id=1&rollout_id=2"],
    )
    def test_one_value_is_given_once(self, stage, path):
        answer = stage.supplier.get(path)

        assert answer.status_code == 422
        assert len(body_of(answer)["errors"]) == 1

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b'{"kind": "INSTRUCT", "kind": "DECLINE", "guids": ["%b"]}', "application/json"),
            (b'{"guid": "%b", "guid": "00-00-00-00-00-00-00-00"}', "application/x-ndjson"),
        ],
    )
    def test_a_member_of_a_body_is_given_once(self, stage, body, kind):
        answer = stage.supplier.post(stage.path("/instructions"), body % stage.guid(0).encode(), kind=kind)

        assert answer.status_code in {400, 422}
        assert not Instruction.objects.exists()

    def test_a_line_holds_a_guid_and_nothing_that_would_be_dropped(self, stage):
        line = f'{{"guid": "{stage.guid(0)}", "activate_at": "{LATER}"}}'.encode()

        answer = stage.supplier.post(stage.path("/instructions"), line, kind="application/x-ndjson")

        assert codes_of(answer) == (422, ["/1"])
        assert not Instruction.objects.exists()

    @pytest.mark.parametrize("path", ["/estate", "/rollouts/{}/hubs", "/rollouts/{}/eligible-hubs"])
    @pytest.mark.parametrize("form", ["text/csv", "application/x-ndjson"])
    def test_a_file_is_whole_and_takes_no_page(self, stage, path, form):
        where = path.format(stage.rollout.pk)

        answer = stage.supplier.get(where, Accept=form)
        part = stage.supplier.get(f"{where}?limit=1", Accept=form)

        assert (answer.status_code, part.status_code) == (200, 422)


class TestSpellings:
    @pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-ndjson"])
    def test_a_byte_order_mark_is_skipped(self, stage, kind):
        body = {
            "application/json": f'{{"kind": "INSTRUCT", "guids": ["{stage.guid(0)}"]}}',
            "text/csv": f"guid\n{stage.guid(0)}\n",
            "application/x-ndjson": f'"{stage.guid(0)}"\n',
        }[kind]

        answer = stage.supplier.post(stage.path("/instructions"), codecs.BOM_UTF8 + body.encode(), kind=kind)

        assert (answer.status_code, body_of(answer)["accepted"]) == (201, 1)

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("2027-02-01T02:00:00Z", 200),
            ("2027-02-01t02:00:00z", 200),
            ("2027-02-01T02:00:00.125+01:00", 200),
            ("2027-02-01 02:00:00Z", 200),
            ("2027-W05-1T02:00:00Z", 422),
            ("20270201T020000Z", 422),
            ("2027-032T02:00:00Z", 422),
            ("2027-02-01T02:00:00", 422),
            ("2027-02-01", 422),
        ],
    )
    def test_times_are_read_by_the_rfc(self, stage, text, status):
        answer = stage.supplier.post(
            stage.path("/instructions?dry_run=true"), {**guid_list(stage), "activate_at": text}
        )

        allowed = {200, 409} if status == 200 else {422}  # too late is a rule of the rollout
        assert answer.status_code in allowed, answer.content

    def test_an_empty_accept_is_none(self, stage):
        assert stage.supplier.get("/rollouts", Accept="").status_code == 200
        assert stage.supplier.get("/nowhere", Accept=" ").status_code == 404

    def test_options_are_what_allow_says(self, stage):
        refused = stage.supplier.client.put(f"{PREFIX}/rollouts", b"{}", content_type="application/json")
        answer = stage.supplier.client.options(f"{PREFIX}/rollouts")

        assert refused.status_code == 405
        assert answer.status_code == 204
        assert answer["Allow"] == refused["Allow"]
        assert "OPTIONS" in answer["Allow"]


class TestTokens:
    @pytest.fixture
    def form(self, stage):
        made = client_for(stage.world.supplier_user)
        return {
            "grant_type": "client_credentials",
            "client_id": made.client_id,
            "client_secret": made.secret,
        }

    @pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
    @pytest.mark.parametrize("query", ["?x=1", "?x=a b", "?x=%", "?grant_type=client_credentials", "?é"])
    def test_parameters_in_the_address_are_an_error_of_oauth(self, form, path, query):
        answer = Client().post(path + query, form)

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_a_parameter_given_twice_is_an_error_of_oauth(self, form):
        answer = Client().post("/oauth/token", {**form, "scope": ["events:read", "estate:read"]})

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_json_is_an_error_of_oauth(self, form):
        answer = Client().post("/oauth/token", form, content_type="application/json")

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize(
        "part",
        [{"scope": "\x00"}, {"scope": "é"}, {"grant_type": "\x00"}, {"client_id": "\x00"}, {"resource": "x"}],
    )
    def test_whatever_is_sent_is_answered(self, form, part):
        answer = Client(raise_request_exception=False).post("/oauth/token", {**form, **part})

        assert answer.status_code < 500
        assert "access_token" in answer.json() or "error" in answer.json()


class TestWhereTheRequestGoes:
    @pytest.mark.parametrize("path", ["/api/v1/rollouts", "/api/v1/nowhere", "/csp/v1/alerts"])
    def test_another_host_is_a_problem(self, db, path):
        answer = Client(raise_request_exception=False).get(path, headers={"Host": "elsewhere.example"})

        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "bad_request"

    def test_another_host_is_a_page_for_people(self, db):
        answer = Client(raise_request_exception=False).get("/", headers={"Host": "elsewhere.example"})

        assert answer.status_code == 400
        assert answer["Content-Type"].startswith("text/html")

    def test_what_is_not_there_for_a_csp_is_a_problem(self, db):
        answer = Client().get("/csp/v1/nothing")

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


class TestRequestId:
    @pytest.mark.parametrize("request_id", ["a", "order 12/3: retry", "x" * 128, "00-4bf9/2f35:77b@3f4d"])
    def test_it_is_kept_as_it_came(self, stage, request_id):
        assert stage.supplier.get("/rollouts", X_Request_ID=request_id)["X-Request-ID"] == request_id

    @pytest.mark.parametrize("request_id", ["", "x" * 129, "a\tb", "é", " "])
    def test_another_is_given_where_it_cannot_be(self, stage, request_id):
        answer = stage.supplier.get("/rollouts", X_Request_ID=request_id)

        assert answer["X-Request-ID"] not in {request_id, ""}


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("path", "name"),
        [("/rollouts?limit=0", "limit"), ("/rollouts?x=1", "x"), ("/estate?fields=x", "fields")],
    )
    def test_an_error_names_the_parameter(self, stage, path, name):
        (error,) = body_of(stage.supplier.get(path))["errors"]

        assert (error["at"], error["parameter"]) == (name, name)
        assert "pointer" not in error

    def test_an_error_points_into_the_body(self, stage):
        (error,) = body_of(stage.supplier.post("/selection-rules", {"name": "x", "tree": 5}))["errors"]

        assert (error["at"], error["pointer"]) == ("/tree", "/tree")
        assert "parameter" not in error

    @pytest.mark.parametrize("query", ["", "?after=&fields="])
    def test_what_a_client_sends_by_default_is_taken(self, stage, query):
        assert stage.supplier.get(f"/rollouts{query}").status_code == 200


class TestWhoMay:
    def test_without_a_token_it_is_said_how_to_log_in(self, db):
        answer = Client().get(f"{PREFIX}/rollouts")

        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="portal"')

    @pytest.mark.parametrize("path", [f"{PREFIX}/rollouts", "/csp/v1/alerts"])
    def test_a_token_that_is_none_is_said_to_be(self, db, path):
        answer = Client().post(path, headers={"Authorization": "Bearer nothing"})

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="portal", error="invalid_token"'

    def test_the_scope_that_is_missing_is_named(self, stage):
        poor = System(stage.world.supplier, [ApiScope.EVENTS_READ])

        answer = poor.get("/rollouts")

        assert answer.status_code == 403
        assert answer["WWW-Authenticate"] == (
            'Bearer realm="portal", error="insufficient_scope", scope="rollouts:read"'
        )

    def test_every_client_reads_about_itself(self, stage):
        poor = System(stage.world.supplier, [ApiScope.EVENTS_READ])

        answer = poor.get("/client")

        assert (answer.status_code, body_of(answer)["scopes"]) == (200, ["events:read"])

    def test_a_page_names_the_next_one_in_a_header(self, stage):
        first = stage.supplier.get("/estate?limit=2")
        last = stage.supplier.get("/estate?limit=1000")

        assert first["Link"] == f'<{body_of(first)["next"]}>; rel="next"'
        assert not last.has_header("Link")
