"""Who sets single sign-on up, for which domains, and what a provider may not do to the portal."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialApp
from django.core import mail

from portal.accounts import domains, single_sign_on
from portal.accounts.outgoing import guarded_session
from portal.events.models import Event
from portal.identity.models import ProvenDomain, SingleSignOn
from portal.identity.scope import Scope
from portal.kernel.outgoing import calls, places
from portal.kernel.refusals import BadInput, NotPermitted
from tests.dripping import dripping
from tests.identity import provider as oidc
from tests.identity.handed_over import send_letters
from tests.identity.signing_on import log_in_at, set_up
from tests.identity.test_logging_in import is_logged_in

pytestmark = pytest.mark.django_db


def test_the_secret_is_not_readable_in_the_database_and_kept_when_left_empty(seats, provider, now):
    set_up(seats, provider, now)
    before = SocialApp.objects.get().secret

    set_up(seats, provider, now, secret="")

    assert oidc.SECRET not in before
    assert SocialApp.objects.get().secret == before


@pytest.mark.parametrize("domain", ["", "north", "a b@", "x" * 130 + ".example", "north..example"])
def test_what_is_no_domain_is_not_claimed(seats, provider, now, domain):
    with pytest.raises(BadInput):
        set_up(seats, provider, now, domains=domain)


@pytest.mark.requirement("R6.1")
@pytest.mark.parametrize("domain", ["southern.example", "nobodys.example"])
def test_a_claimed_domain_leads_nobody_before_it_is_shown(client, seats, provider, now, domain):
    """Another organisation's domain, and one nobody has here, are answered alike, and have no effect alike."""
    provider_id = set_up(
        seats, provider, now, domains=domain, is_open_to_newcomers=True, vouches_for_addresses=True
    )
    provider.says |= {"email": f"someone@{domain}", "email_verified": False}

    client.post("/accounts/organisation/", {"email": f"someone@{domain}"})
    send_letters()
    log_in_at(provider_id, client)

    assert mail.outbox == []
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_a_domain_is_shown_by_a_record_in_its_zone(seats, provider, now, logged_in, monkeypatch):
    requested = []

    def zone(host: str, *_: Any) -> list[Any]:
        requested.append(host)
        return [
            (
                2,
                1,
                6,
                "",
                (domains.PROOF_ADDRESS if host.endswith("northern.example") else "203.0.113.9", 443),
            )
        ]

    monkeypatch.setattr(calls, "getaddrinfo", zone)
    values = {
        "server_url": provider.url,
        "client_id": oidc.CLIENT_ID,
        "secret": oidc.SECRET,
        "domains": "northern.example southern.example",
    }
    page = logged_in(seats.admin).post("/organisation/single-sign-on/", values, follow=True).content.decode()

    assert domains.proven(seats.supplier.pk) == {"northern.example"}
    assert domains.record_name(seats.supplier.pk, "southern.example") in page
    assert domains.record_name(seats.other.pk, "southern.example") not in requested


@pytest.mark.requirement("R6.1")
def test_whoever_shows_a_domain_takes_it_from_who_showed_it_before(seats, provider, now):
    set_up(seats, provider, now)

    domains.note_proof(Scope.of(seats.other_admin), "northern.example", by=ProvenDomain.By.DNS, now=now)

    assert single_sign_on.sign_on_for_email("x@northern.example") is None


@pytest.mark.requirement("R6.1")
def test_only_an_administrator_sets_it_up_for_their_own(seats, provider, now, logged_in):
    set_up(seats, provider, now)
    values = {
        "server_url": provider.url,
        "client_id": "theirs",
        "secret": "theirs",
        "domains": "southern.example",
    }

    page = logged_in(seats.other_admin).get("/organisation/single-sign-on/").content.decode()
    logged_in(seats.other_admin).post("/organisation/single-sign-on/", values)
    logged_in(seats.other_admin).post("/organisation/single-sign-on/remove/")

    assert provider.url not in page
    assert SingleSignOn.objects.get().organisation == seats.supplier
    assert logged_in(seats.viewer).get("/organisation/single-sign-on/").status_code == 403
    with pytest.raises(NotPermitted):
        single_sign_on.take_down(Scope.of(seats.viewer), now=now)


