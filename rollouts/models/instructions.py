"""What a Supplier asked for, whole: who, how, when, which file, and what was refused."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from rollouts.models.plans import Rollout
from rollouts.states import BatchKind, Channel, InstructionKind


class Instruction(models.Model):
    """One submission of one Supplier against one rollout; one receipt (R3, R4.1).

    `received_at` is the arrival of the last byte; `activate_at` none = no preferred time.
    """

    class Status(models.TextChoices):
        """How far its processing is."""

        RECEIVED = "RECEIVED", "Received"
        APPLYING = "APPLYING", "Being applied"
        APPLIED = "APPLIED", "Applied"
        REFUSED = "REFUSED", "Refused"

    id = models.AutoField(primary_key=True)
    reference = models.CharField(max_length=16, unique=True)
    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="instructions")
    organisation_id = models.IntegerField(db_index=True)
    user_id = models.BigIntegerField(null=True)
    client_id = models.CharField(max_length=100, blank=True)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    kind = models.CharField(max_length=8, choices=InstructionKind.choices)
    name = models.CharField(
        max_length=80, blank=True, help_text="the Supplier's own name for this batch (R3.7)"
    )
    activate_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.BinaryField(max_length=32, null=True)
    idempotency_key = models.CharField(max_length=128, blank=True)
    rule_version_id = models.BigIntegerField(null=True, help_text="selection rule or approval rule version")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RECEIVED)
    refusal = models.TextField(blank=True)
    lines = models.BigIntegerField(default=0)
    processed = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    rejected_by_reason = models.JSONField(default=dict)
    pending_guids: ArrayField[list[int] | None, list[int] | None] = ArrayField(
        models.BigIntegerField(), null=True, help_text="sorted GUIDs still to be applied, in slices"
    )
    pending_lines: ArrayField[list[int] | None, list[int] | None] = ArrayField(
        models.BigIntegerField(), null=True, help_text="where each of them stood in the list"
    )
    source = models.BinaryField(
        null=True, help_text="the list as it was sent, compressed; emptied once it is applied"
    )
    hub_group = models.CharField(
        max_length=11,
        blank=True,
        choices=BatchKind.choices,
        help_text="which group may be named; none = both",
    )
    batch_id = models.IntegerField(null=True, help_text="the only batch that may be named; none = any")
    summary = models.JSONField(default=dict, help_text="accepted hubs by consent and by day")
    sheets = models.JSONField(default=list, help_text="the sheets that were read, in order; none of a text")
    not_read = models.JSONField(
        default=list, help_text="what of the file was not read: [{kind, sheet, name, rows, where}]"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "idempotency_key"],
                condition=Q(idempotency_key__gt=""),
                name="rollouts_instruction_once_per_key",
            )
        ]
        indexes = [
            models.Index(fields=["rollout", "organisation_id", "id"], name="rollouts_instruction_by_org")
        ]

    def __str__(self) -> str:
        return self.reference


class InstructionLine(models.Model):
    """A GUID that was not accepted, as it was written, and why (R4.2)."""

    instruction = models.ForeignKey(Instruction, on_delete=models.CASCADE, related_name="rejected_lines")
    line_no = models.BigIntegerField()
    raw = models.TextField()
    guid = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=32)
    detail = models.TextField(blank=True, help_text="e.g. which CHF a GPF belongs to")
    sheet = models.TextField(blank=True, db_default="", help_text="the sheet of the line; none of a text")

    class Meta:
        indexes = [models.Index(fields=["instruction", "line_no"], name="rollouts_instructionline_order")]

    def __str__(self) -> str:
        return f"{self.line_no}: {self.reason}"
