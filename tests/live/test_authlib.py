"""Access by authlib, which nobody here wrote: secrets, signatures and bound tokens over HTTP."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from portal.accounts.clients import create_client
from portal.identity.api_scopes import ApiScope
from portal.identity.scope import Scope
from tests.factories import make_world
from tests.identity.signing import MADE, jwk, public_pem
from tests.integration.clients import client_for

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
KEY = MADE["ES256"]()
METHOD = "private_key_jwt"


@pytest.fixture
def world(transactional_db, settings, live_server, fresh_cache):
    settings.PORTAL_URL = live_server.url
    settings.CLIENT_CERTIFICATE_PROXIES = ["127.0.0.0/8"]
    return make_world()


def signer(user, **more):
    made = create_client(
        Scope.of(user),
        name="CRM",
        scopes=[ApiScope.ROLLOUTS_READ],
        networks="",
        public_keys=public_pem(KEY),
        now=datetime.now(UTC),
        **more,
    )
    return made.client_id


def session(live_server, client_id, key=KEY, method=METHOD):
    """A session as authlib makes it from what the portal says of itself."""
    metadata = OAuth2Session().get(
        f"{live_server.url}/.well-known/oauth-authorization-server", withhold_token=True
    )
    endpoint = metadata.json()["token_endpoint"]
    assert method in metadata.json()["token_endpoint_auth_methods_supported"]
    made = OAuth2Session(
        client_id,
        key if method != METHOD else jwk(key),
        token_endpoint=endpoint,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        grant_type="client_credentials",
    )
    made.trust_env = False
    made.register_client_auth_method(PrivateKeyJWT(endpoint, alg="ES256"))
    return made


def who(live_server, client):
    return client.get(f"{live_server.url}/api/v1/client")


@pytest.mark.requirement("R6.2")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_is_shown_as_the_portal_says(world, live_server, method):
    made = client_for(world.supplier_user)
    client = session(live_server, made.client_id, made.secret, method)

    client.fetch_token()

    assert who(live_server, client).json()["client_id"] == made.client_id


@pytest.mark.requirement("R6.2")
def test_a_system_signs_for_its_tokens_and_ends_them(world, live_server):
    client = session(live_server, signer(world.supplier_user))

    token = client.fetch_token()
    about = who(live_server, client).json()
    again = client.fetch_token()
    client.revoke_token(f"{live_server.url}/oauth/revoke", token=again["access_token"])

    assert token["expires_in"] == 600
    assert (about["secrets"], about["binds_tokens"]) == ([], False)
    assert about["keys"] == [{"thumbprint": jwk(KEY).thumbprint(), "algorithms": ["ES256"]}]
    assert who(live_server, client).status_code == 401
    assert client.post(f"{live_server.url}/api/v1/client/secret").status_code == 401


def test_nobody_signs_for_the_other_suppliers_system(world, live_server):
    theirs = signer(world.other_user)
    stranger = session(live_server, theirs, MADE["ES256"]())

    with pytest.raises(OAuthError, match="invalid_client"):
        stranger.fetch_token()


def test_a_bound_token_is_worth_nothing_to_who_takes_it(world, live_server):
    mine, theirs = (f":{base64.b64encode(name).decode()}:" for name in (b"mine", b"theirs"))
    client = session(live_server, signer(world.supplier_user, binds_tokens=True))
    with pytest.raises(OAuthError, match="certificate"):
        client.fetch_token()

    client.headers["Client-Cert"] = mine
    client.fetch_token()
    first = who(live_server, client)
    client.headers["Client-Cert"] = theirs
    second = who(live_server, client)

    assert (first.status_code, first.json()["binds_tokens"]) == (200, True)
    assert (second.status_code, second.json()["code"]) == (401, "invalid_token")
