"""Which addresses a webhook may have, how it is signed, and how long is waited before it is called again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from notifications.webhooks.retries import LONGEST, retry_delay
from notifications.webhooks.signing import headers_for, new_secret
from portal.kernel.outgoing.addresses import BadAddress, check_resolved, check_url, is_public

INSIDE = ["127.0.0.0/8", "::1"]


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - to be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::a00:1",
        "::7f00:1",
        "fec0::1",
        "2002:0a00:0001::1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "192.0.0.192",
        "192.0.0.9",
        "192.88.99.1",
        "2002:5db8:d822::1",
        "64:ff9b::93.184.216.34",
        "ff0e::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "100::1",
    ],
)
def test_internal_addresses_are_known_in_every_disguise(address):
    assert not is_public(ip_address(address))
    with pytest.raises(BadAddress):
        check_resolved([address], is_plain=False, inside=[])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_called(address):
    assert is_public(ip_address(address))
    check_resolved([address], is_plain=False, inside=[])


def test_one_internal_address_among_public_ones_is_one_too_many():
    with pytest.raises(BadAddress):
        check_resolved(["93.184.216.34", "10.0.0.1"], is_plain=False, inside=[])


def test_without_tls_only_networks_that_were_let_in_are_called():
    check_resolved(["127.0.0.1", "::1", "::ffff:127.0.0.1"], is_plain=True, inside=INSIDE)
    with pytest.raises(BadAddress):
        check_resolved(["93.184.216.34"], is_plain=True, inside=INSIDE)


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/hooks",
        "https://crm.example:8443/hooks?x=1",
        "https://crm.de",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/x",
    ],
)
def test_an_address_that_could_be_called_is_taken(url):
    check_url(url, inside=[])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example",
        "ftp://crm.example",
        "http://crm.example",
        "https://",
        "https://user:secret@crm.example/",
        "https://crm.example/#part",
        "https://crm.example:0/",
        "https://crm.example:99999/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://crm.example/ x",
        "https://crm.example/\nHost: x",
        "https://crm.example\\@internal",
        "https://cröm.example/",
        "https://[::1",
        "https://crm.example/" + "x" * 500,
    ],
)
def test_an_address_that_could_never_be_called_is_refused(url):
    with pytest.raises(BadAddress):
        check_url(url, inside=[])


@given(body=st.binary(max_size=500).filter(lambda raw: raw.decode("utf-8", "ignore").encode() == raw))
@pytest.mark.requirement("R6.3")
def test_the_independent_library_agrees_with_the_signature(body):
    secret = new_secret()

    headers = headers_for([secret], message_id="msg_1_2_3", at=datetime.now(UTC), body=body)

    standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False)


def test_each_secret_that_counts_signs():
    old, new, stranger = new_secret(), new_secret(), new_secret()

    headers = headers_for([new, old], message_id="msg_1", at=datetime.now(UTC), body=b"[]")

    for secret in (old, new):
        standardwebhooks.Webhook(secret).verify(b"[]", headers)
    for body, by in ((b"[]", stranger), (b"[1]", new)):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(by).verify(body, headers)


def test_each_wait_is_longer_than_the_one_before_up_to_six_hours():
    waits = [retry_delay(attempt, share=1) for attempt in range(1, 100)]

    assert waits[:3] == [timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST
    assert sum(waits[:25], timedelta()) > timedelta(days=3)


@given(attempt=st.integers(1, 10_000), share=st.floats(0, 1))
def test_waits_are_spread_over_their_last_quarter(attempt, share):
    longest = retry_delay(attempt, share=1)

    assert longest * 0.75 <= retry_delay(attempt, share=share) <= longest


def test_a_receiver_may_ask_for_more_time_but_not_for_ever():
    assert retry_delay(1, share=1, requested=timedelta(minutes=10)) == timedelta(minutes=10)
    assert retry_delay(9, share=1, requested=timedelta(seconds=1)) == LONGEST
    assert retry_delay(1, share=1, requested=timedelta(days=30)) == LONGEST
