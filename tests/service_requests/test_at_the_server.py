"""Service Requests through the entry point of the server: long, in chunks, packed, from strangers."""

from __future__ import annotations

import io

import pytest
from django.test import RequestFactory

from portal.wsgi import application
from rollouts.models import Instruction, ServiceRequest
from tests.api.test_receiving import Chunks, the_connection_of_the_test
from tests.service_requests.messages import checked, signed, update

pytestmark = pytest.mark.django_db


def call(stage, body: bytes, *, source=None, **headers: str):
    environ = RequestFactory().generic("POST", "/service-requests", b"").environ
    environ |= {
        "CONTENT_TYPE": "application/xml",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"Bearer {stage.supplier.system.token}",
        "wsgi.input": source or io.BytesIO(body),
        **headers,
    }
    statuses = []
    with the_connection_of_the_test():
        content = b"".join(application(environ, lambda status, *_: statuses.append(int(status[:3]))))
    return statuses[0], content


@pytest.fixture
def long_message(stage) -> bytes:
    ids = [
        stage.guid(0),
        *(f"0F-DB-12-34-00-{n >> 16:02X}-{n >> 8 & 255:02X}-{n & 255:02X}" for n in range(49_999)),
    ]
    return signed(update(ids), stage.supplier.signer)


@pytest.mark.requirement("R6.6")
@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_long_request_is_taken_whole(stage, long_message, is_chunked):
    in_chunks = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": "1"}
    source = Chunks(long_message) if is_chunked else None

    status, content = call(stage, long_message, source=source, **(in_chunks if is_chunked else {}))

    assert status == 202, content
    assert checked(content, stage.authority.portal).code == "I99"
    assert Instruction.objects.get().lines == 50_000


def test_a_stranger_sends_nothing_long(stage, long_message):
    assert call(stage, long_message, HTTP_AUTHORIZATION="Bearer made-up")[0] == 413
    assert call(stage, b"<x/>", HTTP_AUTHORIZATION="Bearer made-up")[0] == 401


def test_a_message_is_not_packed_and_not_without_end(stage, long_message):
    assert call(stage, long_message, HTTP_CONTENT_ENCODING="gzip")[0] == 415
    assert call(stage, long_message, source=io.BytesIO(long_message[:-1]))[0] == 400
    assert call(stage, long_message * 3)[0] == 413
    assert not ServiceRequest.objects.exists()


def test_what_is_a_little_too_large_is_told_in_xml(stage, long_message):
    status, content = call(stage, long_message + b" " * 1_000_000)

    assert status == 413
    assert checked(content, stage.authority.portal).code == "EP03"
