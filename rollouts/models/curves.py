"""How many hubs had activated by when: the curve of a rollout, as each viewer may count it."""

from __future__ import annotations

from django.db import models


class ActivationPoint(models.Model):
    """So many hubs of a rollout had activated by the end of this hour, or of this day once it lies back.

    Read off the tallies once a minute, and written only where the number has changed. `party_id` 0 is
    everybody, else a Supplier; `region` 0 is all of them.
    """

    pk = models.CompositePrimaryKey("rollout_id", "party_id", "region", "at")
    rollout_id = models.IntegerField()
    party_id = models.IntegerField()
    region = models.SmallIntegerField()
    at = models.DateTimeField()
    activated = models.BigIntegerField()

    class Meta:
        db_table = "rollouts_activation_point"

    def __str__(self) -> str:
        return f"{self.at}: {self.activated}"
