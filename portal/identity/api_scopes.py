"""What a system may be allowed to do: OAuth scopes by resource and verb, and whose they are to give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import TextChoices

from portal.identity.models import OrganisationKind
from portal.identity.roles import (
    CSP_ROLES,
    DCC_ROLES,
    MAY_CONFIRM,
    MAY_INSTRUCT,
    MAY_OPERATE,
    PANEL_ROLES,
    Role,
)


class ApiScope(TextChoices):
    """One thing a client may be allowed to do; the label is the sentence its owner reads."""

    ROLLOUTS_READ = "rollouts:read", "Read rollouts, release notes, batches, deadlines and decisions"
    ROLLOUTS_WRITE = "rollouts:write", "Publish rollouts, run batches, suspend, pause and stop"
    ESTATE_READ = "estate:read", "Read hubs with their history, eligible hubs and reports"
    INSTRUCTIONS_READ = "instructions:read", "Read instructions, their results and what was not accepted"
    INSTRUCTIONS_WRITE = "instructions:write", "Instruct, agree, decline and withdraw"
    PILOTS_READ = "pilots:read", "Read pilot nominations and their results"
    PILOTS_WRITE = "pilots:write", "Nominate hubs for pilots"
    RULES_READ = "rules:read", "Read approval and selection rules, and test them on past rollouts"
    RULES_WRITE = "rules:write", "Make, change, enable and archive rules"
    INCIDENTS_READ = "incidents:read", "Read incidents"
    INCIDENTS_WRITE = "incidents:write", "Raise and update incidents"
    DECISIONS_READ = "decisions:read", "Read reviews, recommendations, who has signed, and the evidence"
    DECISIONS_WRITE = "decisions:write", "Open reviews, recommend, and propose who must sign"
    AUDIT_READ = "audit:read", "Read the audit trail and have its chain checked"
    NOTICES_READ = "notices:read", "Read notices and mark them as seen"
    EVENTS_READ = "events:read", "Follow the feed of events, by page or by stream"
    WEBHOOKS_READ = "webhooks:read", "Read webhooks and their deliveries"
    WEBHOOKS_WRITE = "webhooks:write", "Register, test, replay and remove webhooks"
    CHANNELS_READ = "channels:read", "Read the state of CSP channels and unmatched alerts"
    CHANNELS_WRITE = "channels:write", "Change what CSP channels take, and review alerts that fit nothing"
    CLIENT_ROTATE = "client:rotate", "Read about itself, and change its own secret"
    CSP_ALERTS = "csp:alerts", "Deliver alerts and inventories of hubs"
    CSP_SCHEDULE = "csp:schedule", "Read the forward schedule of the CSP's own regions"

    @property
    def is_writing(self) -> bool:
        """Return whether the scope allows a change."""
        return self.value.endswith(":write")


S = ApiScope
_READ_BY_EVERYBODY: Final = (
    S.ROLLOUTS_READ,
    S.NOTICES_READ,
    S.EVENTS_READ,
    S.WEBHOOKS_READ,
    S.CLIENT_ROTATE,
)

#: What an organisation may give its own systems.
SCOPES_OF_KIND: Final[dict[OrganisationKind, tuple[ApiScope, ...]]] = {
    OrganisationKind.SUPPLIER: tuple(
        scope
        for scope in ApiScope
        if scope
        not in {
            S.ROLLOUTS_WRITE,
            S.DECISIONS_READ,
            S.DECISIONS_WRITE,
            S.AUDIT_READ,
            S.CHANNELS_READ,
            S.CHANNELS_WRITE,
            S.CSP_ALERTS,
            S.CSP_SCHEDULE,
        }
    ),
    OrganisationKind.DCC: tuple(
        scope
        for scope in ApiScope
        if scope not in {S.INSTRUCTIONS_WRITE, S.PILOTS_WRITE, S.RULES_WRITE, S.CSP_ALERTS, S.CSP_SCHEDULE}
    ),
    OrganisationKind.CSP: (*_READ_BY_EVERYBODY, S.WEBHOOKS_WRITE, S.CSP_ALERTS, S.CSP_SCHEDULE),
    OrganisationKind.PANEL: (
        *_READ_BY_EVERYBODY,
        S.WEBHOOKS_WRITE,
        S.INCIDENTS_READ,
        S.DECISIONS_READ,
        S.DECISIONS_WRITE,
    ),
}

_READING_ROLE: Final = {
    OrganisationKind.SUPPLIER: Role.SUPPLIER_VIEWER,
    OrganisationKind.DCC: Role.DCC_VIEWER,
    OrganisationKind.CSP: Role.CSP_PLANNER,
    OrganisationKind.PANEL: Role.PANEL_MEMBER,
}
_WRITING_ROLE: Final = {
    OrganisationKind.SUPPLIER: Role.SUPPLIER_ANALYST,
    OrganisationKind.DCC: Role.DCC_OPERATOR,
    OrganisationKind.CSP: Role.CSP_PLANNER,
    OrganisationKind.PANEL: None,
}


def scopes_named(names: Iterable[str]) -> frozenset[ApiScope]:
    """Return the scopes of these names; a name that is no longer a scope means nothing."""
    return frozenset(ApiScope(name) for name in names if name in ApiScope.values)


def roles_for(kind: OrganisationKind, scopes: Iterable[ApiScope]) -> frozenset[Role]:
    """Return the roles in which a client with these scopes acts: an administrator's never.

    The scopes are what a client is held to, by the address it calls; the roles are what the
    services underneath ask for.
    """
    held = set(scopes)
    roles: set[Role | None] = {_READING_ROLE[kind]} if held else set()
    if any(scope.is_writing for scope in held):
        roles.add(_WRITING_ROLE[kind])
    return frozenset(role for role in roles if role is not None)


def scopes_of_roles(kind: OrganisationKind, roles: Iterable[Role]) -> frozenset[ApiScope]:
    """Return what a person with these roles may do over the API from a browser."""
    held = frozenset(roles)
    may_write = not held.isdisjoint(MAY_OPERATE | MAY_INSTRUCT | MAY_CONFIRM)
    may_read = may_write or not held.isdisjoint(DCC_ROLES | CSP_ROLES | PANEL_ROLES | {Role.SUPPLIER_VIEWER})
    return frozenset(
        scope
        for scope in SCOPES_OF_KIND[kind]
        if scope != S.CSP_ALERTS and (may_write if scope.is_writing else may_read)
    )
