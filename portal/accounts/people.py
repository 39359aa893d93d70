"""Whom an organisation lets in: its administrators invite, give roles, and deactivate, among their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import send_mail
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from portal.accounts.sessions import end_sessions
from portal.events import journal
from portal.events.wakeups import announce_access_change
from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import APART, CSP_ROLES, DCC_ROLES, PANEL_ROLES, SUPPLIER_ROLES, Role
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.transactions import inside_unit_of_work, run_after_commit, unit_of_work
from portal.kernel.versions import check_version

ROLES_OF_KIND: Final[dict[OrganisationKind, frozenset[Role]]] = {
    OrganisationKind.DCC: DCC_ROLES,
    OrganisationKind.SUPPLIER: SUPPLIER_ROLES,
    OrganisationKind.CSP: CSP_ROLES,
    OrganisationKind.PANEL: PANEL_ROLES,
}
ADMINISTRATOR: Final = {
    OrganisationKind.DCC: Role.DCC_OPERATOR,
    OrganisationKind.SUPPLIER: Role.SUPPLIER_ADMIN,
    OrganisationKind.CSP: Role.CSP_PLANNER,
    OrganisationKind.PANEL: Role.PANEL_ADMIN,
}
_OPENING: Final = ("admitted_at", "admitted_by")
_SECOND_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class LastAdministrator(Refusal):
    """Somebody has to be left who can let others in."""

    code = "last_administrator"


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list of people."""

    user: User
    roles: tuple[Role, ...]
    has_second_factor: bool
    has_joined: bool

    @property
    def state(self) -> tuple[str, str, str]:
        """The word, tone and icon of how this person stands."""
        if not self.user.is_active:
            return "Deactivated", "neutral", "user-off"
        return ("Active", "good", "user-check") if self.has_joined else ("Invited", "info", "user-clock")


def check_administrator(scope: Scope) -> None:
    """Refuse unless the actor administers their organisation.

    Raises:
        NotPermitted: they do not.
    """
    scope.check(ADMINISTRATOR[scope.kind])


def is_administrator(scope: Scope) -> bool:
    """Return whether the actor administers their organisation."""
    return scope.has(ADMINISTRATOR[scope.kind])


def people_of(scope: Scope) -> list[Person]:
    """Return the people of the actor's organisation, those who may come in first.

    Raises:
        NotPermitted: the actor does not administer it.
    """
    check_administrator(scope)
    users = User.objects.filter(organisation_id=scope.organisation_id).order_by("-is_active", "name", "pk")
    return _described(list(users))


def people_like(scope: Scope, text: str, *, most: int) -> list[User]:
    """Return people of the actor's organisation by part of their name or address.

    Raises:
        NotPermitted: the actor does not administer it.
    """
    check_administrator(scope)
    users = User.objects.filter(organisation_id=scope.organisation_id)
    named = users.filter(Q(name__icontains=text) | Q(email__icontains=text))
    return list(named.order_by("-is_active", "name", "pk")[:most])


def person_of(scope: Scope, person_id: int) -> Person:
    """Return one person of the actor's organisation.

    Raises:
        NotPermitted: the actor does not administer it.
        NotFound: there is no such person there.
    """
    check_administrator(scope)
    users = User.objects.filter(organisation_id=scope.organisation_id, pk=person_id)
    if not users:
        raise NotFound("There is no such person in your organisation.")
    return _described(list(users))[0]


@unit_of_work
def invite(scope: Scope, *, email: str, name: str, roles: Collection[Role], now: datetime) -> User:
    """Make an account in the actor's organisation and mail a link by which its owner sets a password.

    Raises:
        NotPermitted: the actor does not administer the organisation.
        BadInput: the roles are none, or not this organisation's.
        Refusal: the address has an account.
    """
    check_administrator(scope)
    _check_roles(scope.kind, roles)
    _lock(scope.organisation_id)
    if User.objects.filter(email__iexact=email).exists():
        raise Refusal("This address has an account already.", code="address_taken")
    user = User.objects.create_user(
        email,
        None,
        name=name,
        organisation_id=scope.organisation_id,
        roles=_stored(roles),
        admitted_at=now,
        admitted_by_id=scope.user_id,
    )
    facts = {"email": user.email, "name": name, "roles": user.roles}
    journal.record("person.invited", subject=f"person:{user.pk}", by=scope, at=now, facts=facts)
    run_after_commit(lambda: send_invitation(user, by=scope.name))
    return user


@unit_of_work
def change_roles(
    scope: Scope,
    person_id: int,
    *,
    roles: Collection[Role],
    expected: str | None = None,
    now: datetime,
) -> None:
    """Return a person of the organisation other roles; they count from the next click.

    `expected` is the `version_of` the `role_values` the change was made from.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such person there.
        BadInput: the roles are none, or not this organisation's.
        LastAdministrator: nobody would be left to administer it.
        EditConflict: the roles are not as `expected`.
    """
    user = _own(scope, person_id)
    check_version(expected, role_values(user))
    _check_roles(scope.kind, roles)
    if ADMINISTRATOR[scope.kind] not in roles:
        _check_not_last(scope, user)
    former, user.roles = user.roles, _stored(roles)
    if former == user.roles:
        return
    if set(user.roles) - set(former):
        _note_opening(scope, user, now=now)
    user.save(update_fields=["roles", *_OPENING])
    announce_access_change(scope.organisation_id)
    facts = {"from": former, "to": user.roles}
    journal.record("person.roles-changed", subject=f"person:{user.pk}", by=scope, at=now, facts=facts)


