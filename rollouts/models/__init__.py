"""The tables of the domain, by family."""

from __future__ import annotations

from rollouts.models.catalogue import CplEntry, DeviceModel, FirmwareImage
from rollouts.models.curves import ActivationPoint
from rollouts.models.dispatch import (
    Command,
    CspAlert,
    CspAlertBatch,
    CspChannel,
    HubInFlight,
    SupplierHours,
    UnmatchedAlert,
)
from rollouts.models.estate import (
    ColumnMapping,
    EstateImport,
    EstateImportLine,
    HeldDifference,
    Hub,
    HubHistory,
    HubLabel,
    HubVolatile,
)
from rollouts.models.governance import (
    Decision,
    Failure,
    HaltRule,
    HaltTrip,
    Incident,
    IncidentAttachment,
    IncidentComment,
    IncidentHub,
    KnownIssue,
    Settled,
    SignOff,
    SignOffRequirement,
)
from rollouts.models.imports import ImportFile
from rollouts.models.instructions import Instruction, InstructionLine
from rollouts.models.pilots import PilotMember, PilotProposal, PilotReminder, PilotSubmission
from rollouts.models.plans import DEFAULT_PILOT_CAP, Batch, ReleaseNote, Rollout, Target
from rollouts.models.selections import (
    ApprovalRule,
    ApprovalRuleVersion,
    ApprovalRun,
    SelectionRule,
    SelectionRuleVersion,
)
from rollouts.models.service_requests import ServiceRequest, SigningCertificate
from rollouts.models.takeaways import CalendarFeed, Export, SavedView, TableColumns
from rollouts.models.tallies import EstateTally, TallyPlan, TallyState

__all__ = [
    "DEFAULT_PILOT_CAP",
    "ActivationPoint",
    "ApprovalRule",
    "ApprovalRuleVersion",
    "ApprovalRun",
    "Batch",
    "CalendarFeed",
    "ColumnMapping",
    "Command",
    "CplEntry",
    "CspAlert",
    "CspAlertBatch",
    "CspChannel",
    "Decision",
    "DeviceModel",
    "EstateImport",
    "EstateImportLine",
    "EstateTally",
    "Export",
    "Failure",
    "FirmwareImage",
    "HaltRule",
    "HaltTrip",
    "HeldDifference",
    "Hub",
    "HubHistory",
    "HubInFlight",
    "HubLabel",
    "HubVolatile",
    "ImportFile",
    "Incident",
    "IncidentAttachment",
    "IncidentComment",
    "IncidentHub",
    "Instruction",
    "InstructionLine",
    "KnownIssue",
    "PilotMember",
    "PilotProposal",
    "PilotReminder",
    "PilotSubmission",
    "ReleaseNote",
    "Rollout",
    "SavedView",
    "SelectionRule",
    "SelectionRuleVersion",
    "ServiceRequest",
    "Settled",
    "SignOff",
    "SignOffRequirement",
    "SigningCertificate",
    "SupplierHours",
    "TableColumns",
    "TallyPlan",
    "TallyState",
    "Target",
    "UnmatchedAlert",
]
