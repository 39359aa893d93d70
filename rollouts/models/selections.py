"""Rules that choose hubs, and standing rules that approve rollouts; every version is kept."""

from __future__ import annotations

from typing import Any

from django.db import models


class SupplierRule(models.Model):
    """A Supplier's named rule, kept in versions."""

    organisation_id = models.IntegerField()
    name = models.CharField(max_length=80)
    latest_version = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "name"], name="%(app_label)s_%(class)s_one_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SupplierRuleVersion(models.Model):
    """What a rule said at one time; never changed."""

    rule: models.ForeignKey[Any, Any]
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["rule", "version"], name="%(app_label)s_%(class)s_one_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"


class SelectionRule(SupplierRule):
    """A Supplier's named rule for choosing hubs (R2.2)."""


class SelectionRuleVersion(SupplierRuleVersion):
    """The hubs and the sample a rule chose at one time."""

    rule = models.ForeignKey(SelectionRule, on_delete=models.CASCADE, related_name="versions")
    tree = models.JSONField()
    sample = models.JSONField(null=True, help_text="size, strata, seed; none = every match")


class ApprovalRule(SupplierRule):
    """A Supplier's standing approval of rollouts that meet its criteria (R3.10)."""

    enabled_version = models.PositiveIntegerField(null=True)
    enabled_at = models.DateTimeField(null=True)
    enabled_by_id = models.BigIntegerField(null=True)


class ApprovalRuleVersion(SupplierRuleVersion):
    """Release criteria, hub criteria and time policy as they stood at one time."""

    rule = models.ForeignKey(ApprovalRule, on_delete=models.CASCADE, related_name="versions")
    release_tree = models.JSONField()
    hub_tree = models.JSONField()
    time_policy = models.JSONField()


class ApprovalRun(models.Model):
    """That a rule version has been applied to a rollout; once, whatever is repeated."""

    version = models.ForeignKey(ApprovalRuleVersion, on_delete=models.PROTECT, related_name="runs")
    rollout_id = models.IntegerField()
    instruction_id = models.IntegerField(null=True)
    ran_at = models.DateTimeField()
    facts = models.JSONField(default=dict)
    outcome = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "rollout_id"], name="rollouts_approvalrun_once_a_rollout"
            )
        ]

    def __str__(self) -> str:
        return self.outcome
