"""Service Requests in XML: who may sign them with what, and each one that came, once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.identity.models import Organisation, UserIdentifier


class SigningCertificate(models.Model):
    """A certificate whose key signs the Service Requests of one User ID; several may count at a time.

    It counts from when the DCC has accepted it until it ends or is revoked.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    user_identifier = models.ForeignKey(UserIdentifier, on_delete=models.PROTECT, related_name="certificates")
    pem = models.TextField()
    sha256 = models.BinaryField(max_length=32)
    serial = models.CharField(max_length=49, help_text="in decimal, as messages name it")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    uploaded_at = models.DateTimeField()
    uploaded_by_id = models.BigIntegerField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by_id = models.BigIntegerField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by_id = models.BigIntegerField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user_identifier", "sha256"], name="rollouts_signingcertificate_once_a_user"
            )
        ]

    def __str__(self) -> str:
        return self.serial


class ServiceRequest(models.Model):
    """A signed request as it came, once per RequestID, with what was answered at once.

    `counter` is that of the RequestID less 2**63, `originator` and `guid` are GUIDs in database form.
    """

    organisation_id = models.IntegerField()
    originator = models.BigIntegerField()
    counter = models.BigIntegerField()
    service_reference = models.CharField(max_length=8)
    sha256 = models.BinaryField(max_length=32)
    body = models.BinaryField(help_text="the message as it came, compressed")
    received_at = models.DateTimeField()
    certificate = models.ForeignKey(SigningCertificate, on_delete=models.PROTECT, related_name="+")
    acknowledgement = models.BinaryField(null=True, help_text="as it was sent; none while it is carried out")
    code = models.CharField(max_length=8, blank=True)
    instruction_reference = models.CharField(max_length=16, blank=True)
    guid = models.BigIntegerField(null=True, help_text="the hub that is to be read")
    position = models.BigIntegerField(null=True, help_text="of the feed entry that answers the reading")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["originator", "counter"], name="rollouts_servicerequest_once")
        ]
        indexes = [
            models.Index(
                fields=["organisation_id", "instruction_reference"],
                name="rollouts_servicerequest_by_ref",
                condition=~Q(instruction_reference=""),
            ),
            models.Index(
                fields=["organisation_id", "guid"],
                name="rollouts_servicerequest_read",
                condition=Q(guid__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.originator}:{self.counter}"
