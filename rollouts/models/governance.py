"""What goes wrong and what is decided: incidents, known issues, halt rules, decisions, sign-offs (R5)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from portal.identity.models import Organisation
from rollouts.models.plans import Batch, Rollout
from rollouts.states import ReviewOutcome
from rollouts.states.governing import (
    OPEN_DECISIONS,
    DecisionKind,
    DecisionStatus,
    HaltRuleKind,
    HanImpact,
    HubSource,
    IncidentStatus,
    SignOffVerdict,
)


class KnownIssue(models.Model):
    """A known issue: failures it explains are counted separately (R5.2).

    `failure_codes` none = any failure; `criteria` is a tree over the hub; the newest version of both counts.
    """

    rollout = models.ForeignKey(
        Rollout, on_delete=models.PROTECT, null=True, related_name="known_issues", help_text="none = all"
    )
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    failure_codes: ArrayField[list[int], list[int]] = ArrayField(models.SmallIntegerField(), default=list)
    criteria = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class Incident(models.Model):
    """A party's report that hubs of a rollout went wrong (R5.1). Of their other Suppliers it says nothing."""

    id = models.AutoField(primary_key=True)
    reference = models.CharField(max_length=16, unique=True)
    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="incidents")
    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    client_id = models.CharField(max_length=100, blank=True)
    category = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    han_impact = models.CharField(max_length=12, choices=HanImpact.choices, default=HanImpact.UNKNOWN)
    han_devices = models.PositiveIntegerField(default=0, help_text="devices affected, all hubs together")
    is_high_priority = models.BooleanField(default=True, help_text="firmware rollouts always are (R5.1)")
    service_desk_reference = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=13, choices=IncidentStatus.choices, default=IncidentStatus.RAISED)
    raised_at = models.DateTimeField()
    respond_by = models.DateTimeField()
    resolve_by = models.DateTimeField()
    responded_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    status_at = models.DateTimeField()
    source = models.CharField(max_length=5, choices=HubSource.choices, default=HubSource.LIST)
    criteria = models.JSONField(null=True)
    batch_id = models.IntegerField(null=True)
    hubs = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list, help_text="[{line, raw, reason}]")
    not_read = models.JSONField(
        default=list, help_text="what of the file was not read: [{kind, sheet, name, rows, where}]"
    )
    known_issue = models.ForeignKey(
        KnownIssue, on_delete=models.SET_NULL, null=True, related_name="incidents"
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    idempotency_key = models.CharField(max_length=128, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(category__gte=1, category__lte=5), name="rollouts_incident_category_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=IncidentStatus.values), name="rollouts_incident_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="MERGED", merged_into__isnull=False)
                | ~Q(status="MERGED") & Q(merged_into__isnull=True),
                name="rollouts_incident_merged_knows_into_what",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "idempotency_key"],
                condition=Q(idempotency_key__gt=""),
                name="rollouts_incident_once_per_key",
            ),
        ]
        indexes = [
            models.Index(fields=["rollout", "id"], name="rollouts_incident_by_rollout"),
            models.Index(fields=["organisation_id", "id"], name="rollouts_incident_by_org"),
        ]

    def __str__(self) -> str:
        return self.reference


class IncidentHub(models.Model):
    """A hub an incident names. Written by set."""

    pk = models.CompositePrimaryKey("incident_id", "guid")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="members")
    guid = models.BigIntegerField()

    class Meta:
        db_table = "rollouts_incident_hub"
        indexes = [models.Index(fields=["guid"], name="rollouts_incidenthub_by_hub")]

    def __str__(self) -> str:
        return str(self.guid)


