"""The kernel's own few tables."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class BusinessClock(models.Model):
    """How business time follows real time in a demonstration; at most one row."""

    real_at = models.DateTimeField()
    business_at = models.DateTimeField()
    rate = models.FloatField(default=1.0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="kernel_clock_is_single")]

    def __str__(self) -> str:
        return f"{self.business_at} at {self.rate} times real time"


class IdempotencyKey(models.Model):
    """One answered request: the same key and body get the same answer again."""

    organisation_id = models.IntegerField()
    key = models.CharField(max_length=128)
    digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "key"], name="kernel_idempotencykey_once_per_organisation"
            )
        ]

    def __str__(self) -> str:
        return self.key


class SeenLine(models.Model):
    """Which line of the database's history one part of the portal has seen: `portal.kernel.history`."""

    part = models.CharField(max_length=40, primary_key=True)
    line = models.CharField(max_length=40)
    seen_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "kernel_seen_line"

    def __str__(self) -> str:
        return f"{self.part}: {self.line}"
