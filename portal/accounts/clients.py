"""Which systems an organisation lets in: API clients, their scopes, their networks and their secrets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import Prefetch, Q, QuerySet

from portal.accounts.people import check_administrator
from portal.events import journal
from portal.events.wakeups import announce_access_change
from portal.identity.api_scopes import SCOPES_OF_KIND, ApiScope, scopes_named
from portal.identity.credentials import digest_of, networks_in, new_secret
from portal.identity.models import ApiClient, ClientSecret, Organisation
from portal.identity.public_keys import public_keys_in, thumbprint_of
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work

_MOST_CLIENTS: Final = 50


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that is shown once: it cannot be read again."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as its owner sees it."""

    client: ApiClient
    scopes: tuple[ApiScope, ...]
    secrets: tuple[ClientSecret, ...]

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return str(self.client.oauth.name)

    @property
    def state(self) -> tuple[str, str, str]:
        """The word, tone and icon of how the client stands."""
        if self.client.revoked_at:
            return "Revoked", "neutral", "ban"
        if self.client.used_at is None:
            return "Never used", "info", "clock"
        return "In use", "good", "check-circle"


def scopes_offered(scope: Scope) -> tuple[ApiScope, ...]:
    """Return what the actor's organisation may allow its own systems."""
    return SCOPES_OF_KIND[scope.kind]


def clients_of(scope: Scope, *, now: datetime) -> list[ClientView]:
    """Return the clients of the actor's organisation, those that still count first.

    Raises:
        NotPermitted: the actor does not administer it.
    """
    check_administrator(scope)
    clients = _clients(scope, now=now).order_by("revoked_at", "oauth__name", "pk")
    return [_view(client) for client in sorted(clients, key=lambda client: client.revoked_at is not None)]


def client_of(scope: Scope, client_id: str, *, now: datetime) -> ClientView:
    """Return one client of the actor's organisation.

    Raises:
        NotPermitted: the actor does not administer it.
        NotFound: there is no such client there.
    """
    check_administrator(scope)
    client = _clients(scope, now=now).filter(pk=client_id).first()
    if client is None:
        raise NotFound("There is no such client in your organisation.")
    return _view(client)


@unit_of_work
def create_client(
    scope: Scope,
    *,
    name: str,
    scopes: Collection[ApiScope],
    networks: str,
    public_keys: str = "",
    binds_tokens: bool = False,
    now: datetime,
) -> NewSecret:
    """Let a system in, and return its first secret: an empty one, if it signs with a key of its own.

    Raises:
        NotPermitted: the actor does not administer the organisation.
        BadInput: a scope is not this organisation's to give, none is given, a network or key is none, or
            tokens cannot be bound.
        Refusal: there are too many clients.
    """
    check_administrator(scope)
    allowed = _checked(scope, scopes)
    terms = _terms(networks, public_keys, binds_tokens=binds_tokens)
    Organisation.objects.select_for_update(no_key=True).get(pk=scope.organisation_id)
    if (
        ApiClient.objects.filter(organisation_id=scope.organisation_id, revoked_at=None).count()
        >= _MOST_CLIENTS
    ):
        raise Refusal(f"There are {_MOST_CLIENTS} clients. Revoke one first.", code="too_many_clients")
    oauth = Client(
        name=name,
        secret=make_password(None),  # ours are in ClientSecret
        type=Client.Type.CONFIDENTIAL,
        grant_types=Client.GrantType.CLIENT_CREDENTIALS,
        response_types="",
    )
    oauth.set_scopes(allowed)
    oauth.set_default_scopes(allowed)
    oauth.save()
    client = ApiClient.objects.create(
        oauth=oauth,
        organisation_id=scope.organisation_id,
        **terms,
        created_by_id=scope.user_id,
        created_at=now,
    )
    facts = {"name": name, "scopes": allowed, **_facts(terms)}
    journal.record("client.created", subject=f"client:{client.pk}", by=scope, at=now, facts=facts)
    if client.public_keys:
        return NewSecret(client_id=str(client.pk), secret="")
    return _add_secret(client, now=now)


