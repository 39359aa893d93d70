"""Single sign-on by OpenID Connect: an organisation's own provider lets in its own people only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings

from portal.accounts.domains import proven
from portal.accounts.people import check_administrator
from portal.events import journal
from portal.identity.models import Organisation, OrganisationKind, SingleSignOn, User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.identity.sealing import seal
from portal.kernel.lines import one_line
from portal.kernel.refusals import BadInput, NotPermitted
from portal.kernel.transactions import inside_unit_of_work, unit_of_work

_DOMAIN: Final = re.compile(r"(?=.{4,120}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z0-9-]{2,63}")
#: The role of somebody who comes unannounced, where an organisation allows it: to look, never to act.
ROLE_OF_NEWCOMERS: Final = {
    OrganisationKind.DCC: Role.DCC_VIEWER,
    OrganisationKind.SUPPLIER: Role.SUPPLIER_VIEWER,
    OrganisationKind.CSP: None,
    OrganisationKind.PANEL: None,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider says of somebody who has logged in there."""

    email: str
    name: str
    is_verified: bool

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.email.rpartition("@")[2]


def claims_in(data: Mapping[str, Any], *, subject: str, nonce: str) -> Claims:
    """Read what a provider says.

    Raises:
        NotPermitted: its token and its answer about the person are not about the same one, or the token was
            made for another log-in.
    """
    token, sources = data.get("id_token") or {}, data.get("userinfo") or {}
    if not nonce or not compare_digest(str(token.get("nonce", "")), nonce):
        raise NotPermitted("Your organisation's log-in answered for another attempt. Log in again.")
    if token.get("sub") != subject or sources.get("sub", subject) != subject:
        raise NotPermitted("Your organisation's log-in gave an answer that contradicts itself.")
    both = {**token, **sources}
    return Claims(
        email=str(both.get("email", "")).strip().lower(),
        name=one_line(str(both.get("name") or both.get("email", ""))),
        is_verified=both.get("email_verified") is True,
    )


def sign_on_for_email(email: str) -> SingleSignOn | None:
    """Return the single sign-on of the organisation whose domain an address has."""
    domain = email.rpartition("@")[2].strip().lower()
    return (
        SingleSignOn.objects.select_related("organisation", "app")
        .filter(domains__contains=[domain], organisation__is_active=True, organisation__domains__name=domain)
        .first()
    )


def sign_on_of_provider(provider_id: str) -> SingleSignOn | None:
    """Return the single sign-on of a provider's id."""
    return (
        SingleSignOn.objects.select_related("organisation", "app")
        .filter(app__provider_id=provider_id, organisation__is_active=True)
        .first()
    )


def sign_on_of_organisation(scope: Scope) -> SingleSignOn | None:
    """Return how the actor's organisation logs in with its own provider, if it does.

    Raises:
        NotPermitted: the actor does not administer it.
    """
    check_administrator(scope)
    return SingleSignOn.objects.select_related("app").filter(pk=scope.organisation_id).first()


@unit_of_work
def person_for(*, provider_id: str, claims: Claims, known_id: int | None, now: datetime) -> User:
    """Return whom an organisation's provider has logged in: somebody it has logged in before, a person
    of the organisation with this address, or a newcomer where it allows them.

    Raises:
        NotPermitted: it may not log in this person.
    """
    setup = sign_on_of_provider(provider_id)
    if setup is None:
        raise NotPermitted("Single sign-on is no longer set up for this organisation.")
    if known_id is not None:
        known = User.objects.filter(pk=known_id, organisation_id=setup.organisation_id).first()
        if known is None:
            raise NotPermitted("This account belongs to another organisation now.")
        return known
    if not _is_vouched_for(setup, claims):
        raise NotPermitted(
            f"{setup.organisation.name} has not confirmed your e-mail address,"
            " so the portal cannot tell who you are."
        )
    user = User.objects.filter(email__iexact=claims.email, organisation_id=setup.organisation_id).first()
    return user or _newcomer(setup, claims, now=now)


