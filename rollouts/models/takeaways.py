"""Saved views of the estate, and the files that the portal exports."""

from __future__ import annotations

import hashlib
from typing import Final, Self

from django.db import models
from django.db.models import Q

from portal.identity.models import User
from portal.identity.scope import Scope

LONGEST_QUERY: Final = 2_000


class SavedView(models.Model):
    """Filters of the estate under a name: one person's own, or the organisation's."""

    organisation_id = models.IntegerField()
    owner_id = models.BigIntegerField()
    owner_name = models.CharField(max_length=120)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=LONGEST_QUERY, help_text="the filters, as they stand in the address")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "rollouts_saved_view"
        indexes = [models.Index(fields=["organisation_id"], name="rollouts_savedview_of_body")]
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "name"], name="rollouts_savedview_one_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class CalendarFeed(models.Model):
    """One person's calendar of deadlines: what is kept of the secret in its address."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="calendar")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, in hexadecimal")
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "rollouts_calendar_feed"

    def __str__(self) -> str:
        return f"calendar of {self.user_id}"

    @staticmethod
    def digest_of(token: str) -> str:
        """Return what is kept of a token."""
        return hashlib.sha256(token.encode()).hexdigest()


class TableColumns(models.Model):
    """Which columns one person wants to see of one list of hubs."""

    user_id = models.BigIntegerField()
    table = models.CharField(max_length=20)
    columns = models.JSONField(default=list, help_text="their names, in no order")

    class Meta:
        db_table = "rollouts_table_columns"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "table"], name="rollouts_tablecolumns_one_a_table")
        ]

    def __str__(self) -> str:
        return self.table


class ExportQuerySet(models.QuerySet["Export"]):
    """Files, by whose they are."""

    def of(self, scope: Scope) -> Self:
        """Keep what this person, or this system, has ordered."""
        return self.filter(
            organisation_id=scope.organisation_id, user_id=scope.user_id, client_id=scope.client_id or ""
        )


class Export(models.Model):
    """A file a worker writes for one person or system, how far it is, and until when it can be fetched."""

    class Status(models.TextChoices):
        """Where it stands."""

        WAITING = "WAITING", "Waiting"
        RUNNING = "RUNNING", "Being written"
        READY = "READY", "Ready"
        FAILED = "FAILED", "Failed"
        EXPIRED = "EXPIRED", "No longer kept"

    class Form(models.TextChoices):
        """What kind of file."""

        XLSX = "xlsx", "Workbook (XLSX)"
        CSV = "csv", "CSV"

    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    client_id = models.CharField(max_length=100, blank=True, default="", db_default="")
    form = models.CharField(max_length=4, choices=Form.choices)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.WAITING)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    filters = models.JSONField(default=dict)
    total = models.BigIntegerField(null=True, help_text="hubs; none where only the walk tells")
    done = models.BigIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    problem = models.TextField(blank=True)
    file = models.CharField(max_length=200, blank=True, help_text="its name in the storage")
    size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="when its worker last said how far it was")
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user_id", "-id"], name="rollouts_export_of_person"),
            models.Index(
                fields=["id"],
                name="rollouts_export_unfinished",
                condition=Q(status__in=["WAITING", "RUNNING"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="READY") | Q(expires_at__isnull=False, file__gt=""),
                name="rollouts_export_ready_has_file",
            ),
            models.CheckConstraint(
                condition=Q(user_id__isnull=False, client_id="") | Q(user_id=None, client_id__gt=""),
                name="rollouts_export_is_somebodys",
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}: {self.status}"