@unit_of_work
def change_client(
    scope: Scope,
    client_id: str,
    *,
    name: str,
    scopes: Collection[ApiScope],
    networks: str,
    public_keys: str,
    binds_tokens: bool,
    now: datetime,
) -> None:
    """Change what a client is and may do; tokens it holds are narrowed at once, never widened.

    Its secrets go on counting beside its keys, until they are ended.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such client there.
        BadInput: a scope is not this organisation's to give, none is given, a network or key is none, or
            tokens cannot be bound.
        Refusal: the client is revoked.
    """
    client = _own(scope, client_id)
    allowed = _checked(scope, scopes)
    terms = _terms(networks, public_keys, binds_tokens=binds_tokens)
    client.oauth.name = name
    client.oauth.set_scopes(allowed)
    client.oauth.set_default_scopes(allowed)
    client.oauth.save(update_fields=["name", "scopes", "default_scopes"])
    ApiClient.objects.filter(pk=client.pk).update(**terms)
    if client.binds_tokens != binds_tokens:
        announce_access_change(scope.organisation_id)
    facts = {"name": name, "scopes": allowed, **_facts(terms)}
    journal.record("client.changed", subject=f"client:{client.pk}", by=scope, at=now, facts=facts)


@unit_of_work
def rotate_secret(scope: Scope, client_id: str, *, now: datetime) -> NewSecret:
    """Make another secret; the former one still counts for the overlap, any older one ends now.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such client there.
        Refusal: the client is revoked.
    """
    return _rotated(scope, _own(scope, client_id), now=now)


def own_client(scope: Scope, *, now: datetime) -> ClientView:
    """Return the client that asks.

    Raises:
        NotPermitted: a person asks, who looks at clients on the pages.
    """
    client = _clients(scope, now=now).filter(pk=_self(scope)).first()
    if client is None:
        raise NotFound("There is no such client in your organisation.")
    return _view(client)


@unit_of_work
def rotate_own_secret(scope: Scope, *, now: datetime) -> NewSecret:
    """Make another secret for the client that asks; the former one still counts for the overlap.

    Raises:
        NotPermitted: a person asks.
        Refusal: the client is revoked, or signs with a key and has no secret.
    """
    client = _locked(scope, _self(scope))
    if client.public_keys and not client.secrets.exists():
        raise Refusal(
            "This client signs with a key of its own: it has no secret to change.", code="no_secret"
        )
    return _rotated(scope, client, now=now)


@inside_unit_of_work
def _rotated(scope: Scope, client: ApiClient, *, now: datetime) -> NewSecret:
    newest = client.secrets.order_by("-created_at", "-pk").first()
    ends = now + timedelta(days=settings.API_SECRET_OVERLAP_DAYS)
    if newest is not None:
        client.secrets.exclude(pk=newest.pk).delete()
        client.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=ends)).update(expires_at=ends)
    journal.record(
        "client.secret-rotated",
        subject=f"client:{client.pk}",
        by=scope,
        at=now,
        facts={"former_ends_at": ends.isoformat()},
    )
    return _add_secret(client, now=now)


@unit_of_work
def end_former_secret(scope: Scope, client_id: str, *, now: datetime) -> None:
    """End the overlap: only the newest secret counts from now on.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such client there.
        Refusal: the client is revoked, or has one secret only.
    """
    client = _own(scope, client_id)
    newest = client.secrets.order_by("-created_at", "-pk").first()
    ended, _ = client.secrets.exclude(pk=newest.pk).delete() if newest else (0, {})
    if not ended:
        raise Refusal("This client has one secret only.", code="one_secret")
    journal.record("client.secret-ended", subject=f"client:{client.pk}", by=scope, at=now, facts={})