def role_values(user: User) -> dict[str, Any]:
    """Return what an administrator sets of a person."""
    return {"roles": sorted(user.roles)}


@unit_of_work
def deactivate(scope: Scope, person_id: int, *, now: datetime) -> None:
    """Let somebody in no longer, and end their sessions at once.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such person there.
        LastAdministrator: nobody would be left to administer the organisation.
        Refusal: it is the actor.
    """
    user = _own(scope, person_id)
    if user.pk == scope.user_id:
        raise Refusal("You cannot deactivate yourself. Ask another administrator.", code="yourself")
    _check_not_last(scope, user)
    if not user.is_active:
        return
    user.is_active = False
    user.save(update_fields=["is_active"])
    facts = {"sessions_ended": end_sessions(user)}
    journal.record("person.deactivated", subject=f"person:{user.pk}", by=scope, at=now, facts=facts)


@unit_of_work
def reactivate(scope: Scope, person_id: int, *, now: datetime) -> None:
    """Let somebody in again, with the roles they had.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such person there.
    """
    user = _own(scope, person_id)
    if user.is_active:
        return
    user.is_active = True
    _note_opening(scope, user, now=now)
    user.save(update_fields=["is_active", *_OPENING])
    journal.record("person.reactivated", subject=f"person:{user.pk}", by=scope, at=now, facts={})


@unit_of_work
def invite_again(scope: Scope, person_id: int, *, now: datetime) -> None:
    """Mail another link by which somebody sets a password; the former ones still count for their three days.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such person there.
        Refusal: the person is deactivated.
    """
    user = _own(scope, person_id)
    if not user.is_active:
        raise Refusal("This person is deactivated.", code="deactivated")
    journal.record("person.invited-again", subject=f"person:{user.pk}", by=scope, at=now, facts={})
    run_after_commit(lambda: send_invitation(user, by=scope.name))


@unit_of_work
def reset_second_factor(scope: Scope, person_id: int, *, now: datetime) -> None:
    """Take the second factor of somebody who has lost it, and end their sessions.

    Whoever knows the password gets in after that (and has to enrol, where the role asks for it): the
    administrator has to have made sure who asks.

    Raises:
        NotPermitted, NotFound: it is not for the actor, or there is no such person there.
        Refusal: it is the actor.
    """
    user = _own(scope, person_id)
    if user.pk == scope.user_id:
        raise Refusal("You cannot reset your own. Ask another administrator.", code="yourself")
    removed, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    _note_opening(scope, user, now=now)
    user.save(update_fields=_OPENING)
    facts = {"removed": removed, "sessions_ended": end_sessions(user)}
    journal.record("person.second-factor-reset", subject=f"person:{user.pk}", by=scope, at=now, facts=facts)


def send_invitation(user: User, *, by: str) -> None:
    """Mail the link by which somebody sets their first password."""
    key = f"{user_pk_to_url_str(user)}-{PasswordResetTokenGenerator().make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    context = {
        "user": user,
        "by": by,
        "link": settings.PORTAL_URL + path.replace("UID-KEY", key),
        "portal": settings.PORTAL_URL,
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60),
    }
    send_mail(
        subject="Your account at the Communications Hub Firmware Portal",
        message=render_to_string("identity/email/invitation.txt", context),
        from_email=None,
        recipient_list=[user.email],
    )


@inside_unit_of_work
def _own(scope: Scope, person_id: int) -> User:
    check_administrator(scope)
    _lock(scope.organisation_id)
    user = User.objects.filter(organisation_id=scope.organisation_id, pk=person_id).first()
    if user is None:
        raise NotFound("There is no such person in your organisation.")
    return user


def _note_opening(scope: Scope, user: User, *, now: datetime) -> None:
    # Whoever opens an account could use it: their signatures do not count as two.
    user.admitted_at, user.admitted_by_id = now, scope.user_id


def _lock(organisation_id: int) -> None:
    # Two administrators who remove each other at the same time must not both succeed.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)


def _check_roles(kind: OrganisationKind, roles: Collection[Role]) -> None:
    if not roles or not ROLES_OF_KIND[kind].issuperset(roles):
        raise BadInput("Choose one or more roles of your organisation.")
    if APART.issubset(roles):
        raise BadInput(
            "Whoever manages the Panel's people does not sign its decisions: choose one of the two."
        )


def _check_not_last(scope: Scope, user: User) -> None:
    role = ADMINISTRATOR[scope.kind]
    if not user.is_active or not user.has_role(role):
        return
    others = User.objects.filter(
        organisation_id=scope.organisation_id, is_active=True, roles__contains=[role.value]
    ).exclude(pk=user.pk)
    if not others.exists():
        raise LastAdministrator(
            f"{user.name} is the last {role.label} of {scope.organisation_name}."
            " Give somebody else that role first."
        )


def _stored(roles: Collection[Role]) -> list[str]:
    return [role.value for role in Role if role in roles]


def _described(users: Sequence[User]) -> list[Person]:
    ids = [user.pk for user in users]
    enrolled = set(
        Authenticator.objects.filter(user_id__in=ids, type__in=_SECOND_FACTORS).values_list(
            "user_id", flat=True
        )
    )
    connected = set(SocialAccount.objects.filter(user_id__in=ids).values_list("user_id", flat=True))
    return [
        Person(
            user=user,
            roles=tuple(Role(role) for role in user.roles),
            has_second_factor=user.pk in enrolled,
            has_joined=user.has_usable_password() or user.pk in connected,
        )
        for user in users
    ]
