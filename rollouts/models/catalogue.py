"""What may run on a hub: hub models and the Central Products List."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from rollouts.states import CplStatus


class DeviceModel(models.Model):
    """A kind of Communications Hub: manufacturer, model and hardware version.

    In the SEC a new firmware makes a new Device Model; here the firmware is on the CPL
    entry, so that one model can be followed through its versions.
    """

    class Band(models.TextChoices):
        """Which bands of the Home Area Network the hub speaks."""

        SINGLE = "SINGLE", "Single Band"
        DUAL = "DUAL", "Dual Band"

    id = models.AutoField(primary_key=True)
    manufacturer = models.CharField(max_length=30)
    manufacturer_code = models.CharField(max_length=4)
    model = models.CharField(max_length=8, help_text="8 hex digits: model id and hardware version")
    hardware_version = models.CharField(max_length=8)
    band = models.CharField(max_length=6, choices=Band.choices)
    smets_generation = models.PositiveSmallIntegerField(default=2)
    regions: ArrayField[list[int], list[int]] = ArrayField(models.SmallIntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["manufacturer_code", "model", "hardware_version"],
                name="rollouts_devicemodel_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(smets_generation__in=[1, 2]), name="rollouts_devicemodel_smets_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model}"


class CplEntry(models.Model):
    """A firmware version certified for a hub model, and from which versions it may be reached."""

    id = models.AutoField(primary_key=True)
    reference = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="its number on the CPL as published"
    )
    device_model = models.ForeignKey(DeviceModel, on_delete=models.PROTECT, related_name="cpl_entries")
    firmware_version = models.CharField(
        max_length=8, help_text="normalised: upper case, padded when hexadecimal"
    )
    firmware_version_raw = models.CharField(max_length=32, help_text="as printed on the CPL")
    image_sha256 = models.BinaryField(max_length=32)
    hash_covers = models.CharField(
        max_length=12,
        default="WHOLE_FILE",
        choices=[("WHOLE_FILE", "Whole file"), ("IMAGE", "Manufacturer image")],
    )
    chts_version = models.CharField(max_length=20, blank=True)
    gbcs_version = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=9, choices=CplStatus.choices, default=CplStatus.ACTIVE)
    added_on = models.DateField(null=True)
    removed_on = models.DateField(null=True)
    removed_reason = models.CharField(max_length=200, blank=True)
    allowed_predecessor_ids: ArrayField[list[int], list[int]] = ArrayField(
        models.IntegerField(), default=list
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device_model", "firmware_version"], name="rollouts_cplentry_one_a_version"
            ),
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="rollouts_cplentry_one_a_reference"
            ),
            models.CheckConstraint(
                condition=Q(status__in=CplStatus.values), name="rollouts_cplentry_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_model} {self.firmware_version}"


class FirmwareImage(models.Model):
    """An uploaded image that passed every check against its CPL entry."""

    cpl_entry = models.OneToOneField(CplEntry, on_delete=models.CASCADE, related_name="image")
    file_name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    sha256 = models.BinaryField(max_length=32)
    header = models.JSONField(default=dict)
    uploaded_at = models.DateTimeField()
    uploaded_by_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.file_name
