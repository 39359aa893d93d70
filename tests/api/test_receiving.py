"""Bodies sent in chunks, too slowly, in part or not at all: read as meant or refused, at every way in."""

from __future__ import annotations

import base64
import codecs
import io
import uuid
from contextlib import contextmanager
from urllib.parse import urlencode

import orjson
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory

from notifications.models import WebhookEndpoint
from portal.kernel.references import number_of
from portal.receiving import BodySpool
from portal.wsgi import application
from rollouts.models import CspAlertBatch, Instruction
from tests.api.systems import PREFIX
from tests.api.things import owned
from tests.integration.clients import client_for

pytestmark = [pytest.mark.django_db]
FORM = "application/x-www-form-urlencoded"


@contextmanager
def the_connection_of_the_test():
    """Keep it open, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class Chunks(io.RawIOBase):
    """A body of which the server does not know the length: it comes in pieces of a few octets."""

    def __init__(self, body: bytes) -> None:
        self.body = io.BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        return self.body.read(min(size, 7) if size >= 0 else 7)


def call(path, body, *, method="POST", kind="application/json", app=application, **environ):
    """Send a body in chunks to the server's entry point, as gunicorn hands it over."""
    notices = RequestFactory().generic(method, path, b"", content_type=kind).environ
    notices.pop("CONTENT_LENGTH", None)
    notices.update(
        {
            "CONTENT_TYPE": kind,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "HTTP_HOST": "localhost",
            "wsgi.input_terminated": True,
            "wsgi.input": Chunks(body),
        }
        | environ
    )
    answer = {}

    def start(status, headers, exc_info=None):
        answer.update(status=int(status.split()[0]), headers=dict(headers))

    with the_connection_of_the_test():
        answer["content"] = b"".join(app(notices, start))
    return answer


def bearer(system):
    return {"HTTP_AUTHORIZATION": f"Bearer {system.token}"}


def json_of(answer):
    return orjson.loads(answer["content"])


def sized(body):
    """A body sent with its length, as most do."""
    return {"CONTENT_LENGTH": str(len(body)), "HTTP_TRANSFER_ENCODING": "", "wsgi.input": io.BytesIO(body)}


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-ndjson"])
def test_an_instruction_in_chunks_is_taken_whole(stage, kind):
    guids = [stage.guid(number) for number in range(5)]
    body = {
        "application/json": orjson.dumps({"kind": "INSTRUCT", "guids": guids}),
        "text/csv": "\n".join(["guid", *guids]).encode(),
        "application/x-ndjson": "\n".join(f'"{guid}"' for guid in guids).encode(),
    }[kind]

    answer = call(PREFIX + stage.path("/instructions"), body, kind=kind, **bearer(stage.supplier))

    assert (answer["status"], json_of(answer)["accepted"]) == (201, 5)


def test_a_change_in_chunks_is_made(stage):
    number = owned(stage, "")["webhook_id"]

    answer = call(
        f"{PREFIX}/webhooks/{number}", b'{"is_enabled": false}', method="PATCH", **bearer(stage.supplier)
    )

    assert answer["status"] == 200
    assert WebhookEndpoint.objects.get(pk=number_of(number, "webhook")).state == WebhookEndpoint.State.PAUSED


def test_an_attachment_in_chunks_is_kept(stage):
    incident = owned(stage, "")["incident_id"]
    content = base64.b64encode(b"line\n" * 9).decode()

    answer = call(
        f"{PREFIX}/incidents/{incident}/files",
        orjson.dumps({"file_name": "more.log", "content": content}),
        **bearer(stage.supplier),
    )

    assert answer["status"] == 201
    assert [each["size"] for each in json_of(answer)["attachments"]] == [9, 45]


def alert(stage):
    return orjson.dumps(
        {
            "alert_id": str(uuid.uuid4()),
            "guid": stage.guid(0),
            "code": "0x8F66",
            "occurred_at": "2030-03-04T10:00:00Z",
            "firmware_version": "0C230000",
        }
    )


def test_alerts_in_chunks_are_stored(stage):
    body = alert(stage) + b"\n" + alert(stage)

    answer = call("/csp/v1/alerts", body, kind="application/x-ndjson", **bearer(stage.csp))

    assert (answer["status"], json_of(answer)["accepted"]) == (202, 2)
    assert CspAlertBatch.objects.get().count == 2


def test_a_token_is_given_for_a_form_in_chunks(stage):
    made = client_for(stage.world.supplier_user)
    form = {
        "grant_type": "client_credentials",
        "client_id": made.client_id,
        "client_secret": made.secret,
    }

    answer = call("/oauth/token", urlencode(form).encode(), kind=FORM)

    assert (answer["status"], json_of(answer)["token_type"]) == (200, "Bearer")


def test_a_form_of_a_page_in_chunks_is_read(stage):
    browser = Client()
    browser.force_login(stage.world.supplier_user)
    cookies = "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items())
    token = "a" * 32
    boundary = "b0undary"
    parts = {"csrfmiddlewaretoken": token, "kind": "INSTRUCT", "guids": stage.guid(0)}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )

    answer = call(
        f"/updates/{stage.rollout.pk}/instruct/",
        f"{body}--{boundary}--\r\n".encode(),
        kind=f"multipart/form-data; boundary={boundary}",
        HTTP_COOKIE=f"{cookies}; csrftoken={token}",
    )

    assert answer["status"] not in {403, 500}, answer["content"][:2000]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/v1/rollouts/{rollout}/instructions", "application/json"),
        ("POST", "/api/v1/rollouts/{rollout}/instructions", "text/csv"),
        ("POST", "/api/v1/rollouts/{rollout}/instructions", "application/x-ndjson"),
        ("POST", "/api/v1/selection-rules", "application/json"),
        ("PATCH", "/api/v1/webhooks/{webhook}", "application/json"),
    ],
)
@pytest.mark.parametrize("is_chunked", [True, False])
def test_an_empty_body_is_no_body(stage, method, path, kind, is_chunked):
    where = path.format(rollout=stage.rollout.pk, webhook=owned(stage, "")["webhook_id"])
    Instruction.objects.all().delete()

    answer = call(
        where,
        b"",
        method=method,
        kind=kind,
        **bearer(stage.supplier),
        **({} if is_chunked else sized(b"")),
    )

    assert (answer["status"], json_of(answer)["code"]) == (400, "malformed_body")
    assert not Instruction.objects.exists()


