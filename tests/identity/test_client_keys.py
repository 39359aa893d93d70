"""Clients that sign for their tokens (`private_key_jwt`), and tokens bound to a certificate (RFC 8705)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client

from portal.accounts import clients
from portal.accounts.tasks import sweep
from portal.events.models import Event
from portal.identity.api_scopes import ApiScope
from portal.identity.models import ClientAssertion, OrganisationKind
from portal.identity.public_keys import ALGORITHMS, algorithms_of, thumbprint_of
from portal.identity.scope import Scope
from portal.identity.tokens import csp_of
from portal.kernel.refusals import BadInput, Refusal
from tests.factories import OrganisationFactory, UserFactory
from tests.identity.client_views import READ, ask, call
from tests.identity.signing import MADE, ask_signed, jwk, private_pem, public_pem, signed

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.client_views")]
KEY, ANOTHER = MADE["ES256"](), MADE["ES256"]()
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
MINE, THEIRS = (f":{base64.b64encode(name).decode()}:" for name in (b"mine", b"theirs"))


def signer(user, now, *, key=KEY, **more):
    """Let a system in that signs with a key."""
    return clients.create_client(
        Scope.of(user),
        name="Signer",
        scopes=[READ],
        networks=more.pop("networks", ""),
        public_keys=public_pem(key),
        now=now,
        **more,
    )


def change(user, client_id, now, *, public_keys="", binds_tokens=False):
    clients.change_client(
        Scope.of(user),
        client_id,
        name="CRM",
        scopes=[READ],
        networks="",
        public_keys=public_keys,
        binds_tokens=binds_tokens,
        now=now,
    )


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.requirement("R6.2")
def test_a_client_gets_a_token_for_a_signature_and_needs_no_secret(seats, now, alg):
    key = MADE[alg]()
    made = signer(seats.admin, now, key=key)

    answer = ask_signed(signed(made.client_id, key, alg=alg))

    assert made.secret == ""
    assert answer.status_code == 200, answer.content
    assert call(answer.json()["access_token"]).json()["client"] == made.client_id


def test_it_names_itself_once_or_twice_alike_and_any_address_of_ours_as_the_reader(seats, now, settings):
    made = signer(seats.admin, now)
    url = settings.PORTAL_URL

    answers = [
        ask_signed(signed(made.client_id, KEY), client_id=made.client_id),
        ask_signed(signed(made.client_id, KEY), client_id="another"),
        ask_signed(signed(made.client_id, KEY, to=url)),
        ask_signed(signed(made.client_id, KEY, aud=[url, "https://else.example"])),
        ask_signed(signed(made.client_id, KEY, to="https://else.example/oauth/token")),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 200, 200, 401]


def test_what_is_signed_counts_once(seats, now):
    made = signer(seats.admin, now)
    assertion = signed(made.client_id, KEY)

    answers = [ask_signed(assertion) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert answers[1].json()["error"] == "invalid_client"
    assert ClientAssertion.objects.count() == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        sweep()
    assert not ClientAssertion.objects.exists()


WRONG = {
    "it has ended": {"exp": int(time.time()) - 60},
    "it never ends": {"exp": 4_000_000_000},
    "it ends beyond all numbers": {"exp": 1e400},
    "it is of tomorrow": {"nbf": int(time.time()) + 90_000},
    "it is of another issuer": {"iss": "somebody"},
    "it is about another": {"sub": "somebody"},
    "it has no number": {"jti": None},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused(seats, now, claims):
    made = signer(seats.admin, now)

    answer = ask_signed(signed(made.client_id, KEY, **claims))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_signature_by_anything_but_its_own_key_is_refused(seats, now):
    made, theirs = signer(seats.admin, now), signer(seats.other_admin, now, key=ANOTHER)
    head, body, signature = signed(made.client_id, KEY).split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    deep = base64.urlsafe_b64encode(b"[" * 5_000).rstrip(b"=").decode()

    answers = [
        ask_signed(signed(made.client_id, ANOTHER)),
        ask_signed(signed(theirs.client_id, KEY)),
        ask_signed(f"{unsigned}.{body}."),
        ask_signed(f"{head}.{body}.{signature[:-4]}AAAA"),
        ask_signed(f"{head}.{deep}.{signature}"),
        ask_signed("nonsense"),
        ask_signed("x" * 100_000),
        ask_signed(signed("\x00", KEY)),
        ask_signed(signed(made.client_id, KEY), client_assertion_type="urn:else"),
        ask_signed(signed(made.client_id, KEY), client_secret="beside"),
        ask_signed(""),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {"invalid_client"}


def test_a_public_key_is_never_taken_as_a_shared_secret(seats, now):
    key = MADE["RS256"]()
    made = signer(seats.admin, now, key=key)

    _, body, _ = signed(made.client_id, key, alg="RS256").split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    mac = hmac.digest(public_pem(key).strip().encode(), f"{head}.{body}".encode(), hashlib.sha256)

    forged = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    assert ask_signed(forged).status_code == 401


def test_it_is_held_to_its_networks_and_to_being_let_in(seats, now):
    away = signer(seats.admin, now, networks="203.0.113.0/24")
    gone = signer(seats.admin, now)
    clients.revoke_client(Scope.of(seats.admin), gone.client_id, now=now)

    answers = [ask_signed(signed(each.client_id, KEY)) for each in (away, gone)]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_a_client_changes_over_from_its_secret_to_a_key_without_a_break(credentials, seats, now):
    scope, of = Scope.of(seats.admin), credentials.client_id
    with pytest.raises(Refusal, match="needs its secret"):
        clients.end_secrets(scope, of, now=now)

    change(seats.admin, of, now, public_keys=public_pem(KEY) + public_pem(ANOTHER))
    beside = [
        ask(of, credentials.secret),
        *(ask_signed(signed(of, each)) for each in (KEY, ANOTHER)),
    ]
    clients.end_secrets(scope, of, now=now)
    after = [ask(of, credentials.secret), ask_signed(signed(of, KEY))]

    assert [answer.status_code for answer in (*beside, *after)] == [200, 200, 200, 401, 200]
    with pytest.raises(Refusal, match="no secret"):
        clients.end_secrets(scope, of, now=now)
    facts = Event.objects.filter(subject=f"client:{of}").order_by("pk")
    assert [fact.name for fact in facts] == ["client.created", "client.changed", "client.secrets-ended"]
    assert facts[1].facts["public_keys"] == [
        jwk(KEY).thumbprint(),
        jwk(ANOTHER).thumbprint(),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (private_pem(KEY), "private key"),
        (private_pem(KEY) + public_pem(KEY), "private key"),
        ("ssh-rsa AAAA", "PEM"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key"),
        (public_pem(WEAK), "2,048"),
        (public_pem(ec.generate_private_key(ec.SECP256K1())), "P-256"),
        ("".join(public_pem(MADE["ES256"]()) for _ in range(5)), "At most 4"),
    ],
)
def test_what_is_not_a_public_key_is_not_taken(seats, now, text, why):
    with pytest.raises(BadInput, match=why):
        clients.create_client(
            Scope.of(seats.admin), name="CRM", scopes=[READ], networks="", public_keys=text, now=now
        )


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_has_the_name_that_others_give_it(alg):
    key = MADE[alg]()

    assert thumbprint_of(public_pem(key)) == jwk(key).thumbprint()
    assert alg in algorithms_of(public_pem(key))


@pytest.fixture
def bound(seats, now, settings):
    """A client whose tokens are bound, behind a proxy that tells certificates."""
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    return signer(seats.admin, now, binds_tokens=True)


def called(token, certificate=None):
    headers = {"Authorization": f"Bearer {token}"} | ({"Client-Cert": certificate} if certificate else {})
    return Client().get("/example", headers=headers)


def test_a_bound_token_counts_on_connections_with_its_certificate_alone(bound):
    token = ask_signed(signed(bound.client_id, KEY), certificate=MINE).json()["access_token"]

    answers = [called(token, shown) for shown in (MINE, THEIRS, ":%%%:", None)]

    assert [answer.status_code for answer in answers] == [200, 401, 401, 401]
    assert 'error="invalid_token"' in answers[1]["WWW-Authenticate"]


def test_without_a_certificate_there_is_no_bound_token(bound):
    answers = [
        ask_signed(signed(bound.client_id, KEY)),
        ask_signed(signed(bound.client_id, KEY), certificate=":%%%:"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "client certificate" in answers[0].json()["error_description"]


def test_a_certificate_is_believed_from_the_proxy_alone(bound, settings):
    token = ask_signed(signed(bound.client_id, KEY), certificate=MINE).json()["access_token"]
    settings.CLIENT_CERTIFICATE_PROXIES = ["10.9.9.9"]

    assert called(token, MINE).status_code == 401
    assert ask_signed(signed(bound.client_id, KEY), certificate=MINE).status_code == 400


def test_a_csp_delivers_alerts_with_a_bound_token_on_its_own_connections_alone(rf, now, settings):
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    csp = OrganisationFactory(name="CSP North", kind=OrganisationKind.CSP)
    made = clients.create_client(
        Scope.of(UserFactory(organisation=csp)),
        name="Gateway",
        scopes=[ApiScope.CSP_ALERTS],
        networks="",
        public_keys=public_pem(KEY),
        binds_tokens=True,
        now=now,
    )
    token = ask_signed(signed(made.client_id, KEY), certificate=MINE).json()["access_token"]

    senders = [
        csp_of(rf.post("/csp/v1/alerts", headers={"Authorization": f"Bearer {token}", "Client-Cert": shown}))
        for shown in (MINE, THEIRS, "")
    ]

    assert senders == [csp, None, None]


def test_once_tokens_are_bound_those_that_are_out_count_no_more(credentials, seats, now, settings):
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    token = ask(credentials.client_id, credentials.secret).json()["access_token"]
    assert called(token, MINE).status_code == 200

    change(seats.admin, credentials.client_id, now, binds_tokens=True)

    assert called(token, MINE).status_code == 401


def test_nobody_binds_tokens_where_certificates_are_not_told(seats, now, logged_in):
    with pytest.raises(BadInput, match="cannot be bound"):
        signer(seats.admin, now, binds_tokens=True)

    assert b"binds_tokens" not in logged_in(seats.admin).get("/organisation/clients/new/").content


def test_a_signer_ends_its_token(seats, now):
    made = signer(seats.admin, now)
    token = ask_signed(signed(made.client_id, KEY)).json()["access_token"]

    answer = ask_signed(signed(made.client_id, KEY), path="/oauth/revoke", token=token)

    assert answer.status_code == 200
    assert call(token).status_code == 401


def test_programs_are_told_that_they_may_sign(client, settings):
    before = client.get("/.well-known/oauth-authorization-server").json()
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    metadata = client.get("/.well-known/oauth-authorization-server").json()

    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
    assert metadata["token_endpoint_auth_signing_alg_values_supported"] == list(ALGORITHMS)
    bound = "tls_client_certificate_bound_access_tokens"
    assert (before[bound], metadata[bound]) == (False, True)


def test_the_pages_take_a_key_show_it_and_end_secrets(seats, logged_in, settings):
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    mine, theirs = logged_in(seats.admin), logged_in(seats.other_admin)
    form = {"name": "CRM", "scopes": ["estate:read"], "networks": "", "public_keys": public_pem(KEY)}

    made = mine.post("/organisation/clients/new/", form)
    page = mine.get(made.url).content.decode()
    mine.post(made.url + "rotate/")
    refused = mine.post(made.url, {**form, "public_keys": "nonsense", "binds_tokens": "on"})
    mine.post(made.url, {**form, "binds_tokens": "on"})
    ended = mine.post(made.url + "end-secrets/", follow=True)

    assert "data-client-secret" not in page
    assert "It signs its token requests with its own key." in page
    assert public_pem(KEY).splitlines()[1] in page
    assert (refused.status_code, b"from -----BEGIN PUBLIC KEY-----" in refused.content) == (422, True)
    assert b"Its secrets no longer work" in ended.content
    assert b"checked" in ended.content.split(b'name="binds_tokens"')[1][:200]
    assert theirs.post(made.url + "end-secrets/").status_code == 404
