"""The inbox of each organisation, what each person has seen of it, and how mail goes out."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from portal.events.topics import URGENT_KINDS
from portal.identity.models import User
from portal.kernel.references import number_of, reference_of


class InArray(Func):
    """Whether a value is in an array."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    output_field = models.BooleanField()


class MessageQuerySet(models.QuerySet["Message"]):
    """Notices, by who may read them."""

    def of(self, organisation_id: Any, user_id: Any) -> Self:
        """Keep what an organisation was told, and of what was told to one person that person's own."""
        return self.filter(Q(user_id=None) | Q(user_id=user_id), organisation_id=organisation_id)

    def not_muted_by(self, reader: Reader) -> Self:
        """Leave out what a person has muted; nobody mutes what is urgent."""
        muted = Q(kind__in=reader.muted_kinds) | Q(rollout_id__in=reader.muted_rollouts)
        return self.exclude(muted & ~Q(kind__in=URGENT_KINDS))

    def not_muted_by_reader(self) -> Self:
        """Do so within a query of readers, for each of them."""
        kind = InArray(F("kind"), OuterRef("muted_kinds"))
        rollout = Coalesce(InArray(F("rollout_id"), OuterRef("muted_rollouts")), Value(value=False))
        return self.annotate(is_muted=Q(kind) | Q(rollout)).filter(
            Q(kind__in=URGENT_KINDS) | Q(is_muted=False)
        )


class Message(models.Model):
    """One notice: a coarse entry of an organisation's feed, in words. Written once per entry.

    It is for everybody there, or, with a `user_id`, for one person alone. `about` names what it is about
    where that is not the rollout: an instruction by its reference, an incident or a file by its number.
    """

    id = models.BigAutoField(primary_key=True)
    organisation_id = models.IntegerField()
    position = models.BigIntegerField(help_text="of the entry in the organisation's feed")
    kind = models.SmallIntegerField()
    rollout_id = models.IntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    about = models.CharField(max_length=60, blank=True, default="", db_default="")
    at = models.DateTimeField()
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    tone = models.CharField(max_length=10, default="neutral")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "position"], name="notifications_message_once_per_entry"
            )
        ]
        indexes = [models.Index(fields=["organisation_id", "-id"], name="notifications_message_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def ident(self) -> str:
        """What it is called outside: the key counts the notices of all organisations."""
        return reference_of(self.pk, "notice")

    @staticmethod
    def key_of(ident: str) -> int:
        """Return the key of the notice that is called so.

        Raises:
            NotAReference: none is.
        """
        return number_of(ident, "notice")


class ReadMark(models.Model):
    """One person has opened one notice that is newer than all they have marked as seen."""

    pk = models.CompositePrimaryKey("user_id", "message_id")
    user_id = models.BigIntegerField()
    message_id = models.BigIntegerField()

    class Meta:
        db_table = "notifications_read_mark"

    def __str__(self) -> str:
        return f"{self.user_id} read {self.message_id}"


class Reader(models.Model):
    """How far one person has read, how far they have been mailed, and how they want mail."""

    class Mail(models.TextChoices):
        """When notices are mailed."""

        SOON = "SOON", "Soon: notices of a few minutes in one mail"
        DAILY = "DAILY", "Once a day"
        NEVER = "NEVER", "Never: only in the portal"

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="reader")
    seen_id = models.BigIntegerField(default=0)
    mailed_id = models.BigIntegerField(default=0)
    mail = models.CharField(max_length=5, choices=Mail.choices, default=Mail.SOON)
    mailed_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    #: What is neither mailed to them nor counted as unread.
    muted_kinds = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    muted_rollouts = ArrayField(models.IntegerField(), default=list, db_default=[])

    def __str__(self) -> str:
        return f"reader {self.user_id}"

    def has_muted(self, message: Message) -> bool:
        """Return whether this person does not want to hear of a notice."""
        is_muted = message.kind in self.muted_kinds or message.rollout_id in self.muted_rollouts
        return is_muted and message.kind not in URGENT_KINDS
