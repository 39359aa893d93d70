"""Counts of targets, written by the database's own triggers and only ever summed.

The supplier pair is the key, so that a DCC total is a plain sum and a Supplier's is the
sum over its pairs. Pairs are never shown. 0 stands for "no Supplier".
"""

from __future__ import annotations

from django.db import models


class TallyState(models.Model):
    """How many targets stand in which state, with which failure code."""

    id = models.BigAutoField(primary_key=True)
    rollout_id = models.IntegerField()
    batch_id = models.IntegerField()
    import_supplier_id = models.IntegerField()
    gas_supplier_id = models.IntegerField()
    region = models.SmallIntegerField()
    state = models.SmallIntegerField()
    code = models.SmallIntegerField()
    n = models.BigIntegerField()

    class Meta:
        db_table = "rollouts_tally_state"
        indexes = [models.Index(fields=["rollout_id"], name="rollouts_tallystate_rollout")]

    def __str__(self) -> str:
        return f"{self.state}: {self.n}"


class TallyPlan(models.Model):
    """How many targets take effect on which day, local time, under which consent, at which stage.

    `answered`: bit 0 the Import Supplier has answered, bit 1 the Gas Supplier has.
    `stage`: 0 image not on the hub, 1 on the hub and not activated, 2 settled.
    """

    id = models.BigAutoField(primary_key=True)
    effective_day = models.DateField()
    rollout_id = models.IntegerField()
    batch_id = models.IntegerField()
    import_supplier_id = models.IntegerField()
    gas_supplier_id = models.IntegerField()
    region = models.SmallIntegerField()
    consent = models.SmallIntegerField()
    answered = models.SmallIntegerField()
    stage = models.SmallIntegerField()
    n = models.BigIntegerField()

    class Meta:
        db_table = "rollouts_tally_plan"
        indexes = [models.Index(fields=["rollout_id"], name="rollouts_tallyplan_rollout")]

    def __str__(self) -> str:
        return f"{self.effective_day}: {self.n}"


class EstateTally(models.Model):
    """How many hubs of the inventory are of which model, on which firmware, where, and how registered.

    Kept by statement triggers on the hubs; the first load of an estate counts it as a whole.
    """

    id = models.BigAutoField(primary_key=True)
    import_supplier_id = models.IntegerField()
    gas_supplier_id = models.IntegerField()
    device_model_id = models.IntegerField()
    cpl_entry_id = models.IntegerField()
    region = models.SmallIntegerField()
    smi_status = models.SmallIntegerField()
    n = models.BigIntegerField()

    class Meta:
        db_table = "rollouts_estate_tally"

    def __str__(self) -> str:
        return f"{self.cpl_entry_id}: {self.n}"