@pytest.mark.requirement("R6.1")
def test_taken_away_nobody_gets_in_by_it(client, seats, provider, now, logged_in):
    provider_id = set_up(seats, provider, now)

    logged_in(seats.admin).post("/organisation/single-sign-on/remove/")

    assert client.get(f"/accounts/organisation/{provider_id}/").status_code == 404
    assert client.get(f"/accounts/oidc/{provider_id}/login/?process=login").status_code == 404
    assert {event.name for event in Event.objects.all()} == {
        "email-domain.proved",
        "single-sign-on.set-up",
        "single-sign-on.taken-down",
    }


def test_a_provider_at_an_internal_address_is_not_asked(provider, settings):
    settings.SINGLE_SIGN_ON_INSIDE = False

    with pytest.raises(requests.ConnectionError, match="internal address"):
        guarded_session("organisation-1").get(provider.url.replace("http:", "https:"))

    assert provider.asked == []


def test_a_provider_without_tls_is_not_taken(seats, provider, now, settings):
    settings.SINGLE_SIGN_ON_INSIDE = False

    with pytest.raises(BadInput, match="https"):
        set_up(seats, provider, now)


@pytest.mark.requirement("R6.1")
def test_a_token_made_for_another_attempt_is_not_taken(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)
    provider.says["email"] = seats.analyst.email
    provider.says_in_token = {"nonce": "of another log-in"}

    answer = log_in_at(provider_id, client)

    assert "answered for another attempt" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.requirement("R6.1")
def test_a_provider_that_says_it_is_another_issuer_is_not_asked_further(client, seats, provider, now):
    provider_id = set_up(seats, provider, now, server_url=f"{provider.url}/another")

    answer = client.get(f"/accounts/oidc/{provider_id}/login/?process=login")

    assert "That did not work" in answer.content.decode()
    assert "/authorize" not in provider.asked


def test_what_an_address_adds_to_the_way_to_the_provider_is_ignored(client, seats, provider, now):
    provider_id = set_up(seats, provider, now)

    way = client.get(f"/accounts/oidc/{provider_id}/login/?process=login&auth_params=nonce%3Dmine&scope=all")

    assert "mine" not in way["Location"]
    assert "all" not in way["Location"].partition("scope=")[2].partition("&")[0]


@pytest.mark.parametrize("words", [[], {}, {"issuer": 1}, "config", {"issuer": None, "token_endpoint": []}])
def test_a_provider_that_says_nonsense_is_a_log_in_that_failed(
    client, seats, provider, now, words, monkeypatch
):
    monkeypatch.setattr(provider, "discovery", lambda: words)
    provider_id = set_up(seats, provider, now)

    answer = client.get(f"/accounts/oidc/{provider_id}/login/?process=login")

    assert (answer.status_code, "That did not work" in answer.content.decode()) == (401, True)


def test_a_provider_that_drips_holds_no_more_than_its_share_and_not_for_long(settings):
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 2
    ends: Counter[str] = Counter()

    def ask(url: str) -> None:
        try:
            guarded_session("organisation-1").get(url)
        except requests.RequestException as failure:
            ends[str(failure)] += 1

    with dripping() as url:
        callers = [threading.Thread(target=ask, args=(url,)) for _ in range(16)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    assert ends == {
        "No answer within 2 s.": places.MOST_OF_ONE,
        "Too many calls wait for an answer already. Try again in a moment.": 16 - places.MOST_OF_ONE,
    }


def test_log_ins_at_a_provider_that_drips_end_as_log_ins_that_failed(client, seats, provider, now, settings):
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 1
    with dripping() as url:
        provider_id = set_up(seats, provider, now, server_url=url)
        first = client.get(f"/accounts/oidc/{provider_id}/login/?process=login")
    second = client.get(f"/accounts/oidc/{provider_id}/login/?process=login")

    assert (first.status_code, second.status_code) == (401, 401)


def test_an_answer_without_end_is_not_read_to_its_end(settings):
    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b" " * 65_536)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(requests.ConnectionError, match="too long"):
            guarded_session("organisation-1").get(f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()


def test_a_name_that_leads_inside_the_second_time_leads_nowhere(provider, settings, monkeypatch):
    """Rebinding: the name is resolved once, and the call goes to the address that was judged."""
    settings.SINGLE_SIGN_ON_INSIDE = False
    requested = []

    def changing(host: str, port: int, *_: Any) -> list[Any]:
        requested.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(requested) > 1 else "192.0.0.192", port))]

    monkeypatch.setattr(calls, "getaddrinfo", changing)
    with pytest.raises(requests.ConnectionError, match="internal address"):
        guarded_session("organisation-1").get("https://login.example/")

    assert (requested, provider.asked) == (["login.example"], [])