@unit_of_work
def set_up(
    scope: Scope,
    *,
    server_url: str,
    client_id: str,
    secret: str,
    domains: str,
    is_open_to_newcomers: bool,
    vouches_for_addresses: bool,
    now: datetime,
) -> None:
    """Let the organisation's people log in with its own provider. Without a secret the former one is kept.

    Raises:
        NotPermitted: the actor does not administer the organisation.
        BadInput: the address of the provider, a domain or the secret will not do.
    """
    check_administrator(scope)
    _check_server(server_url)
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=scope.organisation_id)
    names = _checked_domains(domains)
    setup = SingleSignOn.objects.select_related("app").filter(pk=organisation.pk).first()
    if setup is None and not secret:
        raise BadInput("The secret of the provider is needed.")
    app = (
        setup.app
        if setup
        else SocialApp(provider="openid_connect", provider_id=f"organisation-{organisation.pk}")
    )
    app.name, app.client_id = organisation.name[:40], client_id
    app.secret = seal(secret) if secret else app.secret
    app.settings = {"server_url": server_url.rstrip("/"), "oauth_pkce_enabled": True}
    app.save()
    is_open = is_open_to_newcomers and ROLE_OF_NEWCOMERS[scope.kind] is not None
    SingleSignOn.objects.update_or_create(
        organisation=organisation,
        defaults={
            "app": app,
            "domains": names,
            "is_open_to_newcomers": is_open,
            "vouches_for_addresses": vouches_for_addresses,
        },
    )
    facts = {
        "server": server_url,
        "client_id": client_id,
        "domains": names,
        "is_open_to_newcomers": is_open,
        "vouches_for_addresses": vouches_for_addresses,
        "secret_changed": bool(secret),
    }
    _record(scope, "single-sign-on.set-up", facts=facts, now=now)


@unit_of_work
def take_down(scope: Scope, *, now: datetime) -> None:
    """Let nobody log in with the organisation's own provider any more; sessions go on.

    Raises:
        NotPermitted: the actor does not administer the organisation.
    """
    check_administrator(scope)
    setup = SingleSignOn.objects.select_related("app").filter(pk=scope.organisation_id).first()
    if setup is None:
        return
    SocialAccount.objects.filter(provider=setup.app.provider_id).delete()
    setup.app.delete()  # and the setup with it
    _record(scope, "single-sign-on.taken-down", facts={}, now=now)


def _record(scope: Scope, name: str, *, facts: Mapping[str, object], now: datetime) -> None:
    journal.record(name, subject=f"organisation:{scope.organisation_id}", by=scope, at=now, facts=facts)


def _is_vouched_for(setup: SingleSignOn, claims: Claims) -> bool:
    return claims.is_verified or (setup.vouches_for_addresses and _is_own(setup, claims.domain))


def _is_own(setup: SingleSignOn, domain: str) -> bool:
    return domain in setup.domains and domain in proven(setup.organisation_id)


@inside_unit_of_work
def _newcomer(setup: SingleSignOn, claims: Claims, *, now: datetime) -> User:
    role = ROLE_OF_NEWCOMERS[OrganisationKind(setup.organisation.kind)]
    if not setup.is_open_to_newcomers or role is None or not _is_own(setup, claims.domain):
        raise NotPermitted(
            f"There is no account with your address at {setup.organisation.name}."
            " Ask an administrator there to invite you."
        )
    if User.objects.filter(email__iexact=claims.email).exists():
        raise NotPermitted(
            f"You cannot join {setup.organisation.name} by yourself."
            " Ask an administrator there to invite you."
        )
    user = User.objects.create_user(
        claims.email,
        None,
        name=claims.name[:120],
        organisation=setup.organisation,
        roles=[role.value],
        admitted_at=now,
    )
    facts = {"email": user.email, "roles": user.roles}
    journal.record("person.joined", subject=f"person:{user.pk}", by=Scope.of(user), at=now, facts=facts)
    return user


def _check_server(url: str) -> None:
    parts = urlsplit(url)
    schemes = {"https", "http"} if settings.SINGLE_SIGN_ON_INSIDE else {"https"}
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise BadInput("The address of the provider begins with https:// and has no user, query or fragment.")


def _checked_domains(text: str) -> list[str]:
    # Any may be claimed, whosever it is: a claim leads nobody anywhere before it is shown.
    names = list(dict.fromkeys(text.lower().replace(",", " ").replace("@", " ").split()))
    if not names:
        raise BadInput("Name at least one e-mail domain.")
    for name in names:
        if not _DOMAIN.fullmatch(name):
            raise BadInput(f"{name[:80]} is not a domain.")
    return names
