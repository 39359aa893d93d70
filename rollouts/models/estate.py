"""The Smart Metering Inventory as far as hubs go: records, history, labels, imports."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from portal.identity.models import Organisation
from rollouts.models.catalogue import CplEntry, DeviceModel
from rollouts.states import HistoryKind
from rollouts.states.inventory import FileKind


class Hub(models.Model):
    """One Communications Hub (CHF) and its paired Gas Proxy Function (GPF).

    No index on what an activation changes, so that those rollouts stay in the page (HOT).
    References carry no triggers: the set-based load proves them.
    """

    guid = models.BigIntegerField(
        primary_key=True, help_text="EUI-64 less 2**63: keeps the order of the GUIDs"
    )
    gpf_guid = models.BigIntegerField(null=True)
    device_model = models.ForeignKey(DeviceModel, models.DO_NOTHING, db_constraint=False, db_index=False)
    cpl_entry = models.ForeignKey(
        CplEntry, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    gpf_cpl_entry = models.ForeignKey(
        CplEntry, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", null=True
    )
    import_supplier = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", null=True
    )
    gas_supplier = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", null=True
    )
    commissioned_on = models.DateField(null=True)
    installed_on = models.DateField(null=True)
    region = models.SmallIntegerField()
    smi_status = models.SmallIntegerField()
    gpf_status = models.SmallIntegerField(null=True)
    han_devices = models.SmallIntegerField(default=0)
    postcode_area = models.CharField(max_length=2, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["gpf_guid"], name="rollouts_hub_by_gpf"),
            # Few enough values that equal ones share an entry: six bytes a hub, and 300 hubs of 20 million.
            models.Index(F("guid").bitand(0xFFFF), name="rollouts_hub_by_ending"),
            models.Index(
                fields=["import_supplier", "guid"],
                name="rollouts_hub_by_import",
                condition=Q(import_supplier__isnull=False),
            ),
            models.Index(
                fields=["gas_supplier", "guid"],
                name="rollouts_hub_by_gas",
                condition=Q(gas_supplier__isnull=False)
                & (Q(import_supplier__isnull=True) | ~Q(gas_supplier=F("import_supplier"))),
            ),
        ]

    def __str__(self) -> str:
        return str(self.guid)


class HubVolatile(models.Model):
    """What changes often and matters little: kept apart so that hub rows stay quiet."""

    guid = models.BigIntegerField(primary_key=True)
    last_alert_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.guid)


class HubLabel(models.Model):
    """A Supplier's own tag on a hub; no other organisation sees it."""

    pk = models.CompositePrimaryKey("organisation_id", "label", "guid")
    organisation_id = models.IntegerField()
    label = models.CharField(max_length=40)
    guid = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "guid"], name="rollouts_hublabel_by_hub")]

    def __str__(self) -> str:
        return self.label


class HubHistory(models.Model):
    """One change of one hub, with its evidence. Partitioned by month."""

    pk = models.CompositePrimaryKey("guid", "at", "kind")
    guid = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.SmallIntegerField(choices=HistoryKind.choices)
    rollout_id = models.IntegerField(null=True)
    old_value = models.TextField(blank=True)
    new_value = models.TextField(blank=True)
    evidence = models.TextField(blank=True)

    class Meta:
        managed = False
        db_table = "rollouts_hub_history"

    def __str__(self) -> str:
        return f"{self.guid} {self.kind}"


class EstateImport(models.Model):
    """One load of the inventory: a file of hubs or a feed of changes, with its outcome."""

    kind = models.CharField(max_length=16, choices=FileKind.choices)
    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.BinaryField(max_length=32, null=True)
    received_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True, help_text="as of when the file says what hubs run")
    finished_at = models.DateTimeField(null=True)
    lines = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    refused_by_reason = models.JSONField(default=dict)
    summary = models.JSONField(default=dict, help_text="what the file changed, by kind of change")
    not_read = models.JSONField(
        default=list, help_text="what of the file was not read: [{kind, sheet, name, rows, where}]"
    )
    heading = models.JSONField(default=list, db_default=[], help_text="the headings of its columns, in order")
    delimiter = models.CharField(max_length=1, default=",", db_default=",", help_text="of kept lines")
    unlisted = models.JSONField(
        default=list, db_default=[], help_text="firmware the file names and the Central Products List lacks"
    )
    sheets = models.JSONField(default=list, db_default=[], help_text="the sheets that were read")

    def __str__(self) -> str:
        return self.file_name


class HeldDifference(models.Model):
    """A version that an import gives a hub against the hub's own later word, until somebody decides."""

    class Decision(models.TextChoices):
        """What became of it."""

        OPEN = "OPEN", "To be decided"
        KEPT = "KEPT", "The hub keeps its version"
        TAKEN = "TAKEN", "The hub takes the file's version"
        PASSED = "PASSED", "The hub has another version by now"

    estate_import = models.ForeignKey(EstateImport, on_delete=models.CASCADE, related_name="differences")
    guid = models.BigIntegerField()
    line_no = models.BigIntegerField()
    file_entry_id = models.IntegerField()
    hub_entry_id = models.IntegerField()
    decision = models.CharField(max_length=6, choices=Decision.choices, default=Decision.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "rollouts_held_difference"
        constraints = [
            models.UniqueConstraint(
                fields=["estate_import", "guid"], name="rollouts_helddifference_one_a_hub"
            )
        ]

    def __str__(self) -> str:
        return f"{self.guid}: {self.decision}"


class EstateImportLine(models.Model):
    """A line of an import that was refused, and why."""

    estate_import = models.ForeignKey(EstateImport, on_delete=models.CASCADE, related_name="refused_lines")
    line_no = models.BigIntegerField()
    raw = models.TextField()
    reason = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.line_no}: {self.reason}"


class ColumnMapping(models.Model):
    """The headings under which an organisation's own files have their columns, by kind of file."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=FileKind.choices)
    columns = models.JSONField(default=dict, help_text="the heading of each column that is mapped")
    changed_at = models.DateTimeField()
    changed_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind"], name="rollouts_columnmapping_one_a_kind")
        ]

    def __str__(self) -> str:
        return self.kind
