"""When recurring work last rang and was last done: in the database, so that no restart forgets it."""

from __future__ import annotations

from django.db import models


class LastRun(models.Model):
    """The last run of one kind of recurring work, by the clock of the database alone."""

    name = models.CharField(max_length=80, primary_key=True)
    rung_at = models.DateTimeField(null=True, help_text="when a worker was last told to do it")
    done_at = models.DateTimeField(help_text="when it was last done; at first, when it was first seen")

    def __str__(self) -> str:
        return f"{self.name} at {self.done_at}"
