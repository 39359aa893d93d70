"""Client certificates of connections: told by the proxy alone, and only those the DCC has accepted count."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from rollouts import services
from rollouts.models import ServiceRequest
from tests.service_requests.messages import issue, pem, signed, update

pytestmark = [pytest.mark.django_db]


@pytest.fixture(params=["optional", "required"])
def demand(request, settings) -> str:
    settings.CLIENT_CERTIFICATES = request.param
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    return str(request.param)


def rfc_9440(signer) -> str:
    return f":{base64.b64encode(signer.certificate.public_bytes(Encoding.DER)).decode()}:"


def statuses(stage, shown: str | None, sender=None) -> tuple[int, int]:
    """Send a request and fetch messages over a connection with this certificate."""
    sender = sender or stage.supplier
    headers = {} if shown is None else {"Client-Cert": shown}
    sent = sender.post(signed(update([stage.guid(0)], user=sender.user_id), sender.signer), **headers)
    fetched = sender.system.client.get(
        "/service-requests/messages", {"user": sender.user_id}, headers=headers
    )
    return sent.status_code, fetched.status_code


@pytest.mark.parametrize("spelt", [rfc_9440, lambda signer: quote(pem(signer))])
def test_a_certificate_that_counts_lets_in(stage, demand, spelt):
    assert statuses(stage, spelt(stage.supplier.signer)) == (202, 200)


def test_none_is_fine_where_it_is_optional(stage, demand):
    assert statuses(stage, None) == ((202, 200) if demand == "optional" else (403, 403))


@pytest.mark.parametrize("shown", ["another's", "not accepted", "revoked", "nonsense", "long"])
def test_one_that_does_not_count_is_refused(stage, demand, now, shown):
    new = issue("new", stage.authority.root)
    if shown == "revoked":
        services.revoke_certificate(
            stage.supplier.admin, certificate_id=stage.supplier.certificate_id, now=now
        )
    header = {
        "another's": rfc_9440(stage.other.signer),
        "not accepted": rfc_9440(new),
        "revoked": rfc_9440(stage.supplier.signer),
        "nonsense": ":%%%:",
        "long": ":" + "A" * 20_000 + ":",
    }[shown]

    assert statuses(stage, header) == (403, 403)
    assert not ServiceRequest.objects.exists()


def test_the_header_of_anybody_but_the_proxy_is_nothing(stage, demand, settings):
    settings.CLIENT_CERTIFICATE_PROXIES = ["10.9.9.9"]

    expected = (202, 200) if demand == "optional" else (403, 403)
    assert statuses(stage, rfc_9440(stage.supplier.signer)) == expected
    assert statuses(stage, rfc_9440(stage.other.signer))[1] == expected[1]


def test_without_proxies_nobody_is_believed(stage, demand, settings):
    settings.CLIENT_CERTIFICATE_PROXIES = []

    assert statuses(stage, rfc_9440(stage.supplier.signer))[0] == (202 if demand == "optional" else 403)


def test_the_header_is_not_read_where_nobody_asks_for_it(stage):
    assert statuses(stage, "nonsense") == (202, 200)
