"""Organisations of four kinds, their identifiers in the industry, and the people who log in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from portal.identity.roles import Role


class OrganisationKind(models.TextChoices):
    """What an organisation is in the rollout of firmware."""

    DCC = "DCC", "DCC"
    SUPPLIER = "SUPPLIER", "Supplier"
    CSP = "CSP", "Communications Service Provider"
    PANEL = "PANEL", "Panel"


class Organisation(models.Model):
    """A SEC Party or body: the tenant of everything it owns.

    Two identifiers of one Party belong to one organisation: "the same Supplier" is
    decided here, never by a market participant id (R3.2).
    """

    id = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=OrganisationKind.choices)
    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values), name="identity_organisation_kind_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class MarketParticipant(models.Model):
    """An identifier under which a Supplier is registered: 4 characters for electricity, 3 for gas."""

    class Fuel(models.TextChoices):
        """Which register the identifier comes from."""

        ELECTRICITY = "ELECTRICITY", "Electricity"
        GAS = "GAS", "Gas"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="participants")
    fuel = models.CharField(max_length=11, choices=Fuel.choices)
    code = models.CharField(max_length=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fuel", "code"], name="identity_marketparticipant_one_party_a_code"
            )
        ]

    def __str__(self) -> str:
        return self.code


class UserIdentifier(models.Model):
    """A DUIS User ID (EUI-64) of a Party in a User Role; the DCC and CSPs have an ID and no User Role."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="user_ids")
    eui64 = models.BigIntegerField(unique=True)
    user_role = models.CharField(max_length=4, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user_role__in=["", "IS", "ES", "GS", "RSA", "ED", "GT", "OU"]),
                name="identity_useridentifier_role_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_role} {self.eui64}".strip()


class ServiceToken(models.Model):
    """A secret a CSP's system shows when it calls; only its digest is kept."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="service_tokens")
    name = models.CharField(max_length=80)
    sha256 = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class ApiClient(models.Model):
    """A system of an organisation that calls the REST interface.

    What OAuth 2 needs to know of it (name, scopes, grants) is in `oauth`; here is whose it is,
    where it may call from, and its secrets, of which several may count at a time (ADR 7). One with public
    keys may sign for its tokens instead; one that binds them has them count on its own connections alone.
    """

    oauth = models.OneToOneField(
        "allauth_idp_oidc.Client", on_delete=models.CASCADE, primary_key=True, related_name="api_client"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_clients")
    networks: ArrayField[Any, Any] = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    public_keys: ArrayField[Any, Any] = ArrayField(models.TextField(), default=list, blank=True)
    binds_tokens = models.BooleanField(default=False)
    created_by = models.ForeignKey("identity.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_from = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class ClientSecret(models.Model):
    """One secret of a client: 256 random bits, of which only the digest is kept."""

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="secrets")
    sha256 = models.BinaryField(max_length=32, unique=True)
    ending = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"…{self.ending}"


class ClientAssertion(models.Model):
    """What a client has signed to get a token: kept until it ends, since it counts once."""

    sha256 = models.BinaryField(max_length=32, unique=True)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"until {self.ends_at}"


class SingleSignOn(models.Model):
    """How an organisation's people log in with its own OpenID Connect provider."""

    organisation = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, primary_key=True, related_name="single_sign_on"
    )
    app = models.OneToOneField(
        "socialaccount.SocialApp", on_delete=models.CASCADE, related_name="single_sign_on"
    )
    domains: ArrayField[Any, Any] = ArrayField(models.CharField(max_length=120))
    is_open_to_newcomers = models.BooleanField(default=False)
    vouches_for_addresses = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"single sign-on of {self.pk}"


class ProvenDomain(models.Model):
    """That an e-mail domain is an organisation's own: shown by a record in its zone, or said by the DCC."""

    class By(models.TextChoices):
        """What shows it."""

        DNS = "DNS", "A record in its zone"
        DCC = "DCC", "Confirmed by the DCC"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(max_length=120, unique=True)
    by = models.CharField(max_length=3, choices=By.choices)
    proved_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Finds and makes users by e-mail."""

    def create_user(self, email: str, password: str | None, **fields: Any) -> User:
        """Make a user with a hashed password."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a user by e-mail, whatever its case."""
        return self.get(email__iexact=username or "")


class User(AbstractBaseUser):
    """A person of one organisation, with roles there."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="users")
    roles: ArrayField[Any, Any] = ArrayField(
        models.CharField(max_length=20, choices=Role.choices), default=list
    )
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    has_seen_hints = models.BooleanField(
        default=False, db_default=False, help_text="has put the hints of a first visit away"
    )
    admitted_at = models.DateTimeField(
        null=True, help_text="when the account was last opened: made, given a role, let in again"
    )
    admitted_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", help_text="who opened it"
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="identity_user_one_a_mailbox")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """The Django admin is not part of the portal."""
        return False

    def has_role(self, role: Role) -> bool:
        """Return whether this person holds a role in their organisation."""
        return role.value in self.roles
