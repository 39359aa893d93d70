"""Files sent to be imported, from their arrival until a worker has read them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from rollouts.models.estate import EstateImport
from rollouts.states.inventory import FileKind


class ImportFile(models.Model):
    """A file on its way into the inventory or the Central Products List, and how far it is."""

    class Status(models.TextChoices):
        """Where it stands."""

        HELD = "HELD", "Waiting for you"
        WAITING = "WAITING", "Waiting for a worker"
        RUNNING = "RUNNING", "Being read"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Not read"
        CALLED_OFF = "CALLED_OFF", "Called off"

    kind = models.CharField(max_length=16, choices=FileKind.choices)
    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    client_id = models.CharField(max_length=100, blank=True, default="", db_default="")
    file_name = models.CharField(max_length=200, blank=True)
    file = models.CharField(max_length=200, blank=True, help_text="its name in the storage")
    size = models.BigIntegerField(help_text="octets")
    as_of = models.DateTimeField(null=True, help_text="as of when the file says what hubs run")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    headings = models.JSONField(default=list, help_text="of a file whose columns are to be named first")
    problem = models.TextField(blank=True)
    done = models.BigIntegerField(default=0, help_text="octets read so far")
    attempts = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="when its worker last said how far it was")
    finished_at = models.DateTimeField(null=True)
    estate_import = models.OneToOneField(EstateImport, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "rollouts_import_file"
        indexes = [
            models.Index(
                fields=["id"],
                name="rollouts_importfile_unfinished",
                condition=Q(status__in=["HELD", "WAITING", "RUNNING"]),
            )
        ]

    def __str__(self) -> str:
        return f"import file {self.pk}: {self.status}"
