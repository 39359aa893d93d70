"""The pilot group: what Suppliers nominate and the DCC confirms (R2)."""

from __future__ import annotations

from django.db import models

from rollouts.models.plans import Rollout


class PilotProposal(models.Model):
    """Hubs DCC proposes for the pilot, drawn by conditions; each of their Suppliers accepts or not."""

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="pilot_proposals")
    proposed_at = models.DateTimeField()
    proposed_by_id = models.BigIntegerField(null=True)
    activate_at = models.DateTimeField(null=True)
    criteria = models.JSONField()
    sample = models.JSONField(null=True)
    comment = models.TextField(blank=True)
    hubs = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.rollout_id} {self.hubs}"


class PilotReminder(models.Model):
    """When a Supplier was reminded that it has nominated no hubs for a pilot."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="pilot_reminders")
    organisation_id = models.IntegerField()
    reminded_at = models.DateTimeField()
    reminded_by_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.rollout_id} {self.organisation_id}"


class PilotSubmission(models.Model):
    """One Supplier's nomination of hubs for the pilot, with the time it wants for them.

    Of a proposal of the DCC there is one for each Supplier of its hubs: PROPOSED until the Supplier answers.
    """

    class Status(models.TextChoices):
        """What became of it."""

        SUBMITTED = "SUBMITTED", "Submitted"
        CONFIRMED = "CONFIRMED", "Confirmed"
        DECLINED = "DECLINED", "Not taken"
        WITHDRAWN = "WITHDRAWN", "Withdrawn"
        PROPOSED = "PROPOSED", "Proposed by DCC"
        ACCEPTED = "ACCEPTED", "Accepted"
        REFUSED = "REFUSED", "Not accepted"

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="pilot_submissions")
    proposal = models.ForeignKey(
        PilotProposal, on_delete=models.PROTECT, null=True, related_name="submissions"
    )
    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    rule_version_id = models.BigIntegerField(null=True)
    activate_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.SUBMITTED)
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)
    comment = models.TextField(blank=True)
    hubs = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list, help_text="[{line, raw, reason}]")
    not_read = models.JSONField(
        default=list, help_text="what of the file was not read: [{kind, sheet, name, rows, where}]"
    )
    score = models.FloatField(null=True)
    breakdown = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.rollout_id} {self.status}"


class PilotMember(models.Model):
    """A hub nominated by a submission."""

    pk = models.CompositePrimaryKey("submission_id", "guid")
    submission = models.ForeignKey(PilotSubmission, on_delete=models.CASCADE, related_name="members")
    guid = models.BigIntegerField()
    rollout_id = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["rollout_id", "guid"], name="rollouts_pilotmember_by_hub")]

    def __str__(self) -> str:
        return str(self.guid)