class IncidentComment(models.Model):
    """What somebody says of an incident; internal ones are the DCC's and the Panel's alone."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="comments")
    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    author = models.CharField(max_length=120, blank=True)
    by_dcc = models.BooleanField(default=False)
    is_internal = models.BooleanField(default=False)
    text = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text[:40]


class IncidentAttachment(models.Model):
    """A file of an incident: kept as bytes, its kind read from its content, never run or shown inline."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    file_name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField()
    uploaded_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "sha256"], name="rollouts_incidentattachment_once_an_incident"
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class HaltRule(models.Model):
    """When a rollout, or one of its batches, is suspended by itself (R5.7).

    Trips when at least `minimum_sample` hubs have settled within the look-back hours, and the Wilson lower
    bound (95 %) on the share of those it counts is above `threshold`. The hours begin no earlier than
    `armed_at`: a resume arms again.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="halt_rules")
    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, null=True, related_name="halt_rules", help_text="none = all batches"
    )
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=HaltRuleKind.choices)
    failure_codes: ArrayField[list[int], list[int]] = ArrayField(models.SmallIntegerField(), default=list)
    minimum_sample = models.PositiveIntegerField()
    lookback_hours = models.FloatField()
    threshold = models.FloatField(help_text="a share between 0 and 1")
    counts_known = models.BooleanField(default=False, help_text="do failures of known issues count")
    is_active = models.BooleanField(default=True)
    armed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "rollouts_halt_rule"
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lt=1, minimum_sample__gte=1, lookback_hours__gt=0),
                name="rollouts_haltrule_makes_sense",
            )
        ]

    def __str__(self) -> str:
        return self.name


class HaltTrip(models.Model):
    """That a halt rule tripped: the numbers, the bound and the rule as they were at that moment."""

    rule = models.ForeignKey(HaltRule, on_delete=models.PROTECT, related_name="trips")
    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="halt_trips")
    at = models.DateTimeField()
    suspended = models.BooleanField(help_text="it took the step; else the rollout stood already")
    evidence = models.JSONField()

    class Meta:
        db_table = "rollouts_halt_trip"
        indexes = [models.Index(fields=["rollout", "id"], name="rollouts_halttrip_by_rollout")]

    def __str__(self) -> str:
        return f"rule {self.rule_id}"


class Decision(models.Model):
    """How a rollout goes on: reviewed and recommended by the DCC, confirmed by the Panel, enacted (R5.3).

    At most one is open a rollout. `version` counts its wordings: sign-offs belong to one version, an edit
    begins again.
    """

    id = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=12, choices=DecisionKind.choices, default=DecisionKind.ROLLOUT)
    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, null=True, related_name="decisions")
    status = models.CharField(max_length=11, choices=DecisionStatus.choices, default=DecisionStatus.REVIEW)
    version = models.PositiveIntegerField(default=1)
    because = models.TextField(blank=True, help_text="why the review was opened")
    opened_at = models.DateTimeField()
    opened_by_id = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=13, choices=ReviewOutcome.choices, blank=True)
    reasons = models.TextField(blank=True)
    automatic_at = models.DateTimeField(null=True, help_text="the new automatic time, where it moves")
    goes_on = models.BooleanField(default=True, help_text="does a delayed rollout that stands go on")
    proposal = models.JSONField(default=dict, help_text="of a decision on who must sign: the rows")
    evidence = models.JSONField(default=dict, help_text="the figures as recommended")
    recommended_at = models.DateTimeField(null=True)
    recommended_by_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    effects = models.JSONField(default=dict, help_text="what enacting it did")
    follow_up_until = models.DateTimeField(null=True, help_text="a delay goes on until its window closes")
    finished_at = models.DateTimeField(null=True, help_text="when all that follows had been done")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DecisionStatus.values), name="rollouts_decision_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="ROLLOUT", rollout__isnull=False) | Q(kind="REQUIREMENTS", rollout=None),
                name="rollouts_decision_is_about_something",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["DELAY", "BRING_FORWARD"], automatic_at__isnull=False)
                | ~Q(outcome__in=["DELAY", "BRING_FORWARD"]) & Q(automatic_at__isnull=True),
                name="rollouts_decision_only_a_move_has_a_date",
            ),
            models.UniqueConstraint(
                fields=["rollout"],
                condition=Q(status__in=sorted(OPEN_DECISIONS), kind="ROLLOUT"),
                name="rollouts_decision_one_open_a_rollout",
            ),
        ]
        indexes = [models.Index(fields=["status", "id"], name="rollouts_decision_by_status")]

    def __str__(self) -> str:
        return f"decision {self.id}"


class SignOffRequirement(models.Model):
    """Who must sign: so many holders of a role of one body. One complete option is enough.

    A decision needs the rows in force when it is verified. No rows at all: one member of the Panel.
    """

    option = models.PositiveSmallIntegerField(default=1)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    number = models.PositiveSmallIntegerField(default=1)
    outcomes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=13), default=list, help_text="which outcomes it is about; none = all"
    )
    in_force_from = models.DateTimeField()
    in_force_until = models.DateTimeField(null=True)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "rollouts_sign_off_requirement"
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gte=1), name="rollouts_signoffrequirement_asks_somebody"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} x {self.role}"


class SignOff(models.Model):
    """One person's signature on one version of a recommendation. Never changed."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="sign_offs")
    version = models.PositiveIntegerField()
    organisation_id = models.IntegerField()
    user_id = models.BigIntegerField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20)
    verdict = models.CharField(max_length=7, choices=SignOffVerdict.choices)
    comment = models.TextField(blank=True)
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, help_text="when the recommendation was edited")

    class Meta:
        db_table = "rollouts_sign_off"
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "version", "user_id"], name="rollouts_signoff_one_a_person_a_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}"


class Settled(models.Model):
    """How many hubs came to an end, how and when: what halt rules sum up. Kept by the tallies' triggers."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    rollout_id = models.IntegerField()
    batch_id = models.IntegerField()
    state = models.SmallIntegerField()
    code = models.SmallIntegerField()
    n = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["rollout_id", "at"], name="rollouts_settled_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.state}: {self.n}"


class Failure(models.Model):
    """A hub whose upgrade has failed and not been mended since. Kept by the tallies' triggers."""

    pk = models.CompositePrimaryKey("rollout_id", "guid")
    guid = models.BigIntegerField()
    at = models.DateTimeField()
    rollout_id = models.IntegerField()
    batch_id = models.IntegerField()
    state = models.SmallIntegerField()
    code = models.SmallIntegerField()

    def __str__(self) -> str:
        return str(self.guid)
