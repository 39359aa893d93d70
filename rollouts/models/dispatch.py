"""Commands to the CSPs, the channels they go through, and what comes back."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from portal.identity.models import Organisation
from rollouts.states import CommandKind, CommandStatus


class Command(models.Model):
    """Up to a few thousand hubs of one region to be told one thing: the unit of work."""

    id = models.BigAutoField(primary_key=True)
    rollout_id = models.IntegerField(null=True)
    kind = models.SmallIntegerField(choices=CommandKind.choices)
    status = models.SmallIntegerField(choices=CommandStatus.choices, default=CommandStatus.READY)
    region = models.SmallIntegerField()
    guids: ArrayField[list[int], list[int]] = ArrayField(models.BigIntegerField())
    hub_count = models.IntegerField()
    cpl_entry_id = models.IntegerField(null=True)
    execute_at = models.DateTimeField(null=True)
    requested_by_id = models.IntegerField(null=True, help_text="the organisation that asked for a read")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(
        null=True, help_text="when it was first handed to a CSP that has not said it did not take it"
    )
    sent_at = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True, help_text="when a halt made a cancel for it")
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # of the wall clock, as the channel's `paused_until`
    problem = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["region", "due_at", "id"], name="rollouts_command_ready", condition=Q(status=1)
            ),
            models.Index(fields=["claimed_at"], name="rollouts_command_unsent", condition=Q(status=2)),
            models.Index(fields=["rollout_id", "status"], name="rollouts_command_by_rollout"),
        ]

    def __str__(self) -> str:
        return f"command {self.id}"


class CspChannel(models.Model):
    """The way to the hubs of one region: who serves it, how much it takes, how it is."""

    region = models.SmallIntegerField(primary_key=True)
    csp = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="channels")
    base_url = models.CharField(max_length=200)
    token = models.CharField(max_length=200)
    capacity_per_second = models.FloatField(default=5000)
    capacity_per_night = models.BigIntegerField(null=True)
    distribution_hours = models.JSONField(
        null=True, help_text="hours in which images may be distributed; none = always"
    )
    lead_hours = models.FloatField(
        default=48, help_text="how long before the effective time an activation is sent"
    )
    distribution_days = models.FloatField(
        default=5, help_text="how long a distribution takes from sending (setting)"
    )
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True, help_text="as the CSP asked by Retry-After")
    failures = models.IntegerField(default=0)
    last_success_at = models.DateTimeField(null=True)
    last_problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"region {self.region}"


class SupplierHours(models.Model):
    """Narrower hours of activation that a Supplier keeps for its own hubs, in every rollout (R3.12)."""

    supplier = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, primary_key=True, related_name="activation_hours"
    )
    hours = models.JSONField(help_text="from, to and days, local time: see rollouts.rules.activation")
    changed_at = models.DateTimeField()
    changed_by_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"hours of {self.supplier_id}"


class HubInFlight(models.Model):
    """At most one upgrade in flight a hub: written with its first command, removed at its end."""

    guid = models.BigIntegerField(primary_key=True)
    rollout_id = models.IntegerField()

    class Meta:
        db_table = "rollouts_hub_in_flight"

    def __str__(self) -> str:
        return str(self.guid)


class CspAlertBatch(models.Model):
    """One POST of alerts, stored before it is answered; applied as a whole, once."""

    id = models.BigAutoField(primary_key=True)
    csp_id = models.IntegerField()
    received_at = models.DateTimeField()
    count = models.IntegerField()
    payload = models.BinaryField(null=True, help_text="NDJSON as received; emptied once applied")
    applied_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    problem = models.TextField(blank=True)

    class Meta:
        db_table = "rollouts_csp_alert_batch"
        indexes = [
            models.Index(fields=["id"], name="rollouts_alertbatch_waiting", condition=Q(applied_at=None))
        ]

    def __str__(self) -> str:
        return f"batch {self.id}"


class CspAlert(models.Model):
    """One alert as it came. Partitioned by month of `occurred_at`; kept once."""

    pk = models.CompositePrimaryKey("occurred_at", "alert_id")
    occurred_at = models.DateTimeField()
    alert_id = models.UUIDField()
    guid = models.BigIntegerField()
    batch_id = models.BigIntegerField()
    command_id = models.BigIntegerField(null=True)
    code = models.SmallIntegerField()
    reason = models.SmallIntegerField(default=0)
    firmware_version = models.CharField(max_length=8, blank=True)

    class Meta:
        managed = False
        db_table = "rollouts_csp_alert"

    def __str__(self) -> str:
        return str(self.alert_id)


class UnmatchedAlert(models.Model):
    """An alert that fits nothing, or came from a CSP not serving the hub; kept for the DCC (R4.11)."""

    alert_id = models.UUIDField(unique=True)
    batch_id = models.BigIntegerField()
    csp_id = models.IntegerField()
    guid = models.BigIntegerField()
    code = models.SmallIntegerField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    why = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=120, blank=True, db_default="")
    reviewed_by_id = models.BigIntegerField(null=True)
    review_note = models.TextField(blank=True, db_default="", help_text="why it needs nothing more")

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="rollouts_unmatched_unreviewed", condition=Q(reviewed_at=None)),
            models.Index(
                fields=["reviewed_at", "id"],
                name="rollouts_unmatched_reviewed",
                condition=Q(reviewed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.why
