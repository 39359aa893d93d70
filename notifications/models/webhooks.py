"""Webhooks: where an organisation wants its feed delivered, with what secrets, and what came of each call."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portal.identity.models import Organisation, User, UserIdentifier
from portal.kernel.guid import Guid


class WebhookEndpoint(models.Model):
    """An address to which the entries of an organisation's feed are delivered, in order and in batches.

    `cursor` says how far they have been; `batch_to` where the batch ends that is under way, so that a
    repeated call carries the same entries under the same id. `claim` is the token of whoever is delivering.
    """

    class State(models.TextChoices):
        """Whether entries are delivered."""

        ENABLED = "ENABLED", "Enabled"
        PAUSED = "PAUSED", "Paused by you"
        DISABLED = "DISABLED", "Disabled by the portal"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    kinds: ArrayField[Any, Any] = ArrayField(
        models.SmallIntegerField(), default=list, help_text="numbers of kinds; none = all"
    )
    rollout_ids: ArrayField[Any, Any] = ArrayField(
        models.IntegerField(),
        default=list,
        db_default=[],
        help_text="rollouts whose entries are delivered; none = all",
    )
    regions: ArrayField[Any, Any] = ArrayField(
        models.SmallIntegerField(),
        default=list,
        db_default=[],
        help_text="regions about whose hubs entries are delivered; none = all",
    )
    user_identifier = models.ForeignKey(
        UserIdentifier,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text="the User ID whose Service Request messages are delivered; none = events",
    )
    batch_size = models.PositiveSmallIntegerField(default=100)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ENABLED)
    state_at = models.DateTimeField()
    state_reason = models.CharField(max_length=200, blank=True)
    cursor = models.BigIntegerField()
    batch_to = models.BigIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text="at this batch, that failed")
    failing_since = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["ENABLED", "PAUSED", "DISABLED"]),
                name="notifications_webhookendpoint_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(batch_to=None) | Q(batch_to__gt=F("cursor")),
                name="notifications_webhookendpoint_batch_is_ahead",
            ),
            models.CheckConstraint(
                condition=Q(claim=None, claimed_until=None)
                | Q(claim__isnull=False, claimed_until__isnull=False),
                name="notifications_webhookendpoint_claim_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(batch_size__gte=1, batch_size__lte=1000),
                name="notifications_webhookendpoint_batch_size_in_bounds",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="notifications_webhook_due",
                condition=Q(state="ENABLED"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def user_id(self) -> str:
        """The User ID whose messages are delivered; empty where events are."""
        return "" if self.user_identifier is None else str(Guid.from_db(self.user_identifier.eui64))


class WebhookSecret(models.Model):
    """One secret that signs: sealed, since it is read again. A former one still signs until it ends."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    ending = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"…{self.ending}"


class WebhookDelivery(models.Model):
    """What came of one call."""

    class Outcome(models.TextChoices):
        """How the call ended."""

        WAITING = "WAITING", "On its way"
        SENDING = "SENDING", "Being sent"
        DELIVERED = "DELIVERED", "Delivered"
        REFUSED = "REFUSED", "Answered with an error"
        UNREACHABLE = "UNREACHABLE", "Not reached"
        TIMED_OUT = "TIMED_OUT", "No answer in time"
        BLOCKED = "BLOCKED", "Not called: the address may not be"
        UNWRITTEN = "UNWRITTEN", "Not called: no message could be written"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=80)
    is_ping = models.BooleanField(default=False)
    first_position = models.BigIntegerField(null=True)
    last_position = models.BigIntegerField(null=True)
    entries = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=11, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(default=0)
    excerpt = models.TextField(blank=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="notifications_delivery_newest"),
            models.Index(fields=["at"], name="notifications_delivery_by_age"),
            models.Index(
                fields=["at", "id"],
                name="notifications_ping_waiting",
                condition=Q(is_ping=True, outcome__in=["WAITING", "SENDING"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.outcome}"