@pytest.mark.parametrize("body", [b"", b"\n \n"])
def test_a_call_without_alerts_is_refused(stage, body):
    answer = call("/csp/v1/alerts", body, kind="application/x-ndjson", **bearer(stage.csp))

    assert answer["status"] == 400
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_alerts_packed_in_another_way_are_refused(stage):
    answer = call("/csp/v1/alerts", alert(stage), HTTP_CONTENT_ENCODING="br", **bearer(stage.csp))

    assert answer["status"] == 415
    assert not CspAlertBatch.objects.exists()


@pytest.mark.parametrize("path", ["/oauth/token", "/accounts/login/", "/"])
def test_a_form_that_is_packed_is_refused(stage, path):
    answer = call(path, b"a=b", kind=FORM, HTTP_CONTENT_ENCODING="gzip")

    assert (answer["status"], json_of(answer)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("at", ["2030-W10-1T10:00:00Z", "2030-03-04T10:00:00"])
def test_an_alert_of_a_time_nobody_could_tell_is_refused(stage, at):
    body = alert(stage).replace(b"2030-03-04T10:00:00Z", at.encode())

    answer = call("/csp/v1/alerts", body, kind="application/x-ndjson", **bearer(stage.csp))

    assert answer["status"] == 422


def test_an_alert_may_begin_with_a_mark_and_be_written_small(stage):
    body = codecs.BOM_UTF8 + alert(stage).replace(b"T10:00:00Z", b"t10:00:00z")

    answer = call("/csp/v1/alerts", body, kind="application/x-ndjson", **bearer(stage.csp))

    assert answer["status"] == 202


class TestAtTheEntrance:
    """What no view gets to see."""

    def small(self, seen):
        def app(environ, start_response):
            seen.append(environ["wsgi.input"].read())
            start_response("200 OK", [])
            return []

        return BodySpool(app, largest=[("", 10)])

    @pytest.mark.parametrize("is_chunked", [True, False])
    def test_a_body_as_large_as_may_be_goes_on_and_a_larger_one_does_not(self, is_chunked):
        seen = []
        app = self.small(seen)

        fits, exceeds = (
            call("/", body, app=app, **({} if is_chunked else sized(body))) for body in (b"x" * 10, b"x" * 11)
        )

        assert (fits["status"], seen) == (200, [b"x" * 10])
        assert (exceeds["status"], json_of(exceeds)["code"]) == (413, "body_too_large")
        assert exceeds["headers"]["Content-Type"] == "application/problem+json"

    def test_a_body_of_which_the_end_is_missing_goes_nowhere(self):
        seen = []

        answer = call("/", b"", app=self.small(seen), **sized(b"12345") | {"CONTENT_LENGTH": "9"})

        assert (answer["status"], json_of(answer)["code"], seen) == (400, "malformed_body", [])

    def test_a_length_that_is_none_is_refused(self):
        answer = call("/", b"", app=self.small([]), **sized(b"") | {"CONTENT_LENGTH": "-1"})

        assert answer["status"] == 400

    def test_a_server_that_cannot_tell_where_chunks_end_asks_for_the_length(self):
        answer = call("/", b"12345", app=self.small([]), **{"wsgi.input_terminated": False})

        assert (answer["status"], json_of(answer)["code"]) == (411, "length_required")

    def test_chunks_that_are_none_are_refused(self):
        class Broken(io.RawIOBase):
            def read(self, size=-1):
                raise OSError("invalid chunk size")

        answer = call("/", b"", app=self.small([]), **{"wsgi.input": Broken()})

        assert (answer["status"], json_of(answer)["code"]) == (400, "malformed_body")


def large_form(client_cookies="", **more):
    body = b"x=" + b"y" * (2 * 1024 * 1024)
    source = io.BytesIO(body)
    environ = RequestFactory().generic("POST", "/rollouts/1/instruct/", b"", content_type=FORM).environ
    environ |= {
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": source,
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": client_cookies,
        **more,
    }
    answers = []
    with the_connection_of_the_test():
        list(application(environ, lambda status, headers, *_: answers.append(int(status[:3]))))
    return answers[0], source.tell()


def test_a_stranger_sends_nothing_large(stage):
    """Neither a made-up session nor a made-up token opens the way; nothing of the body is read."""
    for shown in (
        {},
        {"client_cookies": "portal_session=" + "a" * 32},
        {"client_cookies": "portal_person=1"},
        {"HTTP_AUTHORIZATION": "Bearer made-up"},
    ):
        assert large_form(**shown) == (413, 0)


def test_somebody_logged_in_sends_a_large_form(stage):
    client = Client()
    client.force_login(stage.world.supplier_user)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

    status, read = large_form(cookies)

    assert (status == 413, read > 2 * 1024 * 1024) == (False, True)