@unit_of_work
def end_secrets(scope: Scope, client_id: str, *, now: datetime) -> None:
    """End every secret of a client that signs with a key of its own.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such client there.
        Refusal: the client is revoked, or has no key, or no secret.
    """
    client = _own(scope, client_id)
    if not client.public_keys:
        raise Refusal("Without a public key, this client needs its secret.", code="no_public_key")
    ended, _ = client.secrets.all().delete()
    if not ended:
        raise Refusal("This client has no secret.", code="no_secret")
    facts = {"secrets_ended": ended}
    journal.record("client.secrets-ended", subject=f"client:{client.pk}", by=scope, at=now, facts=facts)


@unit_of_work
def revoke_client(scope: Scope, client_id: str, *, now: datetime) -> None:
    """Let a system in no longer: its secrets and tokens end at once, for good.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such client there.
        Refusal: the client is revoked already.
    """
    client = _own(scope, client_id)
    client.revoked_at = now
    client.save(update_fields=["revoked_at"])
    client.secrets.all().delete()
    tokens, _ = Token.objects.filter(client_id=client.pk).delete()
    announce_access_change(scope.organisation_id)
    facts = {"tokens_ended": tokens}
    journal.record("client.revoked", subject=f"client:{client.pk}", by=scope, at=now, facts=facts)


def _clients(scope: Scope, *, now: datetime) -> QuerySet[ApiClient]:
    live = ClientSecret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now)).order_by(
        "-created_at", "-pk"
    )
    return (
        ApiClient.objects.filter(organisation_id=scope.organisation_id)
        .select_related("oauth", "created_by", "organisation")
        .prefetch_related(Prefetch("secrets", queryset=live))
    )


def _view(client: ApiClient) -> ClientView:
    held = scopes_named(client.oauth.get_scopes())
    return ClientView(
        client=client,
        scopes=tuple(api_scope for api_scope in ApiScope if api_scope in held),
        secrets=tuple(client.secrets.all()),
    )


@inside_unit_of_work
def _own(scope: Scope, client_id: str) -> ApiClient:
    check_administrator(scope)
    return _locked(scope, client_id)


def _self(scope: Scope) -> str:
    if scope.client_id is None:
        raise NotPermitted("This is for systems: people manage clients on the pages.")
    return scope.client_id


@inside_unit_of_work
def _locked(scope: Scope, client_id: str) -> ApiClient:
    client = (
        ApiClient.objects.select_for_update(no_key=True, of=("self",))
        .select_related("oauth")
        .filter(organisation_id=scope.organisation_id, pk=client_id)
        .first()
    )
    if client is None:
        raise NotFound("There is no such client in your organisation.")
    if client.revoked_at is not None:
        raise Refusal("This client is revoked. Make another one.", code="client_revoked")
    return client


def _checked(scope: Scope, scopes: Collection[ApiScope]) -> list[str]:
    if not scopes or not set(SCOPES_OF_KIND[scope.kind]).issuperset(scopes):
        raise BadInput("Choose one or more scopes that your organisation may give.")
    return [api_scope.value for api_scope in ApiScope if api_scope in scopes]


def _terms(networks: str, public_keys: str, *, binds_tokens: bool) -> dict[str, Any]:
    if binds_tokens and not settings.CLIENT_CERTIFICATE_PROXIES:
        raise BadInput("Tokens cannot be bound here: the portal is not told certificates of connections.")
    return {
        "networks": networks_in(networks),
        "public_keys": public_keys_in(public_keys),
        "binds_tokens": binds_tokens,
    }


def _facts(terms: dict[str, Any]) -> dict[str, Any]:
    return {**terms, "public_keys": [thumbprint_of(key) for key in terms["public_keys"]]}


def _add_secret(client: ApiClient, *, now: datetime) -> NewSecret:
    secret = new_secret()
    ClientSecret.objects.create(client=client, sha256=digest_of(secret), ending=secret[-4:], created_at=now)
    return NewSecret(client_id=str(client.pk), secret=secret)
