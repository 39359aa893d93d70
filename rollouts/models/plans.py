"""A rollout, its batches, its release notes, and each hub's place in it."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q

from rollouts.models.catalogue import CplEntry
from rollouts.states import BatchKind, ConsentPolicy, Priority, ReleaseKind, RolloutStatus, Severity

DEFAULT_PILOT_CAP: Final = 300
"""Hubs in a pilot group unless the rollout says otherwise (R2.3)."""


class Rollout(models.Model):
    """One firmware version on its way to every hub it may be applied to (R1).

    Times are UTC. `cutoff_at` is one calendar month before `automatic_at`; a supplier
    window exists only when it lies after `notified_at`.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=120)
    cpl_entry = models.ForeignKey(CplEntry, on_delete=models.PROTECT, related_name="rollouts")
    kind = models.CharField(max_length=12, choices=ReleaseKind.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    priority = models.CharField(max_length=2, choices=Priority.choices)
    description = models.TextField(blank=True)
    notified_at = models.DateTimeField(null=True)
    automatic_at = models.DateTimeField()
    cutoff_at = models.DateTimeField()
    window_closed_at = models.DateTimeField(
        null=True, help_text="when the pass that closes the window had finished"
    )
    is_all_at_once = models.BooleanField(
        default=False,
        help_text="where the notice leaves no window: do all hubs activate in the minute of `automatic_at`",
    )
    consent_policy = models.CharField(
        max_length=9, choices=ConsentPolicy.choices, default=ConsentPolicy.VOLUNTARY
    )
    has_pilot = models.BooleanField(default=True)
    pilot_cap = models.PositiveIntegerField(default=DEFAULT_PILOT_CAP)
    pilot_starts_at = models.DateTimeField(null=True, help_text="when it is planned to start")
    pilot_ends_at = models.DateTimeField(null=True, help_text="when it is planned to end")
    pilot_started_at = models.DateTimeField(null=True)
    pilot_ended_at = models.DateTimeField(null=True)
    pilot_commentary = models.TextField(blank=True)
    pilot_accepted_at = models.DateTimeField(null=True)
    pilot_skipped_at = models.DateTimeField(
        null=True, help_text="when DCC went on without the pilot it had planned"
    )
    status = models.CharField(max_length=12, choices=RolloutStatus.choices, default=RolloutStatus.DRAFT)
    status_at = models.DateTimeField(null=True)
    status_reason = models.TextField(blank=True)
    stood_at = models.CharField(
        max_length=12, blank=True, help_text="where a suspended or paused rollout came from"
    )
    halted_at = models.DateTimeField(
        null=True, help_text="when it was last suspended, paused, stopped or revoked"
    )
    unreachable_until = models.DateTimeField(
        null=True, help_text="until when unreachable hubs are tried again"
    )
    dispatch_settings = models.JSONField(default=dict, help_text="lead, hours, ramp: see rollouts.rules")
    is_rescheduling = models.BooleanField(
        default=False, help_text="the times of its hubs are being written anew: nothing is claimed meanwhile"
    )
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RolloutStatus.values), name="rollouts_rollout_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(cutoff_at__lt=F("automatic_at")), name="rollouts_rollout_cutoff_before_automatic"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["SUSPENDED", "PAUSED"], stood_at__gt="")
                | ~Q(status__in=["SUSPENDED", "PAUSED"]),
                name="rollouts_rollout_halted_knows_where_from",
            ),
            models.CheckConstraint(
                condition=Q(status="DRAFT") | Q(notified_at__isnull=False),
                name="rollouts_rollout_notified_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Batch(models.Model):
    """A part of a rollout with its own times: the pilot group, or a batch of the safe launch group (R3.7)."""

    id = models.AutoField(primary_key=True)
    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="batches")
    kind = models.CharField(max_length=11, choices=BatchKind.choices)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    automatic_at = models.DateTimeField(null=True, help_text="its own automatic time; none = the rollout's")
    cutoff_at = models.DateTimeField(null=True)
    window_closed_at = models.DateTimeField(
        null=True, help_text="when the pass that closes its own window had finished"
    )
    gate_open = models.BooleanField(default=False, help_text="may its hubs be commanded")
    gate_settings = models.JSONField(default=dict)
    criteria = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rollout", "position"], name="rollouts_batch_one_a_position"),
            models.CheckConstraint(
                condition=Q(automatic_at__isnull=True, cutoff_at__isnull=True)
                | Q(automatic_at__isnull=False, cutoff_at__isnull=False),
                name="rollouts_batch_both_times_or_none",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ReleaseNote(models.Model):
    """A revision of the Release Note; every revision is kept and announced (R1.4)."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="release_notes")
    revision = models.PositiveSmallIntegerField()
    url = models.URLField(max_length=500)
    summary = models.TextField(blank=True)
    published_at = models.DateTimeField()
    published_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rollout", "revision"], name="rollouts_releasenote_one_a_revision"
            )
        ]

    def __str__(self) -> str:
        return f"revision {self.revision}"


class Target(models.Model):
    """A hub's place in a rollout. Partitioned by rollout; changed by sets, never by `save()`.

    `effective_at` always says what happens if nobody does anything more; `consent` says
    whether that is final. Tallies follow by trigger, whoever writes.
    """

    pk = models.CompositePrimaryKey("rollout_id", "guid")
    guid = models.BigIntegerField()
    import_time = models.DateTimeField(null=True)
    gas_time = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField()
    state_at = models.DateTimeField()
    command_id = models.BigIntegerField(null=True)
    rollout_id = models.IntegerField()
    batch_id = models.IntegerField()
    import_supplier_id = models.IntegerField(null=True)
    gas_supplier_id = models.IntegerField(null=True)
    import_instruction_id = models.IntegerField(null=True)
    gas_instruction_id = models.IntegerField(null=True)
    from_cpl_entry_id = models.IntegerField()
    region = models.SmallIntegerField()
    import_answer = models.SmallIntegerField(default=0)
    gas_answer = models.SmallIntegerField(default=0)
    consent = models.SmallIntegerField()
    state = models.SmallIntegerField()
    code = models.SmallIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    activated_after_halt = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "rollouts_target"

    def __str__(self) -> str:
        return f"{self.rollout_id}:{self.guid}"
